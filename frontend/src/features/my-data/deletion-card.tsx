import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../ui/card';
import { Dialog } from '../../ui/dialog';
import { formatDateTime } from '../../ui/relative-time';
import { KeepAccount } from '../account-deletion/keep-account';
import styles from './deletion-card.module.css';
import { DeletionForm } from './deletion-form';

interface DeletionCardProps {
  /** When the account will be erased; null: it stays. */
  at: string | null;
  hasPassword: boolean;
}

export function DeletionCard({ at, hasPassword }: DeletionCardProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <Card title={t('myData.deletion.title')}>
      {at ? (
        <>
          <p className={styles.text} role="status">
            {t('myData.deletion.scheduled', { time: formatDateTime(at) })}
          </p>
          <KeepAccount />
        </>
      ) : (
        <>
          <p className={styles.text}>{t('myData.deletion.text')}</p>
          <Button danger onClick={() => setOpen(true)}>
            {t('myData.deletion.delete')}
          </Button>
        </>
      )}
      <Dialog title={t('myData.deletion.question')} open={open} onClose={() => setOpen(false)}>
        <DeletionForm hasPassword={hasPassword} onDone={() => setOpen(false)} />
      </Dialog>
    </Card>
  );
}
