import { App } from 'antd';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import type { LinkedAccount } from './linked-account-fields';

/** Says once that an account is linked, to whoever comes back from its provider. */
export function useLinkedNotice(accounts: readonly LinkedAccount[]): void {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [params, setParams] = useSearchParams();
  const linked = params.get('linked');

  const announce = useEffectEvent((provider: string) => {
    const account = accounts.find((known) => known.provider === provider);
    // An address that somebody made up links nothing.
    if (account) message.success(t('linkedAccounts.linkedNow', { provider: account.label }));
    setParams(
      (now) => {
        now.delete('linked');
        return now;
      },
      { replace: true, preventScrollReset: true },
    );
  });

  useEffect(() => {
    if (linked !== null) announce(linked);
  }, [linked]);
}
