import { DownloadOutlined } from '@ant-design/icons';
import { Button, Progress } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation, useSubscription } from 'urql';
import { serverAddress } from '../../graphql/endpoint';
import { graphql } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { formatDateTime, RelativeTime } from '../../ui/relative-time';
import { useTellFailure } from '../../ui/tell-failure';
import { formatBytes } from './bytes';
import { type DataExport, DataExportFields } from './data-export-fields';
import styles from './export-card.module.css';

const RequestDataExport = graphql(
  `
    mutation RequestDataExport {
      requestDataExport {
        ...DataExportFields
      }
    }
  `,
  [DataExportFields],
);

const DataExportProgress = graphql(
  `
    subscription DataExportProgress {
      dataExportProgress {
        ...DataExportFields
      }
    }
  `,
  [DataExportFields],
);

/** A copy of everything that is kept about the viewer. */
export function ExportCard({ latest }: { latest: DataExport | null }) {
  const { t } = useTranslation();
  const tellFailure = useTellFailure();
  const [{ fetching }, requestDataExport] = useMutation(RequestDataExport);
  const underWay = latest?.state === 'QUEUED' || latest?.state === 'RUNNING';
  // What it brings goes into the cache, where `latest` comes from.
  useSubscription({ query: DataExportProgress, pause: !underWay });

  async function request() {
    const { error } = await requestDataExport({});
    if (error) tellFailure(error);
  }

  return (
    <Card title={t('myData.export.title')}>
      <p className={styles.text}>{t('myData.export.text')}</p>
      {latest && <Latest latest={latest} />}
      <Button
        type={latest?.state === 'READY' ? 'default' : 'primary'}
        loading={fetching}
        disabled={underWay}
        onClick={request}
      >
        {t(latest && !underWay ? 'myData.export.again' : 'myData.export.request')}
      </Button>
    </Card>
  );
}

function Latest({ latest }: { latest: DataExport }) {
  const { t } = useTranslation();
  const { state, progress, requestedAt, sizeBytes, expiresAt, downloadUrl } = latest;
  return (
    <div className={styles.latest}>
      <p role="status" className={styles.state}>
        {t(`myData.export.state.${state}`)}
      </p>
      {(state === 'QUEUED' || state === 'RUNNING') && (
        <Progress percent={Math.floor(progress * 100)} aria-label={t('myData.export.progress')} />
      )}
      {state === 'READY' && downloadUrl && (
        <Button
          type="primary"
          icon={<DownloadOutlined aria-hidden />}
          href={serverAddress(downloadUrl)}
          download
        >
          {t('myData.export.download')}
          {sizeBytes !== null && ` (${formatBytes(sizeBytes)})`}
        </Button>
      )}
      <p className={styles.aside}>
        {t('myData.export.requested')} <RelativeTime value={requestedAt} />
        {state === 'READY' && expiresAt && (
          <> · {t('myData.export.until', { time: formatDateTime(expiresAt) })}</>
        )}
      </p>
    </div>
  );
}
