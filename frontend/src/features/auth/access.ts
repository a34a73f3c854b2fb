// Signing in and out, as the console's pages and the bar of `/api-docs` share it.

import type { CombinedError } from '@urql/core';
import type { TFunction } from 'i18next';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { session } from '../../graphql/browser-session';
import { GrantFields } from '../../graphql/grant';
import { graphql, type ResultOf, type VariablesOf } from '../../graphql/schema';
import { describeError } from '../../ui/error-message';

export const SignIn = graphql(
  `
    mutation SignIn($input: SignInInput!) {
      signIn(input: $input) {
        __typename
        ...GrantFields
      }
    }
  `,
  [GrantFields],
);

export const SignOut = graphql(`
  mutation SignOut {
    signOut
  }
`);

export type Credentials = Pick<VariablesOf<typeof SignIn>['input'], 'email' | 'password'>;

export type SignInFailure = ApiError | 'second-factor';

interface Answer<Data> {
  data?: Data;
  error?: CombinedError;
}

/** Takes over the session that the server has started, or tells why it has not. */
export function acceptSignIn({ data, error }: Answer<ResultOf<typeof SignIn>>): SignInFailure | undefined {
  if (error) return readApiError(error);
  if (data?.signIn.__typename !== 'SignedIn') return 'second-factor';
  session.signIn(data.signIn);
  return undefined;
}

export function describeSignInFailure(failure: SignInFailure, t: TFunction): string {
  if (failure === 'second-factor') return t('auth.secondFactorRequired');
  return failure.code === 'FORBIDDEN' ? t('auth.suspended') : describeError(failure, t);
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
