import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { authentication } from './authentication';
import { cacheOf } from './cache';
import { Connection } from './connection';
import { httpEndpoint } from './endpoint';
import { EnrollmentGate, watchEnrollment } from './enrollment-gate';
import { persistedDocuments } from './persisted-documents';
import { askBeforeChanges, Reauthentication } from './reauthentication';
import { refetchWhenRestored } from './refetch-exchange';
import { openSocket } from './socket';
import type { TokenSession, Viewer } from './token-session';

export interface Api {
  client: Client;
  connection: Connection;
  reauthentication: Reauthentication;
  enrollmentGate: EnrollmentGate;
  dispose(): void;
}

/** A client, cache and live connection for one person; whoever signs in next gets new ones. */
export function createApi(session: TokenSession, viewer: Viewer | undefined): Api {
  const connection = new Connection();
  const reauthentication = new Reauthentication();
  const enrollmentGate = new EnrollmentGate();
  const socket = openSocket(session, connection);
  const client = new Client({
    url: httpEndpoint,
    fetchOptions: { credentials: 'include' },
    preferGetMethod: false,
    exchanges: [
      refetchWhenRestored(connection),
      cacheOf(viewer?.id),
      watchEnrollment(enrollmentGate),
      askBeforeChanges(reauthentication),
      authentication(session),
      persistedDocuments,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables, operationName, extensions }) => ({
          subscribe: (sink) => ({
            // Where a hash stands for the text, graphql-ws still wants one.
            unsubscribe: socket.subscribe({ query: query ?? '', variables, operationName, extensions }, sink),
          }),
        }),
      }),
    ],
  });
  function dispose() {
    reauthentication.answer(false);
    socket.dispose();
  }
  return { client, connection, reauthentication, enrollmentGate, dispose };
}
