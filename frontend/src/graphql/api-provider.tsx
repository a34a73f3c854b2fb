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

export const useApi = () => useContext(ApiContext);

export function useConnectionStatus(): ConnectionStatus {
  const { connection } = useApi();
  return useSyncExternalStore(connection.subscribe, () => connection.status);
}

/** Whether somebody has to show who they are before what they have asked for goes on. */
export function useReauthenticationAsked(): boolean {
  const { reauthentication } = useApi();
  return useSyncExternalStore(reauthentication.subscribe, () => reauthentication.isAsked);
}

/** Whether a second factor has to be set up before anything else. */
export function useEnrollmentRequired(): boolean {
  const { enrollmentGate } = useApi();
  return useSyncExternalStore(enrollmentGate.subscribe, () => enrollmentGate.isClosed);
}
