import { Button, Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { session } from '../../graphql/browser-session';
import { GrantFields } from '../../graphql/grant';
import { graphql, type VariablesOf } from '../../graphql/schema';
import { mailLocale } from '../../i18n';
import { showFieldErrors, showViolations } from '../../ui/error-message';
import type { Credentials } from './access';
import styles from './auth-layout.module.css';
import { EmailField } from './email-field';
import { FailureNotice, useFailure } from './failure-notice';
import { nameRules } from './field-rules';
import { NewPasswordField } from './new-password-field';
import { type Verification, VerificationFields } from './resend-email-verification';

export const SignUp = graphql(
  `
    mutation SignUp($input: SignUpInput!) {
      signUp(input: $input) {
        __typename
        ...GrantFields
        ...VerificationFields
      }
    }
  `,
  [GrantFields, VerificationFields],
);

export type Account = Pick<VariablesOf<typeof SignUp>['input'], 'name' | 'email' | 'password'>;

/** A sign-up whose address has to be verified first. */
export interface Pending {
  name: string;
  credentials: Credentials;
  verification: Verification;
}

interface SignUpFormProps {
  initial: Partial<Account> | undefined;
  /** The domains that an address may have; none: every one. */
  emailDomains: readonly string[];
  onPending: (pending: Pending) => void;
}

export function SignUpForm({ initial, emailDomains, onPending }: SignUpFormProps) {
  const { t, i18n } = useTranslation();
  const [form] = Form.useForm<Account>();
  const [{ fetching }, signUp] = useMutation(SignUp);
  const failure = useFailure();
  const list = new Intl.ListFormat(i18n.language, { type: 'disjunction' });

  async function submit(account: Account) {
    failure.fail(undefined);
    const { data, error } = await signUp({ input: { ...account, locale: mailLocale(i18n.language) } });
    if (data?.signUp.__typename === 'SignedIn') session.signIn(data.signUp);
    if (data?.signUp.__typename === 'EmailVerificationRequired') {
      const { name, email, password } = account;
      onPending({ name, credentials: { email, password }, verification: data.signUp });
    }
    if (!error) return;
    const apiError = readApiError(error);
    if (apiError.code === 'CONFLICT') {
      showFieldErrors(form, new Map([['email', (t) => t('auth.emailTaken')]]));
    } else if (apiError.code === 'REGISTRATION_CLOSED' && emailDomains.length > 0) {
      showFieldErrors(form, new Map([['email', (t) => t('auth.domainRefused')]]));
    } else if (!showViolations(form, apiError)) {
      failure.fail(apiError);
    }
  }

  return (
    <>
      <FailureNotice failure={failure} />
      <Form<Account>
        form={form}
        noValidate
        layout="vertical"
        initialValues={initial}
        onFinish={submit}
        scrollToFirstError={{ focus: true }}
      >
        <Form.Item name="name" label={t('fields.name')} rules={nameRules}>
          <Input autoComplete="name" autoFocus />
        </Form.Item>
        <EmailField
          autoComplete="email"
          extra={emailDomains.length > 0 && t('auth.emailDomains', { domains: list.format(emailDomains) })}
        />
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
  );
}
