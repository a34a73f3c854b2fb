import { graphql } from './schema';

/** What every operation that signs in or refreshes selects: a `Grant`. */
export const GrantFields = graphql(`
  fragment GrantFields on SignedIn @_unmask {
    accessToken
    accessTokenExpiresAt
    viewer {
      id
      email
      name
      role
    }
  }
`);
