import { ReloadOutlined, SafetyOutlined } from '@ant-design/icons';
import { Button, Skeleton } from 'antd';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { graphql } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { ErrorState, State } from '../../ui/states';
import { BlockRow } from './block-row';

const Blocks = graphql(`
  query Blocks {
    blocks {
      id
      kind
      account
      network
      attempts
      until
    }
  }
`);

/** No event tells of blocks. */
const every = 30_000;

/** Who has to wait after too many attempts. */
export function BlocksPage() {
  const { t } = useTranslation();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: Blocks,
    requestPolicy: 'cache-and-network',
  });
  const reload = useEffectEvent(() => refetch({ requestPolicy: 'network-only' }));
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && reload(), every);
    return () => clearInterval(timer);
  }, []);
  const again = () => refetch({ requestPolicy: 'network-only' });
  return (
    <Page
      title={t('blocks.title')}
      description={t('blocks.description')}
      actions={
        <Button
          icon={<ReloadOutlined aria-hidden />}
          loading={fetching && data !== undefined}
          onClick={again}
        >
          {t('actions.refresh')}
        </Button>
      }
    >
      <Card flush title={t('blocks.now')}>
        {data ? (
          data.blocks.length === 0 ? (
            <div role="status">
              <State sign={<SafetyOutlined />} title={t('blocks.none')} text={t('blocks.noneText')} />
            </div>
          ) : (
            <ul>
              {data.blocks.map((block) => (
                <BlockRow key={block.id} block={block} onOver={again} />
              ))}
            </ul>
          )
        ) : error && !fetching ? (
          <ErrorState error={error} onRetry={again} />
        ) : (
          <div style={{ padding: 20 }}>
            <Skeleton active title={false} paragraph={{ rows: 4 }} />
          </div>
        )}
      </Card>
    </Page>
  );
}
