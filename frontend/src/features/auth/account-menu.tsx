import { Avatar, Button, Dropdown } from 'antd';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useViewer } from '../../graphql/browser-session';
import { paths } from '../../paths';
import styles from './account-menu.module.css';
import { useSignOut } from './use-sign-out';

export function AccountMenu() {
  const { t } = useTranslation();
  const { name, email } = useViewer();
  const navigate = useNavigate();
  const signOut = useSignOut();
  return (
    <Dropdown
      trigger={['click']}
      placement="bottomRight"
      autoFocus
      menu={{
        items: [
          { key: 'who', type: 'group', label: email },
          { key: 'profile', label: t('profile.title'), onClick: () => navigate(paths.profile) },
          { key: 'security', label: t('security.title'), onClick: () => navigate(paths.security) },
          { type: 'divider' },
          { key: 'sign-out', label: t('auth.signOut'), onClick: signOut },
        ],
      }}
    >
      <Button
        type="text"
        className={styles.button}
        aria-haspopup="menu"
        aria-label={t('shell.accountOf', { name })}
      >
        <Avatar size={26} className={styles.avatar}>
          {[...name][0]?.toUpperCase()}
        </Avatar>
        <span className={styles.name}>{name}</span>
      </Button>
    </Dropdown>
  );
}
