import { formatDocument, stringifyDocument } from '@urql/core';

/** The text of a document as requests carry it, with `__typename` in every selection, and as the build tells it to the server. */
export function wireText(document: Parameters<typeof formatDocument>[0]): string {
  return stringifyDocument(formatDocument(document));
}
