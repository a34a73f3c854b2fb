import { graphql, type InvitationState, type ResultOf } from '../../graphql/schema';

export const InvitationFields = graphql(`
  fragment InvitationFields on Invitation @_unmask {
    id
    email
    role
    state
    lastSentAt
    expiresAt
    invitedBy {
      id
      name
    }
    acceptedBy {
      id
      name
    }
  }
`);

export type Invitation = ResultOf<typeof InvitationFields>;

export const invitationStates = [
  'PENDING',
  'ACCEPTED',
  'EXPIRED',
  'WITHDRAWN',
] as const satisfies InvitationState[];
