/** Where in a list a page of it begins or ends. */
export interface Cursor {
  after: string | undefined;
  before: string | undefined;
}

export const start: Cursor = { after: undefined, before: undefined };

const pageSize = 20;

export function readCursor(params: URLSearchParams): Cursor {
  return { after: params.get('after') ?? undefined, before: params.get('before') ?? undefined };
}

export function pageVariables({ after, before }: Cursor) {
  return before === undefined ? { first: pageSize, after } : { last: pageSize, before };
}

/** The address of what is there; what is missing or empty is left out. */
export function writeSearch(values: Record<string, string | undefined>): URLSearchParams {
  return new URLSearchParams(
    Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
}
