import { Alert, App, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { useViewer } from '../../graphql/browser-session';
import { graphql, type VariablesOf } from '../../graphql/schema';
import { describeError, showViolations } from '../../ui/error-message';
import { newPasswordRules, requiredRule } from '../auth/field-rules';
import styles from './profile-page.module.css';

const ChangePassword = graphql(`
  mutation ChangePassword($input: ChangePasswordInput!) {
    changePassword(input: $input) {
      id
    }
  }
`);

type Passwords = VariablesOf<typeof ChangePassword>['input'];

export function PasswordForm() {
  const { t } = useTranslation();
  const { email } = useViewer();
  const { message } = App.useApp();
  const [form] = Form.useForm<Passwords>();
  const [{ fetching }, changePassword] = useMutation(ChangePassword);
  const [changed, setChanged] = useState(false);

  async function submit(input: Passwords) {
    setChanged(false);
    const { error } = await changePassword({ input });
    if (error) {
      const apiError = readApiError(error);
      if (!showViolations(form, apiError)) message.error(describeError(apiError, t));
    } else {
      form.resetFields();
      setChanged(true);
    }
  }

  return (
    <>
      {changed && (
        <Alert
          className={styles.notice}
          type="success"
          showIcon
          role="status"
          title={t('profile.passwordChanged')}
        />
      )}
      <Form<Passwords>
        form={form}
        noValidate
        layout="vertical"
        onFinish={submit}
        className={styles.form}
        scrollToFirstError={{ focus: true }}
      >
        {/* Tells password managers whose password this is. */}
        <input type="email" autoComplete="username" value={email} readOnly hidden />
        <Form.Item name="currentPassword" label={t('fields.currentPassword')} rules={[requiredRule]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Form.Item
          name="newPassword"
          label={t('fields.newPassword')}
          rules={newPasswordRules}
          extra={t('fields.passwordHint')}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item>
          <Button type="primary" htmlType="submit" loading={fetching}>
            {t('profile.changePassword')}
          </Button>
        </Form.Item>
      </Form>
    </>
  );
}
