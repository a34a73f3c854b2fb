import type { CombinedError } from '@urql/core';
import type { ErrorCode } from './schema';

export interface Violation {
  /** A path into the operation's arguments: `input.email`. */
  field: string;
  rule: string;
  message: string;
}

export interface ApiError {
  /** The server's own code; `UNREACHABLE` when no answer arrived at all. */
  code: ErrorCode | 'UNREACHABLE';
  message: string;
  violations: Violation[];
  retryAfterSeconds?: number;
}

/** Reads what the server says of a failure, in the form of `extensions` that its schema documents. */
export function readApiError(error: CombinedError): ApiError {
  const [first] = error.graphQLErrors;
  if (!first) {
    // An answer without the server's own words is the error page of a proxy before it.
    return { code: error.response ? 'INTERNAL' : 'UNREACHABLE', message: error.message, violations: [] };
  }
  const { code, violations, retryAfterSeconds } = first.extensions as Partial<ApiError>;
  return {
    code: code ?? 'INTERNAL',
    message: first.message,
    violations: violations ?? [],
    retryAfterSeconds,
  };
}

export function hasCode(error: CombinedError, code: ErrorCode): boolean {
  return error.graphQLErrors.some(({ extensions }) => extensions.code === code);
}

/** Whether the access token, rather than the request, is what the server objects to. */
export function isUnauthenticated(error: CombinedError): boolean {
  return error.response?.status === 401 || hasCode(error, 'UNAUTHENTICATED');
}
