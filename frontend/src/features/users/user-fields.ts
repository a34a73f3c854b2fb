import { graphql } from '../../graphql/schema';

export const UserFields = graphql(`
  fragment UserFields on User {
    id
    email
    name
    role
    status
    createdAt
    lastSignInAt
  }
`);
