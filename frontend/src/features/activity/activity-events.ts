import { useEffect, useEffectEvent } from 'react';
import { useSubscription } from 'urql';
import { graphql } from '../../graphql/schema';
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
  const [{ data }] = useSubscription({ query: MyActivity, pause });
  const event = data?.myActivity;

  const announce = useEffectEvent(() => {
    if (event?.kind !== 'SIGNED_IN_FROM_NEW_DEVICE') return;
    const { sessionId } = event.details as { sessionId?: string };
    announceSignIn({ sessionId, device: event.device?.label, fromNewDevice: true });
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: every event is announced once.
  useEffect(() => announce(), [event?.id]);
}
