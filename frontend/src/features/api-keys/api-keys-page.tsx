import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useQuery } from 'urql';
import { graphql, type ResultOf } from '../../graphql/schema';
import { paths } from '../../paths';
import { Card } from '../../ui/card';
import { Code } from '../../ui/code';
import { pageVariables } from '../../ui/listing/list-search';
import { Listing } from '../../ui/listing/listing';
import styles from '../../ui/listing/listing.module.css';
import { StateFilter } from '../../ui/listing/state-filter';
import { useListSearch } from '../../ui/listing/use-list-search';
import { Page } from '../../ui/page';
import { formatDate, RelativeTime } from '../../ui/relative-time';
import { ApiKeyFields, apiKeyStates } from './api-key-fields';
import { ApiKeyStateTag, Scopes } from './api-key-tags';
import { RevokeApiKey } from './revoke-api-key';

const ApiKeys = graphql(
  `
    query ApiKeys($first: Int, $after: String, $last: Int, $before: String, $state: ApiKeyState) {
      apiKeys(first: $first, after: $after, last: $last, before: $before, state: $state) {
        totalCount
        nodes {
          ...ApiKeyFields
          user {
            id
            name
            email
          }
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
  [ApiKeyFields],
);

type Row = ResultOf<typeof ApiKeys>['apiKeys']['nodes'][number];

/** The keys of everybody, for administrators. */
export function ApiKeysPage() {
  const { t } = useTranslation();
  const { state, cursor, turn, narrow } = useListSearch(apiKeyStates);
  const [answer, refetch] = useQuery({
    query: ApiKeys,
    variables: { ...pageVariables(cursor), state: state ?? null },
    requestPolicy: 'cache-and-network',
  });
  const apiKeys = answer.data?.apiKeys;
  return (
    <Page title={t('apiKeys.title')} description={t('apiKeys.descriptionOfAll')}>
      <Card flush>
        <Listing
          filters={
            <StateFilter
              states={apiKeyStates}
              value={state}
              onChange={narrow}
              name={(state) => t(`apiKeys.state.${state}`)}
            />
          }
          answer={answer}
          connection={apiKeys}
          refetch={refetch}
          cursor={cursor}
          turn={turn}
          leaveCursor={() => narrow(state)}
          total={(count) => t('apiKeys.total', { count })}
          empty={{ title: t('apiKeys.none') }}
        >
          {apiKeys && <Table apiKeys={apiKeys.nodes} />}
        </Listing>
      </Card>
    </Page>
  );
}

function Table({ apiKeys }: { apiKeys: readonly Row[] }) {
  const { t } = useTranslation();
  return (
    <table className={styles.table}>
      <caption className="visually-hidden">{t('apiKeys.title')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('apiKeys.one')}</th>
          <th scope="col">{t('apiKeys.owner')}</th>
          <th scope="col">{t('fields.status')}</th>
          <th scope="col">{t('fields.lastUsedAt')}</th>
          <th scope="col">{t('fields.expiresAt')}</th>
          <th scope="col">
            <span className="visually-hidden">{t('fields.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {apiKeys.map((apiKey) => (
          <tr key={apiKey.id}>
            <td>
              <div className={styles.subject}>
                <span>{apiKey.name}</span>
                <span className={styles.aside}>
                  <Code>{apiKey.prefix}…</Code> · <Scopes scopes={apiKey.scopes} />
                </span>
              </div>
            </td>
            <td>
              <Link to={paths.user(apiKey.user.id)} title={apiKey.user.email}>
                {apiKey.user.name}
              </Link>
            </td>
            <td>
              <ApiKeyStateTag state={apiKey.state} />
            </td>
            <td>
              {apiKey.lastUsedAt ? (
                <>
                  <span className={styles.label}>{t('fields.lastUsedAt')} </span>
                  <RelativeTime value={apiKey.lastUsedAt} />
                </>
              ) : (
                t('fields.neverUsed')
              )}
            </td>
            <td className={styles.wide}>
              {apiKey.expiresAt ? formatDate(apiKey.expiresAt) : t('apiKeys.neverExpires')}
            </td>
            <td className={styles.actions}>
              {apiKey.state === 'ACTIVE' && (
                <div>
                  <RevokeApiKey apiKey={apiKey} />
                </div>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
