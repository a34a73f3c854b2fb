import { MailOutlined } from '@ant-design/icons';
import { Alert, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useMutation } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import { session } from '../../graphql/browser-session';
import { GrantFields } from '../../graphql/grant';
import { graphql, type VariablesOf } from '../../graphql/schema';
import { paths, safeNext, withNext } from '../../paths';
import { describeError, showFieldErrors, showViolations } from '../../ui/error-message';
import { State } from '../../ui/states';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { EmailField } from './email-field';
import { nameRules, newPasswordRules } from './field-rules';

const SignUp = graphql(
  `
    mutation SignUp($input: SignUpInput!) {
      signUp(input: $input) {
        __typename
        ...GrantFields
      }
    }
  `,
  [GrantFields],
);

type Account = Pick<VariablesOf<typeof SignUp>['input'], 'name' | 'email' | 'password'>;

export function SignUpPage() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const [form] = Form.useForm<Account>();
  const [{ fetching }, signUp] = useMutation(SignUp);
  const [failure, setFailure] = useState<ApiError>();
  const [mailSentTo, setMailSentTo] = useState<string>();

  async function submit(input: Account) {
    setFailure(undefined);
    const { data, error } = await signUp({ input });
    if (data?.signUp.__typename === 'SignedIn') {
      session.signIn(data.signUp);
    } else if (error) {
      const apiError = readApiError(error);
      if (apiError.code === 'CONFLICT') {
        showFieldErrors(form, new Map([['email', (t) => t('auth.emailTaken')]]));
      } else if (!showViolations(form, apiError)) {
        setFailure(apiError);
      }
    } else {
      setMailSentTo(input.email);
    }
  }

  if (mailSentTo !== undefined) {
    return (
      <AuthLayout title={t('auth.signUp')}>
        <div role="status">
          <State
            sign={<MailOutlined />}
            title={t('auth.mailSent')}
            text={t('auth.mailSentText', { email: mailSentTo })}
          />
        </div>
      </AuthLayout>
    );
  }

  return (
    <AuthLayout title={t('auth.signUp')}>
      {failure && (
        <Alert
          className={styles.notice}
          type="error"
          showIcon
          role="alert"
          title={describeError(failure, t)}
        />
      )}
      <Form<Account>
        form={form}
        noValidate
        layout="vertical"
        onFinish={submit}
        scrollToFirstError={{ focus: true }}
      >
        <Form.Item name="name" label={t('fields.name')} rules={nameRules}>
          <Input autoComplete="name" autoFocus />
        </Form.Item>
        <EmailField autoComplete="email" />
        <Form.Item
          name="password"
          label={t('fields.password')}
          rules={newPasswordRules}
          extra={t('fields.passwordHint')}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Button type="primary" htmlType="submit" block className={styles.submit} loading={fetching}>
          {t('auth.signUp')}
        </Button>
      </Form>
      <p className={styles.switch}>
        {t('auth.haveAccount')}{' '}
        <Link to={withNext(paths.signIn, safeNext(params.get('next')))}>{t('auth.signIn')}</Link>
      </p>
    </AuthLayout>
  );
}
