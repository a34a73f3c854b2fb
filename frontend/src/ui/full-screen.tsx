import { CloudOutlined } from '@ant-design/icons';
import { Button, Spin } from 'antd';
import { useTranslation } from 'react-i18next';
import { Failure } from './failure';
import { Logo } from './logo';
import { State } from './states';
import styles from './states.module.css';

/** Before it is known who is there. `unreachable`: the server has not answered; attempts go on by themselves. */
export function Starting({ unreachable, onRetry }: { unreachable: boolean; onRetry: () => void }) {
  const { t } = useTranslation();
  return (
    <main className={styles.fullScreen} aria-busy={!unreachable}>
      {unreachable ? (
        <div role="alert">
          <State
            heading
            sign={<CloudOutlined />}
            title={t('states.unreachable')}
            text={t('states.unreachableText')}
          >
            <Button onClick={onRetry}>{t('actions.retry')}</Button>
          </State>
        </div>
      ) : (
        <Spin delay={300} indicator={<Logo size={40} />} aria-label={t('states.loading')} />
      )}
    </main>
  );
}

/** A fault of the console itself outside any page. */
export function RouteFailure() {
  return (
    <main className={styles.fullScreen}>
      <Failure />
    </main>
  );
}
