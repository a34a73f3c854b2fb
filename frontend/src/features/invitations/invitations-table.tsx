import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { InvitationState } from '../../graphql/schema';
import { paths } from '../../paths';
import styles from '../../ui/listing/listing.module.css';
import { formatDate, RelativeTime } from '../../ui/relative-time';
import { RoleTag } from '../users/tags';
import type { Invitation } from './invitation-fields';
import { ResendInvitation } from './resend-invitation';
import { WithdrawInvitation } from './withdraw-invitation';

const stateColors: Record<InvitationState, string> = {
  PENDING: 'processing',
  ACCEPTED: 'success',
  EXPIRED: 'warning',
  WITHDRAWN: 'default',
};

export function InvitationsTable({ invitations }: { invitations: readonly Invitation[] }) {
  const { t } = useTranslation();
  return (
    <table className={styles.table}>
      <caption className="visually-hidden">{t('invitations.title')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('invitations.who')}</th>
          <th scope="col">{t('fields.role')}</th>
          <th scope="col">{t('fields.status')}</th>
          <th scope="col">{t('invitations.lastSentAt')}</th>
          <th scope="col">{t('fields.expiresAt')}</th>
          <th scope="col">
            <span className="visually-hidden">{t('fields.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {invitations.map((invitation) => (
          <InvitationRow key={invitation.id} invitation={invitation} />
        ))}
      </tbody>
    </table>
  );
}

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const { t } = useTranslation();
  const { email, role, state, lastSentAt, expiresAt, invitedBy, acceptedBy } = invitation;
  // One that ran out lives again when it is sent again.
  const open = state === 'PENDING' || state === 'EXPIRED';
  return (
    <tr>
      <td>
        <div className={styles.subject}>
          <span>{acceptedBy ? <Link to={paths.user(acceptedBy.id)}>{email}</Link> : email}</span>
          {invitedBy && <span className={styles.aside}>{t('invitations.by', { name: invitedBy.name })}</span>}
        </div>
      </td>
      <td>
        <RoleTag role={role} />
      </td>
      <td>
        <Tag color={stateColors[state]}>{t(`invitations.state.${state}`)}</Tag>
      </td>
      <td>
        <span className={styles.label}>{t('invitations.lastSentAt')} </span>
        <RelativeTime value={lastSentAt} />
      </td>
      <td className={styles.wide}>{formatDate(expiresAt)}</td>
      <td className={styles.actions}>
        {open && (
          <div>
            <ResendInvitation invitation={invitation} />
            <WithdrawInvitation invitation={invitation} />
          </div>
        )}
      </td>
    </tr>
  );
}
