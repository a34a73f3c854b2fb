import { expect, it } from 'vitest';
import { digitsOf } from './code';

it.each([
  ['123456', '123456'],
  [' 123 456 ', '123456'],
  ['123-456', '123456'],
  ['１２３４５６', '123456'],
  ['您的验证码：012345。', '012345'],
  ['12a3', '123'],
  ['1234567', '123456'],
  ['', ''],
  ['abc', ''],
])('reads %j as %j', (text, digits) => {
  expect(digitsOf(text)).toBe(digits);
});
