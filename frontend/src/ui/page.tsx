import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'react-router';
import styles from './page.module.css';

interface PageProps {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  /** The way between the parts of the page, where they have addresses of their own. */
  sections?: ReactNode;
  children?: ReactNode;
}

/** A page's frame: its heading, which takes the focus after navigation, and its name in the window's title. */
export function Page({ title, description, actions, sections, children }: PageProps) {
  const heading = useFocusAfterNavigation();
  useDocumentTitle(title);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <div className={styles.titles}>
          <h1 ref={heading} tabIndex={-1} className={styles.title}>
            {title}
          </h1>
          {description && <p className={styles.description}>{description}</p>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {sections}
      {children}
    </div>
  );
}

/** Where the focus goes when what had it is gone. */
export function focusHeading(): void {
  document.querySelector<HTMLElement>('main h1')?.focus();
}

export function useDocumentTitle(title: string): void {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · ${t('product')}`;
  }, [title, t]);
}

/** True until the first page of this visit has shown: then the browser itself tells where one is. */
let arriving = true;

/**
 * Moves the focus to the page's heading after navigation, so that readers of the screen hear where they are; not
 * from a field of the page that has taken the focus by itself.
 */
export function useFocusAfterNavigation() {
  const heading = useRef<HTMLHeadingElement>(null);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new path is what moves the focus.
  useEffect(() => {
    const taken =
      document.activeElement?.matches('input') &&
      heading.current?.closest('main')?.contains(document.activeElement);
    if (!arriving && !taken) heading.current?.focus({ preventScroll: true });
    arriving = false;
  }, [pathname]);
  return heading;
}
