import { expect, it } from 'vitest';
import { recoveryCodesText } from './recovery-codes-text';

it('says what the codes are, one a line', () => {
  const heading = {
    title: 'FastGPT 平台：恢复码',
    account: 'ada@example.com',
    madeAt: '2026年11月26日',
    note: '每个只能用一次。',
  };
  expect(recoveryCodesText(['abcd-efgh', 'ijkl-mnop'], heading).split('\r\n')).toEqual([
    'FastGPT 平台：恢复码',
    'ada@example.com',
    '2026年11月26日',
    '',
    'abcd-efgh',
    'ijkl-mnop',
    '',
    '每个只能用一次。',
    '',
  ]);
});
