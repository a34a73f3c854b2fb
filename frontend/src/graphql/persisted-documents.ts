import { composeExchanges, formatDocument, makeOperation, mapExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';

/**
 * Sends the hash of a document in place of its text, and the text too once the server does not know the hash
 * (Apollo's automatic persisted queries). The server knows the console's own documents from `operations.json`,
 * which holds what `wireText` makes of them; hence `formatDocument`, which a cache before this one may have done.
 */
export const persistedDocuments = composeExchanges([
  mapExchange({
    onOperation: (operation) =>
      makeOperation(operation.kind, { ...operation, query: formatDocument(operation.query) }),
  }),
  persistedExchange({
    enableForMutation: true,
    enableForSubscriptions: true,
    preferGetForPersistedQueries: false,
    generateHash: sha256,
  }),
]);

/** In hex; empty, which has the text sent, on plain-http pages other than localhost: browsers do not hash there. */
async function sha256(text: string): Promise<string> {
  if (!crypto.subtle) return '';
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
