import { useTranslation } from 'react-i18next';
import { Outlet } from 'react-router';
import { paths } from '../../paths';
import { SectionNav } from '../../ui/section-nav';
import styles from './security-frame.module.css';

/** Around the pages about the safety of one's own account. */
export function SecurityFrame() {
  const { t } = useTranslation();
  return (
    <div className={styles.frame}>
      <SectionNav
        label={t('security.title')}
        sections={[
          { to: paths.security, label: t('security.signIn') },
          { to: paths.ownApiKeys, label: t('apiKeys.title') },
          { to: paths.activity, label: t('activity.title') },
          { to: paths.myData, label: t('myData.title') },
        ]}
      />
      <Outlet />
    </div>
  );
}
