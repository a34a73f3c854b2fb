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

export type AnnounceSignIn = (signIn: SignInElsewhere) => void;

/** How long the lesser of two events waits for the graver one. */
const WAIT_MS = 2000;

/** Tells of a sign-in elsewhere. Of one from a new device two events tell, in any order; the graver one is shown alone. */
export function useSignInNotice(): AnnounceSignIn {
  const { t } = useTranslation();
  const { notification } = App.useApp();
  const navigate = useNavigate();
  const grave = useRef(new Set<string>());

  function show({ sessionId = '', device, fromNewDevice = false }: SignInElsewhere) {
    if (!fromNewDevice && grave.current.has(sessionId)) return;
    const key = `sign-in-${sessionId}-${fromNewDevice}`;
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
    if (!signIn.fromNewDevice) return void setTimeout(show, WAIT_MS, signIn);
    grave.current.add(signIn.sessionId ?? '');
    show(signIn);
  };
}
