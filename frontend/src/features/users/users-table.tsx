import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { type FragmentOf, type ResultOf, readFragment } from '../../graphql/schema';
import { paths } from '../../paths';
import styles from '../../ui/listing/listing.module.css';
import { formatDate, RelativeTime } from '../../ui/relative-time';
import { RoleTag, StatusTag } from './tags';
import { UserFields } from './user-fields';

type User = ResultOf<typeof UserFields>;

/** The users found: a table where there is room, and where there is not, the same rows as cards. */
export function UsersTable({ users }: { users: readonly FragmentOf<typeof UserFields>[] }) {
  const { t } = useTranslation();
  return (
    <table className={styles.table}>
      <caption className="visually-hidden">{t('users.title')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('fields.user')}</th>
          <th scope="col">{t('fields.role')}</th>
          <th scope="col">{t('fields.status')}</th>
          <th scope="col">{t('fields.createdAt')}</th>
          <th scope="col">{t('fields.lastSignInAt')}</th>
        </tr>
      </thead>
      <tbody>
        {readFragment(UserFields, users).map((user) => (
          <tr key={user.id}>
            <td>
              <Person user={user} />
            </td>
            <td>
              <RoleTag role={user.role} />
            </td>
            <td>
              <StatusTag status={user.status} />
            </td>
            <td className={styles.wide}>{formatDate(user.createdAt)}</td>
            <td>
              <span className={styles.label}>{t('fields.lastSignInAt')}: </span>
              <LastSignIn user={user} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Person({ user: { id, name, email } }: { user: User }) {
  return (
    <div className={styles.subject}>
      <Link to={paths.user(id)}>{name}</Link>
      <span className={styles.aside}>{email}</span>
    </div>
  );
}

function LastSignIn({ user: { lastSignInAt } }: { user: User }) {
  const { t } = useTranslation();
  return lastSignInAt ? <RelativeTime value={lastSignInAt} /> : t('users.never');
}
