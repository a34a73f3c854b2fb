import { expect, it } from 'vitest';
import { pageVariables, readCursor, start, writeSearch } from './list-search';

const read = (query: string) => readCursor(new URLSearchParams(query));

it('reads from the address what it wrote there', () => {
  expect(readCursor(writeSearch({ ...start, after: 'x' }))).toEqual({ after: 'x', before: undefined });
  expect(writeSearch({ ...start, state: undefined, q: '' }).toString()).toBe('');
});

it('asks for the page after or before a cursor', () => {
  expect(pageVariables(read('after=a'))).toEqual({ first: 20, after: 'a' });
  expect(pageVariables(read('before=b'))).toEqual({ last: 20, before: 'b' });
  expect(pageVariables(read(''))).toEqual({ first: 20, after: undefined });
});
