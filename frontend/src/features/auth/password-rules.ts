/** How many characters a new password has; the server counts in the same way. */
export const passwordLength = { min: 8, max: 128 };

/** Characters rather than code units, in the form in which the server keeps them. */
export function charactersOf(password: string): number {
  return [...password.normalize('NFKC')].length;
}
