import { Skeleton } from 'antd';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { useQuery } from 'urql';
import { graphql, readFragment } from '../../graphql/schema';
import { useLastData } from '../../graphql/use-last-data';
import { Card } from '../../ui/card';
import { Code } from '../../ui/code';
import { Fact, Facts } from '../../ui/facts';
import { formatDateTime, RelativeTime } from '../../ui/relative-time';
import { ErrorNotice, ErrorState } from '../../ui/states';
import { LinkedAccountFields } from '../linked-accounts/linked-account-fields';
import { SecondFactorFields } from '../second-factors/second-factor-fields';
import { SessionsCard } from '../sessions/sessions-card';
import { RoleTag, StatusTag } from './tags';
import { UserFields } from './user-fields';
import { WaysInCard } from './ways-in-card';

const UserOverviewQuery = graphql(
  `
    query UserOverview($id: ID!) {
      user(id: $id) {
        id
        emailVerified
        hasPassword
        deletionScheduledAt
        secondFactors {
          ...SecondFactorFields
        }
        linkedAccounts {
          ...LinkedAccountFields
        }
        ...UserFields
      }
    }
  `,
  [UserFields, SecondFactorFields, LinkedAccountFields],
);

export function UserOverview() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: UserOverviewQuery,
    variables: { id },
    requestPolicy: 'cache-and-network',
  });
  const user = useLastData(data?.user, id);
  const retry = () => refetch({ requestPolicy: 'network-only' });
  if (!user) {
    return (
      <Card>
        {error && !fetching ? (
          <ErrorState error={error} onRetry={retry} />
        ) : (
          <Skeleton active title={false} paragraph={{ rows: 3 }} />
        )}
      </Card>
    );
  }

  const { role, status, createdAt, lastSignInAt, name } = readFragment(UserFields, user);
  return (
    <>
      {error && !fetching && <ErrorNotice error={error} onRetry={retry} />}
      <Card title={t('users.details')}>
        <Facts>
          <Fact name={t('fields.role')}>
            <RoleTag role={role} />
          </Fact>
          <Fact name={t('fields.status')}>
            <StatusTag status={status} />
          </Fact>
          <Fact name={t('users.emailVerified')}>{t(user.emailVerified ? 'users.yes' : 'users.no')}</Fact>
          <Fact name={t('fields.createdAt')}>{formatDateTime(createdAt)}</Fact>
          <Fact name={t('fields.lastSignInAt')}>
            {lastSignInAt ? <RelativeTime value={lastSignInAt} /> : t('users.never')}
          </Fact>
          {user.deletionScheduledAt && (
            <Fact name={t('users.erasedAt')}>{formatDateTime(user.deletionScheduledAt)}</Fact>
          )}
          <Fact name={t('users.id')}>
            <Code>{id}</Code>
          </Fact>
        </Facts>
      </Card>
      <WaysInCard
        userId={id}
        name={name}
        hasPassword={user.hasPassword}
        factors={user.secondFactors}
        linkedAccounts={user.linkedAccounts}
      />
      <SessionsCard userId={id} title={t('users.sessions')} />
    </>
  );
}
