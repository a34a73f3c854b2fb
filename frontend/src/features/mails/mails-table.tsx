import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import type { MailState } from '../../graphql/schema';
import listing from '../../ui/listing/listing.module.css';
import { RelativeTime } from '../../ui/relative-time';
import type { Mail } from './mail-fields';
import styles from './mails-table.module.css';
import { RetryMail } from './retry-mail';

const stateColors: Record<MailState, string> = {
  QUEUED: 'processing',
  SENT: 'success',
  FAILED: 'error',
};

export function MailsTable({ mails }: { mails: readonly Mail[] }) {
  const { t } = useTranslation();
  return (
    <table className={listing.table}>
      <caption className="visually-hidden">{t('mails.title')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('mails.one')}</th>
          <th scope="col">{t('fields.status')}</th>
          <th scope="col">{t('mails.createdAt')}</th>
          <th scope="col">{t('mails.what')}</th>
          <th scope="col">
            <span className="visually-hidden">{t('fields.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {mails.map((mail) => (
          <tr key={mail.id}>
            <td>
              <div className={listing.subject}>
                <span>{t(`mails.kind.${mail.kind}`)}</span>
                <span className={listing.aside}>{mail.recipient}</span>
                {mail.lastError && mail.state !== 'SENT' && (
                  <span className={styles.error}>{mail.lastError}</span>
                )}
              </div>
            </td>
            <td>
              <Tag color={stateColors[mail.state]}>{t(`mails.state.${mail.state}`)}</Tag>
            </td>
            <td>
              <span className={listing.label}>{t('mails.createdAt')} </span>
              <RelativeTime value={mail.createdAt} />
            </td>
            <td>
              <WhatNext mail={mail} />
            </td>
            <td className={listing.actions}>
              {mail.state === 'FAILED' && (
                <div>
                  <RetryMail mail={mail} />
                </div>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function WhatNext({ mail: { sentAt, nextAttemptAt, attempts } }: { mail: Mail }) {
  const { t } = useTranslation();
  if (sentAt) {
    return (
      <>
        {t('mails.sentAt')} <RelativeTime value={sentAt} />
      </>
    );
  }
  if (!nextAttemptAt) return t('mails.givenUp', { count: attempts });
  return (
    <>
      {t('mails.nextAttempt')} <RelativeTime ahead value={nextAttemptAt} />
    </>
  );
}
