import { KeyOutlined } from '@ant-design/icons';
import type { Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { Code } from '../../ui/code';
import { formatDate, RelativeTime } from '../../ui/relative-time';
import { Row } from '../../ui/row';
import type { ApiKey } from './api-key-fields';
import { ApiKeyStateTag, Scopes } from './api-key-tags';
import { RevokeApiKey } from './revoke-api-key';

export function ApiKeyRow({ apiKey, ref }: { apiKey: ApiKey; ref: Ref<HTMLLIElement> }) {
  const { t } = useTranslation();
  const { name, prefix, scopes, state, createdAt, expiresAt, lastUsedAt, revokedAt, budgetPerMinute } =
    apiKey;
  return (
    <Row
      ref={ref}
      icon={<KeyOutlined />}
      title={
        <>
          {name}
          <ApiKeyStateTag state={state} />
        </>
      }
      actions={state === 'ACTIVE' && <RevokeApiKey apiKey={apiKey} />}
    >
      <Code>{prefix}…</Code>
      <span>
        <Scopes scopes={scopes} />
      </span>
      <span>
        {t('apiKeys.created')} <RelativeTime value={createdAt} />
      </span>
      <span>
        {lastUsedAt ? (
          <>
            {t('fields.lastUsedAt')} <RelativeTime value={lastUsedAt} />
          </>
        ) : (
          t('fields.neverUsed')
        )}
      </span>
      {state === 'REVOKED' && revokedAt ? (
        <span>
          {t('apiKeys.state.REVOKED')} <RelativeTime value={revokedAt} />
        </span>
      ) : (
        <span>
          {expiresAt ? t('apiKeys.expires', { date: formatDate(expiresAt) }) : t('apiKeys.neverExpires')}
        </span>
      )}
      {budgetPerMinute !== null && <span>{t('apiKeys.budgetOf', { count: budgetPerMinute })}</span>}
    </Row>
  );
}
