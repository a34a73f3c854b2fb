import { Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { graphql } from '../../graphql/schema';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { showViolations } from '../../ui/error-message';
import { FormFailure } from '../../ui/form-failure';
import { nameRules } from '../auth/field-rules';
import type { Passkey } from './second-factor-fields';

const RenamePasskeyMutation = graphql(`
  mutation RenamePasskey($input: RenamePasskeyInput!) {
    renamePasskey(input: $input) {
      id
      name
    }
  }
`);

interface NameFormProps {
  passkey: Passkey;
  onDone: () => void;
}

export function RenamePasskey({ passkey }: { passkey: Passkey }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const { name } = passkey;
  return (
    <>
      <Button size="small" aria-label={t('passkeys.renameOf', { name })} onClick={() => setOpen(true)}>
        {t('actions.rename')}
      </Button>
      <Dialog title={t('passkeys.renameTitle')} open={open} onClose={() => setOpen(false)}>
        <NameForm passkey={passkey} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function NameForm({ passkey: { id, name }, onDone }: NameFormProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ name: string }>();
  const [{ fetching }, rename] = useMutation(RenamePasskeyMutation);
  const [failure, setFailure] = useState<ApiError>();

  async function submit(input: { name: string }) {
    setFailure(undefined);
    const { error } = await rename({ input: { passkeyId: id, ...input } });
    if (!error) return onDone();
    const apiError = readApiError(error);
    if (!showViolations(form, apiError)) setFailure(apiError);
  }

  return (
    <Form
      form={form}
      noValidate
      layout="vertical"
      initialValues={{ name }}
      onFinish={submit}
      scrollToFirstError={{ focus: true }}
    >
      <FormFailure error={failure} />
      <Form.Item name="name" label={t('passkeys.name')} rules={nameRules}>
        <Input autoFocus />
      </Form.Item>
      <DialogButtons onCancel={onDone} action={t('actions.save')} loading={fetching} />
    </Form>
  );
}
