/** Where the API answers: the page's own origin, unless the build was told of another one. */
const apiBase = new URL(import.meta.env.VITE_API_URL || '/api', window.location.origin).href.replace(
  /\/$/,
  '',
);

export const httpEndpoint = `${apiBase}/graphql`;

/** The same address over WebSocket: `http` becomes `ws`, `https` becomes `wss`. */
export const socketEndpoint = httpEndpoint.replace(/^http/, 'ws');

/** Where signing in with an identity provider begins; it comes back to `next`. `login`: asks again who is there. */
export function providerAddress(id: string, next: string, prompt?: 'login'): string {
  const search = new URLSearchParams(prompt ? { next, prompt } : { next });
  return `${apiBase}/auth/${encodeURIComponent(id)}?${search}`;
}

/** An address that the server has given, which may be a path of its own. */
export const serverAddress = (address: string): string => new URL(address, httpEndpoint).href;
