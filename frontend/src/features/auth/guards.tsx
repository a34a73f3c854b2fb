import { type ReactNode, useEffect } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { session, useTokenState, useViewer } from '../../graphql/browser-session';
import { paths, withNext } from '../../paths';
import { Starting } from '../../ui/full-screen';
import { useNext } from './use-next';

/** Lets only a signed-in person through; others go to sign-in and come back. */
export function RequireSession() {
  const state = useTokenState();
  const { pathname, search, hash } = useLocation();
  if (state.status === 'starting') return <StartingSession unreachable={state.unreachable} />;
  if (state.status === 'signed-in') return <Outlet />;
  // Someone who has signed out is not sent back to where the last person was.
  const next = state.reason === 'signed-out' ? paths.home : pathname + search + hash;
  return <Navigate to={withNext(paths.signIn, next)} replace />;
}

/** Sign-in and sign-up; whoever is or becomes signed in goes on to where they wanted to be. */
export function SignedOutOnly() {
  const state = useTokenState();
  const next = useNext();
  if (state.status === 'starting') return <StartingSession unreachable={state.unreachable} />;
  if (state.status === 'signed-in') return <GoOn to={next} />;
  return <Outlet />;
}

/** For everybody, once it is known who that is: to find out starts the pages below it afresh. */
export function Everybody() {
  const state = useTokenState();
  if (state.status === 'starting') return <StartingSession unreachable={state.unreachable} />;
  return <Outlet />;
}

export function RequireAdmin({ otherwise }: { otherwise: ReactNode }) {
  return useViewer().role === 'ADMIN' ? <Outlet /> : otherwise;
}

/** GraphiQL is a page of the server, which decides by who asks for it whether there is one. */
export function GoOn({ to }: { to: string }) {
  const leaves = to === paths.apiDocs;
  useEffect(() => {
    if (leaves) window.location.replace(to);
  }, [leaves, to]);
  return leaves ? null : <Navigate to={to} replace />;
}

function StartingSession({ unreachable }: { unreachable: boolean }) {
  return <Starting unreachable={unreachable} onRetry={() => session.refresh()} />;
}
