import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../../graphql/schema';
import { PagedList } from '../../ui/paged-list';
import { State } from '../../ui/states';
import { ActivityFields } from './activity-fields';
import { ActivityRow } from './activity-row';
import { useProviderLabels } from './provider-labels';

const Activity = graphql(
  `
    query Activity($userId: ID!, $first: Int!, $after: String) {
      node(id: $userId) {
        __typename
        id
        ... on User {
          activity(first: $first, after: $after) {
            nodes {
              ...ActivityFields
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
  [ActivityFields],
);

const pageSize = 30;

interface ActivityListProps {
  userId: string;
  forAdmin?: boolean;
}

/** What happened to an account, the latest first. The viewer's own grows at the top as things happen. */
export function ActivityList({ userId, forAdmin = false }: ActivityListProps) {
  const { t } = useTranslation();
  const labelOf = useProviderLabels();

  function useActivity(after: string | null) {
    const [{ data, error, fetching }, refetch] = useQuery({
      query: Activity,
      variables: { userId, first: pageSize, after },
      requestPolicy: 'cache-and-network',
    });
    const page = data?.node?.__typename === 'User' ? data.node.activity : undefined;
    return { page, error, fetching, refetch: () => refetch({ requestPolicy: 'network-only' }) };
  }

  return (
    <PagedList
      usePage={useActivity}
      row={(event, ref) => (
        <ActivityRow key={event.id} ref={ref} event={event} labelOf={labelOf} forAdmin={forAdmin} />
      )}
      empty={<State sign="0" title={t('activity.none')} />}
    />
  );
}
