import { KeyOutlined } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { type ApiKeyState, graphql } from '../../graphql/schema';
import { PagedList } from '../../ui/paged-list';
import { State } from '../../ui/states';
import { ApiKeyFields } from './api-key-fields';
import { ApiKeyRow } from './api-key-row';

const ApiKeysOfUser = graphql(
  `
    query ApiKeysOfUser($userId: ID!, $state: ApiKeyState, $first: Int!, $after: String) {
      node(id: $userId) {
        __typename
        id
        ... on User {
          apiKeys(state: $state, first: $first, after: $after) {
            nodes {
              ...ApiKeyFields
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
  [ApiKeyFields],
);

const pageSize = 20;

interface ApiKeyListProps {
  userId: string;
  /** Keys in any state when left out. */
  state?: ApiKeyState;
}

export function ApiKeyList({ userId, state }: ApiKeyListProps) {
  const { t } = useTranslation();

  function useApiKeys(after: string | null) {
    const [{ data, error, fetching }, refetch] = useQuery({
      query: ApiKeysOfUser,
      variables: { userId, state: state ?? null, first: pageSize, after },
      requestPolicy: 'cache-and-network',
    });
    const page = data?.node?.__typename === 'User' ? data.node.apiKeys : undefined;
    return { page, error, fetching, refetch: () => refetch({ requestPolicy: 'network-only' }) };
  }

  return (
    <PagedList
      key={state}
      usePage={useApiKeys}
      row={(apiKey, ref) => <ApiKeyRow key={apiKey.id} ref={ref} apiKey={apiKey} />}
      empty={<State sign={<KeyOutlined />} title={t(state ? 'apiKeys.noneActive' : 'apiKeys.none')} />}
    />
  );
}
