// Signing in and out, as the console's pages and the bar of `/api-docs` share it.

import type { CombinedError } from '@urql/core';
import type { TFunction } from 'i18next';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { session } from '../../graphql/browser-session';
import { GrantFields } from '../../graphql/grant';
import { graphql, type ResultOf, type VariablesOf } from '../../graphql/schema';
import { describeError } from '../../ui/error-message';

/** What the second step of a sign-in is made with. */
export const ChallengeFields = graphql(`
  fragment ChallengeFields on SecondFactorRequired @_unmask {
    challenge
    challengeExpiresAt
    methods
  }
`);

export const SignIn = graphql(
  `
    mutation SignIn($input: SignInInput!) {
      signIn(input: $input) {
        __typename
        ...GrantFields
        ...ChallengeFields
      }
    }
  `,
  [GrantFields, ChallengeFields],
);

export const SignOut = graphql(`
  mutation SignOut {
    signOut
  }
`);

export type Credentials = Pick<VariablesOf<typeof SignIn>['input'], 'email' | 'password'>;

export type Challenge = ResultOf<typeof ChallengeFields>;

/** Why nobody is signed in yet. */
export type NotYet = { error: ApiError } | { challenge: Challenge };

interface Answer<Data> {
  data?: Data;
  error?: CombinedError;
}

/** Takes over the session that the server has started, or tells why it has not. */
export function acceptSignIn({ data, error }: Answer<ResultOf<typeof SignIn>>): NotYet | undefined {
  if (data?.signIn.__typename === 'SecondFactorRequired') return { challenge: data.signIn };
  if (data?.signIn.__typename === 'SignedIn') session.signIn(data.signIn);
  return error && { error: readApiError(error) };
}

/** Of somebody who is about to sign in, only the account itself can be what is forbidden. */
export function describeRefusal(error: ApiError, t: TFunction): string {
  return error.code === 'FORBIDDEN' ? t('auth.suspended') : describeError(error, t);
}

/**
 * Signs out here and in the other tabs, once the session is over on the server too: without that the cookie would
 * still be good. Tells why it is not; that a refresh could not be had is no proof.
 */
export function acceptSignOut({ error }: Answer<unknown>): ApiError | undefined {
  if (error && session.state.status !== 'signed-out') return readApiError(error);
  session.signOut();
  return undefined;
}
