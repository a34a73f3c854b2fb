import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { expect, it, vi } from 'vitest';
import { pipe, subscribe } from 'wonka';
import { cacheOf } from './cache';
import { graphql } from './schema';

const ActivityPage = graphql(`
  query ActivityPage($after: String) {
    node(id: "User:1") {
      __typename
      id
      ... on User {
        activity(first: 2, after: $after) {
          nodes {
            id
          }
          pageInfo {
            endCursor
          }
        }
      }
    }
  }
`);
const Live = graphql(`
  subscription Live {
    myActivity {
      id
    }
  }
`);
const FailedMails = graphql(`
  query FailedMails {
    mails(state: FAILED) {
      nodes {
        id
      }
    }
  }
`);
const Retry = graphql(`
  mutation Retry {
    retryMail(input: { mailId: "Mail:1" }) {
      id
    }
  }
`);
const CodesLeft = graphql(`
  query CodesLeft {
    viewer {
      id
      secondFactors {
        required
        recoveryCodesLeft
      }
    }
  }
`);
const NewCodes = graphql(`
  mutation NewCodes {
    generateRecoveryCodes {
      recoveryCodes
    }
  }
`);

interface Body {
  operationName: string;
  variables: { after?: string | null };
}

/** A server that counts what it is asked, and tells of events by itself. */
function setUp(answer: (body: Body) => object) {
  const asked: string[] = [];
  let tell = (_id: string) => {};
  const client = new Client({
    url: 'http://server.test',
    preferGetMethod: false,
    fetch: async (_url, init) => {
      const body: Body = JSON.parse(String(init?.body));
      asked.push(body.operationName);
      const headers = { 'content-type': 'application/json' };
      return new Response(JSON.stringify({ data: answer(body) }), { headers });
    },
    exchanges: [
      cacheOf('User:1'),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: () => ({
          subscribe: (sink) => {
            tell = (id) => sink.next({ data: { myActivity: { __typename: 'AuditEvent', id } } });
            return { unsubscribe: () => {} };
          },
        }),
      }),
    ],
  });
  return { client, asked, tell: (id: string) => tell(id) };
}

const events = (...ids: string[]) => ids.map((id) => ({ __typename: 'AuditEvent', id }));

it('puts what happens before the first page, once, and moves no other page', async () => {
  const { client, asked, tell } = setUp(({ variables: { after } }) => ({
    node: {
      __typename: 'User',
      id: 'User:1',
      activity: {
        __typename: 'AuditEventConnection',
        nodes: after ? events('2', '1') : events('4', '3'),
        pageInfo: { __typename: 'PageInfo', endCursor: after ? '1' : '3' },
      },
    },
  }));
  const pages: Record<string, string[]> = {};
  const cursors: Record<string, string | null> = {};
  for (const after of [null, '3']) {
    pipe(
      client.query(ActivityPage, { after }),
      subscribe(({ data }) => {
        if (data?.node?.__typename !== 'User') return;
        pages[String(after)] = data.node.activity.nodes.map(({ id }) => id);
        cursors[String(after)] = data.node.activity.pageInfo.endCursor;
      }),
    );
  }
  pipe(
    client.subscription(Live, {}),
    subscribe(() => {}),
  );
  await vi.waitUntil(() => Object.keys(pages).length === 2);
  tell('5');
  tell('5');
  tell('6');
  await vi.waitUntil(() => pages.null?.length === 4);
  expect(pages).toEqual({ null: ['6', '5', '4', '3'], 3: ['2', '1'] });
  expect(cursors).toEqual({ null: '3', 3: '1' });
  expect(asked).toEqual(['ActivityPage', 'ActivityPage']);
});

it('fetches a filtered list again after what may have moved its entries', async () => {
  const mail = { __typename: 'Mail', id: 'Mail:1' };
  const left = [mail];
  const { client, asked } = setUp(({ operationName }) => {
    if (operationName === 'Retry') return { retryMail: left.pop() };
    return { mails: { __typename: 'MailConnection', nodes: [...left] } };
  });
  let shown: unknown;
  pipe(
    client.query(FailedMails, {}),
    subscribe(({ data, stale }) => {
      if (!stale) shown = data?.mails.nodes;
    }),
  );
  await vi.waitUntil(() => shown !== undefined);
  expect(shown).toEqual([{ id: mail.id }]);
  await client.mutation(Retry, {});
  await vi.waitUntil(() => asked.length === 3);
  await vi.waitUntil(() => Array.isArray(shown) && shown.length === 0);
  expect(asked).toEqual(['FailedMails', 'Retry', 'FailedMails']);
});

it('knows how many recovery codes were made without asking', async () => {
  const secondFactors = { __typename: 'SecondFactors', required: true, recoveryCodesLeft: 1 };
  const { client, asked } = setUp(({ operationName }) =>
    operationName === 'NewCodes'
      ? { generateRecoveryCodes: { __typename: 'RecoveryCodes', recoveryCodes: ['a-b', 'c-d'] } }
      : { viewer: { __typename: 'User', id: 'User:1', secondFactors } },
  );
  let shown: unknown;
  pipe(
    client.query(CodesLeft, {}),
    subscribe(({ data }) => {
      shown = data?.viewer?.secondFactors;
    }),
  );
  await vi.waitUntil(() => shown !== undefined);
  await client.mutation(NewCodes, {});
  expect(shown).toEqual({ required: true, recoveryCodesLeft: 2 });
  expect(asked).toEqual(['CodesLeft', 'NewCodes']);
});
