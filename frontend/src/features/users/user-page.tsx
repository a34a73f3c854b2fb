import { Skeleton } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { useQuery } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { graphql, readFragment } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { NotFoundPage } from '../../ui/missing-pages';
import { Page } from '../../ui/page';
import { formatDateTime, RelativeTime } from '../../ui/relative-time';
import { ErrorState } from '../../ui/states';
import { SessionsCard } from '../sessions/sessions-card';
import { RoleTag, StatusTag } from './tags';
import { UserFields } from './user-fields';
import styles from './user-page.module.css';

const UserQuery = graphql(
  `
    query User($id: ID!) {
      user(id: $id) {
        id
        emailVerified
        ...UserFields
      }
    }
  `,
  [UserFields],
);

export function UserPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: UserQuery,
    variables: { id },
    requestPolicy: 'cache-and-network',
  });

  if (data?.user === null || (error && readApiError(error).code === 'NOT_FOUND')) return <NotFoundPage />;
  if (!data?.user) {
    return (
      <Page title={t('users.one')}>
        <Card>
          {error && !fetching ? (
            <ErrorState error={error} onRetry={() => refetch({ requestPolicy: 'network-only' })} />
          ) : (
            <Skeleton active title={false} paragraph={{ rows: 3 }} />
          )}
        </Card>
      </Page>
    );
  }

  const { emailVerified } = data.user;
  const { name, email, role, status, createdAt, lastSignInAt } = readFragment(UserFields, data.user);
  return (
    <Page title={name} description={email}>
      <Card title={t('users.details')}>
        <dl className={styles.facts}>
          <Fact name={t('fields.role')}>
            <RoleTag role={role} />
          </Fact>
          <Fact name={t('fields.status')}>
            <StatusTag status={status} />
          </Fact>
          <Fact name={t('users.emailVerified')}>{t(emailVerified ? 'users.yes' : 'users.no')}</Fact>
          <Fact name={t('fields.createdAt')}>{formatDateTime(createdAt)}</Fact>
          <Fact name={t('fields.lastSignInAt')}>
            {lastSignInAt ? <RelativeTime value={lastSignInAt} /> : t('users.never')}
          </Fact>
          <Fact name={t('users.id')}>
            <code>{id}</code>
          </Fact>
        </dl>
      </Card>
      <SessionsCard userId={id} title={t('users.sessions')} />
    </Page>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
