import { Button, Skeleton } from 'antd';
import { type ReactNode, useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { UseQueryExecute, UseQueryState } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { ErrorState, State } from '../states';
import { type Cursor, start } from './list-search';
import styles from './listing.module.css';

interface Connection {
  nodes: readonly unknown[];
  totalCount: number;
  pageInfo: {
    hasPreviousPage: boolean;
    hasNextPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
}

interface ListingProps {
  filters: ReactNode;
  answer: Pick<UseQueryState, 'error' | 'fetching' | 'stale'>;
  connection: Connection | undefined;
  refetch: UseQueryExecute;
  cursor: Cursor;
  turn: (to: Partial<Cursor>) => void;
  /** The first page, in place of one that the address cannot have from this console. */
  leaveCursor: () => void;
  total: (count: number) => string;
  empty: { title: string; text?: string };
  /** The table of what was found. */
  children: ReactNode;
}

/** A page of a long list: its filters, what was found, and the way to the pages before and after it. */
export function Listing({
  filters,
  answer: { error, fetching, stale },
  connection,
  refetch,
  cursor,
  turn,
  leaveCursor,
  total,
  empty,
  children,
}: ListingProps) {
  const { t } = useTranslation();
  const atCursor = cursor.after !== undefined || cursor.before !== undefined;
  const lost = atCursor && error !== undefined && readApiError(error).code === 'INVALID_INPUT';
  const leave = useEffectEvent(leaveCursor);
  useEffect(() => {
    // An address that was cut short, or a cursor of another order: the first page is the next best.
    if (lost) leave();
  }, [lost]);

  return (
    <>
      {filters}
      {!connection ? (
        error && !fetching && !lost ? (
          <ErrorState error={error} onRetry={() => refetch({ requestPolicy: 'network-only' })} />
        ) : (
          <div className={styles.skeleton} role="status" aria-label={t('states.loading')}>
            <Skeleton active title={false} paragraph={{ rows: 8, width: '100%' }} />
          </div>
        )
      ) : connection.nodes.length === 0 ? (
        <div role="status">
          <State sign="0" {...empty}>
            {atCursor && <Button onClick={() => turn(start)}>{t('actions.firstPage')}</Button>}
          </State>
        </div>
      ) : (
        <>
          <div className={styles.results} data-stale={fetching || stale} aria-busy={fetching}>
            {children}
          </div>
          <footer className={styles.footer}>
            <p role="status">{total(connection.totalCount)}</p>
            <div className={styles.pages}>
              <Button
                disabled={!connection.pageInfo.hasPreviousPage}
                onClick={() => turn({ before: connection.pageInfo.startCursor ?? undefined })}
              >
                {t('actions.previous')}
              </Button>
              <Button
                disabled={!connection.pageInfo.hasNextPage}
                onClick={() => turn({ after: connection.pageInfo.endCursor ?? undefined })}
              >
                {t('actions.next')}
              </Button>
            </div>
          </footer>
        </>
      )}
    </>
  );
}
