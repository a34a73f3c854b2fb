import { Skeleton } from 'antd';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../../graphql/schema';
import { useLastData } from '../../graphql/use-last-data';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { ErrorNotice, ErrorState } from '../../ui/states';
import { DataExportFields } from './data-export-fields';
import { DeletionCard } from './deletion-card';
import { ExportCard } from './export-card';

const MyData = graphql(
  `
    query MyData {
      viewer {
        id
        hasPassword
        deletionScheduledAt
        dataExport {
          ...DataExportFields
        }
      }
    }
  `,
  [DataExportFields],
);

export function MyDataPage() {
  const { t } = useTranslation();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: MyData,
    requestPolicy: 'cache-and-network',
  });
  const viewer = useLastData(data?.viewer);
  const retry = () => refetch({ requestPolicy: 'network-only' });
  return (
    <Page title={t('myData.title')} description={t('myData.description')}>
      {viewer ? (
        <>
          {error && !fetching && <ErrorNotice error={error} onRetry={retry} />}
          <ExportCard latest={viewer.dataExport} />
          <DeletionCard at={viewer.deletionScheduledAt} hasPassword={viewer.hasPassword} />
        </>
      ) : (
        <Card>
          {error && !fetching ? (
            <ErrorState error={error} onRetry={retry} />
          ) : (
            <Skeleton active title={false} paragraph={{ rows: 5 }} />
          )}
        </Card>
      )}
    </Page>
  );
}
