import type { Exchange, Operation } from '@urql/core';
import { tap } from 'wonka';
import type { Connection } from './connection';

/** Fetches every query in view again once the live connection is back: events may have been missed. */
export function refetchWhenRestored(connection: Connection): Exchange {
  return ({ client, forward }) => {
    const inView = new Map<number, Operation>();
    connection.onRestored(() => {
      for (const { query, variables, key, ...operation } of inView.values()) {
        client.reexecuteOperation(
          client.createRequestOperation(
            'query',
            { query, variables, key },
            {
              ...operation.context,
              requestPolicy: 'cache-and-network',
            },
          ),
        );
      }
    });
    return (operations) =>
      forward(
        tap((operation: Operation) => {
          if (operation.kind === 'query') inView.set(operation.key, operation);
          else if (operation.kind === 'teardown') inView.delete(operation.key);
        })(operations),
      );
  };
}
