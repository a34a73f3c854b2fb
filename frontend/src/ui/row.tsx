import type { ReactNode, Ref } from 'react';
import styles from './row.module.css';

interface RowProps {
  ref?: Ref<HTMLLIElement>;
  icon: ReactNode;
  /** What the icon says; left out where the title says it too. */
  iconLabel?: string;
  tone?: 'warning' | 'success';
  title: ReactNode;
  /** Short facts about it, each in an element of its own. */
  children?: ReactNode;
  actions?: ReactNode;
}

/** One thing in a list: what it is, what there is to know of it, what can be done with it. */
export function Row({ ref, icon, iconLabel, tone, title, children, actions }: RowProps) {
  return (
    <li ref={ref} tabIndex={-1} className={styles.row}>
      <span
        className={styles.icon}
        data-tone={tone}
        {...(iconLabel ? { role: 'img', 'aria-label': iconLabel } : { 'aria-hidden': true })}
      >
        {icon}
      </span>
      <div className={styles.facts}>
        <p className={styles.title}>{title}</p>
        {children && <p className={styles.detail}>{children}</p>}
      </div>
      {actions && <div className={styles.actions}>{actions}</div>}
    </li>
  );
}
