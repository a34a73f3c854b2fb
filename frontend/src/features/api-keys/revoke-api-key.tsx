import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { useTellFailure } from '../../ui/tell-failure';
import { type ApiKey, ApiKeyFields } from './api-key-fields';

const RevokeApiKeyMutation = graphql(
  `
    mutation RevokeApiKey($input: RevokeApiKeyInput!) {
      revokeApiKey(input: $input) {
        ...ApiKeyFields
        user {
          id
        }
      }
    }
  `,
  [ApiKeyFields],
);

export function RevokeApiKey({ apiKey: { id, name } }: { apiKey: Pick<ApiKey, 'id' | 'name'> }) {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [, revokeApiKey] = useMutation(RevokeApiKeyMutation);

  async function revoke() {
    const { error } = await revokeApiKey({ input: { apiKeyId: id } });
    if (error) tellFailure(error);
    else message.success(t('apiKeys.revoked', { name }));
  }

  return (
    <Button
      size="small"
      aria-label={t('apiKeys.revokeOf', { name })}
      onClick={({ currentTarget }) =>
        confirm({
          title: t('apiKeys.revokeQuestion', { name }),
          content: t('apiKeys.revokeText'),
          okText: t('apiKeys.revoke'),
          onOk: revoke,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('apiKeys.revoke')}
    </Button>
  );
}
