import { Client, fetchExchange } from '@urql/core';
import { expect, it, vi } from 'vitest';
import { authentication } from './authentication';
import { graphql } from './schema';
import { type Grant, SessionOver, TokenSession } from './token-session';

const tabs = { post: () => {}, listen: () => {}, exclusively: <T>(work: () => Promise<T>) => work() };
const query = graphql(`
  query Viewer {
    viewer {
      id
    }
  }
`);
const otherQuery = graphql(`
  query ViewerName {
    viewer {
      name
    }
  }
`);

function grant(accessToken: string, lifetime = 900_000): Grant {
  return {
    accessToken,
    accessTokenExpiresAt: new Date(Date.now() + lifetime).toISOString(),
    viewer: { id: 'User:1', email: 'ada@example.com', name: 'Ada', role: 'USER' },
  };
}

const refusal = JSON.stringify({ errors: [{ message: 'Refused', extensions: { code: 'UNAUTHENTICATED' } }] });

/** A server that accepts one token and answers all others with HTTP 401. */
function setUp(accepted: string | undefined, requestRefresh: () => Promise<Grant>, refusalBody = refusal) {
  const tokens: (string | null)[] = [];
  const fetch = vi.fn(async (_url: unknown, init?: RequestInit) => {
    const token = new Headers(init?.headers).get('authorization');
    tokens.push(token);
    const headers = { 'content-type': 'application/json' };
    if (token !== `Bearer ${accepted}`) return new Response(refusalBody, { status: 401, headers });
    return new Response('{"data":{"viewer":{"__typename":"User","id":"User:1"}}}', { headers });
  });
  const refresh = vi.fn(requestRefresh);
  const session = new TokenSession(refresh, tabs);
  const client = new Client({
    url: 'http://server.test/graphql',
    fetch,
    preferGetMethod: false,
    exchanges: [authentication(session), fetchExchange],
  });
  return { session, client, refresh, tokens };
}

it('sends the access token', async () => {
  const { session, client, refresh, tokens } = setUp('a', async () => grant('b'));
  session.signIn(grant('a'));
  expect((await client.query(query, {})).data).toMatchObject({ viewer: { id: 'User:1' } });
  expect(tokens).toEqual(['Bearer a']);
  expect(refresh).not.toHaveBeenCalled();
});

it('refreshes a refused token and tries again', async () => {
  const { session, client, tokens } = setUp('b', async () => grant('b'));
  session.signIn(grant('a'));
  expect((await client.query(query, {})).data).toMatchObject({ viewer: { id: 'User:1' } });
  expect(tokens).toEqual(['Bearer a', 'Bearer b']);
});

it('takes HTTP 401 for a refusal, whatever its body', async () => {
  const { session, client, refresh } = setUp('b', async () => grant('b'), 'Unauthorized');
  session.signIn(grant('a'));
  expect((await client.query(query, {})).data).toMatchObject({ viewer: { id: 'User:1' } });
  expect(refresh).toHaveBeenCalledTimes(1);
});

it('tries again once only', async () => {
  const { session, client, refresh, tokens } = setUp(undefined, async () => grant('b'));
  session.signIn(grant('a'));
  expect((await client.query(query, {})).error).toBeDefined();
  expect(tokens).toEqual(['Bearer a', 'Bearer b']);
  expect(refresh).toHaveBeenCalledTimes(1);
});

it('refreshes a token that is due before it is refused', async () => {
  const { session, client, tokens } = setUp('b', async () => grant('b'));
  session.signIn(grant('a', 1));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await client.query(query, {});
  expect(tokens).toEqual(['Bearer b']);
});

it('refreshes once for operations that are refused together', async () => {
  const { session, client, refresh } = setUp('b', async () => grant('b'));
  session.signIn(grant('a'));
  const results = await Promise.all([client.query(query, {}), client.query(otherQuery, {})]);
  expect(results.every(({ error }) => error === undefined)).toBe(true);
  expect(refresh).toHaveBeenCalledTimes(1);
});

it('signs out when the refresh is refused too', async () => {
  const { session, client } = setUp('b', () => Promise.reject(new SessionOver()));
  session.signIn(grant('a'));
  expect((await client.query(query, {})).error).toBeDefined();
  expect(session.state).toEqual({ status: 'signed-out', reason: 'ended' });
});

it('stays signed in when the refresh does not reach the server', async () => {
  const { session, client } = setUp('b', () => Promise.reject(new TypeError('Failed to fetch')));
  session.signIn(grant('a'));
  expect((await client.query(query, {})).error).toBeDefined();
  expect(session.state.status).toBe('signed-in');
});

it('takes UNAUTHENTICATED for an answer where nobody is signed in', async () => {
  const { session, client, refresh } = setUp('b', async () => grant('b'));
  session.signOut();
  expect((await client.query(query, {})).error?.graphQLErrors).toHaveLength(1);
  expect(refresh).not.toHaveBeenCalled();
});
