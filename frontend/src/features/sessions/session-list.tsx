import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { type FragmentOf, graphql, readFragment, type SessionState } from '../../graphql/schema';
import { PagedList } from '../../ui/paged-list';
import { State } from '../../ui/states';
import { SessionFields } from './session-fields';
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
  const { t } = useTranslation();

  function useSessions(after: string | null) {
    const [{ data, error, fetching }, refetch] = useQuery({
      query: Sessions,
      variables: { userId, state, first: pageSize, after },
      requestPolicy: 'cache-and-network',
    });
    const sessions = data?.node?.__typename === 'User' ? data.node.sessions : undefined;
    const page = sessions && { ...sessions, nodes: inOrder(sessions.nodes, state) };
    return { page, error, fetching, refetch: () => refetch({ requestPolicy: 'network-only' }) };
  }

  return (
    <PagedList
      key={state}
      usePage={useSessions}
      row={(session, ref) => <SessionRow key={session.id} ref={ref} session={session} />}
      empty={<State sign="0" title={t(state === 'ACTIVE' ? 'sessions.noneActive' : 'sessions.noneEnded')} />}
    />
  );
}

type Listed = FragmentOf<typeof SessionFields> & { id: string };

/** The session one is looking with comes first. */
function inOrder(nodes: readonly Listed[], state: SessionState): Listed[] {
  const sessionOf = (node: Listed) => readFragment(SessionFields, node);
  return (
    nodes
      // An event marks a session as ended before the list itself has been fetched again.
      .filter((node) => (sessionOf(node).endedAt === null) === (state === 'ACTIVE'))
      .sort((a, b) => Number(sessionOf(b).isCurrent) - Number(sessionOf(a).isCurrent))
  );
}
