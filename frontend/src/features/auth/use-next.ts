import { useSearchParams } from 'react-router';
import { safeNext } from '../../paths';

/** Where somebody wants to go once signed in. */
export function useNext(): string {
  const [params] = useSearchParams();
  return safeNext(params.get('next'));
}
