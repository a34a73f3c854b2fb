import { NavLink } from 'react-router';
import styles from './section-nav.module.css';

interface SectionNavProps {
  label: string;
  /** The first one is where the others lie below. */
  sections: { to: string; label: string }[];
}

/** The way between pages that belong together. */
export function SectionNav({ label, sections }: SectionNavProps) {
  return (
    <nav aria-label={label} className={styles.nav}>
      <ul className={styles.items}>
        {sections.map((section, index) => (
          <li key={section.to}>
            <NavLink to={section.to} end={index === 0} className={styles.item}>
              {section.label}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
