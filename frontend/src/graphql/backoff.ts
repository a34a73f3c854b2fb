/** How long to wait before the `attempt`-th retry (from 0): doubling up to 20 s, spread so that clients do not return in step. */
export function backoff(attempt: number): number {
  return Math.min(20_000, 500 * 2 ** attempt) * (0.5 + Math.random() / 2);
}

export const sleep = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
