import { Button } from 'antd';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'react-router';
import { providerAddress } from '../../graphql/endpoint';
import styles from './proofs.module.css';

/** Leads away: what was typed is lost, and the change has to be asked for again. */
export function ProviderProof({ providers }: { providers: { id: string; label: string }[] }) {
  const { t } = useTranslation();
  const { pathname, search } = useLocation();
  const text = useRef<HTMLParagraphElement>(null);
  // What was chosen before is gone, the field that had the focus with it.
  useEffect(() => text.current?.focus(), []);
  return (
    <>
      <p ref={text} tabIndex={-1} className={styles.why}>
        {t('reauthentication.leads')}
      </p>
      <div className={styles.providers}>
        {providers.map(({ id, label }) => (
          <Button key={id} block href={providerAddress(id, pathname + search, 'login')}>
            {t('reauthentication.with', { provider: label })}
          </Button>
        ))}
      </div>
    </>
  );
}
