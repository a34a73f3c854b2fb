import { MoonOutlined, SunOutlined, TranslationOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, type Language, languages } from '../i18n';
import { type Appearance, appearances, chooseAppearance, useAppearance, useDark } from './appearance';

/** The switches for language and theme. */
export function Preferences() {
  const { t, i18n } = useTranslation();
  const appearance = useAppearance();
  const dark = useDark();
  return (
    <>
      <Dropdown
        trigger={['click']}
        autoFocus
        menu={{
          selectable: true,
          selectedKeys: [i18n.language],
          items: Object.entries(languages).map(([key, label]) => ({
            key,
            label: <span lang={key}>{label}</span>,
          })),
          onClick: ({ key }) => chooseLanguage(key as Language),
        }}
      >
        <Button
          type="text"
          icon={<TranslationOutlined />}
          aria-label={t('shell.language')}
          aria-haspopup="menu"
        />
      </Dropdown>
      <Dropdown
        trigger={['click']}
        autoFocus
        menu={{
          selectable: true,
          selectedKeys: [appearance],
          items: appearances.map((key) => ({ key, label: t(`shell.appearance.${key}`) })),
          onClick: ({ key }) => chooseAppearance(key as Appearance),
        }}
      >
        <Button
          type="text"
          icon={dark ? <MoonOutlined /> : <SunOutlined />}
          aria-label={t('shell.theme')}
          aria-haspopup="menu"
        />
      </Dropdown>
    </>
  );
}
