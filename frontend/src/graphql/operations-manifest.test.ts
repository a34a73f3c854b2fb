import { createHash } from 'node:crypto';
import type { Client } from '@urql/core';
import { beforeEach, expect, it, vi } from 'vitest';
import { pipe, take, toPromise } from 'wonka';
import { collectOperations } from '../../operations-manifest';
import { createApi } from './client';
import { requestRefresh } from './request-refresh';
import { SocketToken } from './socket-token';
import { type Grant, TokenSession } from './token-session';
import type { wireText } from './wire-text';

type Document = Parameters<typeof wireText>[0];
interface Body {
  query?: string;
  extensions?: { persistedQuery?: { sha256Hash: string } };
}

const { made, receive } = vi.hoisted(() => ({
  /** Every document that a module of the console makes. */
  made: [] as Document[],
  receive: { body: (_body: Body): object => ({}) },
}));

vi.mock('./schema', async (original) => {
  const { graphql, ...schema } = await original<{ graphql: (...args: unknown[]) => Document }>();
  return {
    ...schema,
    graphql: (...args: unknown[]) => {
      const document = graphql(...args);
      made.push(document);
      return document;
    },
  };
});
vi.mock('./endpoint', () => ({ httpEndpoint: 'http://server.test', socketEndpoint: 'ws://server.test' }));
vi.mock('./browser-session', () => ({ session: newSession() }));
vi.mock('./socket', () => ({
  openSocket: () => ({
    subscribe: (body: Body, sink: { error: (reason: unknown) => void }) =>
      sink.error((receive.body(body) as { errors: unknown }).errors),
    dispose: () => {},
  }),
}));

// Slow to load, or of no use without a browser; nothing is rendered here.
const components = vi.hoisted(
  () => () => new Proxy({}, { get: (_, name) => name !== 'then' && name, has: () => true }),
);
vi.mock('antd', components);
vi.mock('@ant-design/icons', components);
vi.mock('../i18n', components);
vi.mock('../ui/appearance', components);

function newSession() {
  const tabs = { post: () => {}, listen: () => {}, exclusively: <T>(work: () => Promise<T>) => work() };
  const session = new TokenSession(() => Promise.reject(new Error()), tabs);
  session.signIn(grant('a'));
  return session;
}

function grant(accessToken: string): Grant {
  return {
    accessToken,
    accessTokenExpiresAt: new Date(Date.now() + 900_000).toISOString(),
    viewer: { id: 'User:1', email: 'ada@example.com', name: 'Ada', role: 'USER' },
  };
}

/** The modules that make documents; of the others, many want more of a browser than there is here. */
const sources = import.meta.glob<string>(['../**/*.{ts,tsx}', '!../**/*.test.*'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const modules = import.meta.glob('../**/*.{ts,tsx}');
const making = Object.keys(sources).filter((path) =>
  /import \{[^}]*\bgraphql\b[^}]*\} from '[^']*\/schema'/.test(sources[path] ?? ''),
);

for (const path of making) await modules[path]?.();

/** What a server is sent that knows no hash. */
let hashes: string[] = [];
let texts: string[] = [];

beforeEach(() => {
  hashes = [];
  texts = [];
  receive.body = ({ query, extensions }) => {
    if (query) texts.push(query);
    else hashes.push(extensions?.persistedQuery?.sha256Hash ?? '');
    return { errors: [{ message: query ? 'Refused' : 'PersistedQueryNotFound' }] };
  };
  vi.stubGlobal('fetch', async (_url: string, { body }: { body: string }) => {
    const headers = { 'content-type': 'application/json' };
    return new Response(JSON.stringify(receive.body(JSON.parse(body))), { headers });
  });
});

async function send(client: Client, documents: Document[]) {
  for (const document of documents) {
    const [first] = document.definitions;
    if (first?.kind === 'OperationDefinition') {
      await pipe(client[first.operation](document, {}), take(1), toPromise);
    }
  }
}

it('has every document that the console makes, and no other, as it is sent', async () => {
  const { client } = createApi(newSession(), undefined);
  await send(client, made);
  expect(Object.fromEntries(hashes.map((hash, index) => [hash, texts[index]]))).toEqual(collectOperations());
});

it('has what goes past the cache, as it is sent', async () => {
  const { SignIn, SignOut } = await import('../features/auth/access');
  const { client } = await import('../api-docs/transport');
  await send(client, [SignIn, SignOut]);

  await expect(requestRefresh()).rejects.toThrow('Refused');

  const session = newSession();
  const token = new SocketToken(session, (payload) => {
    receive.body({ query: payload.query });
    return () => {};
  });
  token.present();
  token.opened();
  session.signIn(grant('b'));

  expect(texts).toHaveLength(4);
  const operations = collectOperations();
  for (const text of texts)
    expect(operations).toHaveProperty(createHash('sha256').update(text).digest('hex'), text);
});
