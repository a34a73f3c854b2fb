import { Alert } from 'antd';
import { useTranslation } from 'react-i18next';
import type { PasskeyFailure } from '../../webauthn';
import styles from './passkey-trouble.module.css';

/** Why the browser has made or shown no passkey. That somebody has cancelled is no error. */
export function PasskeyTrouble({ trouble }: { trouble: PasskeyFailure }) {
  const { t } = useTranslation();
  return (
    <Alert
      className={styles.trouble}
      type={trouble === 'cancelled' ? 'info' : 'error'}
      showIcon
      role="alert"
      title={t(`auth.passkeyTrouble.${trouble}`)}
    />
  );
}
