import { Segmented } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/card';
import { ApiKeyList } from './api-key-list';

/** A person's API keys: those that can be used, or all there ever were. */
export function ApiKeysCard({ userId }: { userId: string }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<'ACTIVE' | 'ALL'>('ACTIVE');
  return (
    <Card
      flush
      title={t('apiKeys.title')}
      extra={
        <Segmented<'ACTIVE' | 'ALL'>
          aria-label={t('fields.status')}
          value={shown}
          onChange={setShown}
          options={[
            { value: 'ACTIVE', label: t('apiKeys.state.ACTIVE') },
            { value: 'ALL', label: t('apiKeys.all') },
          ]}
        />
      }
    >
      <ApiKeyList userId={userId} state={shown === 'ACTIVE' ? shown : undefined} />
    </Card>
  );
}
