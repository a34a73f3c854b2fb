import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { deadlineOf, formatSeconds, secondsUntil } from './countdown';

const now = Date.parse('2026-11-26T12:00:00Z');

beforeEach(() => {
  vi.useFakeTimers({ now });
});
afterEach(() => {
  vi.useRealTimers();
});

it('takes a moment that the clock of this device can tell', () => {
  expect(deadlineOf('2026-11-26T12:10:00Z')).toBe(now + 600_000);
  expect(deadlineOf('2026-11-26T20:10:00+08:00')).toBe(now + 600_000);
});

it.each(['2026-11-26T12:00:00Z', '2026-11-26T11:59:00Z', '2026-11-26T13:00:01Z', 'soon'])(
  'counts nothing down to %s: the clock of this device is wrong',
  (expiresAt) => {
    expect(deadlineOf(expiresAt)).toBeUndefined();
  },
);

it('counts whole seconds, the last one to its end', () => {
  expect(secondsUntil(now + 10_000)).toBe(10);
  expect(secondsUntil(now + 1)).toBe(1);
  expect(secondsUntil(now)).toBe(0);
  expect(secondsUntil(now - 5_000)).toBe(0);
});

it('shows minutes and seconds', () => {
  expect([600, 65, 9, 0].map(formatSeconds)).toEqual(['10:00', '1:05', '0:09', '0:00']);
});
