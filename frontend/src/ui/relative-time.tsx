import dayjs from 'dayjs';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

const minute = 60_000;

interface RelativeTimeProps {
  value: string;
  /** Whether it is still to come. */
  ahead?: boolean;
}

/** "3 minutes ago", kept current; the full date and time shows on hover. */
export function RelativeTime({ value, ahead = false }: RelativeTimeProps) {
  const [, tick] = useState(0);
  // Renders again when the language changes.
  useTranslation();
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), minute);
    return () => clearInterval(timer);
  }, []);
  // A device clock that is wrong must not put the past into the future, nor the future into the past.
  const [now, moment] = [Date.now(), Date.parse(value)];
  const shown = dayjs(ahead ? Math.max(moment, now) : Math.min(moment, now));
  return (
    <time dateTime={value} title={formatDateTime(value)}>
      {shown.from(now)}
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
