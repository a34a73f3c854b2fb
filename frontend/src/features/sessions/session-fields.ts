import { graphql } from '../../graphql/schema';

/** What a list shows of a session. Events select the same, so that they update it in place. */
export const SessionFields = graphql(`
  fragment SessionFields on Session {
    id
    ip
    createdAt
    lastActiveAt
    isCurrent
    endedAt
    endReason
    device {
      label
      kind
      userAgent
    }
  }
`);
