import { expect, it } from 'vitest';
import { readSecondStep, secondStepOf } from './second-step';

it('survives the way through a history entry', () => {
  const challengeExpiresAt = new Date(Date.now() + 600_000).toISOString();
  const step = secondStepOf({ challenge: 'abc', challengeExpiresAt, methods: ['PASSKEY', 'TOTP'] });
  expect(step.deadline).toBe(Date.parse(challengeExpiresAt));
  expect(readSecondStep(structuredClone(step))).toEqual({ ...step, methods: ['TOTP', 'PASSKEY'] });
});

it('survives it on a device whose clock is wrong', () => {
  const step = secondStepOf({
    challenge: 'abc',
    challengeExpiresAt: '2000-01-01T00:00:00Z',
    methods: ['TOTP'],
  });
  expect(readSecondStep(structuredClone(step))).toEqual({ ...step, deadline: undefined });
});

it.each([null, undefined, {}, { challenge: 'abc' }, { challenge: 7, methods: ['TOTP'] }, { methods: [] }])(
  'is not there in %j',
  (state) => {
    expect(readSecondStep(state)).toBeUndefined();
  },
);

it('offers no method that it does not know', () => {
  expect(readSecondStep({ challenge: 'abc', methods: ['SMS', 'TOTP', 7] })?.methods).toEqual(['TOTP']);
});
