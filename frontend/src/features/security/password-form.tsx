import { Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { useViewer } from '../../graphql/browser-session';
import { graphql, type VariablesOf } from '../../graphql/schema';
import { DialogButtons } from '../../ui/dialog';
import { showViolations } from '../../ui/error-message';
import { FormFailure } from '../../ui/form-failure';
import { requiredRule } from '../auth/field-rules';
import { NewPasswordField } from '../auth/new-password-field';

const ChangePasswordMutation = graphql(`
  mutation ChangePassword($input: ChangePasswordInput!) {
    changePassword(input: $input) {
      id
    }
  }
`);

type Passwords = VariablesOf<typeof ChangePasswordMutation>['input'];

interface PasswordFormProps {
  onChanged: () => void;
  onCancel: () => void;
}

export function PasswordForm({ onChanged, onCancel }: PasswordFormProps) {
  const { t } = useTranslation();
  const { email } = useViewer();
  const [form] = Form.useForm<Passwords>();
  const [{ fetching }, changePassword] = useMutation(ChangePasswordMutation);
  const [failure, setFailure] = useState<ApiError>();

  async function submit(input: Passwords) {
    setFailure(undefined);
    const { error } = await changePassword({ input });
    if (!error) return onChanged();
    const apiError = readApiError(error);
    if (!showViolations(form, apiError)) setFailure(apiError);
  }

  return (
    <Form<Passwords>
      form={form}
      noValidate
      layout="vertical"
      onFinish={submit}
      scrollToFirstError={{ focus: true }}
    >
      <FormFailure error={failure} />
      {/* Tells password managers whose password this is. */}
      <input type="email" autoComplete="username" value={email} readOnly hidden />
      <Form.Item name="currentPassword" label={t('fields.currentPassword')} rules={[requiredRule]}>
        <Input.Password autoComplete="current-password" autoFocus />
      </Form.Item>
      <NewPasswordField name="newPassword" />
      <DialogButtons onCancel={onCancel} action={t('security.changePassword')} loading={fetching} />
    </Form>
  );
}
