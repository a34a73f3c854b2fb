import type { Role } from './schema';
import type { Tabs } from './tabs';

export interface Viewer {
  id: string;
  email: string;
  name: string;
  role: Role;
}

/** What a person has changed of their own profile. */
export type ViewerChanges = Pick<Viewer, 'id'> & Partial<Viewer>;

/** What the server hands out at sign-in and at every refresh. */
export interface Grant {
  accessToken: string;
  accessTokenExpiresAt: string;
  viewer: Viewer;
}

export type TokenState =
  /** Nothing is known yet; `unreachable` once an attempt to find out has failed. */
  | { status: 'starting'; unreachable: boolean }
  | { status: 'signed-in'; viewer: Viewer }
  | { status: 'signed-out'; reason: SignedOutReason };

/** `ended`: the server no longer knows the session, though nobody signed out here. */
type SignedOutReason = 'anonymous' | 'signed-out' | 'ended';

type RefreshOutcome = 'refreshed' | 'signed-out' | 'unreachable';

/** Thrown by a refresh request when the server itself says that there is no session any more. */
export class SessionOver extends Error {}

interface Token {
  value: string;
  /** When to fetch the next one, in milliseconds of this device's clock. */
  refreshAt: number;
}

/**
 * The browser's session with the server: the access token, held in memory only, and who it belongs to.
 *
 * The refresh token is an HttpOnly cookie that all tabs share and every refresh replaces, so refreshes are
 * serialised across tabs and their result is shared. Only the server's word ends a session: a refresh that
 * cannot reach it changes nothing.
 */
export class TokenSession {
  #state: TokenState = { status: 'starting', unreachable: false };
  #token: Token | undefined;
  /** Counts grants and sign-outs; an answer that was asked for in an earlier epoch is out of date. */
  #epoch = 0;
  #refreshing: Promise<RefreshOutcome> | undefined;
  readonly #listeners = new Set<() => void>();

  readonly #requestRefresh: () => Promise<Grant>;
  readonly #tabs: Tabs;

  constructor(requestRefresh: () => Promise<Grant>, tabs: Tabs) {
    this.#requestRefresh = requestRefresh;
    this.#tabs = tabs;
    tabs.listen((message) => {
      if (message.type === 'signed-out') this.#end('signed-out');
      else if (message.type === 'viewer-changed') this.#changeViewer(message.changes);
      // A tab that has signed out must not be brought back by another tab's refresh that was under way.
      else if (message.type === 'signed-in' || this.#state.status !== 'signed-out')
        this.#accept(message.grant);
    });
  }

  get state(): TokenState {
    return this.#state;
  }

  get accessToken(): string | undefined {
    return this.#token?.value;
  }

  /** When the access token wants refreshing, in milliseconds of `Date.now()`; undefined: not at all. */
  get refreshAt(): number | undefined {
    return this.#state.status === 'starting' ? 0 : this.#token?.refreshAt;
  }

  get needsRefresh(): boolean {
    return Date.now() >= (this.refreshAt ?? Number.POSITIVE_INFINITY);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Fetches a new access token; calls that overlap share one request. */
  refresh(): Promise<RefreshOutcome> {
    this.#refreshing ??= this.#refreshOnce().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  signIn(grant: Grant): void {
    this.#accept(grant);
    this.#tabs.post({ type: 'signed-in', grant });
  }

  signOut(): void {
    this.#end('signed-out');
    this.#tabs.post({ type: 'signed-out' });
  }

  updateViewer(changes: ViewerChanges): void {
    this.#changeViewer(changes);
    this.#tabs.post({ type: 'viewer-changed', changes });
  }

  async #refreshOnce(): Promise<RefreshOutcome> {
    const epoch = this.#epoch;
    return this.#tabs.exclusively(async () => {
      // Another tab may have done it, or signed out, while this one waited for its turn.
      if (this.#epoch !== epoch) return this.#outcome();
      try {
        const grant = await this.#requestRefresh();
        if (this.#epoch !== epoch) return this.#outcome();
        this.#accept(grant);
        this.#tabs.post({ type: 'refreshed', grant });
      } catch (error) {
        if (this.#epoch !== epoch) return this.#outcome();
        if (!(error instanceof SessionOver)) {
          if (this.#state.status === 'starting') this.#become({ status: 'starting', unreachable: true });
          return 'unreachable';
        }
        this.#end(this.#state.status === 'starting' ? 'anonymous' : 'ended');
      }
      return this.#outcome();
    });
  }

  #outcome(): RefreshOutcome {
    return this.#token ? 'refreshed' : 'signed-out';
  }

  #accept({ accessToken, accessTokenExpiresAt, viewer }: Grant): void {
    const now = Date.now();
    const lifetime = Date.parse(accessTokenExpiresAt) - now;
    // A token that seems to be expired on arrival means that this device's clock is wrong: then the server's
    // own refusal decides when to refresh, otherwise every request would.
    const refreshAt =
      lifetime > 0 ? now + lifetime - Math.min(60_000, lifetime / 5) : Number.POSITIVE_INFINITY;
    this.#epoch += 1;
    this.#token = { value: accessToken, refreshAt };
    this.#become({ status: 'signed-in', viewer });
  }

  #changeViewer(changes: ViewerChanges): void {
    if (this.#state.status !== 'signed-in' || this.#state.viewer.id !== changes.id) return;
    this.#become({ ...this.#state, viewer: { ...this.#state.viewer, ...changes } });
  }

  #end(reason: SignedOutReason): void {
    // Of a sign-out in another tab, the server's refusal may be here before the tab's own word, which explains it.
    if (this.#state.status === 'signed-out' && reason !== 'signed-out') return;
    this.#epoch += 1;
    this.#token = undefined;
    this.#become({ status: 'signed-out', reason });
  }

  #become(state: TokenState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
