import { Form, Input } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { emailRules } from './field-rules';

interface EmailFieldProps {
  /** `webauthn`: the browser offers passkeys beside addresses. */
  autoComplete: 'username' | 'username webauthn' | 'email' | 'off';
  autoFocus?: boolean;
  extra?: ReactNode;
}

/** Where a form asks for an email address. Not an input of type `email`: the browser would rewrite international domains. */
export function EmailField({ extra, ...props }: EmailFieldProps) {
  const { t } = useTranslation();
  return (
    <Form.Item
      name="email"
      label={t('fields.email')}
      rules={emailRules}
      normalize={(email: string) => email.trim()}
      extra={extra}
    >
      <Input inputMode="email" autoCapitalize="none" spellCheck={false} {...props} />
    </Form.Item>
  );
}
