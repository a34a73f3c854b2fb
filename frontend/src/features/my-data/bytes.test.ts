import { expect, it } from 'vitest';
import { formatBytes } from './bytes';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_400, '1.4 KB'],
  [23_456, '23 KB'],
  [9_960_000, '10.0 MB'],
  [5_000_000_000_000, '5000 GB'],
])('reads %d as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
