import { Button, Skeleton } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql, type ReauthenticationMethod } from '../../graphql/schema';
import { ErrorState, State } from '../../ui/states';
import { canUsePasskeys } from '../../webauthn';
import { usableMethods } from './methods';
import { PasskeyProof } from './passkey-proof';
import { PasswordProof } from './password-proof';
import styles from './proofs.module.css';
import { ProviderProof } from './provider-proof';
import { TotpProof } from './totp-proof';

const ReauthenticationMethods = graphql(`
  query ReauthenticationMethods {
    viewer {
      id
      reauthenticationMethods
      linkedAccounts {
        id
        provider
      }
    }
    authProviders {
      id
      label
    }
  }
`);

/** The ways in which the viewer can show who they are. */
export function Proofs({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const [{ data, error }, refetch] = useQuery({
    query: ReauthenticationMethods,
    requestPolicy: 'network-only',
  });
  const [chosen, setChosen] = useState<ReauthenticationMethod>();
  if (!data) {
    return error ? (
      <ErrorState error={error} onRetry={() => refetch({ requestPolicy: 'network-only' })} />
    ) : (
      <Skeleton active title={false} paragraph={{ rows: 3 }} />
    );
  }

  const linked = data.viewer?.linkedAccounts.map(({ provider }) => provider) ?? [];
  const providers = data.authProviders.filter(({ id }) => linked.includes(id));
  const methods = usableMethods(data.viewer?.reauthenticationMethods ?? [], {
    passkeys: canUsePasskeys(),
    providers: providers.length,
  });
  const method = methods.find((known) => known === chosen) ?? methods[0];
  if (!method) {
    return <State sign="!" title={t('reauthentication.none')} text={t('reauthentication.noneText')} />;
  }
  return (
    <>
      <p className={styles.why}>{t('reauthentication.why')}</p>
      {method === 'PASSWORD' && <PasswordProof onDone={onDone} />}
      {method === 'PASSKEY' && <PasskeyProof onDone={onDone} />}
      {method === 'TOTP' && <TotpProof onDone={onDone} />}
      {method === 'PROVIDER' && <ProviderProof providers={providers} />}
      {methods.length > 1 && (
        <div className={styles.others}>
          <span>{t('reauthentication.instead')}</span>
          {methods
            .filter((other) => other !== method)
            .map((other) => (
              <Button key={other} type="link" onClick={() => setChosen(other)}>
                {t(`reauthentication.method.${other}`)}
              </Button>
            ))}
        </div>
      )}
    </>
  );
}
