import { expect, it } from 'vitest';
import { secretIn, textIn } from './fragment-secret';

it.each([
  ['#token=abc_-9', 'abc_-9'],
  ['#token=abc&from=mail', 'abc'],
  ['#from=mail&token=abc', 'abc'],
  ['#token=a%20b', 'a b'],
])('finds the token in %s', (hash, token) => {
  expect(secretIn(hash, 'token')).toBe(token);
});

it.each(['', '#', '#main', '#token', '#token=', '#challenge=abc', '#Token=abc'])(
  'finds none in %j',
  (hash) => {
    expect(secretIn(hash, 'token')).toBeUndefined();
  },
);

it("reads what a history entry has kept, and nothing of other people's making", () => {
  expect(textIn({ token: 'abc' }, 'token')).toBe('abc');
  for (const state of [null, undefined, 'token', 7, [], { token: 7 }, { token: { token: 'abc' } }]) {
    expect(textIn(state, 'token')).toBeUndefined();
  }
});
