import { Button, Form, Input } from 'antd';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { showFieldErrors } from '../../ui/error-message';
import styles from './auth-layout.module.css';
import { requiredRule } from './field-rules';

interface RecoveryCodeFormProps {
  disabled: boolean;
  /** Sends the code; answers whether it was wrong. */
  onCode: (code: string) => Promise<boolean>;
  children: ReactNode;
}

/** For one of the codes that were noted down; how they are written is for the server to say. */
export function RecoveryCodeForm({ disabled, onCode, children }: RecoveryCodeFormProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ recoveryCode: string }>();
  const [busy, setBusy] = useState(false);

  async function send({ recoveryCode }: { recoveryCode: string }) {
    setBusy(true);
    const wrong = await onCode(recoveryCode.trim());
    setBusy(false);
    if (wrong) showFieldErrors(form, new Map([['recoveryCode', (t) => t('secondFactor.recoveryCodeWrong')]]));
  }

  return (
    <Form form={form} noValidate layout="vertical" onFinish={send} scrollToFirstError={{ focus: true }}>
      <Form.Item name="recoveryCode" label={t('secondFactor.recoveryCode')} rules={[requiredRule]}>
        <Input
          autoFocus
          autoComplete="off"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          maxLength={64}
          className={styles.recoveryCode}
        />
      </Form.Item>
      {children}
      <Button
        type="primary"
        htmlType="submit"
        block
        className={styles.submit}
        loading={busy}
        disabled={disabled}
      >
        {t('secondFactor.confirm')}
      </Button>
    </Form>
  );
}
