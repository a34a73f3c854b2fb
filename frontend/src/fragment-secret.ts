import { useEffect } from 'react';
import { useLocation, useNavigate } from 'react-router';

type Name = 'token' | 'challenge';

/**
 * The secret in the fragment of this page's address: `#token=…` of a mail's link, `#challenge=…` of a sign-in that comes
 * from an identity provider. It moves on into the state of the browser's history entry, out of the address bar and of
 * what is copied or photographed from there; a reload keeps it.
 */
export function useFragmentSecret(name: Name): string | undefined {
  const { pathname, search, hash, state } = useLocation();
  const navigate = useNavigate();
  const arrived = secretIn(hash, name);
  useEffect(() => {
    if (arrived !== undefined) navigate(pathname + search, { replace: true, state: { [name]: arrived } });
  }, [arrived, name, navigate, pathname, search]);
  return arrived ?? textIn(state, name);
}

export function secretIn(hash: string, name: Name): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, '')).get(name) || undefined;
}

/** A text that was put into the state of a history entry, which is any value as far as the browser knows. */
export function textIn(state: unknown, name: string): string | undefined {
  const value = (state as Record<string, unknown> | null)?.[name];
  return typeof value === 'string' ? value : undefined;
}
