import { expect, it } from 'vitest';
import { apiKeyInput } from './api-key-input';

const draft = { name: ' 夜间任务 ', scopes: ['READ'], expiresInDays: 90 } as const;

it('asks for what was chosen', () => {
  expect(apiKeyInput({ ...draft, scopes: ['READ'], budgetPerMinute: 500 })).toEqual({
    name: '夜间任务',
    scopes: ['READ'],
    expiresInDays: 90,
    budgetPerMinute: 500,
  });
});

it('says for ever, and leaves the budget to what holds for everybody', () => {
  expect(apiKeyInput({ ...draft, scopes: ['READ'], expiresInDays: 0 })).toMatchObject({
    expiresInDays: null,
    budgetPerMinute: null,
  });
});
