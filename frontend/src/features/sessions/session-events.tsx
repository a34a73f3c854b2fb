import { App, Button } from 'antd';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useSubscription } from 'urql';
import { graphql, type ResultOf, readFragment } from '../../graphql/schema';
import { paths } from '../../paths';
import { SessionFields } from './session-fields';

const SessionEvents = graphql(
  `
    subscription SessionEvents {
      sessionEvents {
        kind
        session {
          ...SessionFields
        }
      }
    }
  `,
  [SessionFields],
);

/** Keeps the viewer's sessions in the cache up to date (see `graphql/cache.ts`), and tells of sign-ins elsewhere. */
export function useSessionEvents({ pause }: { pause: boolean | undefined }): void {
  const { t } = useTranslation();
  const { notification } = App.useApp();
  const navigate = useNavigate();
  const [{ data }] = useSubscription({ query: SessionEvents, pause });

  const announce = useEffectEvent(({ kind, session }: ResultOf<typeof SessionEvents>['sessionEvents']) => {
    const { device, isCurrent } = readFragment(SessionFields, session);
    if (kind === 'STARTED' && !isCurrent) {
      notification.warning({
        title: t('sessions.startedElsewhere', { device: device.label || t('sessions.unknownDevice') }),
        actions: (
          <Button size="small" onClick={() => navigate(paths.sessions)}>
            {t('sessions.title')}
          </Button>
        ),
        closable: { 'aria-label': t('actions.close') },
        duration: 10,
      });
    }
  });

  useEffect(() => {
    if (data) announce(data.sessionEvents);
  }, [data]);
}
