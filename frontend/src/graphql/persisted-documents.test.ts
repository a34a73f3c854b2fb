import { createHash } from 'node:crypto';
import { Client, createRequest, fetchExchange, subscriptionExchange } from '@urql/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { filter, pipe, take, toPromise } from 'wonka';
import { persistedDocuments } from './persisted-documents';
import { graphql } from './schema';
import { wireText } from './wire-text';

afterEach(() => {
  vi.unstubAllGlobals();
});

const documents = {
  query: graphql(`
    query Name {
      viewer {
        name
      }
    }
  `),
  mutation: graphql(`
    mutation Leave {
      signOut
    }
  `),
  subscription: graphql(`
    subscription Kinds {
      sessionEvents {
        kind
      }
    }
  `),
};

interface Body {
  query?: string;
  extensions?: { persistedQuery?: { version: number; sha256Hash: string } };
}

/** A server that knows the documents with these hashes, and learns every other one that comes with its hash. */
function setUp(known: string[] = []) {
  const bodies: Body[] = [];
  function answer(body: Body) {
    bodies.push(body);
    const hash = body.extensions?.persistedQuery?.sha256Hash ?? '';
    if (body.query === undefined && !known.includes(hash)) {
      const extensions = { code: 'PERSISTED_QUERY_NOT_FOUND' };
      return { errors: [{ message: 'PersistedQueryNotFound', extensions }] };
    }
    return { data: { answered: true } };
  }
  const client = new Client({
    url: 'http://server.test/graphql',
    preferGetMethod: false,
    fetch: async (_url, init) => {
      expect(init?.method).toBe('POST');
      const headers = { 'content-type': 'application/json' };
      return new Response(JSON.stringify(answer(JSON.parse(String(init?.body)))), { headers });
    },
    exchanges: [
      persistedDocuments,
      fetchExchange,
      subscriptionExchange({
        // As graphql-ws has it: what is not run at all is an error and no result.
        forwardSubscription: (body) => ({
          subscribe: (sink) => {
            const result = answer(JSON.parse(JSON.stringify(body)));
            if (result.errors) sink.error(result.errors);
            else sink.next(result as { data: object });
            return { unsubscribe: () => {} };
          },
        }),
      }),
    ],
  });
  const run = (kind: keyof typeof documents) =>
    pipe(
      client.executeRequestOperation(
        client.createRequestOperation(kind, createRequest<object, object>(documents[kind], {})),
      ),
      filter(({ stale }) => !stale),
      take(1),
      toPromise,
    );
  return { run, bodies };
}

const kinds = ['query', 'mutation', 'subscription'] as const;
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

describe.each(kinds)('a %s', (kind) => {
  const text = wireText(documents[kind]);
  const persistedQuery = { version: 1, sha256Hash: hashOf(text) };

  it('goes as its hash alone', async () => {
    const { run, bodies } = setUp([hashOf(text)]);
    expect((await run(kind)).data).toEqual({ answered: true });
    expect(bodies).toEqual([expect.objectContaining({ extensions: { persistedQuery } })]);
    expect(bodies[0]).not.toHaveProperty('query');
  });

  it('goes again with its text when the server does not know the hash', async () => {
    const { run, bodies } = setUp();
    expect(await run(kind)).toMatchObject({ data: { answered: true }, error: undefined });
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toMatchObject({ query: text, extensions: { persistedQuery } });
  });

  it('goes as text on a page on which the browser does not hash', async () => {
    vi.stubGlobal('crypto', {});
    const { run, bodies } = setUp();
    expect((await run(kind)).data).toEqual({ answered: true });
    expect(bodies).toEqual([expect.objectContaining({ query: text })]);
    expect(bodies[0]).not.toHaveProperty('extensions');
  });
});
