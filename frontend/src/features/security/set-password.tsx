import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { useTellFailure } from '../../ui/tell-failure';
import { RequestPasswordReset } from '../auth/request-password-reset';

/** For an account without a password: the link that replaces a forgotten one sets the first one too. */
export function SetPassword({ email }: { email: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [{ fetching }, requestPasswordReset] = useMutation(RequestPasswordReset);

  async function send() {
    const { error } = await requestPasswordReset({ input: { email } });
    if (error) tellFailure(error);
    else message.success(t('security.passwordLinkSent', { email }), 8);
  }

  return (
    <Button size="small" loading={fetching} onClick={send}>
      {t('security.setPassword')}
    </Button>
  );
}
