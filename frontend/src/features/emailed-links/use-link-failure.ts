import type { CombinedError } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { type FormFailure, useFailure } from '../auth/failure-notice';
import type { GoodLink } from './link-page';

/** How the button of a link's page goes wrong: the link itself is refused, or something else stands in its way. */
export function useLinkFailure({
  onInvalid,
}: GoodLink): FormFailure & { refuse(error: CombinedError): void } {
  const failure = useFailure();
  return {
    ...failure,
    refuse: (error) => {
      const apiError = readApiError(error);
      if (apiError.code === 'INVALID_TOKEN') onInvalid();
      else failure.fail(apiError);
    },
  };
}
