import { DownloadOutlined, PrinterOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useViewer } from '../../graphql/browser-session';
import { CopyButton } from '../../ui/copy-button';
import { formatDate } from '../../ui/relative-time';
import styles from './recovery-codes.module.css';
import { recoveryCodesText } from './recovery-codes-text';

interface RecoveryCodesProps {
  codes: readonly string[];
  onStored: () => void;
}

/** Shows new recovery codes, this once, and helps to keep them. */
export function RecoveryCodes({ codes, onStored }: RecoveryCodesProps) {
  const { t } = useTranslation();
  const { email } = useViewer();
  const intro = useRef<HTMLParagraphElement>(null);
  useEffect(() => intro.current?.focus(), []);
  const title = `${t('product')}: ${t('recoveryCodes.title')}`;
  const note = t('recoveryCodes.note');

  function download() {
    const madeAt = formatDate(new Date().toISOString());
    const text = recoveryCodesText(codes, { title, account: email, madeAt, note });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
    link.download = 'fastgpt-platform-recovery-codes.txt';
    link.click();
    URL.revokeObjectURL(link.href);
  }

  return (
    <>
      <p ref={intro} tabIndex={-1} className={`${styles.intro} ${styles.screen}`}>
        {t('recoveryCodes.intro')}
      </p>
      <p className={styles.paper}>
        {title}
        <br />
        {email}
        <br />
        {note}
      </p>
      <ul className={styles.codes} aria-label={t('recoveryCodes.title')}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className={`${styles.tools} ${styles.screen}`}>
        <CopyButton text={codes.join('\n')} label={t('actions.copy')} />
        <Button icon={<DownloadOutlined aria-hidden />} onClick={download}>
          {t('actions.download')}
        </Button>
        <Button icon={<PrinterOutlined aria-hidden />} onClick={() => window.print()}>
          {t('actions.print')}
        </Button>
      </div>
      <Button type="primary" block className={styles.screen} onClick={onStored}>
        {t('recoveryCodes.stored')}
      </Button>
    </>
  );
}
