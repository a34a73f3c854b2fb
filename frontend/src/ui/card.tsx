import { type ReactNode, useId } from 'react';
import styles from './card.module.css';

interface CardProps {
  title?: string;
  extra?: ReactNode;
  /** Content that brings its own padding, such as a list that reaches from edge to edge. */
  flush?: boolean;
  children: ReactNode;
}

/** A titled part of a page. */
export function Card({ title, extra, flush, children }: CardProps) {
  const id = useId();
  return (
    <section className={styles.card} aria-labelledby={title && id}>
      {title && (
        <header className={styles.header}>
          <h2 id={id} tabIndex={-1} className={styles.title}>
            {title}
          </h2>
          {extra && <div className={styles.extra}>{extra}</div>}
        </header>
      )}
      <div className={flush ? undefined : styles.body}>{children}</div>
    </section>
  );
}
