import { Divider, Skeleton } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { paths, withNext } from '../../paths';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { EmailVerification } from './email-verification';
import { type Options, OptionsFailed, ProviderLinks, useSignInOptions } from './sign-in-options';
import { type Account, type Pending, SignUpForm } from './sign-up-form';
import { useNext } from './use-next';

export function SignUpPage() {
  const { t } = useTranslation();
  const [pending, setPending] = useState<Pending>();
  const [typed, setTyped] = useState<Partial<Account>>();
  const { options, failed, retry } = useSignInOptions();
  if (pending) {
    return (
      <EmailVerification
        {...pending}
        onLeave={() => {
          setTyped({ name: pending.name, ...pending.credentials });
          setPending(undefined);
        }}
      />
    );
  }
  return (
    <AuthLayout title={t('auth.signUp')}>
      {options ? (
        <WaysIn options={options} typed={typed} onPending={setPending} />
      ) : failed ? (
        <OptionsFailed onRetry={retry} />
      ) : (
        <Skeleton active title={false} paragraph={{ rows: 5 }} />
      )}
    </AuthLayout>
  );
}

interface WaysInProps {
  options: Options;
  typed: Partial<Account> | undefined;
  onPending: (pending: Pending) => void;
}

function WaysIn({ options: { authProviders, registration }, typed, onPending }: WaysInProps) {
  const { t } = useTranslation();
  const next = useNext();
  const toSignIn = (
    <p className={styles.switch}>
      {t('auth.haveAccount')} <Link to={withNext(paths.signIn, next)}>{t('auth.signIn')}</Link>
    </p>
  );
  if (registration.mode !== 'OPEN') {
    return (
      <>
        <p>{t(`auth.registration.${registration.mode}`)}</p>
        {toSignIn}
      </>
    );
  }
  return (
    <>
      <SignUpForm initial={typed} emailDomains={registration.emailDomains} onPending={onPending} />
      {authProviders.length > 0 && <Divider plain>{t('auth.or')}</Divider>}
      <ProviderLinks providers={authProviders} next={next} />
      {toSignIn}
    </>
  );
}
