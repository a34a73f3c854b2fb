import { useTranslation } from 'react-i18next';
import type { CombinedError } from 'urql';
import { type ApiError, readApiError } from '../../graphql/api-error';
import type { PasskeyFailure } from '../../webauthn';
import styles from './auth-layout.module.css';

/** The browser stands in the way, or the server, which refuses what the browser has shown. */
export type PasskeyTrouble = { passkey: PasskeyFailure } | { error: ApiError };

/** Why the server makes no challenge: where its site has no name, or no HTTPS, it takes no passkeys at all (CONFLICT). */
export function readRefusal(error: CombinedError): PasskeyTrouble {
  const apiError = readApiError(error);
  return apiError.code === 'CONFLICT' ? { passkey: 'unsupported' } : { error: apiError };
}

/** Says below the button why there was no passkey. */
export function PasskeyNote({ failure }: { failure: PasskeyFailure | undefined }) {
  const { t } = useTranslation();
  return (
    <div role="status">
      {failure && <p className={styles.trouble}>{t(`auth.passkeyTrouble.${failure}`)}</p>}
    </div>
  );
}
