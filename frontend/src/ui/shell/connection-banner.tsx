import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useConnectionStatus } from '../../graphql/api-provider';
import styles from './connection-banner.module.css';

/** Short breaks, such as a server that restarts, are nobody's business. */
const patience = 2_000;

/** Says so while the live connection is lost. */
export function ConnectionBanner() {
  const { t } = useTranslation();
  const lost = useConnectionStatus() === 'lost';
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(lost), lost ? patience : 0);
    return () => clearTimeout(timer);
  }, [lost]);
  return <div role="status">{shown && <p className={styles.banner}>{t('states.connectionLost')}</p>}</div>;
}
