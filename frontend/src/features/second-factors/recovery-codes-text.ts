interface Heading {
  title: string;
  account: string;
  madeAt: string;
  note: string;
}

/** Recovery codes as a file that somebody finds again after years and understands. Windows' editor wants both line ends. */
export function recoveryCodesText(
  codes: readonly string[],
  { title, account, madeAt, note }: Heading,
): string {
  return [title, account, madeAt, '', ...codes, '', note, ''].join('\r\n');
}
