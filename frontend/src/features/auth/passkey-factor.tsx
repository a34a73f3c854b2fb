import { KeyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import type { ApiError } from '../../graphql/api-error';
import { graphql } from '../../graphql/schema';
import { getPasskey, type PasskeyFailure, readPasskeyFailure } from '../../webauthn';
import styles from './auth-layout.module.css';
import { PasskeyNote, readRefusal } from './passkey-trouble';
import { usePasskeyPrompt } from './use-passkey-prompt';

const StartPasskeySecondFactor = graphql(`
  mutation StartPasskeySecondFactor($input: StartPasskeySecondFactorInput!) {
    startPasskeySecondFactor(input: $input) {
      challenge
      options
    }
  }
`);

interface PasskeyFactorProps {
  challenge: string;
  disabled: boolean;
  /** The server will not have the step begun. */
  onRefused: (error: ApiError) => void;
  /** Sends what the browser has shown; answers whether it was wrong. */
  onProof: (proof: { passkey: { challenge: string; credential: unknown } }) => Promise<boolean>;
  children: ReactNode;
}

/** A passkey as the second step. */
export function PasskeyFactor({ challenge, disabled, onRefused, onProof, children }: PasskeyFactorProps) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<PasskeyFailure>();
  const [, start] = useMutation(StartPasskeySecondFactor);
  const prompt = usePasskeyPrompt();

  async function show() {
    setTrouble(undefined);
    const signal = prompt.begin();
    const { data, error } = await start({ input: { challenge } });
    const refusal = error && readRefusal(error);
    if (refusal && 'passkey' in refusal) return setTrouble(refusal.passkey);
    if (refusal) return onRefused(refusal.error);
    if (!data) return;
    const { challenge: ofPasskey, options } = data.startPasskeySecondFactor;
    let credential: unknown;
    try {
      credential = await getPasskey(options, { signal });
    } catch (reason) {
      return setTrouble(readPasskeyFailure(reason));
    }
    const wrong = await onProof({ passkey: { challenge: ofPasskey, credential } });
    if (wrong) setTrouble('failed');
  }

  return (
    <>
      {children}
      <Button
        autoFocus
        type="primary"
        block
        icon={<KeyOutlined />}
        className={styles.submit}
        loading={busy}
        disabled={disabled}
        onClick={() => {
          setBusy(true);
          show().finally(() => setBusy(false));
        }}
      >
        {t('secondFactor.showPasskey')}
      </Button>
      <PasskeyNote failure={trouble} />
    </>
  );
}
