import { useCallback, useSyncExternalStore } from 'react';

/** Of a moment that is farther ahead than this, or past on arrival, this device's clock is what is wrong. */
const plausible = 3_600_000;

/**
 * The server's `expiresAt` in milliseconds of this device's clock; undefined where that clock is evidently wrong: then
 * nothing is counted down, and the server's refusal decides.
 */
export function deadlineOf(expiresAt: string): number | undefined {
  const deadline = Date.parse(expiresAt);
  const ahead = deadline - Date.now();
  return ahead > 0 && ahead <= plausible ? deadline : undefined;
}

/** Whole seconds until `deadline`, counted down; undefined without one. */
export function useSecondsLeft(deadline: number | undefined): number | undefined {
  const left = () => (deadline === undefined ? undefined : secondsUntil(deadline));
  const watch = useCallback(
    (look: () => void) => {
      if (deadline === undefined) return () => {};
      const timer = setInterval(() => {
        look();
        if (secondsUntil(deadline) === 0) clearInterval(timer);
      }, 250);
      return () => clearInterval(timer);
    },
    [deadline],
  );
  return useSyncExternalStore(watch, left);
}

export function secondsUntil(deadline: number): number {
  return Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
}

/** As a stopwatch shows it: `9:05`. */
export function formatSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
