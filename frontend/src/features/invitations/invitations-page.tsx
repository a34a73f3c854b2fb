import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { pageVariables } from '../../ui/listing/list-search';
import { Listing } from '../../ui/listing/listing';
import { StateFilter } from '../../ui/listing/state-filter';
import { useListSearch } from '../../ui/listing/use-list-search';
import { Page } from '../../ui/page';
import { InvitationFields, invitationStates } from './invitation-fields';
import { InvitationsTable } from './invitations-table';
import { InviteUser } from './invite-user';

const Invitations = graphql(
  `
    query Invitations($first: Int, $after: String, $last: Int, $before: String, $state: InvitationState) {
      invitations(first: $first, after: $after, last: $last, before: $before, state: $state) {
        totalCount
        nodes {
          ...InvitationFields
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
  [InvitationFields],
);

export function InvitationsPage() {
  const { t } = useTranslation();
  const { state, cursor, turn, narrow } = useListSearch(invitationStates);
  const [answer, refetch] = useQuery({
    query: Invitations,
    variables: { ...pageVariables(cursor), state: state ?? null },
    requestPolicy: 'cache-and-network',
  });
  const invitations = answer.data?.invitations;
  return (
    <Page title={t('invitations.title')} description={t('invitations.description')} actions={<InviteUser />}>
      <Card flush>
        <Listing
          filters={
            <StateFilter
              states={invitationStates}
              value={state}
              onChange={narrow}
              name={(state) => t(`invitations.state.${state}`)}
            />
          }
          answer={answer}
          connection={invitations}
          refetch={refetch}
          cursor={cursor}
          turn={turn}
          leaveCursor={() => narrow(state)}
          total={(count) => t('invitations.total', { count })}
          empty={{ title: t('invitations.none'), text: t('invitations.noneText') }}
        >
          {invitations && <InvitationsTable invitations={invitations.nodes} />}
        </Listing>
      </Card>
    </Page>
  );
}
