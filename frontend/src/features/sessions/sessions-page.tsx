import { useTranslation } from 'react-i18next';
import { useViewer } from '../../graphql/browser-session';
import { Page } from '../../ui/page';
import { EndOtherSessions } from './end-session';
import { SessionsCard } from './sessions-card';

export function SessionsPage() {
  const { t } = useTranslation();
  const { id } = useViewer();
  return (
    <Page title={t('sessions.title')} description={t('sessions.description')} actions={<EndOtherSessions />}>
      <SessionsCard userId={id} title={t('sessions.devices')} />
    </Page>
  );
}
