import { useEffect, useEffectEvent } from 'react';
import { useClient } from 'urql';
import { graphql, type ResultOf, readFragment } from '../../graphql/schema';
import { SessionFields } from './session-fields';
import { type AnnounceSignIn, useWithdrawSignInNotice } from './sign-in-notice';

const SessionEvents = graphql(
  `
    subscription SessionEvents {
      sessionEvents {
        kind
        session {
          ...SessionFields
        }
      }
    }
  `,
  [SessionFields],
);

interface SessionEventsOptions {
  pause: boolean;
  announceSignIn: AnnounceSignIn;
}

/** What whoever is the subject of a notice cannot do to make it disappear. */
const BEYOND_AN_INTRUDER = new Set(['ENDED_BY_ADMIN', 'DISOWNED', 'PASSWORD_CHANGED']);

/** Keeps the viewer's sessions in the cache up to date (see `graphql/cache.ts`), and tells of sign-ins elsewhere. */
export function useSessionEvents({ pause, announceSignIn }: SessionEventsOptions): void {
  const client = useClient();
  const withdraw = useWithdrawSignInNotice();

  const announce = useEffectEvent(({ kind, session }: ResultOf<typeof SessionEvents>['sessionEvents']) => {
    const { id, device, isCurrent, endReason } = readFragment(SessionFields, session);
    if (kind === 'STARTED' && !isCurrent) announceSignIn({ sessionId: id, device: device.label });
    if (kind === 'ENDED' && endReason && BEYOND_AN_INTRUDER.has(endReason)) withdraw(id);
  });

  // Not by urql's hook, of whose state a render sees the last event only.
  useEffect(() => {
    if (pause) return;
    const events = client.subscription(SessionEvents, {});
    return events.subscribe(({ data }) => data && announce(data.sessionEvents)).unsubscribe;
  }, [client, pause]);
}
