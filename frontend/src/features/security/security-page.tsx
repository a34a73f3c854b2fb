import { Skeleton } from 'antd';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import type { ResultOf } from '../../graphql/schema';
import { useLastData } from '../../graphql/use-last-data';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { ErrorNotice, ErrorState } from '../../ui/states';
import { LinkedAccountsCard } from '../linked-accounts/linked-accounts-card';
import { PasskeysCard } from '../second-factors/passkeys-card';
import { TwoStepCard } from '../second-factors/two-step-card';
import { AccountCard } from './account-card';
import { Security } from './security-query';
import { SessionsLinkCard } from './sessions-link-card';

/** How its owner gets into an account, and nobody else does. */
export function SecurityPage() {
  const { t } = useTranslation();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: Security,
    requestPolicy: 'cache-and-network',
  });
  const last = useLastData(data?.viewer && data);
  const retry = () => refetch({ requestPolicy: 'network-only' });
  return (
    <Page title={t('security.title')} description={t('security.description')}>
      {last ? (
        <>
          {error && !fetching && <ErrorNotice error={error} onRetry={retry} />}
          <Cards data={last} />
        </>
      ) : (
        <Card>
          {error && !fetching ? (
            <ErrorState error={error} onRetry={retry} />
          ) : (
            <Skeleton active title={false} paragraph={{ rows: 6 }} />
          )}
        </Card>
      )}
    </Page>
  );
}

function Cards({ data: { viewer, authProviders } }: { data: ResultOf<typeof Security> }) {
  if (!viewer) return null;
  return (
    <>
      <AccountCard {...viewer} />
      <TwoStepCard factors={viewer.secondFactors} />
      <PasskeysCard passkeys={viewer.secondFactors.passkeys} />
      <LinkedAccountsCard accounts={viewer.linkedAccounts} providers={authProviders} />
      <SessionsLinkCard />
    </>
  );
}
