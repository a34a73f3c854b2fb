import { graphql, type ResultOf } from '../../graphql/schema';

/** What a list shows of an event. The subscription selects the same, so that the cache can put it there. */
export const ActivityFields = graphql(`
  fragment ActivityFields on AuditEvent @_unmask {
    id
    kind
    occurredAt
    actor
    ip
    device {
      label
      userAgent
    }
    requestId
    details
  }
`);

export type ActivityEvent = ResultOf<typeof ActivityFields>;
