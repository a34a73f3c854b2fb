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

/**
 * Tells of a sign-in elsewhere. Of one from a new device two events tell, in any order, and the graver one stays: it
 * takes the place of the other.
 */
export function useSignInNotice(): AnnounceSignIn {
  const { t } = useTranslation();
  const { notification } = App.useApp();
  const navigate = useNavigate();
  const grave = useRef(new Set<string>());
  return ({ sessionId = '', device, fromNewDevice = false }) => {
    if (!fromNewDevice && grave.current.has(sessionId)) return;
    if (fromNewDevice) grave.current.add(sessionId);
    const key = `sign-in-${sessionId}`;
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
  };
}
