import { CheckOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { AuthLayout } from '../auth/auth-layout';
import { FailureNotice } from '../auth/failure-notice';
import { GoToSignIn } from '../auth/go-to';
import { LinkFacts } from './link-facts';
import { type GoodLink, LinkPage } from './link-page';
import { useLinkFailure } from './use-link-failure';

const VerifyEmailByLink = graphql(`
  mutation VerifyEmailByLink($input: VerifyEmailInput!) {
    verifyEmail(input: $input) {
      __typename
    }
  }
`);

export function VerifyEmailPage() {
  const { t } = useTranslation();
  return (
    <LinkPage purpose="VERIFY_EMAIL" title={t('emailedLinks.verifyEmail.title')} otherwise={<GoToSignIn />}>
      {(link) => <VerifyEmail {...link} />}
    </LinkPage>
  );
}

/** Signs nobody in: the account may have been made by somebody else, with another person's address. */
function VerifyEmail(link: GoodLink) {
  const { t } = useTranslation();
  const { token, email, expiresAt } = link;
  const [done, setDone] = useState(false);
  const [{ fetching }, verifyEmail] = useMutation(VerifyEmailByLink);
  const failure = useLinkFailure(link);

  async function verify() {
    failure.fail(undefined);
    const { error } = await verifyEmail({ input: { token } });
    if (error) failure.refuse(error);
    else setDone(true);
  }

  if (done) {
    return (
      <AuthLayout
        key="done"
        sign={<CheckOutlined />}
        title={t('emailedLinks.verifyEmail.done')}
        description={t('emailedLinks.verifyEmail.doneText', { email })}
      >
        <GoToSignIn arrival={{ email }} />
      </AuthLayout>
    );
  }
  return (
    <AuthLayout title={t('emailedLinks.verifyEmail.title')} description={t('emailedLinks.verifyEmail.text')}>
      <FailureNotice failure={failure} />
      <LinkFacts email={email} expiresAt={expiresAt} />
      <Button type="primary" block loading={fetching} disabled={failure.secondsLeft > 0} onClick={verify}>
        {t('emailedLinks.verifyEmail.action')}
      </Button>
    </AuthLayout>
  );
}
