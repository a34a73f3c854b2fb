import { useSyncExternalStore } from 'react';
import { keepFresh } from './keep-fresh';
import { requestRefresh } from './request-refresh';
import { connectTabs } from './tabs';
import { TokenSession, type TokenState, type Viewer } from './token-session';

/** The one session of this page. */
export const session = new TokenSession(requestRefresh, connectTabs());

keepFresh(session);

export function useTokenState(): TokenState {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

export const viewerOf = (state: TokenState) => (state.status === 'signed-in' ? state.viewer : undefined);

/** The signed-in person; only for what is rendered inside the signed-in part of the console. */
export function useViewer(): Viewer {
  const viewer = viewerOf(useTokenState());
  if (!viewer) throw new Error('useViewer outside the signed-in routes');
  return viewer;
}
