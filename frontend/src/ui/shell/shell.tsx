import { MenuOutlined } from '@ant-design/icons';
import { Button, Drawer } from 'antd';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, Outlet, ScrollRestoration, useLocation } from 'react-router';
import { DeletionBanner } from '../../features/account-deletion/deletion-banner';
import { useActivityEvents } from '../../features/activity/activity-events';
import { AccountMenu } from '../../features/auth/account-menu';
import { useSessionEvents } from '../../features/sessions/session-events';
import { useSignInNotice } from '../../features/sessions/sign-in-notice';
import { useEnrollmentRequired } from '../../graphql/api-provider';
import { useStanding } from '../../graphql/use-standing';
import { paths, withNext } from '../../paths';
import { Preferences } from '../preferences';
import { ConnectionBanner } from './connection-banner';
import { Brand, Navigation } from './navigation';
import styles from './shell.module.css';

/** The frame of every signed-in page. */
export function Shell() {
  const { t } = useTranslation();
  // `left`: closed by a link, which moves the focus on to the page's heading instead of back to the button.
  const [menu, setMenu] = useState<'closed' | 'open' | 'left'>('closed');
  const main = useRef<HTMLElement>(null);
  const { pathname, search } = useLocation();
  const { deletionScheduledAt, lacksSecondFactor } = useStanding();
  const mustEnroll = useEnrollmentRequired() || lacksSecondFactor === true;
  const announceSignIn = useSignInNotice();
  // Kept open on every page: it is also how the server says that this session has been ended.
  useSessionEvents({ pause: mustEnroll, announceSignIn });
  useActivityEvents({ pause: mustEnroll, announceSignIn });
  if (mustEnroll) {
    return <Navigate to={withNext(paths.secondFactorRequired, pathname + search)} replace />;
  }
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        {t('shell.skip')}
      </a>
      <aside className={styles.side}>
        <Brand />
        <Navigation />
      </aside>
      <header className={styles.bar}>
        <div className={styles.barStart}>
          <Button
            type="text"
            icon={<MenuOutlined />}
            aria-label={t('shell.openMenu')}
            aria-expanded={menu === 'open'}
            onClick={() => setMenu('open')}
          />
          <Brand />
        </div>
        <div className={styles.barEnd}>
          <Preferences />
          <AccountMenu />
        </div>
      </header>
      <main ref={main} id="main" tabIndex={-1} className={styles.main}>
        <ConnectionBanner />
        <DeletionBanner at={deletionScheduledAt} />
        <Outlet />
      </main>
      <Drawer
        open={menu === 'open'}
        onClose={() => setMenu('closed')}
        focusable={{ focusTriggerAfterClose: menu !== 'left' }}
        afterOpenChange={() => {
          if (menu === 'left') main.current?.querySelector('h1')?.focus({ preventScroll: true });
        }}
        placement="left"
        size={272}
        title={t('product')}
        closable={{ 'aria-label': t('actions.close') }}
        styles={{ body: { padding: 12 } }}
      >
        <Navigation onNavigate={() => setMenu('left')} />
      </Drawer>
      <ScrollRestoration />
    </div>
  );
}
