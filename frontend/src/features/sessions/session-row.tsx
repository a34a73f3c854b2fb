import { DesktopOutlined, GlobalOutlined, MobileOutlined, RobotOutlined } from '@ant-design/icons';
import { Tag } from 'antd';
import type { ComponentType, Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { type DeviceKind, type FragmentOf, readFragment } from '../../graphql/schema';
import { RelativeTime } from '../../ui/relative-time';
import { EndSession } from './end-session';
import { SessionFields } from './session-fields';
import styles from './session-list.module.css';

const icons: Record<DeviceKind, ComponentType> = {
  DESKTOP: DesktopOutlined,
  MOBILE: MobileOutlined,
  BOT: RobotOutlined,
  OTHER: GlobalOutlined,
};

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
  const Icon = icons[device.kind];
  const label = device.label || t('sessions.unknownDevice');
  return (
    <li ref={ref} tabIndex={-1} className={styles.row}>
      <span className={styles.icon} role="img" aria-label={t(`sessions.kind.${device.kind}`)}>
        <Icon />
      </span>
      <div className={styles.facts}>
        <p className={styles.device}>
          <span title={device.userAgent}>{label}</span>
          {isCurrent && <Tag color="success">{t('sessions.thisDevice')}</Tag>}
        </p>
        <p className={styles.detail}>
          <span className={styles.ip}>{ip}</span>
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
        </p>
      </div>
      {!endedAt && !isCurrent && <EndSession sessionId={id} device={label} />}
    </li>
  );
}
