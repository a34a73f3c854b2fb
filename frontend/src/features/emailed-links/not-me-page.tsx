import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { paths } from '../../paths';
import { AuthLayout } from '../auth/auth-layout';
import styles from '../auth/auth-layout.module.css';
import { FailureNotice } from '../auth/failure-notice';
import { GoTo } from '../auth/go-to';
import { LinkFacts } from './link-facts';
import { type GoodLink, LinkPage } from './link-page';
import { useLinkFailure } from './use-link-failure';

const DisownSignIn = graphql(`
  mutation DisownSignIn($input: DisownSignInInput!) {
    disownSignIn(input: $input) {
      passwordResetToken
    }
  }
`);

export function NotMePage() {
  const { t } = useTranslation();
  return (
    <LinkPage
      purpose="DISOWN_SIGN_IN"
      title={t('emailedLinks.notMe.title')}
      otherwise={
        <div className={styles.steps}>
          <GoTo to={paths.sessions}>{t('emailedLinks.notMe.toSessions')}</GoTo>
          <GoTo secondary to={paths.forgotPassword}>
            {t('emailedLinks.notMe.toReset')}
          </GoTo>
        </div>
      }
    >
      {(link) => <NotMe {...link} />}
    </LinkPage>
  );
}

function NotMe(link: GoodLink) {
  const { t } = useTranslation();
  const { token, email, expiresAt } = link;
  const navigate = useNavigate();
  const [{ fetching }, disownSignIn] = useMutation(DisownSignIn);
  const failure = useLinkFailure(link);

  async function disown() {
    failure.fail(undefined);
    const { data, error } = await disownSignIn({ input: { token } });
    if (error) failure.refuse(error);
    if (!data) return;
    // Whoever signed in knows the password.
    const state = { token: data.disownSignIn.passwordResetToken, from: 'disown' };
    navigate(paths.resetPassword, { replace: true, state });
  }

  return (
    <AuthLayout title={t('emailedLinks.notMe.title')} description={t('emailedLinks.notMe.text')}>
      <FailureNotice failure={failure} />
      <LinkFacts email={email} expiresAt={expiresAt} />
      <div className={styles.steps}>
        <Button
          type="primary"
          danger
          block
          loading={fetching}
          disabled={failure.secondsLeft > 0}
          onClick={disown}
        >
          {t('emailedLinks.notMe.action')}
        </Button>
        <GoTo secondary to={paths.home}>
          {t('emailedLinks.notMe.wasMe')}
        </GoTo>
      </div>
    </AuthLayout>
  );
}
