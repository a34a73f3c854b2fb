import dayjs from 'dayjs';
import relativeTime from 'dayjs/plugin/relativeTime';
import 'dayjs/locale/zh-cn';
import i18next from 'i18next';
import LanguageDetector from 'i18next-browser-languagedetector';
import { initReactI18next } from 'react-i18next';
import type { MailLocale } from './graphql/schema';
import en from './locales/en.json';
import zhCN from './locales/zh-CN.json';
import { remember } from './remembered';

export const languages = { 'zh-CN': '简体中文', en: 'English' } as const;
export type Language = keyof typeof languages;

const storageKey = 'language';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

dayjs.extend(relativeTime);

function follow(language: string) {
  document.documentElement.lang = language;
  dayjs.locale(language.toLowerCase());
}

i18next.on('languageChanged', follow);

i18next
  .use(LanguageDetector)
  .use(initReactI18next)
  .init({
    resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
    supportedLngs: Object.keys(languages),
    fallbackLng: 'en',
    interpolation: { escapeValue: false },
    detection: {
      order: ['localStorage', 'navigator'],
      lookupLocalStorage: storageKey,
      // Only a choice is remembered; until there is one, the browser's language rules.
      caches: [],
      convertDetectedLanguage: (code) => (/^zh\b/i.test(code) ? 'zh-CN' : code.replace(/^en\b.*/i, 'en')),
    },
  });

export function chooseLanguage(language: Language): void {
  remember(storageKey, language);
  i18next.changeLanguage(language);
}

/** The languages of mails. */
export const mailLocales: MailLocale[] = ['ZH_CN', 'EN'];

/** The language of mails that somebody asks for who reads the console in `language`. */
export const mailLocale = (language: string): MailLocale => (language === 'zh-CN' ? 'ZH_CN' : 'EN');

// Another tab's choice.
window.addEventListener('storage', ({ key, newValue }) => {
  if (key === storageKey && newValue) i18next.changeLanguage(newValue);
});
