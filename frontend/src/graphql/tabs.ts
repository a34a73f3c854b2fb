import type { Grant, ViewerChanges } from './token-session';

export type TabMessage =
  | { type: 'signed-in'; grant: Grant }
  | { type: 'refreshed'; grant: Grant }
  | { type: 'viewer-changed'; changes: ViewerChanges }
  | { type: 'signed-out' };

/** The other tabs of this browser on the same origin. */
export interface Tabs {
  post(message: TabMessage): void;
  listen(listener: (message: TabMessage) => void): void;
  /** Runs `work` while no other tab runs its own. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

const name = 'fastgpt-platform-session';

export function connectTabs(): Tabs {
  const channel = new BroadcastChannel(name);
  return {
    post: (message) => channel.postMessage(message),
    listen: (listener) => channel.addEventListener('message', ({ data }) => listener(data)),
    // Browsers withhold locks from plain-http pages other than localhost. The server forgives a refresh token
    // that is used twice within a few seconds, which covers tabs that race there.
    exclusively: (work) => (navigator.locks ? navigator.locks.request(name, work) : work()),
  };
}
