/** Where the API answers: the page's own origin, unless the build was told of another one. */
const apiBase = new URL(import.meta.env.VITE_API_URL || '/api', window.location.origin).href.replace(
  /\/$/,
  '',
);

export const httpEndpoint = `${apiBase}/graphql`;

/** The same address over WebSocket: `http` becomes `ws`, `https` becomes `wss`. */
export const socketEndpoint = httpEndpoint.replace(/^http/, 'ws');
