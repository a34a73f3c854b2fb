import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSecondsLeft } from '../../ui/countdown';

/** How long a mail is given to arrive before it can be asked for again. */
const pause = 30_000;

export interface CoolDown {
  secondsLeft: number;
  start(): void;
}

/** Runs from the beginning: a mail was sent just before. */
export function useCoolDown(): CoolDown {
  const [until, setUntil] = useState(() => Date.now() + pause);
  return {
    secondsLeft: useSecondsLeft(until) ?? 0,
    start: () => setUntil(Date.now() + pause),
  };
}

interface ResendButtonProps {
  coolDown: CoolDown;
  loading: boolean;
  disabled: boolean;
  onClick: () => void;
}

export function ResendButton({ coolDown: { secondsLeft }, loading, disabled, onClick }: ResendButtonProps) {
  const { t } = useTranslation();
  return (
    <Button block loading={loading} disabled={disabled || secondsLeft > 0} onClick={onClick}>
      {secondsLeft > 0 ? t('auth.resendIn', { count: secondsLeft }) : t('auth.resend')}
    </Button>
  );
}
