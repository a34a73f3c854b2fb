import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import type { AuthProviderKind } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { RelativeTime } from '../../ui/relative-time';
import { Row } from '../../ui/row';
import { LinkAccount } from './link-account';
import type { LinkedAccount } from './linked-account-fields';
import { ProviderIcon } from './provider-icon';
import { UnlinkAccount } from './unlink-account';
import { useLinkedNotice } from './use-linked-notice';

interface LinkedAccountsCardProps {
  accounts: readonly LinkedAccount[];
  providers: readonly { id: string; label: string; kind: AuthProviderKind }[];
}

/** What is linked, and what could be; nothing where the operator has configured no provider. */
export function LinkedAccountsCard({ accounts, providers }: LinkedAccountsCardProps) {
  const { t } = useTranslation();
  useLinkedNotice(accounts);
  const free = providers.filter(({ id }) => !accounts.some(({ provider }) => provider === id));
  if (accounts.length + free.length === 0) return null;
  return (
    <Card flush title={t('linkedAccounts.title')}>
      <ul>
        {accounts.map((account) => (
          <Row
            key={account.id}
            icon={<ProviderIcon kind={providers.find(({ id }) => id === account.provider)?.kind} />}
            title={
              <>
                {account.label}
                <Tag color="success">{t('linkedAccounts.linked')}</Tag>
              </>
            }
            actions={<UnlinkAccount account={account} />}
          >
            {account.email && <span>{account.email}</span>}
            <span>
              {t('linkedAccounts.since')} <RelativeTime value={account.linkedAt} />
            </span>
            {account.lastUsedAt && (
              <span>
                {t('fields.lastUsedAt')} <RelativeTime value={account.lastUsedAt} />
              </span>
            )}
          </Row>
        ))}
        {free.map(({ id, label, kind }) => (
          <Row
            key={id}
            icon={<ProviderIcon kind={kind} />}
            title={label}
            actions={<LinkAccount provider={id} label={label} />}
          >
            <span>{t('linkedAccounts.notLinked')}</span>
          </Row>
        ))}
      </ul>
    </Card>
  );
}
