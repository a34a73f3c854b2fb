import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { useTellFailure } from '../../ui/tell-failure';
import { ResendEmailVerification } from '../auth/resend-email-verification';

/** Has the mail of the sign-up sent once more, whose link verifies the address. */
export function VerifyEmail({ email }: { email: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [{ fetching }, resendEmailVerification] = useMutation(ResendEmailVerification);

  async function send() {
    const { error } = await resendEmailVerification({ input: { email } });
    if (error) tellFailure(error);
    else message.success(t('security.verificationSent', { email }), 8);
  }

  return (
    <Button size="small" loading={fetching} onClick={send}>
      {t('security.verifyEmail')}
    </Button>
  );
}
