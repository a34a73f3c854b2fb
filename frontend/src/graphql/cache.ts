import { type Cache, cacheExchange, type Data, type UpdateResolver } from '@urql/exchange-graphcache';
import { graphql } from './schema';

/** Types that have no `id` and live inside the object that has them. */
const withoutId = [
  'AccountLinkStarted',
  'ApiKeyConnection',
  'ApiKeyCreated',
  'ApiKeyEdge',
  'AuditEventConnection',
  'AuditEventEdge',
  'Device',
  'EmailVerificationRequired',
  'EmailVerified',
  'EmailedLink',
  'InvitationConnection',
  'InvitationEdge',
  'MailConnection',
  'MailEdge',
  'PageInfo',
  'PasskeyChallenge',
  'Reauthenticated',
  'RecoveryCodes',
  'Registration',
  'RenewedToken',
  'SecondFactorEnrolled',
  'SecondFactorRequired',
  'SecondFactors',
  'SessionConnection',
  'SessionEdge',
  'SessionEvent',
  'SignInDisowned',
  'SignedIn',
  'Totp',
  'TotpEnrollment',
  'UserConnection',
  'UserEdge',
];

const RecoveryCodesLeft = graphql(`
  fragment RecoveryCodesLeft on User {
    id
    secondFactors {
      recoveryCodesLeft
    }
  }
`);

/** The normalised cache of one signed-in person. */
export function cacheOf(viewerId: string | undefined) {
  const viewer = { __typename: 'User', id: viewerId ?? null };
  return cacheExchange({
    keys: Object.fromEntries(withoutId.map((typename) => [typename, () => null])),
    updates: {
      Mutation: {
        endSession: (result, _args, cache) => forget(ownerOf(result.endSession), 'sessions', cache),
        endOtherSessions: (_result, _args, cache) => forget(viewer, 'sessions', cache),
        changePassword: (_result, _args, cache) => forget(viewer, 'sessions', cache),
        deleteMyAccount: (_result, _args, cache) => forget(viewer, 'sessions', cache),
        resetSecondFactors: (result, _args, cache) =>
          forget(result.resetSecondFactors as Entity, 'sessions', cache),
        // Told rather than fetched: the codes are on screen, and a page that is loaded in vain must not take them away.
        generateRecoveryCodes: (result, _args, cache) => {
          const { recoveryCodes } = result.generateRecoveryCodes as { recoveryCodes: string[] };
          const secondFactors = { __typename: 'SecondFactors', recoveryCodesLeft: recoveryCodes.length };
          if (viewerId) cache.writeFragment(RecoveryCodesLeft, { id: viewerId, secondFactors });
        },
        forgetRememberedDevices: (_result, _args, cache) => forget(viewer, 'secondFactors', cache),
        requestDataExport: (result, _args, cache) =>
          cache.link(viewer, 'dataExport', result.requestDataExport as Entity),
        createApiKey: (_result, _args, cache) => forgetKeysOf(viewer, cache),
        revokeApiKey: (result, _args, cache) => forgetKeysOf(ownerOf(result.revokeApiKey), cache),
        inviteUser: forgetList('invitations'),
        resendInvitation: forgetList('invitations'),
        withdrawInvitation: forgetList('invitations'),
        retryMail: forgetList('mails'),
        clearBlock: forgetList('blocks'),
      },
      Subscription: {
        sessionEvents: (result, _args, cache) => {
          // A refreshed session stays where it is in its list; its own fields are updated by the event itself.
          if ((result.sessionEvents as { kind: string }).kind !== 'REFRESHED')
            forget(viewer, 'sessions', cache);
        },
        myActivity: (result, _args, cache) =>
          putFirst(viewer, 'activity', result.myActivity as Entity, cache),
        dataExportProgress: (result, _args, cache) =>
          cache.link(viewer, 'dataExport', result.dataExportProgress as Entity),
      },
    },
  });
}

type Entity = Data & { __typename: string; id: string | null };

const ownerOf = (owned: unknown) => (owned as { user: Entity }).user;

/** Has a field fetched again with whatever arguments it was, at once where it is in view. */
function forget(entity: Entity | 'Query', name: string, cache: Cache): void {
  for (const { fieldName, fieldKey } of cache.inspectFields(entity)) {
    if (fieldName === name) cache.invalidate(entity, fieldKey);
  }
}

function forgetKeysOf(owner: Entity, cache: Cache): void {
  forget(owner, 'apiKeys', cache);
  forget('Query', 'apiKeys', cache);
}

/** A list that is filtered by what the mutation changes. */
const forgetList =
  (name: string): UpdateResolver =>
  (_result, _args, cache) =>
    forget('Query', name, cache);

/** The first pages of a list that only grows: what is new comes first, and moves nothing behind it. */
function putFirst(owner: Entity, list: string, entity: Entity, cache: Cache): void {
  const key = cache.keyOfEntity(entity);
  if (!key) return;
  for (const { fieldName, fieldKey, arguments: args } of cache.inspectFields(owner)) {
    const connection = cache.resolve(owner, fieldKey);
    if (fieldName !== list || args?.after || typeof connection !== 'string') continue;
    const nodes = cache.resolve(connection, 'nodes') as string[] | undefined;
    if (nodes && !nodes.includes(key)) cache.link(connection, 'nodes', [key, ...nodes]);
  }
}
