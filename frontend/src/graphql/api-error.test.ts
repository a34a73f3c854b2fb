import { CombinedError } from '@urql/core';
import { expect, it } from 'vitest';
import { readApiError } from './api-error';

it("takes the code and the violations from the server's own words", () => {
  const violations = [{ field: 'input.email', rule: 'MALFORMED', message: '' }];
  const error = new CombinedError({
    graphQLErrors: [{ message: 'Refused', extensions: { code: 'INVALID_INPUT', violations } }],
  });
  expect(readApiError(error)).toMatchObject({ code: 'INVALID_INPUT', message: 'Refused', violations });
});

it('tells a network that is down from a proxy that answers in place of the server', () => {
  const networkError = new Error('Bad Gateway');
  const response = new Response('<html>', { status: 502 });
  expect(readApiError(new CombinedError({ networkError }))).toMatchObject({ code: 'UNREACHABLE' });
  expect(readApiError(new CombinedError({ networkError, response }))).toMatchObject({ code: 'INTERNAL' });
});
