import { App } from 'antd';
import { useTranslation } from 'react-i18next';
import type { CombinedError } from 'urql';
import { readApiError } from '../graphql/api-error';
import type { ErrorCode } from '../graphql/schema';
import { describeError } from './error-message';

/** Says why nothing has come of something; `words` where a code means more than it does everywhere. */
export function useTellFailure(): (error: CombinedError, words?: Partial<Record<ErrorCode, string>>) => void {
  const { t } = useTranslation();
  const { message } = App.useApp();
  return (error, words = {}) => {
    const apiError = readApiError(error);
    const text = words[apiError.code as ErrorCode] ?? describeError(apiError, t);
    // Somebody has thought better of it: nothing is wrong.
    if (apiError.code === 'REAUTHENTICATION_REQUIRED') message.info(text);
    else message.error(text);
  };
}
