import {
  CodeOutlined,
  KeyOutlined,
  LaptopOutlined,
  MailOutlined,
  SafetyOutlined,
  StopOutlined,
  TeamOutlined,
  UserAddOutlined,
  UserOutlined,
} from '@ant-design/icons';
import { type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, NavLink } from 'react-router';
import { useViewer } from '../../graphql/browser-session';
import { useIntrospectionAllowed } from '../../graphql/introspection';
import { paths } from '../../paths';
import { Logo } from '../logo';
import styles from './navigation.module.css';

export function Brand() {
  const { t } = useTranslation();
  return (
    <Link to={paths.home} className={styles.brand}>
      <Logo />
      <span>{t('product')}</span>
    </Link>
  );
}

export function Navigation({ onNavigate }: { onNavigate?: () => void }) {
  const { t } = useTranslation();
  const { role } = useViewer();
  const introspectionAllowed = useIntrospectionAllowed();
  return (
    <nav aria-label={t('shell.navigation')} className={styles.navigation}>
      <Group title={t('shell.account')}>
        <Item to={paths.sessions} icon={<LaptopOutlined />} onClick={onNavigate}>
          {t('sessions.title')}
        </Item>
        <Item to={paths.profile} icon={<UserOutlined />} onClick={onNavigate}>
          {t('profile.title')}
        </Item>
        <Item to={paths.security} icon={<SafetyOutlined />} onClick={onNavigate}>
          {t('security.title')}
        </Item>
      </Group>
      {role === 'ADMIN' && (
        <Group title={t('shell.administration')}>
          <Item to={paths.users} icon={<TeamOutlined />} onClick={onNavigate}>
            {t('users.title')}
          </Item>
          <Item to={paths.invitations} icon={<UserAddOutlined />} onClick={onNavigate}>
            {t('invitations.title')}
          </Item>
          <Item to={paths.apiKeys} icon={<KeyOutlined />} onClick={onNavigate}>
            {t('apiKeys.title')}
          </Item>
          <Item to={paths.mails} icon={<MailOutlined />} onClick={onNavigate}>
            {t('mails.title')}
          </Item>
          <Item to={paths.blocks} icon={<StopOutlined />} onClick={onNavigate}>
            {t('blocks.title')}
          </Item>
        </Group>
      )}
      {introspectionAllowed && (
        <Group title={t('shell.developers')}>
          <li>
            <a href={paths.apiDocs} target="_blank" rel="noreferrer" className={styles.item}>
              <CodeOutlined aria-hidden />
              {t('apiDocs.title')}
            </a>
          </li>
        </Group>
      )}
    </nav>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <div>
      <p id={id} className={styles.group}>
        {title}
      </p>
      <ul aria-labelledby={id} className={styles.items}>
        {children}
      </ul>
    </div>
  );
}

interface ItemProps {
  to: string;
  icon: ReactNode;
  onClick: (() => void) | undefined;
  children: ReactNode;
}

function Item({ to, icon, onClick, children }: ItemProps) {
  return (
    <li>
      <NavLink to={to} onClick={onClick} className={styles.item}>
        {icon}
        {children}
      </NavLink>
    </li>
  );
}
