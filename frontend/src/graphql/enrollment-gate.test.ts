import { Client, fetchExchange } from '@urql/core';
import { expect, it, vi } from 'vitest';
import { EnrollmentGate, watchEnrollment } from './enrollment-gate';
import { graphql } from './schema';

const viewer = graphql(`
  query ViewerAddress {
    viewer {
      email
    }
  }
`);

it('closes when the server asks for a second factor, and only then', async () => {
  const gate = new EnrollmentGate();
  const listener = vi.fn();
  gate.subscribe(listener);
  let code = 'FORBIDDEN';
  const client = new Client({
    url: 'http://server.test/graphql',
    preferGetMethod: false,
    fetch: async () => {
      const headers = { 'content-type': 'application/json' };
      return new Response(JSON.stringify({ errors: [{ message: '', extensions: { code } }] }), { headers });
    },
    exchanges: [watchEnrollment(gate), fetchExchange],
  });
  await client.query(viewer, {});
  expect(gate.isClosed).toBe(false);
  code = 'SECOND_FACTOR_ENROLLMENT_REQUIRED';
  await client.query(viewer, {}, { requestPolicy: 'network-only' });
  expect(gate.isClosed).toBe(true);
  gate.close();
  expect(listener).toHaveBeenCalledTimes(1);
  gate.open();
  expect(gate.isClosed).toBe(false);
  expect(listener).toHaveBeenCalledTimes(2);
});
