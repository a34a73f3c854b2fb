import { Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { graphql } from '../../graphql/schema';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { showViolations } from '../../ui/error-message';
import { FormFailure } from '../../ui/form-failure';
import { canUsePasskeys, createPasskey, type PasskeyFailure, readPasskeyFailure } from '../../webauthn';
import { nameRules } from '../auth/field-rules';
import { usePasskeyPrompt } from '../auth/use-passkey-prompt';
import { suggestPasskeyName } from './passkey-name';
import { PasskeyTrouble } from './passkey-trouble';
import { RecoveryCodes } from './recovery-codes';
import { FactorOwnerFields } from './second-factor-fields';

const StartPasskeyRegistration = graphql(`
  mutation StartPasskeyRegistration {
    startPasskeyRegistration {
      challenge
      options
    }
  }
`);

const FinishPasskeyRegistration = graphql(
  `
    mutation FinishPasskeyRegistration($input: FinishPasskeyRegistrationInput!) {
      finishPasskeyRegistration(input: $input) {
        recoveryCodes
        user {
          ...FactorOwnerFields
        }
      }
    }
  `,
  [FactorOwnerFields],
);

interface PasskeySetupProps {
  primary?: boolean;
  /** The passkey is added, and recovery codes that came with it are stored. */
  onDone?: () => void;
}

/** Adds a passkey of this device, of a phone beside it, or of a security key. */
export function PasskeySetup({ primary, onDone }: PasskeySetupProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>();
  const prompt = usePasskeyPrompt();

  function begin() {
    setCodes(undefined);
    setOpen(true);
  }

  function giveUp() {
    prompt.stop();
    setOpen(false);
  }

  function added(recoveryCodes: readonly string[] | null) {
    setCodes(recoveryCodes);
    // Codes are shown this once, whatever has become of the dialog meanwhile.
    setOpen(recoveryCodes !== null);
  }

  function closed() {
    if (codes !== undefined) onDone?.();
    setCodes(undefined);
  }

  return (
    <>
      <Button type={primary ? 'primary' : 'default'} disabled={!canUsePasskeys()} onClick={begin}>
        {t('passkeys.add')}
      </Button>
      <Dialog
        title={t(codes ? 'recoveryCodes.title' : 'passkeys.addTitle')}
        open={open}
        onClose={codes ? undefined : giveUp}
        afterClose={closed}
      >
        {codes ? (
          <RecoveryCodes codes={codes} onStored={() => setOpen(false)} />
        ) : (
          <Registration begin={prompt.begin} onAdded={added} onCancel={giveUp} />
        )}
      </Dialog>
    </>
  );
}

interface RegistrationProps {
  /** Before the browser asks for a passkey: answers what takes the question back. */
  begin: () => AbortSignal;
  onAdded: (recoveryCodes: readonly string[] | null) => void;
  onCancel: () => void;
}

function Registration({ begin, onAdded, onCancel }: RegistrationProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ name: string }>();
  const [, start] = useMutation(StartPasskeyRegistration);
  const [, finish] = useMutation(FinishPasskeyRegistration);
  // The browser's question can be given up; what is on its way to the server cannot.
  const [step, setStep] = useState<'idle' | 'sending' | 'asking'>('idle');
  const [failure, setFailure] = useState<ApiError>();
  const [trouble, setTrouble] = useState<PasskeyFailure>();

  async function register({ name }: { name: string }) {
    const signal = begin();
    const started = await start({});
    if (started.error) return setFailure(readApiError(started.error));
    if (!started.data) return;
    const { challenge, options } = started.data.startPasskeyRegistration;
    let credential: unknown;
    setStep('asking');
    try {
      credential = await createPasskey(options, { signal });
    } catch (reason) {
      return setTrouble(readPasskeyFailure(reason));
    }
    setStep('sending');
    const { data, error } = await finish({ input: { challenge, credential, name } });
    if (data) return onAdded(data.finishPasskeyRegistration.recoveryCodes);
    const apiError = error && readApiError(error);
    if (apiError && !showViolations(form, apiError)) setFailure(apiError);
  }

  function submit(input: { name: string }) {
    setStep('sending');
    setFailure(undefined);
    setTrouble(undefined);
    register(input).finally(() => setStep('idle'));
  }

  return (
    <Form
      form={form}
      noValidate
      layout="vertical"
      initialValues={{ name: suggestPasskeyName(navigator.userAgent) }}
      onFinish={submit}
      scrollToFirstError={{ focus: true }}
    >
      <FormFailure error={failure} words={{ CONFLICT: t('passkeys.refused') }} />
      {trouble && <PasskeyTrouble trouble={trouble} />}
      <Form.Item name="name" label={t('passkeys.name')} rules={nameRules} extra={t('passkeys.nameHint')}>
        <Input autoFocus />
      </Form.Item>
      <DialogButtons
        onCancel={onCancel}
        action={t('passkeys.continue')}
        loading={step !== 'idle'}
        stoppable={step === 'asking'}
      />
    </Form>
  );
}
