import { graphql, type ResultOf } from '../../graphql/schema';

export const LinkedAccountFields = graphql(`
  fragment LinkedAccountFields on LinkedAccount @_unmask {
    id
    provider
    label
    email
    linkedAt
    lastUsedAt
  }
`);

export type LinkedAccount = ResultOf<typeof LinkedAccountFields>;
