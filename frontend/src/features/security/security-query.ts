import { graphql, type ResultOf } from '../../graphql/schema';
import { LinkedAccountFields } from '../linked-accounts/linked-account-fields';
import { SecondFactorFields } from '../second-factors/second-factor-fields';

export const Security = graphql(
  `
    query Security {
      viewer {
        id
        email
        emailVerified
        hasPassword
        secondFactors {
          ...SecondFactorFields
        }
        linkedAccounts {
          ...LinkedAccountFields
        }
      }
      authProviders {
        id
        label
        kind
      }
    }
  `,
  [SecondFactorFields, LinkedAccountFields],
);

export type AuthProvider = ResultOf<typeof Security>['authProviders'][number];
