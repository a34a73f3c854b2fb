import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useQuery } from 'urql';
import { graphql } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { type Cursor, start } from '../../ui/listing/list-search';
import { Listing } from '../../ui/listing/listing';
import { Page } from '../../ui/page';
import { UserFields } from './user-fields';
import { UsersFilters } from './users-filters';
import { readUsersSearch, type UsersSearch, usersVariables, writeUsersSearch } from './users-search';
import { UsersTable } from './users-table';

const Users = graphql(
  `
    query Users(
      $first: Int
      $after: String
      $last: Int
      $before: String
      $filter: UserFilter
      $orderBy: UserOrder
    ) {
      users(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
        totalCount
        nodes {
          id
          ...UserFields
        }
        pageInfo {
          hasPreviousPage
          hasNextPage
          startCursor
          endCursor
        }
      }
    }
  `,
  [UserFields],
);

export function UsersPage() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const search = readUsersSearch(params);
  const [answer, refetch] = useQuery({
    query: Users,
    variables: usersVariables(search),
    requestPolicy: 'cache-and-network',
  });
  const users = answer.data?.users;

  /** Another page keeps the way back through the browser's history; another filter starts at the first page. */
  const turn = (to: Partial<Cursor>) => setParams(writeUsersSearch({ ...search, ...start, ...to }));
  const narrow = (changes: Partial<UsersSearch>) =>
    setParams(writeUsersSearch({ ...search, ...start, ...changes }), {
      replace: true,
      preventScrollReset: true,
    });

  return (
    <Page title={t('users.title')} description={t('users.description')}>
      <Card flush>
        <Listing
          filters={<UsersFilters search={search} onChange={narrow} />}
          answer={answer}
          connection={users}
          refetch={refetch}
          cursor={search}
          turn={turn}
          leaveCursor={() => narrow({})}
          total={(count) => t('users.total', { count })}
          empty={{ title: t('users.none'), text: t('users.noneText') }}
        >
          {users && <UsersTable users={users.nodes} />}
        </Listing>
      </Card>
    </Page>
  );
}
