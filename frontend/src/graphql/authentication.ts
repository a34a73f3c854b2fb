import { authExchange } from '@urql/exchange-auth';
import { isUnauthenticated } from './api-error';
import type { TokenSession } from './token-session';

/** Sends the access token along, renewing it first when it is due, and once more when the server refuses it. */
export function authentication(session: TokenSession) {
  return authExchange(async ({ appendHeaders }) => ({
    addAuthToOperation: (operation) =>
      session.accessToken
        ? appendHeaders(operation, { authorization: `Bearer ${session.accessToken}` })
        : operation,
    willAuthError: () => session.needsRefresh,
    // Without a token UNAUTHENTICATED is an answer, such as a wrong password's, and nothing to mend.
    didAuthError: (error) => session.accessToken !== undefined && isUnauthenticated(error),
    refreshAuth: async () => {
      await session.refresh();
    },
  }));
}
