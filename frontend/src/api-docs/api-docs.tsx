import { GraphiQL } from 'graphiql';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Provider } from 'urql';
import { useTokenState, viewerOf } from '../graphql/browser-session';
import { useDark } from '../ui/appearance';
import styles from './api-docs.module.css';
import { SignInBar } from './sign-in-bar';
import { client, fetcher } from './transport';

const firstQuery = `# Ctrl-Space completes what you type.
# Ctrl-Enter runs what the cursor is in.

query Me {
  viewer {
    id
    email
    name
    role
  }
}

subscription MySessions {
  sessionEvents {
    kind
    occurredAt
    session {
      id
      ip
      device {
        label
      }
    }
  }
}
`;

export function ApiDocs() {
  const { t } = useTranslation();
  const state = useTokenState();
  const theme = useDark() ? 'dark' : 'light';
  useEffect(() => {
    document.title = `${t('apiDocs.title')} · ${t('product')}`;
  }, [t]);
  return (
    <div className={styles.page} data-theme={theme}>
      <Provider value={client}>
        <SignInBar />
      </Provider>
      <main className={styles.editor}>
        {state.status !== 'starting' && (
          // What the schema shows may depend on who asks for it.
          <GraphiQL
            key={viewerOf(state)?.id}
            fetcher={fetcher}
            forcedTheme={theme}
            defaultQuery={firstQuery}
          />
        )}
      </main>
    </div>
  );
}
