import { expect, it } from 'vitest';
import { usableMethods } from './methods';

it('offers what is easiest first', () => {
  expect(
    usableMethods(['PROVIDER', 'TOTP', 'PASSKEY', 'PASSWORD'], { passkeys: true, providers: 1 }),
  ).toEqual(['PASSWORD', 'PASSKEY', 'TOTP', 'PROVIDER']);
});

it('offers nothing that cannot be shown here', () => {
  const atHand = { passkeys: false, providers: 0 };
  expect(usableMethods(['PASSKEY', 'PROVIDER', 'TOTP'], atHand)).toEqual(['TOTP']);
  expect(usableMethods(['PASSKEY'], atHand)).toEqual([]);
});
