import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { Card } from '../../ui/card';
import { ActivityList } from '../activity/activity-list';

export function UserActivity() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  return (
    <Card flush title={t('activity.title')}>
      <ActivityList userId={id} forAdmin />
    </Card>
  );
}
