import {
  type Client,
  createClient,
  type ExecutionResult,
  type Sink,
  type SubscribePayload,
} from 'graphql-ws';
import { backoff, sleep } from './backoff';
import type { Connection } from './connection';
import { socketEndpoint } from './endpoint';
import type { ErrorCode } from './schema';
import { SocketToken } from './socket-token';
import type { TokenSession } from './token-session';

/** The server's close codes that a new access token may cure. */
const tokenExpired = 4401;
const sessionChanged = 4403;
/** A fault of the server, for which graphql-ws gives up. */
const serverFault = 1011;

const pingEvery = 20_000;
const pongWithin = 5_000;
/** A subscription refused sooner than this after its start is retried with growing pauses. */
const shortLived = 2_000;

interface Socket {
  subscribe(payload: SubscribePayload, sink: Sink<ExecutionResult>): () => void;
  dispose(): void;
}

/** Subscriptions over one WebSocket that outlive access tokens, lost networks and server restarts. */
export function openSocket(session: TokenSession, connection: Connection): Socket {
  let pongDeadline: ReturnType<typeof setTimeout>;

  const client = createClient({
    url: socketEndpoint,
    connectionParams: () => token.present(),
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: (retries) => sleep(backoff(retries)),
    shouldRetry: (reason) => closeCode(reason) !== sessionChanged,
    keepAlive: pingEvery,
    on: {
      connected: () => {
        connection.change('live');
        token.opened();
      },
      closed: (event) => {
        clearTimeout(pongDeadline);
        token.closed();
        connection.change(closeCode(event) === 1000 ? 'idle' : 'lost');
      },
      // A connection can die without a word, as when the device slept: then no pong comes back.
      ping: (received) => {
        if (!received) pongDeadline = setTimeout(() => client.terminate(), pongWithin);
      },
      pong: (received) => {
        if (received) clearTimeout(pongDeadline);
      },
    },
  });
  const token: SocketToken = new SocketToken(session, client.subscribe);

  return {
    subscribe: (payload, sink) => subscribeAgain(client, session, token, connection, payload, sink),
    dispose: () => {
      connection.change('idle');
      token.dispose();
      client.dispose();
    },
  };
}

/**
 * Subscribes anew whenever the server refuses the access token, ends the session's connection or has lost events;
 * fails for good when the session has ended.
 */
function subscribeAgain(
  client: Client,
  session: TokenSession,
  socketToken: SocketToken,
  connection: Connection,
  payload: SubscribePayload,
  sink: Sink<ExecutionResult>,
): () => void {
  let cancelled = false;
  let unsubscribe = () => {};
  /** Failures that followed each other at once. */
  let failures = 0;

  function start() {
    const startedAt = Date.now();
    let eventsMissed = false;
    unsubscribe = client.subscribe(payload, {
      next: (result) => {
        eventsMissed = hasMissedEvents(result);
        if (!eventsMissed) sink.next(result as ExecutionResult);
      },
      complete: () => {
        if (!eventsMissed || cancelled) return sink.complete();
        connection.restored();
        start();
      },
      error: (reason) => {
        failures = Date.now() - startedAt < shortLived ? failures + 1 : 0;
        const code = closeCode(reason);
        const token = socketToken.value;
        const renewed = session.accessToken !== token;
        if (code === sessionChanged) refreshAndStart(reason);
        else if (code === tokenExpired && !renewed) refreshInViewAndStart(token, reason);
        else if (code === tokenExpired || code === serverFault) pauseAndStart();
        else sink.error(reason);
      },
    });
  }

  /** The first failure is met at once: it is how a person learns that the session was ended from elsewhere. */
  async function pause() {
    if (failures > 1) await sleep(backoff(failures));
  }

  async function pauseAndStart() {
    await pause();
    if (!cancelled) start();
  }

  /** A page in the background does not keep an idle session alive, but takes the token that another tab fetches. */
  async function refreshInViewAndStart(token: string | undefined, reason: unknown) {
    await inViewOr(session, () => session.accessToken !== token);
    if (session.accessToken === undefined) sink.error(reason);
    else if (session.accessToken === token) refreshAndStart(reason);
    else pauseAndStart();
  }

  async function refreshAndStart(reason: unknown) {
    await pause();
    if (cancelled) return;
    const outcome = await session.refresh();
    if (cancelled) return;
    if (outcome === 'refreshed') return start();
    if (outcome === 'signed-out') return sink.error(reason);
    failures += 1;
    return refreshAndStart(reason);
  }

  start();
  return () => {
    cancelled = true;
    unsubscribe();
  };
}

/** Waits until the page is in view, or `enough` about the session holds. */
function inViewOr(session: TokenSession, enough: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    function check() {
      if (document.hidden && !enough()) return;
      document.removeEventListener('visibilitychange', check);
      unsubscribe();
      resolve();
    }
    const unsubscribe = session.subscribe(check);
    document.addEventListener('visibilitychange', check);
    check();
  });
}

function closeCode(reason: unknown): number | undefined {
  return reason instanceof CloseEvent ? reason.code : undefined;
}

function hasMissedEvents({ errors }: { errors?: readonly { extensions?: unknown }[] }): boolean {
  return (
    errors?.some(({ extensions }) => (extensions as { code?: ErrorCode })?.code === 'EVENTS_MISSED') ?? false
  );
}
