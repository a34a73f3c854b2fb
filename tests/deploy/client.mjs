// Clients of a deployed platform: raw requests that hide nothing of an answer, and devices that sign in and subscribe.

import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';

// Installed for tests/peers.
const require = createRequire(new URL('../peers/package.json', import.meta.url));
const { createClient } = require('graphql-ws');
const WebSocket = require('ws');

export const ADMIN = { email: 'admin@example.com', password: 'Admin@123456' };
export const EVENTS = 'subscription { sessionEvents { kind session { id } } }';

/** One request, its answer as it came: nothing is followed, decompressed or sent again. */
export async function request(url, { method = 'GET', headers = {}, body, agent } = {}) {
  const { request } = url.startsWith('https') ? https : http;
  const sent = request(url, { method, headers, agent, rejectUnauthorized: false });
  sent.end(body);
  const [response] = await once(sent, 'response');
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return { status: response.statusCode, headers: response.headers, bytes, text: bytes.toString() };
}

/** A GraphQL operation by POST: the whole answer. */
export function post(url, query, { variables, token, headers, agent } = {}) {
  return request(`${url}/api/graphql`, {
    method: 'POST',
    agent,
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
}

/** A GraphQL operation that has to succeed: its data. */
export async function run(url, query, options) {
  const { status, text } = await post(url, query, options);
  const { data, errors } = JSON.parse(text);
  if (status !== 200 || errors) throw new Error(`${status}: ${text}`);
  return data;
}

const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { accessToken } } }`;

/** An access token of the first administrator. */
export async function signIn(url, options) {
  const variables = { input: { ...ADMIN, refreshTokenDelivery: 'BODY' } };
  const { signIn } = await run(url, SIGN_IN, { ...options, variables });
  return signIn.accessToken;
}

/** A client of graphql-ws, as patient as the console: it connects anew for as long as it takes. */
export function subscribe(url, token, options = {}) {
  const seen = { opened: 0, acknowledged: 0, closed: [], events: [], ended: undefined };
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/api/graphql`,
    webSocketImpl: class extends WebSocket {
      constructor(address, protocols) {
        super(address, protocols, { rejectUnauthorized: false });
      }
    },
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => true,
    ...options,
    on: {
      opened: () => seen.opened++,
      connected: () => seen.acknowledged++,
      closed: ({ code, reason }) => seen.closed.push({ code, reason }),
    },
  });
  client.subscribe(
    { query: EVENTS },
    {
      next: ({ data, errors }) => seen.events.push(errors ?? data.sessionEvents),
      error: (error) => {
        seen.ended = error;
      },
      complete: () => {
        seen.ended = 'complete';
      },
    },
  );
  // One that is just connecting, perhaps in vain, is none the worse for it.
  return { seen, dispose: () => Promise.resolve(client.dispose()).catch(() => {}) };
}
