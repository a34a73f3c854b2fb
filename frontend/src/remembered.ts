// What this browser remembers of a person's choices. Where it is told to keep nothing, a choice lasts as long as the page.

const unkept = new Map<string, string | null>();

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return unkept.get(key) ?? null;
  }
}

/** `null` forgets the choice. */
export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    unkept.set(key, value);
  }
}
