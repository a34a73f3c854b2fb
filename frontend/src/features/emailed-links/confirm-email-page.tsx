import { CheckOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { session, useTokenState } from '../../graphql/browser-session';
import { graphql } from '../../graphql/schema';
import { paths } from '../../paths';
import { AuthLayout } from '../auth/auth-layout';
import { FailureNotice } from '../auth/failure-notice';
import { GoTo, GoToSignIn } from '../auth/go-to';
import { LinkFacts } from './link-facts';
import { type GoodLink, LinkPage } from './link-page';
import { useLinkFailure } from './use-link-failure';

const ConfirmEmailChange = graphql(`
  mutation ConfirmEmailChange($input: ConfirmEmailChangeInput!) {
    confirmEmailChange(input: $input) {
      email
    }
  }
`);

export function ConfirmEmailPage() {
  const { t } = useTranslation();
  return (
    <LinkPage
      purpose="CHANGE_EMAIL"
      title={t('emailedLinks.confirmEmail.title')}
      otherwise={<GoTo to={paths.security}>{t('emailedLinks.toSecurity')}</GoTo>}
    >
      {(link) => <ConfirmEmail {...link} />}
    </LinkPage>
  );
}

function ConfirmEmail(link: GoodLink) {
  const { t } = useTranslation();
  const { token, email, expiresAt } = link;
  const signedIn = useTokenState().status === 'signed-in';
  const [outcome, setOutcome] = useState<'DONE' | 'TAKEN'>();
  const [{ fetching }, confirmEmailChange] = useMutation(ConfirmEmailChange);
  const failure = useLinkFailure(link);

  async function confirm() {
    failure.fail(undefined);
    const { error } = await confirmEmailChange({ input: { token } });
    if (error && readApiError(error).code === 'CONFLICT') return setOutcome('TAKEN');
    if (error) return failure.refuse(error);
    setOutcome('DONE');
    // The account may be the one that is in use here: its new address comes with the next token.
    if (signedIn) await session.refresh();
  }

  if (outcome === 'DONE') {
    return (
      <AuthLayout
        key="done"
        sign={<CheckOutlined />}
        title={t('emailedLinks.confirmEmail.done')}
        description={t('emailedLinks.confirmEmail.doneText', { email })}
      >
        <GoToSignIn arrival={{ email }} />
      </AuthLayout>
    );
  }
  if (outcome === 'TAKEN') {
    return (
      <AuthLayout
        key="taken"
        title={t('emailedLinks.confirmEmail.taken')}
        description={t('emailedLinks.confirmEmail.takenText', { email })}
      >
        <GoTo to={paths.security}>{t('emailedLinks.toSecurity')}</GoTo>
      </AuthLayout>
    );
  }
  return (
    <AuthLayout
      title={t('emailedLinks.confirmEmail.title')}
      description={t('emailedLinks.confirmEmail.text')}
    >
      <FailureNotice failure={failure} />
      <LinkFacts email={email} expiresAt={expiresAt} />
      <Button type="primary" block loading={fetching} disabled={failure.secondsLeft > 0} onClick={confirm}>
        {t('emailedLinks.confirmEmail.action')}
      </Button>
    </AuthLayout>
  );
}
