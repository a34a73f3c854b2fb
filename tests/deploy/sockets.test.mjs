// Subscriptions through Nginx: they stay open while nothing happens, and nothing holds their events back.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { signIn, subscribe } from './client.mjs';
import { Stack, until } from './stack.mjs';

let stack;

before(async () => {
  stack = await Stack.create({ database: 'sockets', redis: 3 });
  await stack.start();
});
after(() => stack?.stop());

/** A subscription has no acknowledgement: another device signs in until the first event shows that it has begun. */
async function begun(t) {
  const socket = subscribe(stack.url, await signIn(stack.url));
  t.after(socket.dispose);
  await until('an event', async () => {
    await signIn(stack.url);
    return socket.seen.events.length;
  });
  return socket;
}

test('events arrive one by one, while others are yet to happen', async (t) => {
  const { seen } = await begun(t);
  for (let round = 0; round < 10; round++) {
    const before = seen.events.length;
    // The next sign-in happens only when the event of this one is here: a buffer would hold it for ever.
    await signIn(stack.url);
    await until('the event of this sign-in', () => seen.events.length > before);
  }
  assert.equal(seen.opened, 1);
});

test('a socket on which nothing happens for 90 seconds still delivers', async (t) => {
  const { seen } = await begun(t);
  const before = seen.events.length;
  // Here passing time is what is tested: it is longer than any timeout of Nginx for plain HTTP.
  await setTimeout(90_000);
  assert.deepEqual([seen.opened, seen.closed, seen.ended], [1, [], undefined]);
  await signIn(stack.url);
  await until('the event', () => seen.events.length > before);
  assert.equal(seen.opened, 1);
});
