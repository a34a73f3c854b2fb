import { Button } from 'antd';
import type { MouseEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useHref, useLinkClickHandler } from 'react-router';
import { useTokenState } from '../../graphql/browser-session';
import { paths } from '../../paths';
import type { Arrival } from './arrival';

interface GoToProps {
  to: string;
  state?: unknown;
  secondary?: boolean;
  children: ReactNode;
}

/** A link that is the way on from a page, and looks like it. */
export function GoTo({ to, state, secondary, children }: GoToProps) {
  const href = useHref(to);
  const follow = useLinkClickHandler(to, { state });
  return (
    <Button
      block
      type={secondary ? 'default' : 'primary'}
      href={href}
      onClick={(event) => follow(event as MouseEvent<HTMLAnchorElement>)}
    >
      {children}
    </Button>
  );
}

/** To the sign-in page, with what it has to know; whoever is signed in goes on instead. */
export function GoToSignIn({ arrival }: { arrival?: Arrival }) {
  const { t } = useTranslation();
  const signedIn = useTokenState().status === 'signed-in';
  return signedIn ? (
    <GoTo to={paths.home}>{t('actions.home')}</GoTo>
  ) : (
    <GoTo to={paths.signIn} state={arrival}>
      {t('auth.signIn')}
    </GoTo>
  );
}
