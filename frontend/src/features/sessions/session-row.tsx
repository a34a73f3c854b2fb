import { Tag } from 'antd';
import type { Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { type FragmentOf, readFragment } from '../../graphql/schema';
import { Code } from '../../ui/code';
import { RelativeTime } from '../../ui/relative-time';
import { Row } from '../../ui/row';
import { deviceIcons } from './device-icons';
import { EndSession } from './end-session';
import { SessionFields } from './session-fields';

interface SessionRowProps {
  session: FragmentOf<typeof SessionFields>;
  ref: Ref<HTMLLIElement>;
}

export function SessionRow({ session, ref }: SessionRowProps) {
  const { t } = useTranslation();
  const { id, device, ip, createdAt, lastActiveAt, isCurrent, endedAt, endReason } = readFragment(
    SessionFields,
    session,
  );
  const Icon = deviceIcons[device.kind];
  const label = device.label || t('sessions.unknownDevice');
  return (
    <Row
      ref={ref}
      icon={<Icon />}
      iconLabel={t(`sessions.kind.${device.kind}`)}
      title={
        <>
          <span title={device.userAgent}>{label}</span>
          {isCurrent && <Tag color="success">{t('sessions.thisDevice')}</Tag>}
        </>
      }
      actions={!endedAt && !isCurrent && <EndSession sessionId={id} device={label} />}
    >
      <Code>{ip}</Code>
      <span>
        {t('sessions.lastActive')} <RelativeTime value={lastActiveAt} />
      </span>
      <span>
        {t('sessions.started')} <RelativeTime value={createdAt} />
      </span>
      {endedAt && endReason && (
        <span>
          {t(`sessions.endReason.${endReason}`)} <RelativeTime value={endedAt} />
        </span>
      )}
    </Row>
  );
}
