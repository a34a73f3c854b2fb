import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { Client, fetchExchange } from '@urql/core';
import type { Client as SocketClient } from 'graphql-ws';
import { authentication } from '../graphql/authentication';
import { session } from '../graphql/browser-session';
import { Connection } from '../graphql/connection';
import { httpEndpoint } from '../graphql/endpoint';
import { persistedDocuments } from '../graphql/persisted-documents';
import { openSocket } from '../graphql/socket';

/** For what the page itself asks. */
export const client = new Client({
  url: httpEndpoint,
  fetchOptions: { credentials: 'include' },
  preferGetMethod: false,
  exchanges: [authentication(session), persistedDocuments, fetchExchange],
});

/** Runs what is written in the editor, as whoever is signed in unless its headers say otherwise. */
export const fetcher = createGraphiQLFetcher({
  url: httpEndpoint,
  fetch: async (input, init) => {
    if (session.needsRefresh) await session.refresh();
    const headers = new Headers(init?.headers);
    if (session.accessToken && !headers.has('authorization')) {
      headers.set('authorization', `Bearer ${session.accessToken}`);
    }
    return fetch(input, { ...init, headers, credentials: 'include' });
  },
  // Of the client, GraphiQL uses `subscribe` alone.
  wsClient: openSocket(session, new Connection()) as unknown as SocketClient,
});
