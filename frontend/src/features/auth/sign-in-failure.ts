import { paths } from '../../paths';

/** Why signing in with an identity provider, or linking an account there, came to nothing: what the server says. */
export const failureReasons = [
  'ACCESS_DENIED',
  'STATE_EXPIRED',
  'PROVIDER_UNAVAILABLE',
  'EMAIL_UNVERIFIED',
  'EMAIL_TAKEN',
  'REGISTRATION_CLOSED',
  'ACCOUNT_SUSPENDED',
  'ALREADY_LINKED',
  'RATE_LIMITED',
  'INTERNAL',
] as const;
export type FailureReason = (typeof failureReasons)[number];

/** Reasons that may not be there the next time. */
const passing: FailureReason[] = [
  'ACCESS_DENIED',
  'STATE_EXPIRED',
  'PROVIDER_UNAVAILABLE',
  'RATE_LIMITED',
  'INTERNAL',
];

export interface Failure {
  reason: FailureReason;
  /** As the address says; whether there is such a provider is for the server to say. */
  provider: string | null;
  /** Whether another try with the same provider is worth offering. */
  isPassing: boolean;
  /** Whether it was begun from the security page, which knows how to go on. */
  fromSecurity: boolean;
}

/** A reason that is new to this console is as good as none. */
export function readFailure(params: URLSearchParams, next: string): Failure {
  const given = params.get('reason');
  const reason = failureReasons.find((known) => known === given) ?? 'INTERNAL';
  const { pathname } = new URL(next, 'http://console.invalid');
  return {
    reason,
    provider: params.get('provider'),
    isPassing: passing.includes(reason),
    fromSecurity: pathname === paths.security,
  };
}
