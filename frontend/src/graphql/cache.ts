import { type Cache, cacheExchange } from '@urql/exchange-graphcache';

/** Types that have no `id` and live inside the object that has them. */
const withoutId = [
  'Device',
  'EmailVerificationRequired',
  'EmailVerified',
  'EmailedLink',
  'PageInfo',
  'PasskeyChallenge',
  'Registration',
  'RenewedToken',
  'SecondFactorRequired',
  'SecondFactors',
  'SessionConnection',
  'SessionEdge',
  'SessionEvent',
  'SignInDisowned',
  'SignedIn',
  'Totp',
  'UserConnection',
  'UserEdge',
];

/** The normalised cache of one signed-in person. */
export function cacheOf(viewerId: string | undefined) {
  return cacheExchange({
    keys: Object.fromEntries(withoutId.map((typename) => [typename, () => null])),
    updates: {
      Mutation: {
        endSession: (result, _args, cache) => invalidateSessionsOf(ownerOf(result.endSession), cache),
        endOtherSessions: (_result, _args, cache) => invalidateSessionsOf(viewerId, cache),
        changePassword: (_result, _args, cache) => invalidateSessionsOf(viewerId, cache),
      },
      Subscription: {
        sessionEvents: (result, _args, cache) => {
          // A refreshed session stays where it is in its list; its own fields are updated by the event itself.
          if ((result.sessionEvents as { kind: string }).kind !== 'REFRESHED')
            invalidateSessionsOf(viewerId, cache);
        },
      },
    },
  });
}

function ownerOf(session: unknown): string {
  return (session as { user: { id: string } }).user.id;
}

/** Has every list of this person's sessions fetched again, those in view at once. */
function invalidateSessionsOf(userId: string | undefined, cache: Cache) {
  const user = { __typename: 'User', id: userId ?? null };
  for (const { fieldName, fieldKey } of cache.inspectFields(user)) {
    if (fieldName === 'sessions') cache.invalidate(user, fieldKey);
  }
}
