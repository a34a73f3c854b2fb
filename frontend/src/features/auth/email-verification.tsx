import { Alert, Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { session } from '../../graphql/browser-session';
import { GrantFields } from '../../graphql/grant';
import { graphql } from '../../graphql/schema';
import { DevelopmentMailsLink } from '../development-mails/development-mails-link';
import { acceptSignIn, type Credentials, SignIn } from './access';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { CodeForm } from './code-form';
import { FailureNotice, useFailure } from './failure-notice';
import { ResendButton, useCoolDown } from './resend-button';
import { ResendEmailVerification, type Verification } from './resend-email-verification';
import { useGoToSecondStep } from './second-step';

const VerifyEmailByCode = graphql(
  `
    mutation VerifyEmailByCode($input: VerifyEmailInput!) {
      verifyEmail(input: $input) {
        __typename
        ...GrantFields
      }
    }
  `,
  [GrantFields],
);

interface EmailVerificationProps {
  /** What the account was signed up with, or somebody tried to sign in with: kept in memory alone. */
  credentials: Credentials;
  /** What comes with the mail of a sign-up; the mail of a sign-in has a link for this page, and no code. */
  verification?: Verification;
  onLeave: () => void;
}

/** A mail is on its way to the address of an account, which can be used once its link was opened or its code typed here. */
export function EmailVerification({ credentials, verification: first, onLeave }: EmailVerificationProps) {
  const { t } = useTranslation();
  const { email } = credentials;
  const failure = useFailure();
  const coolDown = useCoolDown();
  const goToSecondStep = useGoToSecondStep();
  const [verification, setVerification] = useState(first);
  const [word, setWord] = useState<'RESENT' | 'NOT_YET' | 'CODE_OVER'>();
  const [, verifyEmail] = useMutation(VerifyEmailByCode);
  const [{ fetching: resending }, resendMail] = useMutation(ResendEmailVerification);
  const [{ fetching: signingIn }, signIn] = useMutation(SignIn);

  function begin() {
    failure.fail(undefined);
    setWord(undefined);
  }

  /** Answers whether the code is wrong. */
  async function sendCode(code: string): Promise<boolean> {
    begin();
    const challenge = verification?.challenge;
    const { data, error } = await verifyEmail({ input: { challenge, code } });
    if (data?.verifyEmail.__typename === 'SignedIn') session.signIn(data.verifyEmail);
    if (!error) return false;
    const apiError = readApiError(error);
    if (apiError.code === 'INVALID_CODE') return true;
    if (apiError.code === 'INVALID_TOKEN') {
      setVerification(undefined);
      setWord('CODE_OVER');
    } else failure.fail(apiError);
    return false;
  }

  async function resend() {
    begin();
    const { data, error } = await resendMail({ input: { email } });
    if (error) return failure.fail(readApiError(error));
    setVerification(data?.resendEmailVerification);
    setWord('RESENT');
    coolDown.start();
  }

  /** Whoever opened the link, here or on another device, is let in with what they have entered before. */
  async function goOn() {
    begin();
    const notYet = acceptSignIn(await signIn({ input: credentials }));
    if (!notYet) return;
    if ('challenge' in notYet) goToSecondStep(notYet.challenge);
    else if (notYet.error.code === 'EMAIL_NOT_VERIFIED') {
      // The server has sent another mail, and what came with the earlier one is of no use any more.
      setVerification(undefined);
      setWord('NOT_YET');
      coolDown.start();
    } else failure.fail(notYet.error);
  }

  const waiting = failure.secondsLeft > 0;
  return (
    <AuthLayout
      title={t('verification.title')}
      description={t(verification ? 'verification.linkOrCode' : 'verification.link', { email })}
    >
      <FailureNotice failure={failure} />
      {word && (
        <Alert
          className={styles.notice}
          type={word === 'RESENT' ? 'success' : 'warning'}
          showIcon
          role="status"
          title={t(`verification.${word}`)}
        />
      )}
      {verification && (
        <CodeForm
          key={verification.challenge}
          label={t('verification.code')}
          action={t('verification.confirm')}
          disabled={waiting}
          onCode={sendCode}
        />
      )}
      <div className={styles.steps}>
        <Button
          block
          type={verification ? 'default' : 'primary'}
          loading={signingIn}
          disabled={waiting}
          onClick={goOn}
        >
          {t('verification.opened')}
        </Button>
        <ResendButton coolDown={coolDown} loading={resending} disabled={waiting} onClick={resend} />
      </div>
      <p className={styles.switch}>
        <Button type="link" className={styles.inline} onClick={onLeave}>
          {t('verification.otherAddress')}
        </Button>
      </p>
      <DevelopmentMailsLink />
    </AuthLayout>
  );
}
