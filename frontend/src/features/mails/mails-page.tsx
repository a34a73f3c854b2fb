import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql, type MailState } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { pageVariables } from '../../ui/listing/list-search';
import { Listing } from '../../ui/listing/listing';
import { StateFilter } from '../../ui/listing/state-filter';
import { useListSearch } from '../../ui/listing/use-list-search';
import { Page } from '../../ui/page';
import { MailFields } from './mail-fields';
import { MailsTable } from './mails-table';

const Mails = graphql(
  `
    query Mails($first: Int, $after: String, $last: Int, $before: String, $state: MailState) {
      mails(first: $first, after: $after, last: $last, before: $before, state: $state) {
        totalCount
        nodes {
          ...MailFields
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
  [MailFields],
);

const mailStates = ['QUEUED', 'SENT', 'FAILED'] as const satisfies MailState[];

/** The outbox. */
export function MailsPage() {
  const { t } = useTranslation();
  const { state, cursor, turn, narrow } = useListSearch(mailStates);
  const [answer, refetch] = useQuery({
    query: Mails,
    variables: { ...pageVariables(cursor), state: state ?? null },
    requestPolicy: 'cache-and-network',
  });
  const mails = answer.data?.mails;
  return (
    <Page title={t('mails.title')} description={t('mails.description')}>
      <Card flush>
        <Listing
          filters={
            <StateFilter
              states={mailStates}
              value={state}
              onChange={narrow}
              name={(state) => t(`mails.state.${state}`)}
            />
          }
          answer={answer}
          connection={mails}
          refetch={refetch}
          cursor={cursor}
          turn={turn}
          leaveCursor={() => narrow(state)}
          total={(count) => t('mails.total', { count })}
          empty={{ title: t('mails.none') }}
        >
          {mails && <MailsTable mails={mails.nodes} />}
        </Listing>
      </Card>
    </Page>
  );
}
