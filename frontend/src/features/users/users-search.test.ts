import { expect, it } from 'vitest';
import { readUsersSearch, usersVariables, writeUsersSearch } from './users-search';

const read = (query: string) => readUsersSearch(new URLSearchParams(query));

it('reads from the address what it wrote there', () => {
  const search = {
    ...read(''),
    search: '李 & co',
    role: 'ADMIN',
    status: 'SUSPENDED',
    order: 'EMAIL-ASC',
    after: 'x',
  } as const;
  expect(readUsersSearch(writeUsersSearch(search))).toEqual(search);
});

it('leaves the address bare without a choice', () => {
  expect(writeUsersSearch(read('')).toString()).toBe('');
});

it('takes what it does not know for no choice', () => {
  expect(read('role=ROOT&status=GONE&order=id')).toEqual(read(''));
});

it('asks for the page after or before a cursor', () => {
  expect(usersVariables(read('after=a'))).toMatchObject({ first: 20, after: 'a' });
  expect(usersVariables(read('before=b'))).toMatchObject({ last: 20, before: 'b' });
  expect(usersVariables(read('before=b'))).not.toHaveProperty('first');
  expect(usersVariables(read('order=LAST_SIGN_IN_AT-DESC')).orderBy).toEqual({
    field: 'LAST_SIGN_IN_AT',
    direction: 'DESC',
  });
});
