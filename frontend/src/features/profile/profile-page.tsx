import { Skeleton } from 'antd';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useQuery } from 'urql';
import { useViewer } from '../../graphql/browser-session';
import { graphql } from '../../graphql/schema';
import { useLastData } from '../../graphql/use-last-data';
import { paths } from '../../paths';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { ErrorNotice, ErrorState } from '../../ui/states';
import { ProfileForm } from './profile-form';
import styles from './profile-page.module.css';

const Profile = graphql(`
  query Profile {
    viewer {
      id
      name
      locale
    }
  }
`);

export function ProfilePage() {
  const { t } = useTranslation();
  const { email, role } = useViewer();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: Profile,
    requestPolicy: 'cache-and-network',
  });
  const viewer = useLastData(data?.viewer);
  const retry = () => refetch({ requestPolicy: 'network-only' });
  return (
    <Page title={t('profile.title')} description={t('profile.description')}>
      {viewer && error && !fetching && <ErrorNotice error={error} onRetry={retry} />}
      <Card title={t('profile.details')}>
        <dl className={styles.facts}>
          <div>
            <dt>{t('fields.email')}</dt>
            <dd>{email}</dd>
          </div>
          <div>
            <dt>{t('fields.role')}</dt>
            <dd>{t(`users.role.${role}`)}</dd>
          </div>
        </dl>
        {viewer ? (
          <ProfileForm {...viewer} />
        ) : error && !fetching ? (
          <ErrorState error={error} onRetry={retry} />
        ) : (
          <Skeleton active title={false} paragraph={{ rows: 4 }} />
        )}
      </Card>
      <p className={styles.elsewhere}>
        {t('profile.elsewhere')} <Link to={paths.security}>{t('security.title')}</Link>
      </p>
    </Page>
  );
}
