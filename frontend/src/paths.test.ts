import { expect, it } from 'vitest';
import { paths, safeNext, withNext } from './paths';

it.each([
  ['/profile', '/profile'],
  ['/admin/users?q=a&after=b#top', '/admin/users?q=a&after=b#top'],
  ['/admin/users/User%3A0190', '/admin/users/User%3A0190'],
])('goes back to %s', (next, path) => {
  expect(safeNext(next)).toBe(path);
});

it.each([
  null,
  '',
  'profile',
  'https://evil.example',
  '//evil.example',
  '//evil.example/profile',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  ' //evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  'javascript:alert(1)',
  'http://console.invalid/profile',
  '//[',
])('goes nowhere else: %j', (next) => {
  expect(safeNext(next)).toBe(paths.home);
});

it('keeps the way back through sign-in', () => {
  const address = new URL(withNext(paths.signIn, '/admin/users?q=a&b'), 'http://x');
  expect(address.pathname).toBe(paths.signIn);
  expect(safeNext(address.searchParams.get('next'))).toBe('/admin/users?q=a&b');
  expect(withNext(paths.signIn, paths.home)).toBe(paths.signIn);
});

it('encodes ids in paths', () => {
  expect(paths.user('User:0190/..')).toBe('/admin/users/User%3A0190%2F..');
});
