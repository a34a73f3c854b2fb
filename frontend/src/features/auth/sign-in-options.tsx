import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { providerAddress } from '../../graphql/endpoint';
import { graphql, type ResultOf } from '../../graphql/schema';
import { ProviderIcon } from '../linked-accounts/provider-icon';
import styles from './auth-layout.module.css';

const SignInOptions = graphql(`
  query SignInOptions {
    authProviders {
      id
      label
      kind
    }
    registration {
      mode
      emailDomains
    }
  }
`);

export type Options = ResultOf<typeof SignInOptions>;
export type Provider = Options['authProviders'][number];

/** How people come in here, as the operator has set it; of the error nothing more than that there is one matters. */
export function useSignInOptions() {
  const [{ data, error, fetching }, refetch] = useQuery({ query: SignInOptions });
  return {
    options: data,
    failed: error !== undefined && !fetching,
    retry: () => refetch({ requestPolicy: 'network-only' }),
  };
}

/** Plain links: what follows is between the browser, the server and the provider. */
export function ProviderLinks({ providers, next }: { providers: readonly Provider[]; next: string }) {
  const { t } = useTranslation();
  if (providers.length === 0) return null;
  return (
    <ul className={styles.providers}>
      {providers.map(({ id, label, kind }) => (
        <li key={id}>
          <Button block href={providerAddress(id, next)} icon={<ProviderIcon kind={kind} />}>
            {t('auth.withProvider', { provider: label })}
          </Button>
        </li>
      ))}
    </ul>
  );
}

/** Where the options could not be had; what needs none of them goes on working. */
export function OptionsFailed({ onRetry }: { onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <p className={styles.switch} role="status">
      {t('auth.optionsFailed')}{' '}
      <Button type="link" className={styles.inline} onClick={onRetry}>
        {t('actions.retry')}
      </Button>
    </p>
  );
}
