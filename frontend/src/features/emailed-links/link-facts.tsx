import { useTranslation } from 'react-i18next';
import { formatDateTime } from '../../ui/relative-time';
import styles from './emailed-links.module.css';

/** Whom a link is for, and until when it is good. */
export function LinkFacts({ email, expiresAt }: { email: string; expiresAt: string }) {
  const { t } = useTranslation();
  return (
    <dl className={styles.facts}>
      <div>
        <dt>{t('fields.email')}</dt>
        <dd>{email}</dd>
      </div>
      <div>
        <dt>{t('emailedLinks.goodUntil')}</dt>
        <dd>
          <time dateTime={expiresAt}>{formatDateTime(expiresAt)}</time>
        </dd>
      </div>
    </dl>
  );
}
