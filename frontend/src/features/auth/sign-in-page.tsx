import { Alert, Button, Divider, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { useMutation } from 'urql';
import { useTokenState } from '../../graphql/browser-session';
import { paths, withNext } from '../../paths';
import { acceptSignIn, type Credentials, SignIn } from './access';
import { type Arrival, readArrival } from './arrival';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { EmailField } from './email-field';
import { EmailVerification } from './email-verification';
import { FailureNotice, useFailure } from './failure-notice';
import { requiredRule } from './field-rules';
import { PasskeySignIn } from './passkey-sign-in';
import { useGoToSecondStep } from './second-step';
import { type Options, OptionsFailed, ProviderLinks, useSignInOptions } from './sign-in-options';
import { useNext } from './use-next';

export function SignInPage() {
  const { state } = useLocation();
  const [email, setEmail] = useState(readArrival(state).email);
  const [unverified, setUnverified] = useState<Credentials>();
  if (unverified) {
    return <EmailVerification credentials={unverified} onLeave={() => setUnverified(undefined)} />;
  }
  return (
    <SignInForm
      email={email}
      onUnverified={(credentials) => {
        setEmail(credentials.email);
        setUnverified(credentials);
      }}
    />
  );
}

interface SignInFormProps {
  email: string | undefined;
  onUnverified: (credentials: Credentials) => void;
}

function SignInForm({ email, onUnverified }: SignInFormProps) {
  const { t } = useTranslation();
  const next = useNext();
  const goToSecondStep = useGoToSecondStep();
  const [form] = Form.useForm<Credentials>();
  const typed: string | undefined = Form.useWatch('email', form);
  const [{ fetching }, signIn] = useMutation(SignIn);
  const failure = useFailure();
  const { options, failed, retry } = useSignInOptions();

  async function submit(input: Credentials) {
    failure.fail(undefined);
    const notYet = acceptSignIn(await signIn({ input }));
    if (!notYet) return;
    if ('challenge' in notYet) goToSecondStep(notYet.challenge);
    else if (notYet.error.code === 'EMAIL_NOT_VERIFIED') onUnverified(input);
    else failure.fail(notYet.error);
  }

  return (
    <AuthLayout title={t('auth.signIn')}>
      {failure.error ? <FailureNotice failure={failure} /> : <WhyHere />}
      <Form<Credentials>
        form={form}
        noValidate
        layout="vertical"
        initialValues={{ email }}
        onFinish={submit}
        // How long to wait is a matter of the address that was tried.
        onValuesChange={(changes) => 'email' in changes && failure.secondsLeft > 0 && failure.fail(undefined)}
        scrollToFirstError={{ focus: true }}
      >
        <EmailField autoComplete="username webauthn" autoFocus={email === undefined} />
        <Form.Item
          name="password"
          label={t('fields.password')}
          rules={[requiredRule]}
          extra={
            <Link to={paths.forgotPassword} state={{ email: typed } satisfies Arrival}>
              {t('auth.forgotPassword')}
            </Link>
          }
        >
          <Input.Password autoComplete="current-password" autoFocus={email !== undefined} />
        </Form.Item>
        <Button
          type="primary"
          htmlType="submit"
          block
          className={styles.submit}
          loading={fetching}
          disabled={failure.secondsLeft > 0}
        >
          {t('auth.signIn')}
        </Button>
      </Form>
      <PasskeySignIn failure={failure} />
      {/* Below everything that is there from the beginning: nothing moves when it arrives. */}
      {options && <OtherWays options={options} next={next} />}
      {failed && <OptionsFailed onRetry={retry} />}
    </AuthLayout>
  );
}

/** What has led to this page, when it was not the person's own wish. */
function WhyHere() {
  const { t } = useTranslation();
  const { state } = useLocation();
  const tokens = useTokenState();
  const { notice } = readArrival(state);
  const ended = tokens.status === 'signed-out' && tokens.reason === 'ended';
  if (!notice && !ended) return null;
  return (
    <Alert
      className={styles.notice}
      type={notice && notice !== 'CHALLENGE_EXPIRED' ? 'success' : 'warning'}
      showIcon
      role="alert"
      title={notice ? t(`auth.notice.${notice}`) : t('auth.sessionEnded')}
    />
  );
}

function OtherWays({ options: { authProviders, registration }, next }: { options: Options; next: string }) {
  const { t } = useTranslation();
  return (
    <>
      {authProviders.length > 0 && (
        <>
          <Divider plain>{t('auth.or')}</Divider>
          <ProviderLinks providers={authProviders} next={next} />
        </>
      )}
      {registration.mode === 'OPEN' && (
        <p className={styles.switch}>
          {t('auth.noAccount')} <Link to={withNext(paths.signUp, next)}>{t('auth.signUp')}</Link>
        </p>
      )}
      {registration.mode === 'INVITE' && <p className={styles.switch}>{t('auth.byInvitation')}</p>}
    </>
  );
}
