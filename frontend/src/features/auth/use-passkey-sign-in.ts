import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useClient } from 'urql';
import { readApiError } from '../../graphql/api-error';
import { session } from '../../graphql/browser-session';
import { GrantFields } from '../../graphql/grant';
import { graphql } from '../../graphql/schema';
import { deadlineOf } from '../../ui/countdown';
import { canOfferPasskeys, getPasskey, readPasskeyFailure } from '../../webauthn';
import { type PasskeyTrouble, readRefusal } from './passkey-trouble';

const StartPasskeySignIn = graphql(`
  mutation StartPasskeySignIn {
    startPasskeySignIn {
      challenge
      challengeExpiresAt
      options
    }
  }
`);

const SignInWithPasskey = graphql(
  `
    mutation SignInWithPasskey($input: SignInWithPasskeyInput!) {
      signInWithPasskey(input: $input) {
        ...GrantFields
      }
    }
  `,
  [GrantFields],
);

/** Once somebody is there: a challenge for each page that merely stands open would be one too many. */
function engagement(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    for (const type of ['pointermove', 'pointerdown', 'keydown']) {
      window.addEventListener(type, () => resolve(), { once: true, signal });
    }
    signal.addEventListener('abort', () => resolve());
  });
}

/** When to offer passkeys with a new challenge, in milliseconds from now: shortly before this one runs out. */
function renewalIn(challengeExpiresAt: string): number {
  const deadline = deadlineOf(challengeExpiresAt);
  // A clock that is wrong does not make this a rush.
  return deadline === undefined ? 240_000 : Math.max(30_000, deadline - Date.now() - 15_000);
}

/**
 * Signing in with a passkey alone: asked for by a button, or chosen among what the browser fills into the address field,
 * where it can do that. The browser asks for one thing at a time, so the button interrupts what the field offers.
 */
export function usePasskeySignIn(onTrouble: (trouble: PasskeyTrouble | undefined) => void) {
  const client = useClient();
  const [asking, setAsking] = useState(false);
  /** Counts up to have the field offer passkeys anew. */
  const [round, setRound] = useState(0);
  const offer = useRef<AbortController>(undefined);

  async function finish(challenge: string, credential: unknown): Promise<PasskeyTrouble | undefined> {
    const input = { passkey: { challenge, credential } };
    const { data, error } = await client.mutation(SignInWithPasskey, { input }).toPromise();
    if (data) session.signIn(data.signInWithPasskey);
    return error && { error: readApiError(error) };
  }

  /** That nothing can be offered, or nothing was chosen, is nobody's business; that what was chosen is refused, is. */
  const offerInField = useEffectEvent(async (signal: AbortSignal) => {
    if (!(await canOfferPasskeys())) return;
    await engagement(signal);
    if (signal.aborted) return;
    const { data } = await client.mutation(StartPasskeySignIn, {}).toPromise();
    if (!data || signal.aborted) return;
    const { challenge, challengeExpiresAt, options } = data.startPasskeySignIn;
    const again = setTimeout(() => setRound((count) => count + 1), renewalIn(challengeExpiresAt));
    const credential = await getPasskey(options, { conditional: true, signal }).catch(() => undefined);
    clearTimeout(again);
    if (!credential) return;
    const trouble = await finish(challenge, credential);
    onTrouble(trouble);
    if (trouble) setRound((count) => count + 1);
  });

  async function askAtOnce(): Promise<PasskeyTrouble | undefined> {
    const { data, error } = await client.mutation(StartPasskeySignIn, {}).toPromise();
    if (!data) return error && readRefusal(error);
    const { challenge, options } = data.startPasskeySignIn;
    try {
      return await finish(challenge, await getPasskey(options));
    } catch (reason) {
      return { passkey: readPasskeyFailure(reason) };
    }
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round is what offers anew.
  useEffect(() => {
    if (asking) return;
    const controller = new AbortController();
    offer.current = controller;
    offerInField(controller.signal);
    return () => controller.abort();
  }, [round, asking]);

  return {
    asking,
    async ask() {
      offer.current?.abort();
      setAsking(true);
      onTrouble(undefined);
      onTrouble(await askAtOnce());
      setAsking(false);
    },
  };
}
