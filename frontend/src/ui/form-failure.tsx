import { Alert } from 'antd';
import { useTranslation } from 'react-i18next';
import type { ApiError } from '../graphql/api-error';
import type { ErrorCode } from '../graphql/schema';
import { describeError } from './error-message';
import styles from './form-failure.module.css';

interface FormFailureProps {
  error: ApiError | undefined;
  /** Where a code means more than it does everywhere. */
  words?: Partial<Record<ErrorCode, string>>;
}

/** Above a form: why nothing has come of it, as far as no field is to blame. */
export function FormFailure({ error, words = {} }: FormFailureProps) {
  const { t } = useTranslation();
  if (!error) return null;
  // Somebody has thought better of it: nothing is wrong.
  const calm = error.code === 'REAUTHENTICATION_REQUIRED';
  return (
    <Alert
      className={styles.failure}
      type={calm ? 'info' : 'error'}
      showIcon
      role="alert"
      title={words[error.code as ErrorCode] ?? describeError(error, t)}
    />
  );
}
