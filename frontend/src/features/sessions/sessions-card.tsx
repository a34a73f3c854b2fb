import { Segmented } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SessionState } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { SessionList } from './session-list';

/** A person's sessions, active or ended. */
export function SessionsCard({ userId, title }: { userId: string; title: string }) {
  const { t } = useTranslation();
  const [state, setState] = useState<SessionState>('ACTIVE');
  return (
    <Card
      flush
      title={title}
      extra={
        <Segmented<SessionState>
          aria-label={t('sessions.show')}
          value={state}
          onChange={setState}
          options={[
            { value: 'ACTIVE', label: t('sessions.active') },
            { value: 'ENDED', label: t('sessions.endedOnes') },
          ]}
        />
      }
    >
      <SessionList userId={userId} state={state} />
    </Card>
  );
}
