import { SafetyCertificateOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { type ReactNode, useEffect, useEffectEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useNavigate } from 'react-router';
import { useApi, useEnrollmentRequired } from '../../graphql/api-provider';
import { useViewer } from '../../graphql/browser-session';
import { useStanding } from '../../graphql/use-standing';
import { AuthLayout } from '../auth/auth-layout';
import { useNext } from '../auth/use-next';
import { useSignOut } from '../auth/use-sign-out';
import { PasskeySetup } from './passkey-setup';
import styles from './second-factor-required-page.module.css';
import { TotpSetup } from './totp-setup';

/** For those whose role needs a second factor and who have none: nothing else is open to them but to leave. */
export function SecondFactorRequiredPage() {
  const { t } = useTranslation();
  const { email } = useViewer();
  const next = useNext();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const { enrollmentGate } = useApi();
  const required = useEnrollmentRequired();
  const { lacksSecondFactor, refetch } = useStanding();
  // Whoever was here in need stays to the end: the first factor brings recovery codes, which show but once.
  const [needed, setNeeded] = useState(false);
  if (lacksSecondFactor && !needed) setNeeded(true);

  // Another tab or device may have set one up meanwhile, and no event tells of that here.
  const look = useEffectEvent(() => {
    if (lacksSecondFactor) refetch();
  });
  useEffect(() => {
    const onFocus = () => look();
    window.addEventListener('focus', onFocus);
    return () => window.removeEventListener('focus', onFocus);
  }, []);

  function goOn() {
    enrollmentGate.open();
    navigate(next, { replace: true });
  }

  if (lacksSecondFactor === false && !needed && !required) return <Navigate to={next} replace />;
  return (
    <AuthLayout
      sign={<SafetyCertificateOutlined />}
      title={t('secondFactor.required')}
      description={t('secondFactor.requiredText', { email })}
    >
      <div className={styles.ways}>
        <Way title={t('totp.title')} text={t('totp.what')}>
          <TotpSetup primary label={t('totp.setUp')} onDone={goOn} />
        </Way>
        <Way title={t('passkeys.title')} text={t('passkeys.what')}>
          <PasskeySetup onDone={goOn} />
        </Way>
      </div>
      {lacksSecondFactor === false && (
        <Button block type="primary" onClick={goOn}>
          {t('actions.continue')}
        </Button>
      )}
      <Button block type="text" onClick={signOut}>
        {t('auth.signOut')}
      </Button>
    </AuthLayout>
  );
}

function Way({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <section className={styles.way}>
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
    </section>
  );
}
