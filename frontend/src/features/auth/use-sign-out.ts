import { App } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { describeError } from '../../ui/error-message';
import { acceptSignOut, SignOut } from './access';

export function useSignOut(): () => Promise<void> {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [, signOut] = useMutation(SignOut);
  return async () => {
    const failure = acceptSignOut(await signOut({}));
    if (failure) message.error(describeError(failure, t));
  };
}
