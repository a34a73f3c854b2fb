import { KeyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { canUsePasskeys, type PasskeyFailure } from '../../webauthn';
import styles from './auth-layout.module.css';
import type { FormFailure } from './failure-notice';
import { PasskeyNote } from './passkey-trouble';
import { usePasskeySignIn } from './use-passkey-sign-in';

/** Below the form: the way in for those who have a passkey. The notice above the form tells of what the server refuses. */
export function PasskeySignIn({ failure }: { failure: FormFailure }) {
  const { t } = useTranslation();
  const [trouble, setTrouble] = useState<PasskeyFailure>();
  const { asking, ask } = usePasskeySignIn((trouble) => {
    setTrouble(trouble && 'passkey' in trouble ? trouble.passkey : undefined);
    failure.fail(trouble && 'error' in trouble ? trouble.error : undefined);
  });
  if (!canUsePasskeys()) return null;
  return (
    <>
      <Button
        block
        icon={<KeyOutlined />}
        className={styles.passkey}
        loading={asking}
        disabled={failure.secondsLeft > 0}
        onClick={ask}
      >
        {t('auth.withPasskey')}
      </Button>
      <PasskeyNote failure={trouble} />
    </>
  );
}
