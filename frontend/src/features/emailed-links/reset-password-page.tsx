import { Alert, Button, Form } from 'antd';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';
import { useMutation } from 'urql';
import { textIn } from '../../fragment-secret';
import { readApiError } from '../../graphql/api-error';
import { session, useTokenState, viewerOf } from '../../graphql/browser-session';
import { graphql } from '../../graphql/schema';
import { paths } from '../../paths';
import { showViolations } from '../../ui/error-message';
import type { Arrival } from '../auth/arrival';
import { AuthLayout } from '../auth/auth-layout';
import styles from '../auth/auth-layout.module.css';
import { FailureNotice } from '../auth/failure-notice';
import { GoTo } from '../auth/go-to';
import { NewPasswordField } from '../auth/new-password-field';
import { LinkFacts } from './link-facts';
import { type GoodLink, LinkPage } from './link-page';
import { useLinkFailure } from './use-link-failure';

const ResetPassword = graphql(`
  mutation ResetPassword($input: ResetPasswordInput!) {
    resetPassword(input: $input)
  }
`);

export function ResetPasswordPage() {
  const { t } = useTranslation();
  return (
    <LinkPage
      purpose="RESET_PASSWORD"
      title={t('emailedLinks.resetPassword.title')}
      otherwise={<GoTo to={paths.forgotPassword}>{t('emailedLinks.resetPassword.another')}</GoTo>}
    >
      {(link) => <ChoosePassword {...link} />}
    </LinkPage>
  );
}

function ChoosePassword(link: GoodLink) {
  const { t } = useTranslation();
  const { token, email, expiresAt } = link;
  const navigate = useNavigate();
  const { state } = useLocation();
  const viewer = viewerOf(useTokenState());
  const [form] = Form.useForm<{ newPassword: string }>();
  const [{ fetching }, resetPassword] = useMutation(ResetPassword);
  const failure = useLinkFailure(link);

  async function submit({ newPassword }: { newPassword: string }) {
    failure.fail(undefined);
    const { error } = await resetPassword({ input: { token, newPassword } });
    if (error) {
      if (!showViolations(form, readApiError(error))) failure.refuse(error);
      return;
    }
    const arrival: Arrival = { notice: 'PASSWORD_RESET', email };
    navigate(paths.signIn, { replace: true, state: arrival });
    // All sessions of the account are over, the one in use here among them.
    if (viewer?.email === email) session.signOut();
  }

  return (
    <AuthLayout
      title={t('emailedLinks.resetPassword.title')}
      description={t('emailedLinks.resetPassword.text')}
    >
      {textIn(state, 'from') === 'disown' && !failure.error && (
        <Alert
          className={styles.notice}
          type="success"
          showIcon
          role="status"
          title={t('emailedLinks.notMe.done')}
        />
      )}
      <FailureNotice failure={failure} />
      <LinkFacts email={email} expiresAt={expiresAt} />
      <Form form={form} noValidate layout="vertical" onFinish={submit} scrollToFirstError={{ focus: true }}>
        {/* Tells password managers whose password this is. */}
        <input type="email" autoComplete="username" value={email} readOnly hidden />
        <NewPasswordField name="newPassword" autoFocus />
        <Button
          type="primary"
          htmlType="submit"
          block
          className={styles.submit}
          loading={fetching}
          disabled={failure.secondsLeft > 0}
        >
          {t('emailedLinks.resetPassword.action')}
        </Button>
      </Form>
    </AuthLayout>
  );
}
