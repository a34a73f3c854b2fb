import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { paths } from '../../paths';
import { useTellFailure } from '../../ui/tell-failure';

const StartAccountLink = graphql(`
  mutation StartAccountLink($input: StartAccountLinkInput!) {
    startAccountLink(input: $input) {
      authorizationUrl
    }
  }
`);

/** Leads to the provider, which leads back here with `?linked=` (see `useLinkedNotice`). */
export function LinkAccount({ provider, label }: { provider: string; label: string }) {
  const { t } = useTranslation();
  const tellFailure = useTellFailure();
  const [, start] = useMutation(StartAccountLink);
  const [busy, setBusy] = useState(false);

  async function link() {
    setBusy(true);
    const { data, error } = await start({ input: { provider, next: paths.security } });
    // Busy until the page has gone.
    if (data) return window.location.assign(data.startAccountLink.authorizationUrl);
    setBusy(false);
    if (error) tellFailure(error, { CONFLICT: t('linkedAccounts.notNow', { provider: label }) });
  }

  return (
    <Button
      size="small"
      loading={busy}
      aria-label={t('linkedAccounts.linkOf', { provider: label })}
      onClick={link}
    >
      {t('linkedAccounts.link')}
    </Button>
  );
}
