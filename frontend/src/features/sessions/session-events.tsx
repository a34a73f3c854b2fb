import { useEffect, useEffectEvent } from 'react';
import { useClient } from 'urql';
import { graphql, type ResultOf, readFragment } from '../../graphql/schema';
import { SessionFields } from './session-fields';
import type { SignInNotice } from './sign-in-notice';

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
  signInNotice: SignInNotice;
}

/** Keeps the viewer's sessions in the cache up to date (see `graphql/cache.ts`), and tells of sign-ins elsewhere. */
export function useSessionEvents({ pause, signInNotice }: SessionEventsOptions): void {
  const client = useClient();

  const announce = useEffectEvent(({ kind, session }: ResultOf<typeof SessionEvents>['sessionEvents']) => {
    const { id, device, isCurrent, endReason } = readFragment(SessionFields, session);
    if (kind === 'STARTED' && !isCurrent) signInNotice.show({ sessionId: id, device: device.label });
    // Not when it was signed out of: whoever did that may be the very person the notice warns of.
    if (kind === 'ENDED' && endReason !== 'SIGNED_OUT') signInNotice.withdraw(id);
  });

  // Not by urql's hook, of whose state a render sees the last event only.
  useEffect(() => {
    if (pause) return;
    const events = client.subscription(SessionEvents, {});
    return events.subscribe(({ data }) => data && announce(data.sessionEvents)).unsubscribe;
  }, [client, pause]);
}
