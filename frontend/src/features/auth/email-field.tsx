import { Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { emailRules } from './field-rules';

interface EmailFieldProps {
  autoComplete: 'username' | 'email';
  autoFocus?: boolean;
}

/** Where a form asks for an email address. Not an input of type `email`: the browser would rewrite international domains. */
export function EmailField(props: EmailFieldProps) {
  const { t } = useTranslation();
  return (
    <Form.Item
      name="email"
      label={t('fields.email')}
      rules={emailRules}
      normalize={(email: string) => email.trim()}
    >
      <Input inputMode="email" autoCapitalize="none" spellCheck={false} {...props} />
    </Form.Item>
  );
}
