// graphql-transport-ws, spoken by its reference implementation: https://the-guild.dev/graphql/ws

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { Device, Platform, quietPort, setting } from './platform.mjs';

/** How long a test waits for what must happen; never how fast it has to be. */
const timeout = 60_000;
const EVENTS = 'subscription { sessionEvents { kind session { id } } }';
const RENEW = `mutation ($input: RenewTokenInput!) { renewToken(input: $input) { accessTokenExpiresAt } }`;

/** A client of graphql-ws that notes what happens to its sockets. */
function connect(t, device, options = {}) {
  const sockets = { opened: 0, closed: [] };
  const client = createClient({
    url: device.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: () => ({ authorization: `Bearer ${device.token}` }),
    retryAttempts: 0,
    ...options,
    on: {
      opened: () => sockets.opened++,
      closed: ({ code, reason }) => sockets.closed.push({ code, reason }),
    },
  });
  t.after(() => client.dispose());
  return { client, sockets };
}

/** The only answer to a query or mutation. */
async function run(client, query, variables) {
  const answers = [];
  for await (const answer of client.iterate({ query, variables })) answers.push(answer);
  assert.equal(answers.length, 1);
  assert.equal(answers[0].errors, undefined);
  return answers[0].data;
}

/**
 * The next event of a subscription that may just be beginning, which the protocol does not acknowledge: another
 * device signs in until one is seen.
 */
async function eventOfAnotherDevice(url, events) {
  let arrived = false;
  const next = events.next().finally(() => {
    arrived = true;
  });
  next.catch(() => {});
  while (!arrived) await new Device(url).signIn();
  const { value, done } = await next;
  assert.ok(!done, 'the subscription goes on');
  assert.equal(value.errors, undefined);
  return value.data.sessionEvents;
}

test('queries, mutations and subscriptions run over one socket', { timeout }, async (t) => {
  const url = setting('PLATFORM_URL');
  const device = await new Device(url).signIn();
  const { client, sockets } = connect(t, device);
  const events = client.iterate({ query: EVENTS });
  const { kind, session } = await eventOfAnotherDevice(url, events);
  assert.equal(kind, 'STARTED');
  assert.match(session.id, /^Session:/);

  const rename = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { name } }';
  const renamed = await run(client, rename, { input: { name: '管理员' } });
  assert.deepEqual(renamed, { updateProfile: { name: '管理员' } });
  const { viewer } = await run(client, '{ viewer { email name } }');
  assert.deepEqual(viewer, { email: 'admin@example.com', name: '管理员' });
  assert.deepEqual(sockets, { opened: 1, closed: [] });
});

test('a document that cannot be run is an error of its own operation', { timeout }, async (t) => {
  const device = await new Device(setting('PLATFORM_URL')).signIn();
  const { client, sockets } = connect(t, device);
  // The client keeps the socket for as long as something runs over it.
  client.subscribe({ query: EVENTS }, { next() {}, error() {}, complete() {} });
  await assert.rejects(run(client, '{ nobody }'), ([error]) => {
    assert.equal(error.extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
  assert.deepEqual(await run(client, '{ viewer { email } }'), { viewer: { email: 'admin@example.com' } });
  assert.deepEqual(sockets, { opened: 1, closed: [] });
});

test('a token that is no good closes with 4403', { timeout }, async (t) => {
  const device = await new Device(setting('PLATFORM_URL')).signIn();
  device.token += 'x';
  const { client, sockets } = connect(t, device);
  await assert.rejects(run(client, '{ viewer { email } }'), { code: 4403 });
  assert.deepEqual(sockets.closed, [{ code: 4403, reason: 'Forbidden' }]);
});

test('renewed tokens carry a subscription beyond the first', { timeout }, async (t) => {
  const url = setting('PLATFORM_SHORT_TOKEN_URL');
  const device = await new Device(url).signIn();
  const { client, sockets } = connect(t, device);
  const events = client.iterate({ query: EVENTS });
  await eventOfAnotherDevice(url, events);

  const firstEnds = device.expiresAt;
  // What the subscription is told meanwhile waits in `events`.
  while (Date.now() <= firstEnds + 1000) {
    // Not to wait for the server: the test is of tokens that come one after another.
    await setTimeout(1000);
    const { token, expiresAt } = await device.refresh();
    const { renewToken } = await run(client, RENEW, { input: { accessToken: token } });
    assert.equal(Date.parse(renewToken.accessTokenExpiresAt), expiresAt);
  }
  const other = new Device(url).signIn();
  for (;;) {
    const { value, done } = await events.next();
    assert.ok(!done);
    if (value.data.sessionEvents.kind === 'STARTED') break;
  }
  await other;
  assert.deepEqual(sockets, { opened: 1, closed: [] });
});

test('a token that is not renewed closes with 4401', { timeout }, async (t) => {
  const url = setting('PLATFORM_SHORT_TOKEN_URL');
  const device = await new Device(url).signIn();
  const { client, sockets } = connect(t, device, { retryAttempts: 5 });
  const events = client.iterate({ query: EVENTS });
  await eventOfAnotherDevice(url, events);
  const toItsEnd = async () => {
    for await (const _ of events);
  };
  await assert.rejects(toItsEnd(), { code: 4401, reason: 'Access token expired' });
  assert.ok(Date.now() >= device.expiresAt, 'and not before its time');
  assert.equal(sockets.opened, 1, 'nor does the client try again with it');
});

test('a restart of the server interrupts a subscription and does not end it', { timeout }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fastgpt-platform-peers-'));
  const platform = new Platform(folder, await quietPort());
  t.after(async () => {
    platform.kill();
    await rm(folder, { recursive: true });
  });
  await platform.start();
  const device = await new Device(platform.url).signIn();

  let serverIsBack;
  const restarted = new Promise((resolve) => {
    serverIsBack = resolve;
  });
  const { client, sockets } = connect(t, device, { retryAttempts: 5, retryWait: () => restarted });
  const events = client.iterate({ query: EVENTS });
  await eventOfAnotherDevice(platform.url, events);

  assert.equal(await platform.stop(), 0);
  await platform.start();
  serverIsBack();
  // The same iterator: whoever subscribed need not do anything.
  const { kind } = await eventOfAnotherDevice(platform.url, events);
  assert.equal(kind, 'STARTED');
  assert.deepEqual(sockets, { opened: 2, closed: [{ code: 1001, reason: 'Server is going away' }] });
});
