import { Alert, Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useMutation } from 'urql';
import { useTokenState } from '../../graphql/browser-session';
import { paths, safeNext, withNext } from '../../paths';
import { acceptSignIn, type Credentials, describeSignInFailure, SignIn, type SignInFailure } from './access';
import { AuthLayout } from './auth-layout';
import styles from './auth-layout.module.css';
import { EmailField } from './email-field';
import { requiredRule } from './field-rules';

export function SignInPage() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const state = useTokenState();
  const [{ fetching }, signIn] = useMutation(SignIn);
  const [failure, setFailure] = useState<SignInFailure>();
  const ended = state.status === 'signed-out' && state.reason === 'ended';

  async function submit(input: Credentials) {
    setFailure(undefined);
    setFailure(acceptSignIn(await signIn({ input })));
  }

  return (
    <AuthLayout title={t('auth.signIn')}>
      {ended && !failure && (
        <Alert
          className={styles.notice}
          type="warning"
          showIcon
          role="alert"
          title={t('auth.sessionEnded')}
        />
      )}
      {failure && (
        <Alert
          className={styles.notice}
          type="error"
          showIcon
          role="alert"
          title={describeSignInFailure(failure, t)}
        />
      )}
      <Form<Credentials> noValidate layout="vertical" onFinish={submit} scrollToFirstError={{ focus: true }}>
        <EmailField autoComplete="username" autoFocus />
        <Form.Item name="password" label={t('fields.password')} rules={[requiredRule]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Button type="primary" htmlType="submit" block className={styles.submit} loading={fetching}>
          {t('auth.signIn')}
        </Button>
      </Form>
      <p className={styles.switch}>
        {t('auth.noAccount')}{' '}
        <Link to={withNext(paths.signUp, safeNext(params.get('next')))}>{t('auth.signUp')}</Link>
      </p>
    </AuthLayout>
  );
}
