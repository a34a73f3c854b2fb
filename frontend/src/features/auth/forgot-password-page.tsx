import { MailOutlined } from '@ant-design/icons';
import { Button, Form } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { paths } from '../../paths';
import { showViolations } from '../../ui/error-message';
import { DevelopmentMailsLink } from '../development-mails/development-mails-link';
import { readArrival } from './arrival';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { EmailField } from './email-field';
import { FailureNotice, useFailure } from './failure-notice';
import { RequestPasswordReset } from './request-password-reset';
import { ResendButton, useCoolDown } from './resend-button';

/** Has a link sent to choose a new password with. What it says is the same for every address. */
export function ForgotPasswordPage() {
  const [sentTo, setSentTo] = useState<string>();
  return sentTo === undefined ? <AskForMail onSent={setSentTo} /> : <MailSent email={sentTo} />;
}

function useRequest() {
  const [{ fetching }, requestPasswordReset] = useMutation(RequestPasswordReset);
  const failure = useFailure();
  return { fetching, failure, requestPasswordReset };
}

function AskForMail({ onSent }: { onSent: (email: string) => void }) {
  const { t } = useTranslation();
  const { state } = useLocation();
  const [form] = Form.useForm<{ email: string }>();
  const { fetching, failure, requestPasswordReset } = useRequest();

  async function submit(input: { email: string }) {
    failure.fail(undefined);
    const { error } = await requestPasswordReset({ input });
    if (!error) return onSent(input.email);
    const apiError = readApiError(error);
    if (!showViolations(form, apiError)) failure.fail(apiError);
  }

  return (
    <AuthLayout title={t('forgotPassword.title')} description={t('forgotPassword.description')}>
      <FailureNotice failure={failure} />
      <Form
        form={form}
        noValidate
        layout="vertical"
        initialValues={{ email: readArrival(state).email }}
        onFinish={submit}
        scrollToFirstError={{ focus: true }}
      >
        <EmailField autoComplete="username" autoFocus />
        <Button
          type="primary"
          htmlType="submit"
          block
          className={styles.submit}
          loading={fetching}
          disabled={failure.secondsLeft > 0}
        >
          {t('forgotPassword.send')}
        </Button>
      </Form>
      <BackToSignIn />
    </AuthLayout>
  );
}

function MailSent({ email }: { email: string }) {
  const { t } = useTranslation();
  const coolDown = useCoolDown();
  const { fetching, failure, requestPasswordReset } = useRequest();

  async function resend() {
    failure.fail(undefined);
    const { error } = await requestPasswordReset({ input: { email } });
    if (error) failure.fail(readApiError(error));
    else coolDown.start();
  }

  return (
    <AuthLayout sign={<MailOutlined />} title={t('forgotPassword.sent')}>
      <FailureNotice failure={failure} />
      <p className={styles.description}>{t('forgotPassword.sentText', { email })}</p>
      <ResendButton
        coolDown={coolDown}
        loading={fetching}
        disabled={failure.secondsLeft > 0}
        onClick={resend}
      />
      <BackToSignIn />
      <DevelopmentMailsLink />
    </AuthLayout>
  );
}

function BackToSignIn() {
  const { t } = useTranslation();
  return (
    <p className={styles.switch}>
      <Link to={paths.signIn}>{t('auth.backToSignIn')}</Link>
    </p>
  );
}
