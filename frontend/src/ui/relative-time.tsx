import dayjs from 'dayjs';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

const minute = 60_000;

/** "3 minutes ago", kept current; the full date and time shows on hover. */
export function RelativeTime({ value }: { value: string }) {
  const [, tick] = useState(0);
  // Renders again when the language changes.
  useTranslation();
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), minute);
    return () => clearInterval(timer);
  }, []);
  // A device clock that is behind must not put the past into the future.
  const moment = dayjs(Math.min(Date.parse(value), Date.now()));
  return (
    <time dateTime={value} title={formatDateTime(value)}>
      {moment.fromNow()}
    </time>
  );
}

export function formatDateTime(value: string): string {
  return new Date(value).toLocaleString(document.documentElement.lang, {
    dateStyle: 'long',
    timeStyle: 'medium',
  });
}

export function formatDate(value: string): string {
  return new Date(value).toLocaleDateString(document.documentElement.lang, { dateStyle: 'medium' });
}
