import { App, Button } from 'antd';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { paths } from '../../paths';

interface SignInElsewhere {
  sessionId: string | undefined;
  device: string | undefined;
  fromNewDevice?: boolean;
}

export type AnnounceSignIn = (signIn: SignInElsewhere) => void;

/** How long the lesser of two events waits for the graver one. */
const WAIT_MS = 2000;

/** Tells of a sign-in elsewhere. Of one from a new device two events tell, in any order; the graver one is shown alone. */
export function useSignInNotice(): AnnounceSignIn {
  const { t } = useTranslation();
  const { notification } = App.useApp();
  const navigate = useNavigate();
  const grave = useRef(new Set<string>());
  const timers = useRef(new Set<number>());

  // Nothing of it is for whoever signs in here next.
  useEffect(() => {
    const pending = timers.current;
    return () => {
      pending.forEach(clearTimeout);
      notification.destroy();
    };
  }, [notification]);

  function show({ sessionId = '', device, fromNewDevice = false }: SignInElsewhere) {
    if (!fromNewDevice && grave.current.has(sessionId)) return;
    const key = keyOf(sessionId, fromNewDevice);
    const name = device || t('sessions.unknownDevice');
    notification.warning({
      key,
      title: t(fromNewDevice ? 'sessions.startedOnNewDevice' : 'sessions.startedElsewhere', { device: name }),
      description: fromNewDevice && t('sessions.notYou'),
      actions: (
        <Button
          size="small"
          onClick={() => {
            notification.destroy(key);
            navigate(paths.sessions);
          }}
        >
          {t('sessions.title')}
        </Button>
      ),
      closable: { 'aria-label': t('actions.close') },
      duration: fromNewDevice ? 0 : 10,
    });
  }

  return (signIn) => {
    if (!signIn.fromNewDevice) {
      timers.current.add(window.setTimeout(show, WAIT_MS, signIn));
      return;
    }
    const { sessionId = '' } = signIn;
    grave.current.add(sessionId);
    notification.destroy(keyOf(sessionId, false));
    show(signIn);
  };
}

/** Takes back the notice of a session that was seen to; without an id, all of them. */
export function useWithdrawSignInNotice(): (sessionId?: string) => void {
  const { notification } = App.useApp();
  return (sessionId) => {
    if (sessionId === undefined) notification.destroy();
    else for (const fromNewDevice of [true, false]) notification.destroy(keyOf(sessionId, fromNewDevice));
  };
}

const keyOf = (sessionId: string, fromNewDevice: boolean) => `sign-in-${sessionId}-${fromNewDevice}`;
