import type { ReauthenticationMethod } from '../../graphql/schema';

/** From what is at hand to what leads away from the page. */
const order: ReauthenticationMethod[] = ['PASSWORD', 'PASSKEY', 'TOTP', 'PROVIDER'];

interface AtHand {
  passkeys: boolean;
  providers: number;
}

/** What somebody can show here, the easiest first: not every browser knows passkeys, nor is every provider still there. */
export function usableMethods(
  methods: readonly ReauthenticationMethod[],
  { passkeys, providers }: AtHand,
): ReauthenticationMethod[] {
  return order.filter(
    (method) =>
      methods.includes(method) &&
      (method !== 'PASSKEY' || passkeys) &&
      (method !== 'PROVIDER' || providers > 0),
  );
}
