import { useState } from 'react';

/**
 * What a query has answered last. When it is asked again in vain, urql lets go of the answer: what stands on the page,
 * dialogs with what is shown but once among it, must not go along. `of`: what the answer is about, where that changes.
 */
export function useLastData<Data>(data: Data | null | undefined, of = ''): Data | undefined {
  const [last, setLast] = useState({ data, of });
  const stale = last.of === of && data == null;
  if (!stale && (last.data !== data || last.of !== of)) setLast({ data, of });
  return (stale ? last.data : data) ?? undefined;
}
