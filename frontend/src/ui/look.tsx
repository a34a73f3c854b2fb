import { App, ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useDark } from './appearance';
import styles from './look.module.css';
import { dark, light } from './theme';

/** Theme and language of every antd component below it. */
export function Look({ children }: { children: ReactNode }) {
  const { i18n } = useTranslation();
  const theme = useDark() ? dark : light;
  return (
    <ConfigProvider
      theme={theme}
      locale={i18n.language === 'zh-CN' ? zhCN : enUS}
      button={{ autoInsertSpace: false }}
      form={{ requiredMark: false }}
    >
      {children}
    </ConfigProvider>
  );
}

/** The ground that pages stand on, and that their messages and questions belong to: these go when it goes. */
export function Ground({ children }: { children: ReactNode }) {
  return (
    <App className={styles.app} message={{ maxCount: 3 }}>
      {children}
    </App>
  );
}
