import { Button } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRouteError } from 'react-router';
import { useDocumentTitle } from './page';
import { State } from './states';

/**
 * In place of a page that cannot be shown: its code does not load (without network, or after an upgrade of the
 * server), or the console itself is at fault. The router does not ask for code twice, so only a reload helps.
 */
export function Failure() {
  const { t } = useTranslation();
  const error = useRouteError();
  const [offline] = useState(() => !navigator.onLine);
  const title = t(offline ? 'states.failed' : 'states.broken');
  useDocumentTitle(title);

  useEffect(() => {
    console.error(error);
  }, [error]);

  useEffect(() => {
    if (!offline) return;
    window.addEventListener('online', reload);
    return () => window.removeEventListener('online', reload);
  }, [offline]);

  return (
    <div role="alert">
      <State heading sign="!" title={title} text={t(offline ? 'states.offlineText' : 'states.brokenText')}>
        <Button onClick={reload}>{t(offline ? 'actions.retry' : 'actions.reload')}</Button>
      </State>
    </div>
  );
}

function reload() {
  window.location.reload();
}
