import { Button, Skeleton } from 'antd';
import { type ReactNode, type Ref, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CombinedError } from 'urql';
import styles from './paged-list.module.css';
import { ErrorState } from './states';

interface Page<Node> {
  nodes: readonly Node[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export interface PageAnswer<Node> {
  page: Page<Node> | undefined;
  error: CombinedError | undefined;
  fetching: boolean;
  refetch: () => void;
}

interface PagedListProps<Node> {
  /** A hook that reads the page behind a cursor; `null`: the first one. */
  usePage: (after: string | null) => PageAnswer<Node>;
  row: (node: Node, ref: Ref<HTMLLIElement>) => ReactNode;
  /** What stands in place of a list without entries. */
  empty: ReactNode;
}

/** A list that grows by a page whenever more is asked for. */
export function PagedList<Node>(props: PagedListProps<Node>) {
  return (
    <ul>
      <Pages {...props} after={null} />
    </ul>
  );
}

/**
 * One page of the list and, once asked for, the pages after it. Each page is a query of its own that starts at
 * the end of the page before, so the list stays whole when entries come and go.
 */
function Pages<Node>({ after, ...list }: PagedListProps<Node> & { after: string | null }) {
  const { t } = useTranslation();
  const { usePage, row, empty } = list;
  const { page, error, fetching, refetch } = usePage(after);
  const [moreWanted, setMoreWanted] = useState(false);

  // The button that asked for this page is gone: the page's first row takes over the focus, once.
  const firstRow = useRef<HTMLLIElement>(null);
  const focusWanted = useRef(after !== null);
  const arrived = page !== undefined;
  useEffect(() => {
    if (!arrived || !focusWanted.current) return;
    focusWanted.current = false;
    firstRow.current?.focus();
  }, [arrived]);

  if (!page) {
    if (error && !fetching) {
      return (
        <li>
          <ErrorState error={error} onRetry={refetch} />
        </li>
      );
    }
    return <SkeletonRows />;
  }

  const { hasNextPage, endCursor } = page.pageInfo;
  if (page.nodes.length === 0 && after === null && !hasNextPage) return <li>{empty}</li>;
  return (
    <>
      {page.nodes.map((node, index) => row(node, index === 0 ? firstRow : null))}
      {hasNextPage &&
        (moreWanted ? (
          <Pages {...list} after={endCursor} />
        ) : (
          <li className={styles.more}>
            <Button onClick={() => setMoreWanted(true)}>{t('actions.loadMore')}</Button>
          </li>
        ))}
    </>
  );
}

function SkeletonRows() {
  const { t } = useTranslation();
  return (
    <>
      <li className="visually-hidden">{t('states.loading')}</li>
      {[0, 1, 2].map((row) => (
        <li key={row} className={styles.skeleton} aria-hidden="true">
          <Skeleton
            active
            avatar={{ shape: 'square', size: 40 }}
            title={{ width: 180 }}
            paragraph={{ rows: 1, width: 260 }}
          />
        </li>
      ))}
    </>
  );
}
