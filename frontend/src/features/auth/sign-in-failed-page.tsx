import { WarningOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useTokenState } from '../../graphql/browser-session';
import { providerAddress } from '../../graphql/endpoint';
import { paths, withNext } from '../../paths';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { GoTo } from './go-to';
import { readFailure } from './sign-in-failure';
import { useSignInOptions } from './sign-in-options';
import { useNext } from './use-next';

/** Where an identity provider's answer leads that lets nobody in: what has happened, and the ways on. */
export function SignInFailedPage() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const next = useNext();
  const signedIn = useTokenState().status === 'signed-in';
  const { options } = useSignInOptions();
  const { reason, provider: id, isPassing, fromSecurity } = readFailure(params, next);
  // Only the server's own names: an address may say anything.
  const known = options?.authProviders.find((provider) => provider.id === id);
  const provider = known?.label ?? t('signInFailed.provider');

  return (
    <AuthLayout
      sign={<WarningOutlined />}
      title={t(`signInFailed.reason.${reason}.title`)}
      description={t(`signInFailed.reason.${reason}.text`, { provider })}
    >
      <div className={styles.steps}>
        {fromSecurity && signedIn ? (
          <GoTo to={next}>{t('signInFailed.toSecurity')}</GoTo>
        ) : (
          <>
            {isPassing && known && (
              <Button block type="primary" href={providerAddress(known.id, next)}>
                {t('signInFailed.again', { provider })}
              </Button>
            )}
            {signedIn ? (
              <GoTo to={paths.home} secondary={isPassing && known !== undefined}>
                {t('actions.home')}
              </GoTo>
            ) : (
              <GoTo to={withNext(paths.signIn, next)} secondary={isPassing && known !== undefined}>
                {t('signInFailed.otherwise')}
              </GoTo>
            )}
          </>
        )}
      </div>
    </AuthLayout>
  );
}
