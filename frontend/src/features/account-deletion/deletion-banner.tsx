import { App, Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { graphql } from '../../graphql/schema';
import { describeError } from '../../ui/error-message';
import { formatDateTime } from '../../ui/relative-time';
import styles from './deletion-banner.module.css';

const CancelAccountDeletion = graphql(`
  mutation CancelAccountDeletion {
    cancelAccountDeletion {
      id
      deletionScheduledAt
    }
  }
`);

/** Says on every page when the account in use will be erased, and takes that back. */
export function DeletionBanner({ at }: { at: string | null | undefined }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const [, cancelAccountDeletion] = useMutation(CancelAccountDeletion);
  if (!at) return null;

  async function keep() {
    setBusy(true);
    const { error } = await cancelAccountDeletion({});
    setBusy(false);
    if (error) message.error(describeError(readApiError(error), t));
    else message.success(t('accountDeletion.canceled'));
  }

  return (
    <section className={styles.banner} aria-label={t('accountDeletion.title')}>
      <p>
        <strong>{t('accountDeletion.title')}</strong>{' '}
        {t('accountDeletion.text', { time: formatDateTime(at) })}
      </p>
      <Button type="primary" loading={busy} onClick={keep}>
        {t('accountDeletion.keep')}
      </Button>
    </section>
  );
}
