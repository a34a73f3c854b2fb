import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Logo } from '../../ui/logo';
import { useDocumentTitle, useFocusAfterNavigation } from '../../ui/page';
import { Preferences } from '../../ui/preferences';
import styles from './auth-layout.module.css';

interface AuthLayoutProps {
  /** An icon above the title of a page that tells something, rather than asks. */
  sign?: ReactNode;
  title: string;
  description?: ReactNode;
  children?: ReactNode;
}

/** The frame of the pages in front of the console. */
export function AuthLayout({ sign, title, description, children }: AuthLayoutProps) {
  const { t } = useTranslation();
  const heading = useFocusAfterNavigation();
  useDocumentTitle(title);
  return (
    <div className={styles.layout}>
      <aside className={styles.panel}>
        <div className={styles.brand}>
          <Logo size={32} />
          <span>{t('product')}</span>
        </div>
        <p className={styles.promise}>{t('auth.promise')}</p>
        <Gates />
      </aside>
      <div className={styles.side}>
        <header className={styles.preferences}>
          <Preferences />
        </header>
        <main className={styles.form}>
          <div className={styles.logo}>
            <Logo size={40} />
          </div>
          {sign && (
            <div className={styles.sign} aria-hidden="true">
              {sign}
            </div>
          )}
          <h1 ref={heading} tabIndex={-1} className={styles.title}>
            {title}
          </h1>
          {description && <p className={styles.description}>{description}</p>}
          {children}
        </main>
      </div>
    </div>
  );
}

/** The logo's gate, repeated into the distance. */
function Gates() {
  return (
    <svg className={styles.gates} viewBox="0 0 400 400" aria-hidden="true" fill="none" stroke="currentColor">
      {[0, 1, 2, 3, 4, 5].map((step) => (
        <path
          key={step}
          d={`M${40 + step * 56} 400V${150 + step * 38}a60 60 0 0 1 60-60H400`}
          strokeWidth={14 - step * 1.6}
          opacity={0.5 - step * 0.07}
          strokeLinecap="round"
        />
      ))}
    </svg>
  );
}
