import { graphql, type ResultOf } from '../../graphql/schema';

/** What a code from a mail is sent with. */
export const VerificationFields = graphql(`
  fragment VerificationFields on EmailVerificationRequired @_unmask {
    email
    challenge
    challengeExpiresAt
  }
`);

export type Verification = ResultOf<typeof VerificationFields>;

export const ResendEmailVerification = graphql(
  `
    mutation ResendEmailVerification($input: ResendEmailVerificationInput!) {
      resendEmailVerification(input: $input) {
        ...VerificationFields
      }
    }
  `,
  [VerificationFields],
);
