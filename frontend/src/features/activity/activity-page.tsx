import { useTranslation } from 'react-i18next';
import { useViewer } from '../../graphql/browser-session';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { ActivityList } from './activity-list';

export function ActivityPage() {
  const { t } = useTranslation();
  const { id } = useViewer();
  return (
    <Page title={t('activity.title')} description={t('activity.description')}>
      <Card flush>
        <ActivityList userId={id} />
      </Card>
    </Page>
  );
}
