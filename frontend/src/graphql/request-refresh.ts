import { httpEndpoint } from './endpoint';
import { GrantFields } from './grant';
import { graphql } from './schema';
import { type Grant, SessionOver } from './token-session';
import { wireText } from './wire-text';

const RefreshSession = graphql(
  `
    mutation RefreshSession {
      refreshSession {
        ...GrantFields
      }
    }
  `,
  [GrantFields],
);

const timeout = 15_000;

/**
 * Trades the browser's refresh cookie for a new access token. It goes past urql, whose operations wait for this
 * very answer. Anything but a clear UNAUTHENTICATED (no network, a proxy's error page, a server that is starting)
 * rejects as a passing failure. It carries its text, not its hash: everything else waits for this one request.
 */
export async function requestRefresh(): Promise<Grant> {
  const response = await fetch(httpEndpoint, {
    method: 'POST',
    credentials: 'include',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: wireText(RefreshSession) }),
    // All tabs wait for this one.
    signal: AbortSignal.timeout(timeout),
  });
  const { data, errors } = await response.json();
  if (data?.refreshSession) return data.refreshSession;
  const [error] = errors;
  throw error.extensions?.code === 'UNAUTHENTICATED' ? new SessionOver() : new Error(error.message);
}
