// Backends that die, restart and are away, while clients go on asking.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, beforeEach, test } from 'node:test';
import { post, request, signIn, subscribe } from './client.mjs';
import { Stack, until } from './stack.mjs';

const QUERY = '{ viewer { id sessions(first: 5) { nodes { id } } } }';
const CLIENTS = 32;
const SOCKETS = 6;

let stack;

beforeEach(async () => {
  await stack?.stop();
  stack = await Stack.create({ database: 'failover', redis: 4 });
});
after(() => stack?.stop());

/** Clients that ask without a pause, each from an address and on a connection of its own, until they are stopped. */
class Load {
  answered = 0;
  failures = [];
  #stopped = false;
  #clients;

  constructor(url, token) {
    this.#clients = Array.from({ length: CLIENTS }, (_, client) => this.#client(url, token, client));
  }

  async #client(url, token, client) {
    // Of one network, they would soon meet Nginx's limit: each is a few.
    const agents = [1, 2, 3, 4].map(
      (part) => new http.Agent({ keepAlive: true, maxSockets: 1, localAddress: `127.0.${part}.${client + 1}` }),
    );
    for (let turn = 0; !this.#stopped; turn++) {
      const agent = agents[turn % agents.length];
      const answer = await post(url, QUERY, { token, agent }).catch((error) => ({ status: 0, text: `${error}`, headers: {} }));
      if (answer.status === 200 && JSON.parse(answer.text).data?.viewer) this.answered++;
      else this.failures.push(answer);
    }
    for (const agent of agents) agent.destroy();
  }

  /** Resolves when so many more requests were answered. */
  async go(on) {
    const goal = this.answered + on;
    await until(`${on} more answers`, () => this.answered >= goal || this.failures.length > 1000);
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }
}

async function sockets(t, token) {
  const all = Array.from({ length: SOCKETS }, () => subscribe(stack.url, token));
  t.after(() => Promise.all(all.map(({ dispose }) => dispose())));
  await until('every socket is open', () => all.every(({ seen }) => seen.acknowledged));
  return all.map(({ seen }) => seen);
}

/** Every subscription is alive: a sign-in reaches each of them. */
async function allDeliver(seen) {
  const before = seen.map(({ events }) => events.length);
  await until('an event on every socket', async () => {
    await signIn(stack.url).catch(() => {});
    return seen.every(({ events }, socket) => events.length > before[socket]);
  });
  assert.ok(
    seen.every(({ ended }) => ended === undefined),
    'no subscription was ended for good',
  );
}

function summary(load) {
  const failures = load.failures.map(({ status, text }) => `${status} ${text.slice(0, 120)}`);
  return `${load.answered} answered, ${failures.length} failed: ${[...new Set(failures)].slice(0, 5).join(' | ')}`;
}

/** How often the replicas are restarted, one after the other; more than once finds races. */
const ROUNDS = Number(process.env.ROLLING_RESTARTS ?? 3);

test('both replicas restart one after the other, and nobody notices', async (t) => {
  await stack.start();
  const token = await signIn(stack.url);
  const seen = await sockets(t, token);
  const load = new Load(stack.url, token);
  await load.go(500);
  for (let round = 0; round < ROUNDS; round++) {
    for (const backend of stack.backends) {
      assert.equal(await backend.end('SIGTERM'), 0);
      await load.go(200);
      await backend.start();
      await load.go(200);
    }
  }
  await load.stop();
  t.diagnostic(summary(load));
  assert.equal(load.failures.length, 0, summary(load));
  await allDeliver(seen);
  for (const { closed } of seen) {
    assert.ok(
      closed.every(({ code }) => code === 1001 || code === 1006 || code === 1000),
      JSON.stringify(closed),
    );
  }
});

test('a replica that is killed costs what was in flight on it, and a client may ask again', async (t) => {
  await stack.start();
  const token = await signIn(stack.url);
  const seen = await sockets(t, token);
  const load = new Load(stack.url, token);
  await load.go(500);
  const kills = 4;
  const began = Date.now();
  for (let kill = 0; kill < kills; kill++) {
    const victim = stack.backends[kill % 2];
    await victim.end('SIGKILL');
    await load.go(500);
    await victim.start();
    await load.go(500);
  }
  // Under load for as long as connections that were left over could do harm.
  while (Date.now() - began < 30_000) await load.go(500);
  await load.stop();
  t.diagnostic(summary(load));
  // What was in flight when a replica died, at most one request a client.
  assert.ok(load.failures.length <= CLIENTS * kills, summary(load));
  for (const { status, headers, text } of load.failures) {
    assert.equal(status, 503, text);
    assert.equal(headers['retry-after'], '5');
    assert.equal(JSON.parse(text).errors[0].extensions.code, 'INTERNAL');
  }
  await allDeliver(seen);
});

test('one replica is enough from the start', async (t) => {
  for (const away of stack.backends) {
    const present = stack.backends.filter((backend) => backend !== away);
    await stack.start({ backends: present });
    const token = await signIn(stack.url);
    const load = new Load(stack.url, token);
    await load.go(500);
    await load.stop();
    assert.equal(load.failures.length, 0, summary(load));
    const seen = await sockets(t, token);
    await allDeliver(seen);
    await stack.stop();
  }
});

test('with no replica, programs and people are told so, and it ends by itself', async () => {
  await stack.start({ backends: [] });
  for (const address of ['/api/graphql', '/api/auth/google', '/health', '/health/ready']) {
    const { status, headers, text } = await request(stack.url + address);
    assert.equal(status, 503, address);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['retry-after'], '5');
    assert.equal(headers['cache-control'], 'no-store');
    const [error] = JSON.parse(text).errors;
    assert.equal(error.extensions.requestId, headers['x-request-id']);
  }
  const { status, text } = await post(stack.url, QUERY);
  assert.equal(status, 503);
  assert.equal(JSON.parse(text).errors[0].extensions.code, 'INTERNAL');

  const page = await request(`${stack.url}/api-docs`);
  assert.equal(page.status, 503);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['retry-after'], '5');
  assert.match(page.headers['content-security-policy'], /default-src 'none'/);
  assert.match(page.text, /平台暂时无法访问[\s\S]*The platform cannot be reached/);
  assert.equal((await request(`${stack.url}/sign-in`)).status, 200, 'the console itself is Nginx’s');

  await stack.backends[1].start();
  // Left out for as long as Nginx was told to, and no longer.
  await until('the platform is back', async () => (await post(stack.url, QUERY)).status === 200);
});
