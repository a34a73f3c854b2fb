import { Alert } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../../graphql/api-error';
import { useSecondsLeft } from '../../ui/countdown';
import { describeError } from '../../ui/error-message';
import { describeRefusal } from './access';
import styles from './auth-layout.module.css';

export interface FormFailure {
  error: ApiError | undefined;
  /** Until another try is of use; 0 when nothing stands against it. */
  secondsLeft: number;
  fail(error: ApiError | undefined): void;
}

/** What a form was last refused with, and how long that holds. */
export function useFailure(): FormFailure {
  const [failed, setFailed] = useState<{ error: ApiError; until: number | undefined }>();
  const secondsLeft = useSecondsLeft(failed?.until) ?? 0;
  return {
    error: failed?.error,
    secondsLeft,
    fail: (error) => setFailed(error && { error, until: retryTime(error) }),
  };
}

function retryTime({ code, retryAfterSeconds }: ApiError): number | undefined {
  return code === 'RATE_LIMITED' && retryAfterSeconds !== undefined
    ? Date.now() + retryAfterSeconds * 1000
    : undefined;
}

/** Says it above the form. */
export function FailureNotice({ failure: { error, secondsLeft } }: { failure: FormFailure }) {
  const { t } = useTranslation();
  if (!error) return null;
  const counts = error.code === 'RATE_LIMITED' && error.retryAfterSeconds !== undefined;
  const title = !counts ? (
    describeRefusal(error, t)
  ) : secondsLeft > 0 ? (
    // Read out once, not every second.
    <span aria-live="off">{describeError({ ...error, retryAfterSeconds: secondsLeft }, t)}</span>
  ) : (
    t('errors.retryNow')
  );
  return (
    <Alert
      className={styles.notice}
      type={counts ? 'warning' : 'error'}
      showIcon
      role="alert"
      title={title}
    />
  );
}
