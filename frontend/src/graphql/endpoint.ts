/** Where the API answers: the page's own origin, unless the build was told of another one. */
const apiBase = new URL(import.meta.env.VITE_API_URL || '/api', window.location.origin).href.replace(
  /\/$/,
  '',
);

export const httpEndpoint = `${apiBase}/graphql`;

/** The same address over WebSocket: `http` becomes `ws`, `https` becomes `wss`. */
export const socketEndpoint = httpEndpoint.replace(/^http/, 'ws');

/** Where signing in with an identity provider begins; it comes back to `next`. */
export function providerAddress(id: string, next: string): string {
  return `${apiBase}/auth/${encodeURIComponent(id)}?${new URLSearchParams({ next })}`;
}
