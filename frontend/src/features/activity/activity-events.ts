import { useEffect, useEffectEvent } from 'react';
import { useClient } from 'urql';
import { graphql, type ResultOf } from '../../graphql/schema';
import type { AnnounceSignIn } from '../sessions/sign-in-notice';
import { ActivityFields } from './activity-fields';

const MyActivity = graphql(
  `
    subscription MyActivity {
      myActivity {
        ...ActivityFields
      }
    }
  `,
  [ActivityFields],
);

interface ActivityEventsOptions {
  pause: boolean;
  announceSignIn: AnnounceSignIn;
}

/** Keeps the viewer's activity in the cache up to date (see `graphql/cache.ts`), and tells of new devices. */
export function useActivityEvents({ pause, announceSignIn }: ActivityEventsOptions): void {
  const client = useClient();

  const announce = useEffectEvent(({ kind, details, device }: ResultOf<typeof ActivityFields>) => {
    if (kind !== 'SIGNED_IN_FROM_NEW_DEVICE') return;
    const { sessionId } = details as { sessionId?: string };
    announceSignIn({ sessionId, device: device?.label, fromNewDevice: true });
  });

  // Not by urql's hook, of whose state a render sees the last event only.
  useEffect(() => {
    if (pause) return;
    const events = client.subscription(MyActivity, {});
    return events.subscribe(({ data }) => data && announce(data.myActivity)).unsubscribe;
  }, [client, pause]);
}
