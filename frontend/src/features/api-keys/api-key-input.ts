import type { VariablesOf } from '../../graphql/schema';
import type { CreateApiKeyMutation } from './api-key-form';

type Input = VariablesOf<typeof CreateApiKeyMutation>['input'];

/** For how many days keys are offered; 0: for ever. */
export const lifetimes = [7, 30, 90, 365, 0] as const;
type Lifetime = (typeof lifetimes)[number];

export interface ApiKeyDraft extends Pick<Input, 'name' | 'scopes'> {
  expiresInDays: Lifetime;
  budgetPerMinute?: number | null;
}

/** What the server is asked for. It takes a lifetime that is left out for its own default: for ever has to be said. */
export function apiKeyInput({ name, scopes, expiresInDays, budgetPerMinute }: ApiKeyDraft): Input {
  return {
    name: name.trim(),
    scopes,
    expiresInDays: expiresInDays === 0 ? null : expiresInDays,
    budgetPerMinute: budgetPerMinute ?? null,
  };
}
