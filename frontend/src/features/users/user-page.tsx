import { Skeleton } from 'antd';
import { useTranslation } from 'react-i18next';
import { Outlet, useParams } from 'react-router';
import { useQuery } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { graphql, readFragment } from '../../graphql/schema';
import { useLastData } from '../../graphql/use-last-data';
import { paths } from '../../paths';
import { Card } from '../../ui/card';
import { NotFoundPage } from '../../ui/missing-pages';
import { Page } from '../../ui/page';
import { SectionNav } from '../../ui/section-nav';
import { ErrorState } from '../../ui/states';
import { UserFields } from './user-fields';

const UserQuery = graphql(
  `
    query User($id: ID!) {
      user(id: $id) {
        id
        ...UserFields
      }
    }
  `,
  [UserFields],
);

/** Around the pages about one user. */
export function UserPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: UserQuery,
    variables: { id },
    requestPolicy: 'cache-and-network',
  });

  // Where it cannot be loaded again, the pages below say so.
  const user = useLastData(data?.user, id);

  if (data?.user === null || (error && readApiError(error).code === 'NOT_FOUND')) return <NotFoundPage />;
  if (!user) {
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

  const { name, email } = readFragment(UserFields, user);
  return (
    <Page
      title={name}
      description={email}
      sections={
        <SectionNav
          label={t('users.one')}
          sections={[
            { to: paths.user(id), label: t('users.overview') },
            { to: paths.userApiKeys(id), label: t('apiKeys.title') },
            { to: paths.userActivity(id), label: t('activity.title') },
          ]}
        />
      }
    >
      <Outlet />
    </Page>
  );
}
