import { createInstance, type TFunction } from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import en from '../../locales/en.json';
import zhCN from '../../locales/zh-CN.json';
import { describeDetails } from './describe-details';

const t: Record<string, TFunction> = {};

beforeAll(async () => {
  for (const lng of ['en', 'zh-CN']) {
    const i18n = createInstance();
    await i18n.init({
      lng,
      resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
      interpolation: { escapeValue: false },
    });
    t[lng] = i18n.t;
  }
});

type Event = Parameters<typeof describeDetails>[0];

const inEnglish = (kind: Event['kind'], details: unknown) =>
  describeDetails({ kind, details }, t.en as TFunction);
const inChinese = (kind: Event['kind'], details: unknown) =>
  describeDetails({ kind, details }, t['zh-CN'] as TFunction);

it('tells how somebody came in', () => {
  expect(inEnglish('SIGNED_IN', { method: 'PASSWORD', secondFactor: 'TOTP' })).toEqual([
    'With the password',
    'And a code of the authenticator app',
  ]);
  expect(inChinese('SIGNED_IN', { method: 'PROVIDER', provider: 'github' })).toEqual(['通过 github']);
  const labelOf = (provider: string) => (provider === 'github' ? 'GitHub' : provider);
  const linked: Event = { kind: 'ACCOUNT_LINKED', details: { provider: 'github' } };
  expect(describeDetails(linked, t.en as TFunction, labelOf)).toEqual(['GitHub']);
  expect(inEnglish('SIGN_IN_FAILED', { reason: 'WRONG_PASSWORD' })).toEqual(['Wrong password']);
});

it('tells what has become of what', () => {
  expect(inChinese('EMAIL_CHANGED', { before: 'a@example.com', after: 'b@example.com' })).toEqual([
    'a@example.com → b@example.com',
  ]);
  expect(inEnglish('ROLE_CHANGED', { before: 'USER', after: 'ADMIN' })).toEqual(['User → Administrator']);
  expect(
    inEnglish('PROFILE_CHANGED', {
      before: { name: '李雷', locale: null },
      after: { name: '李蕾', locale: 'ZH_CN' },
    }),
  ).toEqual(['李雷 → 李蕾', '简体中文']);
  expect(
    inEnglish('PROFILE_CHANGED', { before: { name: 'A', locale: 'EN' }, after: { name: 'A', locale: 'EN' } }),
  ).toEqual([]);
});

it('counts', () => {
  expect(inEnglish('RECOVERY_CODE_USED', { left: 1 })).toEqual(['1 code left']);
  expect(inEnglish('SESSION_ENDED', { count: 3 })).toEqual(['3 sessions']);
  expect(inChinese('DEVICE_FORGOTTEN', { count: 2 })).toEqual(['2 台设备']);
});

it('tells when', () => {
  expect(inEnglish('DELETION_SCHEDULED', { at: '2026-12-10T08:00:00Z' })).toEqual(['On December 10, 2026']);
});

it('leaves out what it does not know', () => {
  expect(inEnglish('SIGNED_IN', { method: 'TELEPATHY' })).toEqual([]);
  expect(inEnglish('SESSION_ENDED', { count: 'many', reason: 'NEW_REASON' })).toEqual([]);
  expect(inEnglish('DELETION_SCHEDULED', { at: 'soon' })).toEqual([]);
});

describe.each([null, undefined, 'text', 7, [], {}])('with details that are %j', (details) => {
  it('tells of every kind without them', () => {
    for (const kind of Object.keys(en.activity.kind) as Event['kind'][])
      expect(inChinese(kind, details)).toEqual([]);
  });
});
