/** Letters in groups of four, which are easier to type. */
export const grouped = (text: string): string => text.match(/.{1,4}/g)?.join(' ') ?? '';
