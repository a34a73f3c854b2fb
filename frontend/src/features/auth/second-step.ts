import { useNavigate } from 'react-router';
import { textIn } from '../../fragment-secret';
import type { SecondFactorMethod } from '../../graphql/schema';
import { paths, withNext } from '../../paths';
import { deadlineOf } from '../../ui/countdown';
import type { Challenge } from './access';
import { useNext } from './use-next';

/** What can be shown, in the order in which it is offered. */
export const methods = ['TOTP', 'PASSKEY', 'RECOVERY_CODE'] as const satisfies SecondFactorMethod[];

/** A second step that is open, as the state of the history entry keeps it. */
export interface SecondStep {
  challenge: string;
  /** In milliseconds of this device's clock; undefined where that cannot tell. */
  deadline: number | undefined;
  methods: SecondFactorMethod[];
}

export function secondStepOf({ challenge, challengeExpiresAt, methods }: Challenge): SecondStep {
  return { challenge, deadline: deadlineOf(challengeExpiresAt), methods };
}

/** Leads from the first step of a sign-in to the second. */
export function useGoToSecondStep(): (challenge: Challenge) => void {
  const navigate = useNavigate();
  const next = useNext();
  return (challenge) => navigate(withNext(paths.secondFactor, next), { state: secondStepOf(challenge) });
}

/** The step that a history entry has kept whole; undefined where the server has to be asked what its challenge is for. */
export function readSecondStep(state: unknown): SecondStep | undefined {
  const challenge = textIn(state, 'challenge');
  const { deadline, methods: kept } = (state ?? {}) as Partial<Record<keyof SecondStep, unknown>>;
  if (challenge === undefined || !Array.isArray(kept)) return undefined;
  return {
    challenge,
    deadline: typeof deadline === 'number' ? deadline : undefined,
    methods: methods.filter((method) => kept.includes(method)),
  };
}
