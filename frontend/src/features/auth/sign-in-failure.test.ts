import { expect, it } from 'vitest';
import en from '../../locales/en.json';
import { failureReasons, readFailure } from './sign-in-failure';

const read = (query: string, next = '/') => readFailure(new URLSearchParams(query), next);

it.each(failureReasons)('knows %s, and has words for it', (reason) => {
  expect(read(`provider=github&reason=${reason}`)).toMatchObject({ reason, provider: 'github' });
  expect(en.signInFailed.reason[reason].title).not.toBe('');
  expect(en.signInFailed.reason[reason].text).not.toBe('');
});

it.each(['', 'reason=', 'reason=SOMETHING_NEW', 'reason=toString', 'reason=access_denied'])(
  'takes %j for a failure of no particular reason',
  (query) => {
    expect(read(query)).toEqual({
      reason: 'INTERNAL',
      provider: null,
      isPassing: true,
      fromSecurity: false,
    });
  },
);

it('offers another try only where it may go otherwise', () => {
  const passing = failureReasons.filter((reason) => read(`reason=${reason}`).isPassing);
  expect(passing).toEqual([
    'ACCESS_DENIED',
    'STATE_EXPIRED',
    'PROVIDER_UNAVAILABLE',
    'RATE_LIMITED',
    'INTERNAL',
  ]);
});

it('leads back to the security page those who came from it', () => {
  expect(read('', '/security').fromSecurity).toBe(true);
  expect(read('', '/security?tab=accounts#linked').fromSecurity).toBe(true);
  expect(read('', '/security-notes').fromSecurity).toBe(false);
  expect(read('', '/sessions').fromSecurity).toBe(false);
});
