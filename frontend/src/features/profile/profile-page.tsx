import { useTranslation } from 'react-i18next';
import { useViewer } from '../../graphql/browser-session';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { NameForm } from './name-form';
import { PasswordForm } from './password-form';
import styles from './profile-page.module.css';

export function ProfilePage() {
  const { t } = useTranslation();
  const { email, role } = useViewer();
  return (
    <Page title={t('profile.title')} description={t('profile.description')}>
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
        <NameForm />
      </Card>
      <Card title={t('profile.password')}>
        <PasswordForm />
      </Card>
    </Page>
  );
}
