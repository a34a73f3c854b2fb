import { Client, fetchExchange } from '@urql/core';
import { expect, it, vi } from 'vitest';
import { readApiError } from './api-error';
import { askBeforeChanges, Reauthentication } from './reauthentication';
import { graphql } from './schema';

const generate = graphql(`
  mutation Generate {
    generateRecoveryCodes {
      recoveryCodes
    }
  }
`);
const disable = graphql(`
  mutation Disable {
    disableTotp {
      id
    }
  }
`);
const viewer = graphql(`
  query ViewerId {
    viewer {
      id
    }
  }
`);

/** A server that refuses everything until `confirmed`, and somebody who sees the question. */
function setUp({ asked = true } = {}) {
  const server = { confirmed: false, requests: 0 };
  const question = new Reauthentication();
  const onQuestion = vi.fn();
  if (asked) question.subscribe(onQuestion);
  const client = new Client({
    url: 'http://server.test/graphql',
    preferGetMethod: false,
    fetch: async () => {
      server.requests += 1;
      const refusal = { message: 'Refused', extensions: { code: 'REAUTHENTICATION_REQUIRED' } };
      const body = server.confirmed ? { data: { done: true } } : { errors: [refusal] };
      return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
    },
    exchanges: [askBeforeChanges(question), fetchExchange],
  });
  const isAsked = () => vi.waitUntil(() => question.isAsked);
  return { server, question, client, onQuestion, isAsked };
}

const codeOf = ({ error }: { error?: Parameters<typeof readApiError>[0] }) =>
  error && readApiError(error).code;

it('asks, and sends the mutation again', async () => {
  const { server, question, client, isAsked } = setUp();
  const result = client.mutation(generate, {}).toPromise();
  await isAsked();
  server.confirmed = true;
  question.answer(true);
  expect((await result).data).toEqual({ done: true });
  expect(server.requests).toBe(2);
  expect(question.isAsked).toBe(false);
});

it('asks once for several mutations, also for one that is sent meanwhile', async () => {
  const { server, question, client, onQuestion, isAsked } = setUp();
  const results = [client.mutation(generate, {}), client.mutation(disable, {})].map((sent) =>
    sent.toPromise(),
  );
  await isAsked();
  results.push(client.mutation(generate, {}).toPromise());
  await vi.waitUntil(() => server.requests === 3);
  await new Promise((resolve) => setTimeout(resolve));
  server.confirmed = true;
  question.answer(true);
  expect(await Promise.all(results)).toMatchObject(results.map(() => ({ data: { done: true } })));
  expect(server.requests).toBe(6);
  onQuestion.mockClear();
  expect((await client.mutation(disable, {})).data).toEqual({ done: true });
  expect(onQuestion).not.toHaveBeenCalled();
});

it('ends with the refusal when the person does not want to', async () => {
  const { server, question, client, isAsked } = setUp();
  const results = [generate, disable].map((mutation) => client.mutation(mutation, {}).toPromise());
  await isAsked();
  await vi.waitUntil(() => server.requests === 2);
  await new Promise((resolve) => setTimeout(resolve));
  question.answer(false);
  expect((await Promise.all(results)).map(codeOf)).toEqual(results.map(() => 'REAUTHENTICATION_REQUIRED'));
  expect(server.requests).toBe(2);
});

it('repeats once only', async () => {
  const { server, question, client, isAsked } = setUp();
  const result = client.mutation(generate, {}).toPromise();
  await isAsked();
  question.answer(true);
  expect(codeOf(await result)).toBe('REAUTHENTICATION_REQUIRED');
  expect(server.requests).toBe(2);
  expect(question.isAsked).toBe(false);
});

it('leaves queries alone', async () => {
  const { question, client } = setUp();
  expect(codeOf(await client.query(viewer, {}))).toBe('REAUTHENTICATION_REQUIRED');
  expect(question.isAsked).toBe(false);
});

it('does not wait where nobody can be asked', async () => {
  const { client } = setUp({ asked: false });
  expect(codeOf(await client.mutation(generate, {}))).toBe('REAUTHENTICATION_REQUIRED');
});
