import { Button, Skeleton } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { type FragmentOf, graphql, readFragment, type SessionState } from '../../graphql/schema';
import { ErrorState, State } from '../../ui/states';
import { SessionFields } from './session-fields';
import styles from './session-list.module.css';
import { SessionRow } from './session-row';

const Sessions = graphql(
  `
    query Sessions($userId: ID!, $state: SessionState!, $first: Int!, $after: String) {
      node(id: $userId) {
        __typename
        id
        ... on User {
          sessions(state: $state, first: $first, after: $after) {
            nodes {
              id
              ...SessionFields
            }
            pageInfo {
              hasNextPage
              endCursor
            }
          }
        }
      }
    }
  `,
  [SessionFields],
);

/** Large enough for the session one is looking with to be among the first page, for all but the busiest. */
const pageSize = 50;

interface SessionListProps {
  userId: string;
  state: SessionState;
}

export function SessionList({ userId, state }: SessionListProps) {
  return (
    <ul>
      <SessionPages key={state} userId={userId} state={state} after={null} />
    </ul>
  );
}

/**
 * One page of the list and, once asked for, the pages after it. Each page is a query of its own that starts at
 * the end of the page before, so the list stays whole when sessions come and go.
 */
function SessionPages({ userId, state, after }: SessionListProps & { after: string | null }) {
  const { t } = useTranslation();
  const [moreWanted, setMoreWanted] = useState(false);
  const [{ data, error, fetching }, refetch] = useQuery({
    query: Sessions,
    variables: { userId, state, first: pageSize, after },
    requestPolicy: 'cache-and-network',
  });
  const connection = data?.node?.__typename === 'User' ? data.node.sessions : undefined;

  // The button that asked for this page is gone: the page's first row takes over the focus, once.
  const firstRow = useRef<HTMLLIElement>(null);
  const focusWanted = useRef(after !== null);
  const arrived = connection !== undefined;
  useEffect(() => {
    if (!arrived || !focusWanted.current) return;
    focusWanted.current = false;
    firstRow.current?.focus();
  }, [arrived]);

  if (!connection) {
    if (error && !fetching) {
      return (
        <li>
          <ErrorState error={error} onRetry={() => refetch({ requestPolicy: 'network-only' })} />
        </li>
      );
    }
    return <SkeletonRows />;
  }

  // An event marks a session as ended before the list itself has been fetched again.
  const nodes = connection.nodes
    .filter((node) => (readFragment(SessionFields, node).endedAt === null) === (state === 'ACTIVE'))
    .sort((a, b) => Number(isCurrent(b)) - Number(isCurrent(a)));
  const { hasNextPage, endCursor } = connection.pageInfo;

  if (nodes.length === 0 && after === null && !hasNextPage) {
    return (
      <li>
        <State sign="0" title={t(state === 'ACTIVE' ? 'sessions.noneActive' : 'sessions.noneEnded')} />
      </li>
    );
  }
  return (
    <>
      {nodes.map((node, index) => (
        <SessionRow key={node.id} ref={index === 0 ? firstRow : null} session={node} />
      ))}
      {hasNextPage &&
        (moreWanted ? (
          <SessionPages userId={userId} state={state} after={endCursor} />
        ) : (
          <li className={styles.more}>
            <Button onClick={() => setMoreWanted(true)}>{t('actions.loadMore')}</Button>
          </li>
        ))}
    </>
  );
}

/** The session one is looking with comes first. */
const isCurrent = (node: FragmentOf<typeof SessionFields>) => readFragment(SessionFields, node).isCurrent;

function SkeletonRows() {
  const { t } = useTranslation();
  return (
    <>
      <li className="visually-hidden">{t('states.loading')}</li>
      {[0, 1, 2].map((row) => (
        <li key={row} className={styles.row} aria-hidden="true">
          <Skeleton
            active
            avatar={{ shape: 'square', size: 40 }}
            title={{ width: 180 }}
            paragraph={{ rows: 1, width: 260 }}
          />
        </li>
      ))}
    </>
  );
}
