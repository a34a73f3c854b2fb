import { useQuery } from 'urql';
import { graphql } from './schema';

const Standing = graphql(`
  query Standing {
    viewer {
      id
      deletionScheduledAt
      secondFactors {
        required
        totp {
          enabledAt
        }
        passkeys {
          id
        }
      }
    }
  }
`);

/** How the viewer's account stands, beyond what every token says. What changes it brings the same fields back. */
export function useStanding() {
  const [{ data }, refetch] = useQuery({ query: Standing, requestPolicy: 'cache-and-network' });
  const viewer = data?.viewer;
  const factors = viewer?.secondFactors;
  return {
    deletionScheduledAt: viewer?.deletionScheduledAt,
    /** The role needs a second factor and there is none: the server answers little else than what sets one up. */
    lacksSecondFactor: factors?.required && !factors.totp && factors.passkeys.length === 0,
    refetch: () => refetch({ requestPolicy: 'network-only' }),
  };
}
