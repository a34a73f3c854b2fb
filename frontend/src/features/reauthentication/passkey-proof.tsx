import { KeyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import type { ApiError } from '../../graphql/api-error';
import { graphql } from '../../graphql/schema';
import { FormFailure } from '../../ui/form-failure';
import { getPasskey, type PasskeyFailure, readPasskeyFailure } from '../../webauthn';
import { readRefusal } from '../auth/passkey-trouble';
import { usePasskeyPrompt } from '../auth/use-passkey-prompt';
import { PasskeyTrouble } from '../second-factors/passkey-trouble';
import { useReauthenticate } from './reauthenticate';

const StartPasskeyReauthentication = graphql(`
  mutation StartPasskeyReauthentication {
    startPasskeyReauthentication {
      challenge
      options
    }
  }
`);

export function PasskeyProof({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const [, start] = useMutation(StartPasskeyReauthentication);
  const { show } = useReauthenticate();
  const prompt = usePasskeyPrompt();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError>();
  const [noPasskey, setNoPasskey] = useState<PasskeyFailure>();

  async function prove(): Promise<ApiError | undefined> {
    const signal = prompt.begin();
    const { data, error } = await start({});
    const refusal = error && readRefusal(error);
    if (refusal && 'passkey' in refusal) setNoPasskey(refusal.passkey);
    else if (refusal) return refusal.error;
    if (!data) return undefined;
    const { challenge, options } = data.startPasskeyReauthentication;
    try {
      const error = await show({ passkey: { challenge, credential: await getPasskey(options, { signal }) } });
      if (!error) onDone();
      return error;
    } catch (reason) {
      setNoPasskey(readPasskeyFailure(reason));
      return undefined;
    }
  }

  async function submit() {
    setBusy(true);
    setNoPasskey(undefined);
    setFailure(undefined);
    setFailure(await prove());
    setBusy(false);
  }

  return (
    <>
      <FormFailure error={failure} />
      {noPasskey && <PasskeyTrouble trouble={noPasskey} />}
      <Button
        type="primary"
        block
        autoFocus
        icon={<KeyOutlined aria-hidden />}
        loading={busy}
        onClick={submit}
      >
        {t('reauthentication.usePasskey')}
      </Button>
    </>
  );
}
