import { Button } from 'antd';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Code } from '../../ui/code';
import { CopyButton } from '../../ui/copy-button';
import styles from './new-api-key.module.css';

/** Shows a new key, this once. */
export function NewApiKey({ value, onDone }: { value: string; onDone: () => void }) {
  const { t } = useTranslation();
  const intro = useRef<HTMLParagraphElement>(null);
  useEffect(() => intro.current?.focus(), []);
  return (
    <>
      <p ref={intro} tabIndex={-1} className={styles.intro}>
        {t('apiKeys.newText')}
      </p>
      <div className={styles.key}>
        <Code>{value}</Code>
        <CopyButton text={value} label={t('actions.copy')} />
      </div>
      <p className={styles.usage}>
        {t('apiKeys.usage')} <Code>Authorization: Bearer …</Code>
      </p>
      <Button type="primary" block onClick={onDone}>
        {t('apiKeys.stored')}
      </Button>
    </>
  );
}
