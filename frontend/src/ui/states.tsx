import { Alert, Button } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CombinedError } from 'urql';
import { readApiError } from '../graphql/api-error';
import { describeError } from './error-message';
import styles from './states.module.css';

interface StateProps {
  /** A large sign above the text: `404`, or an icon. */
  sign: ReactNode;
  title: string;
  /** Whether the title is what the whole page is about. */
  heading?: boolean;
  text?: string;
  children?: ReactNode;
}

/** What stands in place of content that is missing: a sign, what happened, what can be done. */
export function State({ sign, title, heading, text, children }: StateProps) {
  const Title = heading ? 'h1' : 'p';
  return (
    <div className={styles.state}>
      <div className={styles.sign} aria-hidden="true">
        {sign}
      </div>
      <Title className={styles.title}>{title}</Title>
      {text && <p className={styles.text}>{text}</p>}
      {children && <div className={styles.actions}>{children}</div>}
    </div>
  );
}

interface ErrorProps {
  error: CombinedError;
  onRetry: () => void;
}

/** Above what was loaded before: it could not be loaded again. */
export function ErrorNotice({ error, onRetry }: ErrorProps) {
  const { t } = useTranslation();
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      title={t('states.notRefreshed')}
      description={describeError(readApiError(error), t)}
      action={
        <Button size="small" onClick={onRetry}>
          {t('actions.retry')}
        </Button>
      }
    />
  );
}

export function ErrorState({ error, onRetry }: ErrorProps) {
  const { t } = useTranslation();
  return (
    <div role="alert">
      <State sign="!" title={t('states.failed')} text={describeError(readApiError(error), t)}>
        <Button onClick={onRetry}>{t('actions.retry')}</Button>
      </State>
    </div>
  );
}
