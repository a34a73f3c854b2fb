import type { FormInstance } from 'antd';
import { createInstance, type TFunction } from 'i18next';
import type { ComponentProps, ReactElement } from 'react';
import { describe, expect, it, vi } from 'vitest';
import type { ApiError } from '../graphql/api-error';
import en from '../locales/en.json';
import zhCN from '../locales/zh-CN.json';
import { describeError, showViolations } from './error-message';
import type { Said } from './said';

async function translator(lng: string) {
  const i18n = createInstance();
  await i18n.init({ lng, resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } } });
  return i18n.t;
}

const error = (changes: Partial<ApiError>): ApiError => ({
  code: 'INTERNAL',
  message: 'Plain English of the server',
  violations: [],
  ...changes,
});

describe('describeError', () => {
  it("speaks the reader's language", async () => {
    expect(describeError(error({ code: 'CONFLICT' }), await translator('en'))).toBe(en.errors.code.CONFLICT);
    expect(describeError(error({ code: 'CONFLICT' }), await translator('zh-CN'))).toBe(
      zhCN.errors.code.CONFLICT,
    );
  });

  it('says how long to wait', async () => {
    const limited = error({ code: 'RATE_LIMITED', retryAfterSeconds: 11.2 });
    expect(describeError(limited, await translator('en'))).toContain('12 seconds');
    expect(describeError(limited, await translator('zh-CN'))).toContain('12 秒');
    expect(describeError({ ...limited, retryAfterSeconds: 1 }, await translator('en'))).toContain(
      '1 second.',
    );
    expect(describeError({ ...limited, retryAfterSeconds: 119 }, await translator('en'))).toContain(
      '119 seconds',
    );
    expect(describeError({ ...limited, retryAfterSeconds: 121 }, await translator('en'))).toContain(
      '3 minutes',
    );
    expect(describeError({ ...limited, retryAfterSeconds: 900 }, await translator('zh-CN'))).toContain(
      '15 分钟',
    );
    expect(describeError({ ...limited, retryAfterSeconds: undefined }, await translator('en'))).toBe(
      en.errors.code.RATE_LIMITED,
    );
  });

  it("falls back to the server's words for a code it does not know", async () => {
    const unknown = error({ code: 'QUOTA_EXCEEDED' as ApiError['code'] });
    expect(describeError(unknown, await translator('zh-CN'))).toBe('Plain English of the server');
  });
});

describe('showViolations', () => {
  function formWith(...fields: string[]) {
    const setFields = vi.fn();
    const focusField = vi.fn();
    const form = { getFieldInstance: (name: string) => fields.includes(name), setFields, focusField };
    return { form: form as unknown as FormInstance, setFields, focusField };
  }

  it('puts every violation below its field, in the language of the moment, and the focus into the first', async () => {
    const { form, setFields, focusField } = formWith('email', 'password');
    const violations = [
      { field: 'input.email', rule: 'MALFORMED', message: '' },
      { field: 'input.password', rule: 'TOO_SHORT', message: '' },
      { field: 'input.password', rule: 'RESERVED', message: 'Kept for others' },
    ];
    expect(showViolations(form, error({ code: 'INVALID_INPUT', violations }))).toBe(true);
    const [email, password]: FieldData[] = setFields.mock.lastCall?.[0] ?? [];
    expect(email?.name).toBe('email');
    for (const [language, texts] of [
      ['en', en],
      ['zh-CN', zhCN],
    ] as const) {
      const t = await translator(language);
      expect(said(email, t)).toBe(texts.errors.rule.MALFORMED);
      expect(said(password, t)).toBe(`${texts.errors.rule.TOO_SHORT} Kept for others`);
    }
    expect(focusField).toHaveBeenCalledWith('email');
  });

  it('says so when the form has no such field', () => {
    const { form } = formWith('email');
    const violations = [{ field: 'input.captcha', rule: 'MISMATCH', message: '' }];
    expect(showViolations(form, error({ violations }))).toBe(false);
  });
});

interface FieldData {
  name: string;
  errors: ReactElement<ComponentProps<typeof Said>>[];
}

const said = (field: FieldData | undefined, t: TFunction) => field?.errors[0]?.props.say(t);
