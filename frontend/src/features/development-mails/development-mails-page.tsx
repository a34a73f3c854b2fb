import { Segmented, Skeleton } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useQuery } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { graphql, type ResultOf } from '../../graphql/schema';
import { Card } from '../../ui/card';
import { NotFoundPage } from '../../ui/missing-pages';
import { Page } from '../../ui/page';
import { Preferences } from '../../ui/preferences';
import { RelativeTime } from '../../ui/relative-time';
import { Brand } from '../../ui/shell/navigation';
import { ErrorState, State } from '../../ui/states';
import styles from './development-mails.module.css';

const DevelopmentMails = graphql(`
  query DevelopmentMails {
    developmentMails {
      id
      recipient
      subject
      text
      html
      sentAt
    }
  }
`);

type Mail = ResultOf<typeof DevelopmentMails>['developmentMails'][number];

/** How often the mailbox is looked into while it is in view, in milliseconds. */
const interval = 2_000;

/** The mails of an installation on one's own machine, which has no mail server: every other one refuses to show them. */
export function DevelopmentMailsPage() {
  return (
    <div className={styles.frame}>
      <header className={styles.bar}>
        <Brand />
        <div>
          <Preferences />
        </div>
      </header>
      <main className={styles.main}>
        <Mailbox />
      </main>
    </div>
  );
}

function Mailbox() {
  const { t } = useTranslation();
  const [{ data, error, fetching }, refetch] = useQuery({
    query: DevelopmentMails,
    requestPolicy: 'cache-and-network',
  });
  const [selected, setSelected] = useState<string>();

  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) refetch({ requestPolicy: 'network-only' });
    }, interval);
    return () => clearInterval(timer);
  }, [refetch]);

  if (!data && error && readApiError(error).code === 'FORBIDDEN') return <NotFoundPage />;
  const mails = data?.developmentMails;
  const mail = mails?.find(({ id }) => id === selected) ?? mails?.[0];
  return (
    <Page title={t('developmentMails.title')} description={t('developmentMails.description')}>
      {!mails ? (
        <Card>
          {error && !fetching ? (
            <ErrorState error={error} onRetry={() => refetch({ requestPolicy: 'network-only' })} />
          ) : (
            <Skeleton active title={false} paragraph={{ rows: 6 }} />
          )}
        </Card>
      ) : !mail ? (
        <Card>
          <div role="status">
            <State sign="0" title={t('developmentMails.none')} text={t('developmentMails.noneText')} />
          </div>
        </Card>
      ) : (
        <div className={styles.mailbox}>
          <Card flush title={t('developmentMails.list')}>
            <ul className={styles.list}>
              {mails.map((one) => (
                <li key={one.id}>
                  <button
                    type="button"
                    className={styles.row}
                    aria-current={one.id === mail.id}
                    onClick={() => setSelected(one.id)}
                  >
                    <span className={styles.subject}>{one.subject}</span>
                    <span className={styles.detail}>{one.recipient}</span>
                    <span className={styles.detail}>
                      <RelativeTime value={one.sentAt} />
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          </Card>
          <Letter key={mail.id} mail={mail} />
        </div>
      )}
    </Page>
  );
}

type View = 'HTML' | 'TEXT';

function Letter({ mail: { subject, recipient, html, text } }: { mail: Mail }) {
  const { t } = useTranslation();
  const [view, setView] = useState<View>('HTML');
  return (
    <Card
      flush
      title={subject}
      extra={
        <Segmented<View>
          aria-label={t('developmentMails.view')}
          value={view}
          onChange={setView}
          options={[
            { value: 'HTML', label: 'HTML' },
            { value: 'TEXT', label: t('developmentMails.text') },
          ]}
        />
      }
    >
      <p className={styles.recipient}>{t('developmentMails.to', { recipient })}</p>
      {view === 'HTML' ? (
        // No scripts; a link opens a window of its own, which is an ordinary one.
        <iframe
          className={styles.html}
          title={subject}
          srcDoc={html.replace('<head>', '<head><base target="_blank">')}
          sandbox="allow-popups allow-popups-to-escape-sandbox"
        />
      ) : (
        <pre className={styles.text}>{linked(text)}</pre>
      )}
    </Card>
  );
}

/** The text with its addresses as links. */
function linked(text: string) {
  return text.split(/(https?:\/\/\S+)/).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text that does not change.
      <a key={index} href={part} target="_blank" rel="noreferrer">
        {part}
      </a>
    ) : (
      part
    ),
  );
}
