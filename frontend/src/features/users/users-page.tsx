import { Button, Skeleton } from 'antd';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useQuery } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { graphql } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { ErrorState, State } from '../../ui/states';
import { UserFields } from './user-fields';
import { UsersFilters } from './users-filters';
import styles from './users-page.module.css';
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
  const [{ data, error, fetching, stale }, refetch] = useQuery({
    query: Users,
    variables: usersVariables(search),
    requestPolicy: 'cache-and-network',
  });

  /** Another page keeps the way back through the browser's history; another filter starts at the first page. */
  const turn = (cursor: Partial<UsersSearch>) =>
    setParams(writeUsersSearch({ ...search, after: undefined, before: undefined, ...cursor }));
  const narrow = (changes: Partial<UsersSearch>) =>
    setParams(writeUsersSearch({ ...search, after: undefined, before: undefined, ...changes }), {
      replace: true,
      preventScrollReset: true,
    });

  const atCursor = search.after !== undefined || search.before !== undefined;
  const lost = atCursor && error !== undefined && readApiError(error).code === 'INVALID_INPUT';
  const leaveCursor = useEffectEvent(() => narrow({}));
  useEffect(() => {
    // An address that was cut short, or a cursor of another order: the first page is the next best.
    if (lost) leaveCursor();
  }, [lost]);

  return (
    <Page title={t('users.title')} description={t('users.description')}>
      <Card flush>
        <UsersFilters search={search} onChange={narrow} />
        {!data ? (
          error && !fetching && !lost ? (
            <ErrorState error={error} onRetry={() => refetch({ requestPolicy: 'network-only' })} />
          ) : (
            <div className={styles.skeleton} role="status" aria-label={t('states.loading')}>
              <Skeleton active title={false} paragraph={{ rows: 8, width: '100%' }} />
            </div>
          )
        ) : data.users.nodes.length === 0 ? (
          <div role="status">
            <State sign="0" title={t('users.none')} text={t('users.noneText')} />
          </div>
        ) : (
          <>
            <div className={styles.results} data-stale={fetching || stale} aria-busy={fetching}>
              <UsersTable users={data.users.nodes} />
            </div>
            <footer className={styles.footer}>
              <p role="status">{t('users.total', { count: data.users.totalCount })}</p>
              <div className={styles.pages}>
                <Button
                  disabled={!data.users.pageInfo.hasPreviousPage}
                  onClick={() => turn({ before: data.users.pageInfo.startCursor ?? undefined })}
                >
                  {t('actions.previous')}
                </Button>
                <Button
                  disabled={!data.users.pageInfo.hasNextPage}
                  onClick={() => turn({ after: data.users.pageInfo.endCursor ?? undefined })}
                >
                  {t('actions.next')}
                </Button>
              </div>
            </footer>
          </>
        )}
      </Card>
    </Page>
  );
}
