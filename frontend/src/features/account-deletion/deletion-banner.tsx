import { useTranslation } from 'react-i18next';
import { formatDateTime } from '../../ui/relative-time';
import styles from './deletion-banner.module.css';
import { KeepAccount } from './keep-account';

/** Says on every page when the account in use will be erased, and takes that back. */
export function DeletionBanner({ at }: { at: string | null | undefined }) {
  const { t } = useTranslation();
  if (!at) return null;
  return (
    <section className={styles.banner} aria-label={t('accountDeletion.title')}>
      <p>
        <strong>{t('accountDeletion.title')}</strong>{' '}
        {t('accountDeletion.text', { time: formatDateTime(at) })}
      </p>
      <KeepAccount />
    </section>
  );
}
