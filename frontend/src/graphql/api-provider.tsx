import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react';
import { Provider } from 'urql';
import { session, viewerOf } from './browser-session';
import { type Api, createApi } from './client';
import type { ConnectionStatus } from './connection';
import type { Viewer } from './token-session';

interface Current {
  identity: string;
  api: Api;
}

/** Who the cache belongs to: another person, or the same one with other rights, must not see what is in it. */
const identityOf = (viewer: Viewer | undefined) => (viewer ? `${viewer.id} ${viewer.role}` : 'anonymous');

function createCurrent(): Current {
  const viewer = viewerOf(session.state);
  return { identity: identityOf(viewer), api: createApi(session, viewer) };
}

let current = createCurrent();

// Subscribed before any component: no render may see the new person with the old person's cache.
session.subscribe(() => {
  if (identityOf(viewerOf(session.state)) === current.identity) return;
  current.api.dispose();
  current = createCurrent();
});

const ApiContext = createContext(current.api);

/** Gives the pages below it the session's client, and starts them afresh when the person changes. */
export function ApiProvider({ children }: { children: ReactNode }) {
  const { identity, api } = useSyncExternalStore(session.subscribe, () => current);
  return (
    <ApiContext value={api} key={identity}>
      <Provider value={api.client}>{children}</Provider>
    </ApiContext>
  );
}

export function useConnectionStatus(): ConnectionStatus {
  const { connection } = useContext(ApiContext);
  return useSyncExternalStore(connection.subscribe, () => connection.status);
}
