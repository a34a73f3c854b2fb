import { Button, Form, Input } from 'antd';
import { type ReactNode, useRef, useState } from 'react';
import { showFieldErrors } from '../../ui/error-message';
import { Said } from '../../ui/said';
import styles from './auth-layout.module.css';
import { codeLength, digitsOf } from './code';
import { requiredRule } from './field-rules';

interface CodeFormProps {
  label: string;
  action: string;
  disabled: boolean;
  /** Sends the code; answers whether it was wrong. */
  onCode: (code: string) => Promise<boolean>;
  /** Between the field and the button. */
  children?: ReactNode;
}

const tooFew = <Said say={(t) => t('auth.codeIncomplete', { count: codeLength })} />;

/** A field for six digits, typed, pasted or filled in by the browser; the sixth one sends them. */
export function CodeForm({ label, action, disabled, onCode, children }: CodeFormProps) {
  const [form] = Form.useForm<{ code: string }>();
  const [busy, setBusy] = useState(false);
  // Enter may follow upon the sixth digit before anything has rendered.
  const sending = useRef(false);

  async function send({ code }: { code: string }) {
    if (sending.current) return;
    sending.current = true;
    setBusy(true);
    const wrong = await onCode(code);
    sending.current = false;
    setBusy(false);
    if (!wrong) return;
    form.setFieldsValue({ code: '' });
    showFieldErrors(form, new Map([['code', (t) => t('auth.codeWrong')]]));
  }

  return (
    <Form
      form={form}
      noValidate
      layout="vertical"
      onFinish={send}
      onValuesChange={({ code = '' }) => code.length === codeLength && !disabled && form.submit()}
      scrollToFirstError={{ focus: true }}
    >
      <Form.Item
        name="code"
        label={label}
        getValueFromEvent={(event) => digitsOf(event.target.value)}
        validateTrigger="onSubmit"
        rules={[requiredRule, { len: codeLength, message: tooFew }]}
      >
        <Input inputMode="numeric" autoComplete="one-time-code" autoFocus className={styles.code} />
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
        {action}
      </Button>
    </Form>
  );
}
