import { App, Button, Form, InputNumber, Select } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { graphql, type VariablesOf } from '../../graphql/schema';
import { mailLocale, mailLocales } from '../../i18n';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { showFieldErrors, showViolations } from '../../ui/error-message';
import { FormFailure } from '../../ui/form-failure';
import { EmailField } from '../auth/email-field';
import { requiredRule } from '../auth/field-rules';
import { roles } from '../users/users-search';
import { InvitationFields } from './invitation-fields';

const InviteUserMutation = graphql(
  `
    mutation InviteUser($input: InviteUserInput!) {
      inviteUser(input: $input) {
        ...InvitationFields
      }
    }
  `,
  [InvitationFields],
);

type Draft = Required<VariablesOf<typeof InviteUserMutation>['input']>;

export function InviteUser() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button type="primary" onClick={() => setOpen(true)}>
        {t('invitations.invite')}
      </Button>
      <Dialog title={t('invitations.inviteTitle')} open={open} onClose={() => setOpen(false)}>
        <InvitationForm onDone={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function InvitationForm({ onDone }: { onDone: () => void }) {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<Draft>();
  const [{ fetching }, inviteUser] = useMutation(InviteUserMutation);
  const [failure, setFailure] = useState<ApiError>();

  async function submit(input: Draft) {
    setFailure(undefined);
    const { error } = await inviteUser({ input });
    if (!error) {
      message.success(t('invitations.sent', { email: input.email }));
      return onDone();
    }
    const apiError = readApiError(error);
    if (apiError.code === 'CONFLICT')
      showFieldErrors(form, new Map([['email', (t) => t('invitations.taken')]]));
    else if (!showViolations(form, apiError)) setFailure(apiError);
  }

  return (
    <Form<Draft>
      form={form}
      noValidate
      layout="vertical"
      initialValues={{ role: 'USER', locale: mailLocale(i18n.language), expiresInDays: 7 }}
      onFinish={submit}
      scrollToFirstError={{ focus: true }}
    >
      <FormFailure error={failure} words={{ REGISTRATION_CLOSED: t('invitations.closed') }} />
      <EmailField autoComplete="off" autoFocus extra={t('invitations.emailHint')} />
      <Form.Item name="role" label={t('fields.role')}>
        <Select options={roles.map((value) => ({ value, label: t(`users.role.${value}`) }))} />
      </Form.Item>
      <Form.Item name="locale" label={t('invitations.locale')}>
        <Select options={mailLocales.map((value) => ({ value, label: t(`fields.mailLocale.${value}`) }))} />
      </Form.Item>
      <Form.Item name="expiresInDays" label={t('invitations.days')} rules={[requiredRule]}>
        <InputNumber min={1} max={30} precision={0} />
      </Form.Item>
      <DialogButtons onCancel={onDone} action={t('invitations.send')} loading={fetching} />
    </Form>
  );
}
