import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Connection } from './connection';
import { type Grant, SessionOver, TokenSession } from './token-session';

vi.mock('./endpoint', () => ({ socketEndpoint: 'ws://server.test/graphql' }));

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

/** Accepts every connection and subscription, and closes when the test says so. */
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
    } else if (type === 'subscribe') {
      this.subscription = id;
    }
  }

  answer(type: 'next' | 'complete', payload?: unknown) {
    this.onmessage?.({ data: JSON.stringify({ type, id: this.subscription, payload }) });
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
});

const grant = (accessToken: string): Grant => ({
  accessToken,
  accessTokenExpiresAt: new Date(Date.now() + 900_000).toISOString(),
  viewer: { id: 'User:1', email: 'ada@example.com', name: 'Ada', role: 'USER' },
});

async function subscribe(requestRefresh: () => Promise<Grant>) {
  const { openSocket } = await import('./socket');
  const refresh = vi.fn(requestRefresh);
  const session = new TokenSession(refresh, {
    post: () => {},
    listen: () => {},
    exclusively: (work) => work(),
  });
  session.signIn(grant('a'));
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

it('presents the access token and reports the connection as live', async () => {
  const { connection } = await subscribe(async () => grant('b'));
  expect(server(1).authorization).toBe('Bearer a');
  expect(connection.status).toBe('live');
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
