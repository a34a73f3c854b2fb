import { backoff } from './backoff';
import type { TokenSession } from './token-session';

/**
 * Finds out at start whether the browser is signed in, and afterwards renews the access token shortly before it
 * expires while the page is in view. A page in the background does not keep an idle session alive.
 */
export function keepFresh(session: TokenSession): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;

  function schedule() {
    clearTimeout(timer);
    const { refreshAt } = session;
    if (refreshAt === undefined || !Number.isFinite(refreshAt)) return;
    const due = refreshAt - Date.now();
    timer = setTimeout(renew, Math.max(0, due, failures > 0 ? backoff(failures) : 0));
  }

  async function renew() {
    if (document.hidden && session.state.status === 'signed-in') return;
    failures = (await session.refresh()) === 'unreachable' ? failures + 1 : 0;
    schedule();
  }

  function resume() {
    failures = 0;
    schedule();
  }

  session.subscribe(schedule);
  document.addEventListener('visibilitychange', resume);
  window.addEventListener('online', resume);
  schedule();
}
