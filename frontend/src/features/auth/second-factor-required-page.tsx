import { SafetyCertificateOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { Navigate } from 'react-router';
import { useViewer } from '../../graphql/browser-session';
import { useStanding } from '../../graphql/use-standing';
import { paths } from '../../paths';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { GoTo } from './go-to';
import { useNext } from './use-next';
import { useSignOut } from './use-sign-out';

/** For those whose role needs a second factor: the security page, which sets one up, is the only way on. */
export function SecondFactorRequiredPage() {
  const { t } = useTranslation();
  const { email } = useViewer();
  const next = useNext();
  const signOut = useSignOut();
  const { lacksSecondFactor } = useStanding();
  if (lacksSecondFactor === false) return <Navigate to={next} replace />;
  return (
    <AuthLayout
      sign={<SafetyCertificateOutlined />}
      title={t('secondFactor.required')}
      description={t('secondFactor.requiredText', { email })}
    >
      <div className={styles.steps}>
        <GoTo to={paths.security}>{t('secondFactor.setUp')}</GoTo>
        <Button block onClick={signOut}>
          {t('auth.signOut')}
        </Button>
      </div>
    </AuthLayout>
  );
}
