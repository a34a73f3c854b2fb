import { textIn } from '../../fragment-secret';

/** What the sign-in page has to say to somebody whom another page has sent to it. */
export const notices = ['PASSWORD_RESET', 'CHALLENGE_EXPIRED'] as const;
export type Notice = (typeof notices)[number];

/** Travels in the state of the history entry, where no address shows it. */
export interface Arrival {
  notice?: Notice;
  email?: string;
}

export function readArrival(state: unknown): Arrival {
  const notice = textIn(state, 'notice');
  return { notice: notices.find((known) => known === notice), email: textIn(state, 'email') };
}
