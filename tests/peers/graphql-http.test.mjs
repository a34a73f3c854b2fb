// GraphQL over HTTP, audited by the reference implementation: https://github.com/graphql/graphql-http#audits

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { setting } from './platform.mjs';

const AUDITS = 61;

// Links and images of other websites make GETs too, so the platform wants a header on them that no page can send
// across sites without being asked for its origin first. POSTs need none: their content type does the same.
function fetchFn(url, init = {}) {
  if ((init.method ?? 'GET') !== 'GET') return fetch(url, init);
  const headers = new Headers(init.headers);
  headers.set('GraphQL-Preflight', '1');
  return fetch(url, { ...init, headers });
}

const audits = serverAudits({ url: `${setting('PLATFORM_URL')}/api/graphql`, fetchFn });

test('no audit is left out', () => {
  assert.equal(new Set(audits.map(({ id }) => id)).size, AUDITS);
});

for (const { id, name, fn } of audits) {
  test(`${id} ${name}`, async () => {
    const result = await fn();
    // A notice or a warning is of a mere recommendation, and is no `ok` here either.
    assert.equal(result.status, 'ok', result.reason);
  });
}
