import { expect, it } from 'vitest';
import { charactersOf } from './password-rules';

it.each([
  ['', 0],
  ['violet kettle', 13],
  ['紫罗兰与水壶', 6],
  // Beyond the first plane, a character is two code units.
  ['😀😀', 2],
  ['𠮷野家', 3],
  // NFKC joins an accent with its letter, and takes a ligature apart.
  ['e\u0301', 1],
  ['ﬁ', 2],
])('%j has %i characters', (password, count) => {
  expect(charactersOf(password)).toBe(count);
});
