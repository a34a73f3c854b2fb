import type { ReactNode } from 'react';
import styles from './code.module.css';

/** Text that is read letter by letter: an address of the network, an identifier, a key. */
export function Code({ children }: { children: ReactNode }) {
  return <code className={styles.code}>{children}</code>;
}
