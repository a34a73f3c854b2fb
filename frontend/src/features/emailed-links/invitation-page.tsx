import { Alert, Button, Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { Navigate, useLocation, useNavigate } from 'react-router';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { session, useTokenState, viewerOf } from '../../graphql/browser-session';
import { mailLocale } from '../../i18n';
import { paths } from '../../paths';
import { showViolations } from '../../ui/error-message';
import { AuthLayout } from '../auth/auth-layout';
import styles from '../auth/auth-layout.module.css';
import { FailureNotice } from '../auth/failure-notice';
import { nameRules } from '../auth/field-rules';
import { GoTo, GoToSignIn } from '../auth/go-to';
import { NewPasswordField } from '../auth/new-password-field';
import { type Account, SignUp } from '../auth/sign-up-form';
import { useSignOut } from '../auth/use-sign-out';
import { LinkFacts } from './link-facts';
import { type GoodLink, LinkPage } from './link-page';
import { useLinkFailure } from './use-link-failure';

/** How this page knows, once somebody is signed in, that this is of its own doing. */
const accepted = { accepted: true };

export function InvitationPage() {
  const { t } = useTranslation();
  const { state } = useLocation();
  const viewer = viewerOf(useTokenState());
  if (viewer && (state as Partial<typeof accepted> | null)?.accepted)
    return <Navigate to={paths.home} replace />;
  return (
    <LinkPage purpose="INVITATION" title={t('emailedLinks.invitation.title')} otherwise={<GoToSignIn />}>
      {(link) =>
        viewer ? <SignOutFirst {...link} viewerEmail={viewer.email} /> : <CreateAccount {...link} />
      }
    </LinkPage>
  );
}

/** Whoever is signed in has an account: the invitation is for another one. */
function SignOutFirst({ email, expiresAt, viewerEmail }: GoodLink & { viewerEmail: string }) {
  const { t } = useTranslation();
  const signOut = useSignOut();
  return (
    <AuthLayout
      title={t('emailedLinks.invitation.title')}
      description={t('emailedLinks.invitation.signedInAs', { email: viewerEmail })}
    >
      <LinkFacts email={email} expiresAt={expiresAt} />
      <div className={styles.steps}>
        <Button type="primary" block onClick={signOut}>
          {t('auth.signOut')}
        </Button>
        <GoTo secondary to={paths.home}>
          {t('actions.home')}
        </GoTo>
      </div>
    </AuthLayout>
  );
}

type Chosen = Pick<Account, 'name' | 'password'>;

function CreateAccount(link: GoodLink) {
  const { t, i18n } = useTranslation();
  const { token, email, expiresAt } = link;
  const navigate = useNavigate();
  const [form] = Form.useForm<Chosen>();
  const [{ fetching }, signUp] = useMutation(SignUp);
  const failure = useLinkFailure(link);
  const taken = failure.error?.code === 'CONFLICT';

  async function submit(chosen: Chosen) {
    failure.fail(undefined);
    const input = { ...chosen, email, invitationToken: token, locale: mailLocale(i18n.language) };
    const { data, error } = await signUp({ input });
    if (data?.signUp.__typename === 'SignedIn') {
      navigate(paths.invitation, { replace: true, state: accepted });
      session.signIn(data.signUp);
    }
    if (error && !showViolations(form, readApiError(error))) failure.refuse(error);
  }

  return (
    <AuthLayout title={t('emailedLinks.invitation.title')} description={t('emailedLinks.invitation.text')}>
      {taken ? (
        <>
          <Alert
            className={styles.notice}
            type="warning"
            showIcon
            role="alert"
            title={t('emailedLinks.invitation.taken')}
          />
          <GoToSignIn arrival={{ email }} />
        </>
      ) : (
        <>
          <FailureNotice failure={failure} />
          <LinkFacts email={email} expiresAt={expiresAt} />
          <Form<Chosen>
            form={form}
            noValidate
            layout="vertical"
            onFinish={submit}
            scrollToFirstError={{ focus: true }}
          >
            {/* Tells password managers whose password this is. */}
            <input type="email" autoComplete="username" value={email} readOnly hidden />
            <Form.Item name="name" label={t('fields.name')} rules={nameRules}>
              <Input autoComplete="name" autoFocus />
            </Form.Item>
            <NewPasswordField name="password" />
            <Button
              type="primary"
              htmlType="submit"
              block
              className={styles.submit}
              loading={fetching}
              disabled={failure.secondsLeft > 0}
            >
              {t('auth.signUp')}
            </Button>
          </Form>
        </>
      )}
    </AuthLayout>
  );
}
