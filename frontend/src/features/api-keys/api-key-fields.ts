import { type ApiKeyState, graphql, type ResultOf } from '../../graphql/schema';

export const ApiKeyFields = graphql(`
  fragment ApiKeyFields on ApiKey @_unmask {
    id
    name
    prefix
    scopes
    state
    createdAt
    expiresAt
    lastUsedAt
    revokedAt
    budgetPerMinute
  }
`);

export type ApiKey = ResultOf<typeof ApiKeyFields>;

export const apiKeyStates = ['ACTIVE', 'EXPIRED', 'REVOKED'] as const satisfies ApiKeyState[];
