import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Connection } from './connection';
import { type Grant, SessionOver, TokenSession } from './token-session';

vi.mock('./endpoint', () => ({ httpEndpoint: 'http://server.test', socketEndpoint: 'ws://server.test' }));

class FakeCloseEvent extends Event {
  readonly code: number;
  readonly reason = '';
  constructor(code: number) {
    super('close');
    this.code = code;
  }
}

/** The server's end of every connection opened so far. */
let connections: FakeWebSocket[] = [];

/** Accepts every connection and subscription, hears renewals of its token, and closes when the test says so. */
class FakeWebSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readyState = FakeWebSocket.CONNECTING;
  onopen?: () => void;
  onmessage?: (message: { data: string }) => void;
  onclose?: (event: FakeCloseEvent) => void;
  authorization?: string;
  subscription?: string;
  payload?: { query?: string; extensions?: { persistedQuery?: object } };
  renewals: { id: string; token: string }[] = [];

  constructor() {
    connections.push(this);
    queueMicrotask(() => {
      this.readyState = FakeWebSocket.OPEN;
      this.onopen?.();
    });
  }

  send(data: string) {
    const { type, id, payload } = JSON.parse(data);
    if (type === 'connection_init') {
      this.authorization = payload?.authorization;
      this.onmessage?.({ data: JSON.stringify({ type: 'connection_ack' }) });
    } else if (type === 'subscribe' && payload.query?.includes('renewToken')) {
      this.renewals.push({ id, token: payload.variables.input.accessToken });
    } else if (type === 'subscribe') {
      this.subscription = id;
      this.payload = payload;
    }
  }

  answer(type: 'next' | 'complete' | 'error', payload?: unknown, id = this.subscription) {
    this.onmessage?.({ data: JSON.stringify({ type, id, payload }) });
  }

  acceptRenewal() {
    const id = this.renewals.at(-1)?.id;
    this.answer('next', { data: { renewToken: { accessTokenExpiresAt: '' } } }, id);
    this.answer('complete', undefined, id);
  }

  refuseRenewal() {
    const error = { message: '', extensions: { code: 'UNAUTHENTICATED' } };
    this.answer('error', [error], this.renewals.at(-1)?.id);
  }

  close(code = 1000) {
    this.readyState = FakeWebSocket.CLOSED;
    this.onclose?.(new FakeCloseEvent(code));
  }
}

/** The page, which a test may send to the background. */
const page = Object.assign(new EventTarget(), { hidden: false });

function show(visible: boolean) {
  page.hidden = !visible;
  page.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  connections = [];
  page.hidden = false;
  vi.stubGlobal('document', page);
  vi.stubGlobal('WebSocket', FakeWebSocket);
  vi.stubGlobal('CloseEvent', FakeCloseEvent);
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const grant = (accessToken: string): Grant => ({
  accessToken,
  accessTokenExpiresAt: new Date(Date.now() + 900_000).toISOString(),
  viewer: { id: 'User:1', email: 'ada@example.com', name: 'Ada', role: 'USER' },
});

function openSession(requestRefresh: () => Promise<Grant>) {
  const session = new TokenSession(requestRefresh, {
    post: () => {},
    listen: () => {},
    exclusively: (work) => work(),
  });
  session.signIn(grant('a'));
  return session;
}

async function subscribe(requestRefresh: () => Promise<Grant>) {
  const { openSocket } = await import('./socket');
  const refresh = vi.fn(requestRefresh);
  const session = openSession(refresh);
  const connection = new Connection();
  const sink = { next: vi.fn(), error: vi.fn(), complete: vi.fn() };
  const unsubscribe = openSocket(session, connection).subscribe({ query: 'subscription { x }' }, sink);
  await subscribed(1);
  return { session, refresh, connection, sink, unsubscribe };
}

/** Waits for the `count`-th connection to have its subscription. */
async function subscribed(count: number) {
  await vi.waitFor(() => expect(connections[count - 1]?.subscription).toBeDefined(), { timeout: 5_000 });
}

const server = (index: number) => connections[index - 1] as FakeWebSocket;

/** Waits for the first connection to have been given each of these tokens after the one that it was opened with. */
async function renewed(...tokens: string[]) {
  await vi.waitFor(() => expect(server(1).renewals.map(({ token }) => token)).toEqual(tokens));
}

it('presents the access token and reports the connection as live', async () => {
  const { connection } = await subscribe(async () => grant('b'));
  expect(server(1).authorization).toBe('Bearer a');
  expect(connection.status).toBe('live');
});

it("subscribes by a document's hash, and with its text where the server does not know that", async () => {
  const { createApi } = await import('./client');
  const { client } = createApi(
    openSession(async () => grant('b')),
    undefined,
  );
  const next = vi.fn();
  client.subscription('subscription Kinds { sessionEvents { kind } }', {}).subscribe(next);
  await subscribed(1);
  expect(server(1).payload).toMatchObject({ extensions: { persistedQuery: { version: 1 } } });
  expect(server(1).payload).toMatchObject({ query: '' });

  server(1).answer('error', [{ message: 'PersistedQueryNotFound' }]);
  await vi.waitFor(() => expect(connections.at(-1)?.payload?.query).toContain('sessionEvents'));
  const data = { sessionEvents: { __typename: 'SessionEvent', kind: 'REFRESHED' } };
  connections.at(-1)?.answer('next', { data });
  expect(next).toHaveBeenCalledTimes(1);
  expect(next.mock.lastCall?.[0]).toMatchObject({ data: { sessionEvents: { kind: 'REFRESHED' } } });
});

it('gives each newer token to the open connection, which goes on', async () => {
  const { session, sink, refresh } = await subscribe(async () => grant('x'));
  for (const [index, token] of ['b', 'c', 'd'].entries()) {
    session.signIn(grant(token));
    await renewed(...['b', 'c', 'd'].slice(0, index + 1));
    server(1).acceptRenewal();
  }
  server(1).answer('next', { data: { x: 1 } });
  expect(sink.next).toHaveBeenCalledWith({ data: { x: 1 } });
  expect(connections).toHaveLength(1);
  expect(refresh).not.toHaveBeenCalled();
});

it('gives the token that another tab has fetched to the open connection of a page in the background', async () => {
  const { session, refresh } = await subscribe(async () => grant('x'));
  show(false);
  session.signIn(grant('b'));
  await renewed('b');
  expect(refresh).not.toHaveBeenCalled();
});

it('gives a token that came while it was connecting as soon as the connection is open', async () => {
  const { session } = await subscribe(async () => grant('x'));
  const init = FakeWebSocket.prototype.send;
  vi.spyOn(FakeWebSocket.prototype, 'send').mockImplementationOnce(function (this: FakeWebSocket, data) {
    session.signIn(grant('b'));
    init.call(this, data);
  });
  server(1).close(1001);
  await subscribed(2);
  expect(server(2).authorization).toBe('Bearer a');
  expect(server(2).renewals).toMatchObject([{ token: 'b' }]);
});

it('gives no token twice, nor one of a change that brings none', async () => {
  const { session } = await subscribe(async () => grant('x'));
  session.signIn(grant('b'));
  await renewed('b');
  server(1).refuseRenewal();
  session.updateViewer({ id: 'User:1', name: 'Ada L.' });
  session.signOut();
  await vi.advanceTimersByTimeAsync(0);
  await renewed('b');
});

it('stays on the old token when the new one is refused, and presents the new one once that has expired', async () => {
  const { session, sink, refresh } = await subscribe(async () => grant('x'));
  session.signIn(grant('b'));
  await renewed('b');
  server(1).refuseRenewal();
  expect(sink.error).not.toHaveBeenCalled();
  server(1).close(4401);
  await subscribed(2);
  expect(server(2).authorization).toBe('Bearer b');
  expect(refresh).not.toHaveBeenCalled();
});

it('fetches a new token when the renewed one has expired', async () => {
  const { session, refresh } = await subscribe(async () => grant('c'));
  session.signIn(grant('b'));
  await renewed('b');
  server(1).acceptRenewal();
  server(1).close(4401);
  await subscribed(2);
  expect(server(2).authorization).toBe('Bearer c');
  expect(refresh).toHaveBeenCalledTimes(1);
});

it('does not repeat an unanswered renewal over the next connection, which has presented that token', async () => {
  const { session } = await subscribe(async () => grant('x'));
  session.signIn(grant('b'));
  await renewed('b');
  server(1).close(1006);
  await subscribed(2);
  expect(server(2).authorization).toBe('Bearer b');
  expect(server(2).renewals).toEqual([]);
});

it('fetches a new token when the old one is refused, and subscribes again', async () => {
  const { refresh } = await subscribe(async () => grant('b'));
  server(1).close(4401);
  await subscribed(2);
  expect(server(2).authorization).toBe('Bearer b');
  expect(refresh).toHaveBeenCalledTimes(1);
});

it('uses the token that was renewed in the meantime', async () => {
  const { session, refresh } = await subscribe(async () => grant('c'));
  session.signIn(grant('b'));
  server(1).close(4401);
  await subscribed(2);
  expect(server(2).authorization).toBe('Bearer b');
  expect(refresh).not.toHaveBeenCalled();
});

it('fetches no token in the background, which would keep an idle session alive, until the page is in view', async () => {
  const { refresh } = await subscribe(async () => grant('b'));
  show(false);
  server(1).close(4401);
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(refresh).not.toHaveBeenCalled();
  show(true);
  await subscribed(2);
  expect(server(2).authorization).toBe('Bearer b');
  expect(refresh).toHaveBeenCalledTimes(1);
});

it('takes the token that another tab has fetched while this one is in the background', async () => {
  const { session, refresh } = await subscribe(async () => grant('c'));
  show(false);
  server(1).close(4401);
  await vi.advanceTimersByTimeAsync(1_000);
  session.signIn(grant('b'));
  await subscribed(2);
  expect(server(2).authorization).toBe('Bearer b');
  expect(refresh).not.toHaveBeenCalled();
});

it('learns in the background too that the session was ended elsewhere', async () => {
  const { session } = await subscribe(() => Promise.reject(new SessionOver()));
  show(false);
  server(1).close(4403);
  await vi.advanceTimersByTimeAsync(0);
  expect(session.state).toEqual({ status: 'signed-out', reason: 'ended' });
});

it('signs out at once when the session was ended elsewhere', async () => {
  const { session, sink } = await subscribe(() => Promise.reject(new SessionOver()));
  server(1).close(4403);
  await vi.advanceTimersByTimeAsync(0);
  expect(session.state).toEqual({ status: 'signed-out', reason: 'ended' });
  expect(sink.error).toHaveBeenCalledTimes(1);
  expect(connections).toHaveLength(1);
});

it('goes on with a new token when only the rights have changed', async () => {
  const { session } = await subscribe(async () => grant('b'));
  server(1).close(4403);
  await subscribed(2);
  expect(session.state.status).toBe('signed-in');
});

it.each([1001, 1006])('comes back by itself after close code %i, and says that it was away', async (code) => {
  const { connection, refresh } = await subscribe(async () => grant('b'));
  const restored = vi.fn();
  connection.onRestored(restored);
  server(1).close(code);
  await vi.advanceTimersByTimeAsync(0);
  expect(connection.status).toBe('lost');
  await subscribed(2);
  expect(restored).toHaveBeenCalledTimes(1);
  expect(refresh).not.toHaveBeenCalled();
});

it('keeps trying while a refresh does not reach the server', async () => {
  const request = vi.fn(async () => grant('b'));
  request.mockRejectedValueOnce(new TypeError('Failed to fetch'));
  const { session } = await subscribe(request);
  server(1).close(4401);
  await vi.advanceTimersByTimeAsync(30_000);
  await subscribed(2);
  expect(request).toHaveBeenCalledTimes(2);
  expect(session.state.status).toBe('signed-in');
});

it('pauses between refusals that follow at once', async () => {
  const { refresh } = await subscribe(async () => grant('b'));
  server(1).close(4403);
  await subscribed(2);
  server(2).close(4403);
  await vi.advanceTimersByTimeAsync(100);
  expect(refresh).toHaveBeenCalledTimes(1);
  await subscribed(3);
  expect(refresh).toHaveBeenCalledTimes(2);
});

it('subscribes again after a fault of the server, without a new token', async () => {
  const { refresh } = await subscribe(async () => grant('b'));
  server(1).close(1011);
  await subscribed(2);
  expect(refresh).not.toHaveBeenCalled();
});

it('keeps lost events to itself: reads everything again and subscribes anew', async () => {
  const { connection, sink } = await subscribe(async () => grant('b'));
  const restored = vi.fn();
  connection.onRestored(restored);
  const first = server(1).subscription;
  server(1).answer('next', { data: null, errors: [{ message: '', extensions: { code: 'EVENTS_MISSED' } }] });
  server(1).answer('complete');
  await vi.waitFor(() => expect(connections.at(-1)?.subscription).not.toBe(first));
  expect(restored).toHaveBeenCalledTimes(1);
  expect(sink.next).not.toHaveBeenCalled();
  expect(sink.complete).not.toHaveBeenCalled();
});

it('stays away once unsubscribed', async () => {
  const { unsubscribe } = await subscribe(async () => grant('b'));
  server(1).close(1001);
  unsubscribe();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(connections).toHaveLength(1);
});
