import { MailOutlined } from '@ant-design/icons';
import { Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { graphql } from '../../graphql/schema';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { showFieldErrors, showViolations } from '../../ui/error-message';
import { FormFailure } from '../../ui/form-failure';
import { State } from '../../ui/states';
import { emailRules } from '../auth/field-rules';

const RequestEmailChange = graphql(`
  mutation RequestEmailChange($input: RequestEmailChangeInput!) {
    requestEmailChange(input: $input)
  }
`);

export function ChangeEmail({ current }: { current: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [sentTo, setSentTo] = useState<string>();
  return (
    <>
      <Button size="small" aria-label={t('security.changeEmail')} onClick={() => setOpen(true)}>
        {t('actions.change')}
      </Button>
      <Dialog
        title={t('security.changeEmail')}
        open={open}
        onClose={() => setOpen(false)}
        afterClose={() => setSentTo(undefined)}
      >
        {sentTo === undefined ? (
          <AddressForm current={current} onSent={setSentTo} onCancel={() => setOpen(false)} />
        ) : (
          <div role="status">
            <State
              sign={<MailOutlined />}
              title={t('security.linkSent')}
              text={t('security.linkSentText', { email: sentTo, current })}
            >
              <Button autoFocus type="primary" onClick={() => setOpen(false)}>
                {t('actions.done')}
              </Button>
            </State>
          </div>
        )}
      </Dialog>
    </>
  );
}

interface AddressFormProps {
  current: string;
  onSent: (email: string) => void;
  onCancel: () => void;
}

function AddressForm({ current, onSent, onCancel }: AddressFormProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ newEmail: string }>();
  const [{ fetching }, requestEmailChange] = useMutation(RequestEmailChange);
  const [failure, setFailure] = useState<ApiError>();

  async function submit(input: { newEmail: string }) {
    setFailure(undefined);
    const { error } = await requestEmailChange({ input });
    if (!error) return onSent(input.newEmail);
    const apiError = readApiError(error);
    if (apiError.code === 'CONFLICT')
      showFieldErrors(form, new Map([['newEmail', (t) => t('auth.emailTaken')]]));
    else if (!showViolations(form, apiError)) setFailure(apiError);
  }

  return (
    <Form form={form} noValidate layout="vertical" onFinish={submit} scrollToFirstError={{ focus: true }}>
      <FormFailure error={failure} />
      <Form.Item
        name="newEmail"
        label={t('security.newEmail')}
        rules={emailRules}
        normalize={(email: string) => email.trim()}
        extra={t('security.newEmailHint', { current })}
      >
        <Input inputMode="email" autoCapitalize="none" spellCheck={false} autoComplete="email" autoFocus />
      </Form.Item>
      <DialogButtons onCancel={onCancel} action={t('security.sendLink')} loading={fetching} />
    </Form>
  );
}
