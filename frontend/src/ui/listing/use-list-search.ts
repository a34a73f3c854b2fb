import { useSearchParams } from 'react-router';
import { type Cursor, readCursor, start, writeSearch } from './list-search';

/** What a list that is narrowed by a state shows, as the address of its page says it. */
export function useListSearch<State extends string>(states: readonly State[]) {
  const [params, setParams] = useSearchParams();
  const state = states.find((known) => known === params.get('state'));
  const cursor = readCursor(params);
  return {
    state,
    cursor,
    /** Another page keeps the way back through the browser's history. */
    turn: (to: Partial<Cursor>) => setParams(writeSearch({ state, ...start, ...to })),
    /** Another filter starts at the first page. */
    narrow: (to: State | undefined) =>
      setParams(writeSearch({ state: to }), { replace: true, preventScrollReset: true }),
  };
}
