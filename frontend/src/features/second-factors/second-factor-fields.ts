import { graphql, type ResultOf } from '../../graphql/schema';

/** What the console shows of the second factors of an account. */
export const SecondFactorFields = graphql(`
  fragment SecondFactorFields on SecondFactors @_unmask {
    required
    recoveryCodesLeft
    rememberedDevices
    totp {
      enabledAt
      lastUsedAt
    }
    passkeys {
      id
      name
      createdAt
      lastUsedAt
    }
  }
`);

export type SecondFactors = ResultOf<typeof SecondFactorFields>;
export type Passkey = SecondFactors['passkeys'][number];

/** What a change of one's own factors brings back, so that everything in view knows. */
export const FactorOwnerFields = graphql(
  `
    fragment FactorOwnerFields on User @_unmask {
      id
      reauthenticationMethods
      secondFactors {
        ...SecondFactorFields
      }
    }
  `,
  [SecondFactorFields],
);

export const hasSecondFactor = ({ totp, passkeys }: Pick<SecondFactors, 'totp' | 'passkeys'>): boolean =>
  totp !== null || passkeys.length > 0;
