import { CheckCircleFilled, MinusCircleOutlined } from '@ant-design/icons';
import { Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import styles from './auth-layout.module.css';
import { newPasswordRules } from './field-rules';
import { charactersOf, passwordLength } from './password-rules';

interface NewPasswordFieldProps {
  name: 'password' | 'newPassword';
  autoFocus?: boolean;
}

/** Where a form asks for a new password, with its rules as they are met. */
export function NewPasswordField({ name, autoFocus }: NewPasswordFieldProps) {
  const { t } = useTranslation();
  return (
    <Form.Item
      name={name}
      label={t(`fields.${name}`)}
      rules={newPasswordRules}
      extra={<PasswordRules name={name} />}
    >
      <Input.Password autoComplete="new-password" autoFocus={autoFocus} />
    </Form.Item>
  );
}

function PasswordRules({ name }: { name: string }) {
  const { t } = useTranslation();
  const password: string = Form.useWatch(name) ?? '';
  const count = charactersOf(password);
  const { min, max } = passwordLength;
  const met = count >= min && count <= max;
  return (
    <ul className={styles.rules}>
      <li data-met={met}>
        {met ? <CheckCircleFilled aria-hidden /> : <MinusCircleOutlined aria-hidden />}
        {t('auth.passwordLength', { min, max, count })}
        <span className="visually-hidden">{t(met ? 'auth.ruleMet' : 'auth.ruleNotMet')}</span>
      </li>
      {/* Only the server can judge this one. */}
      <li>
        <MinusCircleOutlined aria-hidden />
        {t('auth.passwordStrength')}
      </li>
    </ul>
  );
}
