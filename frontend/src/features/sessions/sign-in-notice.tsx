import { App, Button } from 'antd';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { paths } from '../../paths';

interface SignInElsewhere {
  sessionId: string | undefined;
  device: string | undefined;
  fromNewDevice?: boolean;
}

export interface SignInNotice {
  show: (signIn: SignInElsewhere) => void;
  /** Takes the notice back: somebody has seen to it. */
  withdraw: (sessionId: string) => void;
}

/** How long the lesser of two events waits for the graver one. */
const WAIT_MS = 2000;

/** Tells of a sign-in elsewhere. Of one from a new device two events tell, in any order; the graver one is shown alone. */
export function useSignInNotice(): SignInNotice {
  const { t } = useTranslation();
  const { notification } = App.useApp();
  const navigate = useNavigate();
  const grave = useRef(new Set<string>());
  const withdrawn = useRef(new Set<string>());

  function open({ sessionId = '', device, fromNewDevice = false }: SignInElsewhere) {
    if (withdrawn.current.has(sessionId) || (!fromNewDevice && grave.current.has(sessionId))) return;
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

  return {
    show: (signIn) => {
      if (!signIn.fromNewDevice) return void setTimeout(open, WAIT_MS, signIn);
      grave.current.add(signIn.sessionId ?? '');
      open(signIn);
    },
    withdraw: (sessionId) => {
      withdrawn.current.add(sessionId);
      for (const fromNewDevice of [true, false]) notification.destroy(keyOf(sessionId, fromNewDevice));
    },
  };
}

const keyOf = (sessionId: string, fromNewDevice: boolean) => `sign-in-${sessionId}-${fromNewDevice}`;
