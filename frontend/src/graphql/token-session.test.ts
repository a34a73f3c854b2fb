import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TabMessage, Tabs } from './tabs';
import { type Grant, SessionOver, TokenSession } from './token-session';

const start = new Date('2026-01-01T00:00:00Z');

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});

afterEach(() => {
  vi.useRealTimers();
});

function grant(accessToken: string, lifetimeSeconds = 900, id = 'User:1'): Grant {
  return {
    accessToken,
    accessTokenExpiresAt: new Date(Date.now() + lifetimeSeconds * 1000).toISOString(),
    viewer: { id, email: 'ada@example.com', name: 'Ada', role: 'USER' },
  };
}

/** A browser whose tabs hear each other, and take turns, as real ones do. */
function browser() {
  const listeners: ((message: TabMessage) => void)[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  return {
    openTab(): Tabs {
      let own: (message: TabMessage) => void = () => {};
      return {
        post: (message) => {
          for (const listener of listeners) if (listener !== own) listener(message);
        },
        listen: (listener) => {
          own = listener;
          listeners.push(listener);
        },
        exclusively: (work) => {
          const mine = turn.then(work);
          turn = mine.catch(() => {});
          return mine;
        },
      };
    },
  };
}

function openSession(requestRefresh: () => Promise<Grant>, tabs = browser().openTab()) {
  return new TokenSession(requestRefresh, tabs);
}

/** A request whose answer the test gives. */
function pending() {
  let resolve: (grant: Grant) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const answer = new Promise<Grant>((...ends) => {
    [resolve, reject] = ends;
  });
  return { request: vi.fn(() => answer), resolve, reject };
}

describe('refresh', () => {
  it('takes the token and the person from the answer', async () => {
    const session = openSession(async () => grant('a'));
    expect(await session.refresh()).toBe('refreshed');
    expect(session.accessToken).toBe('a');
    expect(session.state).toMatchObject({ status: 'signed-in', viewer: { name: 'Ada' } });
  });

  it('is one request for all callers at a time, and a new one afterwards', async () => {
    const request = vi.fn(async () => grant('a'));
    // Plain http has no locks: nobody takes turns there.
    const session = openSession(request, { ...browser().openTab(), exclusively: (work) => work() });
    await Promise.all([session.refresh(), session.refresh(), session.refresh()]);
    expect(request).toHaveBeenCalledTimes(1);
    await session.refresh();
    expect(request).toHaveBeenCalledTimes(2);
  });

  it('that the server refuses at start means nobody is signed in', async () => {
    const session = openSession(() => Promise.reject(new SessionOver()));
    expect(await session.refresh()).toBe('signed-out');
    expect(session.state).toEqual({ status: 'signed-out', reason: 'anonymous' });
  });

  it('that the server refuses later means the session was ended', async () => {
    const session = openSession(() => Promise.reject(new SessionOver()));
    session.signIn(grant('a'));
    expect(await session.refresh()).toBe('signed-out');
    expect(session.state).toEqual({ status: 'signed-out', reason: 'ended' });
    expect(session.accessToken).toBeUndefined();
  });

  it('that does not reach the server signs nobody out', async () => {
    const session = openSession(() => Promise.reject(new TypeError('Failed to fetch')));
    session.signIn(grant('a'));
    expect(await session.refresh()).toBe('unreachable');
    expect(session.state.status).toBe('signed-in');
    expect(session.accessToken).toBe('a');
  });

  it('that does not reach the server at start leaves the question open', async () => {
    const request = vi.fn(async () => grant('a'));
    request.mockRejectedValueOnce(new TypeError('Failed to fetch'));
    const session = openSession(request);
    expect(await session.refresh()).toBe('unreachable');
    expect(session.state).toEqual({ status: 'starting', unreachable: true });
    expect(await session.refresh()).toBe('refreshed');
  });

  it('that was under way at sign-out does not sign in again', async () => {
    const { request, resolve } = pending();
    const session = openSession(request);
    session.signIn(grant('a'));
    const refreshing = session.refresh();
    await vi.waitFor(() => expect(request).toHaveBeenCalled());
    session.signOut();
    resolve(grant('b'));
    expect(await refreshing).toBe('signed-out');
    expect(session.accessToken).toBeUndefined();
  });

  it('that was under way at sign-in does not sign out again', async () => {
    const { request, reject } = pending();
    const session = openSession(request);
    const refreshing = session.refresh();
    await vi.waitFor(() => expect(request).toHaveBeenCalled());
    session.signIn(grant('a'));
    reject(new SessionOver());
    expect(await refreshing).toBe('refreshed');
    expect(session.accessToken).toBe('a');
  });
});

describe('the time to refresh', () => {
  it('is a minute before the token expires', () => {
    const session = openSession(async () => grant('b'));
    session.signIn(grant('a', 900));
    expect(session.refreshAt).toBe(start.getTime() + 840_000);
    expect(session.needsRefresh).toBe(false);
    vi.advanceTimersByTime(840_000);
    expect(session.needsRefresh).toBe(true);
  });

  it('is after four fifths of a short life', () => {
    const session = openSession(async () => grant('b'));
    session.signIn(grant('a', 5));
    expect(session.refreshAt).toBe(start.getTime() + 4_000);
  });

  it('is left to the server when this device runs ahead of it', () => {
    const session = openSession(async () => grant('b'));
    session.signIn(grant('a', -3_600));
    expect(session.needsRefresh).toBe(false);
  });

  it('never comes for someone who is signed out', () => {
    const session = openSession(async () => grant('b'));
    session.signOut();
    expect(session.refreshAt).toBeUndefined();
    expect(session.needsRefresh).toBe(false);
  });
});

describe('several tabs', () => {
  it('that start at once share one refresh', async () => {
    const request = vi.fn(async () => grant('a'));
    const { openTab } = browser();
    const tabs = Array.from({ length: 5 }, () => openSession(request, openTab()));
    expect(await Promise.all(tabs.map((tab) => tab.refresh()))).toEqual(Array(5).fill('refreshed'));
    expect(request).toHaveBeenCalledTimes(1);
    expect(tabs.map((tab) => tab.accessToken)).toEqual(Array(5).fill('a'));
  });

  it('sign in and out together', () => {
    const { openTab } = browser();
    const one = openSession(async () => grant('x'), openTab());
    const two = openSession(async () => grant('x'), openTab());
    one.signIn(grant('a'));
    expect(two.accessToken).toBe('a');
    two.signOut();
    expect(one.state).toEqual({ status: 'signed-out', reason: 'signed-out' });
    one.signIn(grant('b', 900, 'User:2'));
    expect(two.state).toMatchObject({ status: 'signed-in', viewer: { id: 'User:2' } });
  });

  it('share a new name, with the person whose name it is', () => {
    const { openTab } = browser();
    const one = openSession(async () => grant('x'), openTab());
    const two = openSession(async () => grant('x'), openTab());
    one.signIn(grant('a'));
    one.updateViewer({ id: 'User:1', name: 'Ada L.' });
    expect(two.state).toMatchObject({ viewer: { name: 'Ada L.', email: 'ada@example.com' } });
    one.updateViewer({ id: 'User:2', name: 'Grace' });
    expect(two.state).toMatchObject({ viewer: { name: 'Ada L.' } });
  });

  it("do not bring back one that has signed out by another one's refresh", async () => {
    const { openTab } = browser();
    const deaf = openTab();
    const one = openSession(async () => grant('x'), openTab());
    const two = openSession(async () => grant('b'), { ...deaf, listen: () => {} });
    one.signIn(grant('a'));
    one.signOut();
    await two.refresh();
    expect(one.state.status).toBe('signed-out');
  });

  it('learn from the tab that signed out that nobody ended their session', async () => {
    const { openTab } = browser();
    const one = openSession(async () => grant('x'), openTab());
    const two = openSession(() => Promise.reject(new SessionOver()), openTab());
    one.signIn(grant('a'));
    await two.refresh();
    expect(two.state).toMatchObject({ reason: 'ended' });
    one.signOut();
    expect(two.state).toMatchObject({ reason: 'signed-out' });
  });
});

it('tells its listeners of every change until they leave', () => {
  const session = openSession(async () => grant('x'));
  const listener = vi.fn();
  const leave = session.subscribe(listener);
  session.signIn(grant('a'));
  session.updateViewer({ id: 'User:1', name: 'Ada L.' });
  expect(session.state).toMatchObject({ viewer: { name: 'Ada L.', email: 'ada@example.com' } });
  leave();
  session.signOut();
  expect(listener).toHaveBeenCalledTimes(2);
});
