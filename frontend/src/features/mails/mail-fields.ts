import { graphql, type ResultOf } from '../../graphql/schema';

export const MailFields = graphql(`
  fragment MailFields on Mail @_unmask {
    id
    recipient
    kind
    state
    attempts
    createdAt
    sentAt
    nextAttemptAt
    lastError
  }
`);

export type Mail = ResultOf<typeof MailFields>;
