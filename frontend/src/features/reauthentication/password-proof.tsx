import { Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../../graphql/api-error';
import { useViewer } from '../../graphql/browser-session';
import { showFieldErrors } from '../../ui/error-message';
import { FormFailure } from '../../ui/form-failure';
import { requiredRule } from '../auth/field-rules';
import { useReauthenticate } from './reauthenticate';

export function PasswordProof({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const { email } = useViewer();
  const [form] = Form.useForm<{ password: string }>();
  const { fetching, show } = useReauthenticate();
  const [failure, setFailure] = useState<ApiError>();

  async function submit({ password }: { password: string }) {
    setFailure(undefined);
    const error = await show({ password });
    if (!error) onDone();
    else if (error.code === 'INVALID_CREDENTIALS')
      showFieldErrors(form, new Map([['password', (t) => t('errors.rule.MISMATCH')]]));
    else setFailure(error);
  }

  return (
    <Form form={form} noValidate layout="vertical" onFinish={submit} scrollToFirstError={{ focus: true }}>
      <FormFailure error={failure} />
      {/* Tells password managers whose password this is. */}
      <input type="email" autoComplete="username" value={email} readOnly hidden />
      <Form.Item name="password" label={t('fields.password')} rules={[requiredRule]}>
        <Input.Password autoComplete="current-password" autoFocus />
      </Form.Item>
      <Button type="primary" htmlType="submit" block loading={fetching}>
        {t('actions.confirm')}
      </Button>
    </Form>
  );
}
