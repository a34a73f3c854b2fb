/** Digits of a code, of an authenticator app as of a mail. */
export const codeLength = 6;

/**
 * The digits of what was typed or pasted: `123 456`, `123-456`, a whole sentence around it, or the full-width digits of
 * a Chinese input method.
 */
export function digitsOf(text: string): string {
  return text.normalize('NFKC').replace(/\D/g, '').slice(0, codeLength);
}
