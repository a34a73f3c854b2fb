import { App, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { useViewer } from '../../graphql/browser-session';
import { graphql } from '../../graphql/schema';
import { DialogButtons } from '../../ui/dialog';
import { showViolations } from '../../ui/error-message';
import { FormFailure } from '../../ui/form-failure';
import { requiredRule } from '../auth/field-rules';
import styles from './deletion-form.module.css';

const DeleteMyAccount = graphql(`
  mutation DeleteMyAccount($input: DeleteMyAccountInput!) {
    deleteMyAccount(input: $input) {
      id
      deletionScheduledAt
    }
  }
`);

interface DeletionFormProps {
  hasPassword: boolean;
  onDone: () => void;
}

/** Says what goes, and when, before it asks for the password. */
export function DeletionForm({ hasPassword, onDone }: DeletionFormProps) {
  const { t } = useTranslation();
  const { email } = useViewer();
  const { message } = App.useApp();
  const [form] = Form.useForm<{ password?: string }>();
  const [{ fetching }, deleteMyAccount] = useMutation(DeleteMyAccount);
  const [failure, setFailure] = useState<ApiError>();

  async function submit(input: { password?: string }) {
    setFailure(undefined);
    const { error } = await deleteMyAccount({ input });
    if (!error) {
      message.success(t('myData.deletion.done'));
      return onDone();
    }
    const apiError = readApiError(error);
    if (!showViolations(form, apiError)) setFailure(apiError);
  }

  return (
    <Form form={form} noValidate layout="vertical" onFinish={submit} scrollToFirstError={{ focus: true }}>
      <FormFailure error={failure} words={{ CONFLICT: t('myData.deletion.lastAdmin') }} />
      <p className={styles.intro}>{t('myData.deletion.erased')}</p>
      <ul className={styles.list}>
        <li>{t('myData.deletion.what.account')}</li>
        <li>{t('myData.deletion.what.access')}</li>
        <li>{t('myData.deletion.what.record')}</li>
      </ul>
      <p className={styles.grace}>{t('myData.deletion.grace')}</p>
      {hasPassword && (
        <>
          {/* Tells password managers whose password this is. */}
          <input type="email" autoComplete="username" value={email} readOnly hidden />
          <Form.Item name="password" label={t('fields.password')} rules={[requiredRule]}>
            <Input.Password autoComplete="current-password" autoFocus />
          </Form.Item>
        </>
      )}
      <DialogButtons danger onCancel={onDone} action={t('myData.deletion.delete')} loading={fetching} />
    </Form>
  );
}
