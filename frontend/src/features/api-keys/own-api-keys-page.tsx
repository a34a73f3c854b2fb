import { useTranslation } from 'react-i18next';
import { useViewer } from '../../graphql/browser-session';
import { Page } from '../../ui/page';
import { ApiKeysCard } from './api-keys-card';
import { CreateApiKey } from './create-api-key';

export function OwnApiKeysPage() {
  const { t } = useTranslation();
  const { id } = useViewer();
  return (
    <Page title={t('apiKeys.title')} description={t('apiKeys.description')} actions={<CreateApiKey />}>
      <ApiKeysCard userId={id} />
    </Page>
  );
}
