// Passkeys: what the server sends and wants as JSON (WebAuthn Level 3), as the browser takes and gives it. Browsers
// from before Level 3 do not know the JSON forms, and some password managers stand in for the browser without them.

/** Why there is no passkey. `duplicate`: the device has one of this account already. */
export type PasskeyFailure = 'cancelled' | 'duplicate' | 'unsupported' | 'failed';

interface GetOptions {
  /** Offers passkeys where the browser fills in fields, instead of asking at once. */
  conditional?: boolean;
  signal?: AbortSignal;
}

/** Whether the browser knows passkeys at all; without HTTPS only on localhost. */
export const canUsePasskeys = (): boolean => typeof PublicKeyCredential !== 'undefined';

/** Whether the browser can offer passkeys where it fills in fields. */
export async function canOfferPasskeys(): Promise<boolean> {
  return canUsePasskeys() && ((await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false);
}

/** Has a passkey made from a `PublicKeyCredentialCreationOptionsJSON`; answers a `RegistrationResponseJSON`. */
export async function createPasskey(
  options: unknown,
  { signal }: Pick<GetOptions, 'signal'> = {},
): Promise<unknown> {
  if (!canUsePasskeys()) throw new DOMException('No passkeys here', 'NotSupportedError');
  const publicKey = readCreationOptions(options as PublicKeyCredentialCreationOptionsJSON);
  return toJson(await navigator.credentials.create({ publicKey, signal }));
}

/** Has a passkey shown from a `PublicKeyCredentialRequestOptionsJSON`; answers an `AuthenticationResponseJSON`. */
export async function getPasskey(
  options: unknown,
  { conditional, signal }: GetOptions = {},
): Promise<unknown> {
  if (!canUsePasskeys()) throw new DOMException('No passkeys here', 'NotSupportedError');
  const publicKey = readRequestOptions(options as PublicKeyCredentialRequestOptionsJSON);
  const mediation = conditional ? 'conditional' : undefined;
  return toJson(await navigator.credentials.get({ publicKey, mediation, signal }));
}

/** What came instead of a passkey. Browsers do not tell a person's no from one that was too slow. */
export function readPasskeyFailure(error: unknown): PasskeyFailure {
  switch (error instanceof Error ? error.name : '') {
    case 'AbortError':
    case 'NotAllowedError':
      return 'cancelled';
    case 'InvalidStateError':
      return 'duplicate';
    case 'NotSupportedError':
      return 'unsupported';
    default:
      return 'failed';
  }
}

function readCreationOptions(
  options: PublicKeyCredentialCreationOptionsJSON,
): PublicKeyCredentialCreationOptions {
  if (PublicKeyCredential.parseCreationOptionsFromJSON)
    return PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const { challenge, user, excludeCredentials, ...others } = options;
  return {
    ...others,
    challenge: fromBase64Url(challenge),
    user: { ...user, id: fromBase64Url(user.id) },
    excludeCredentials: excludeCredentials?.map(readDescriptor),
  } as PublicKeyCredentialCreationOptions;
}

function readRequestOptions(
  options: PublicKeyCredentialRequestOptionsJSON,
): PublicKeyCredentialRequestOptions {
  if (PublicKeyCredential.parseRequestOptionsFromJSON)
    return PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const { challenge, allowCredentials, ...others } = options;
  return {
    ...others,
    challenge: fromBase64Url(challenge),
    allowCredentials: allowCredentials?.map(readDescriptor),
  } as PublicKeyCredentialRequestOptions;
}

const readDescriptor = (descriptor: PublicKeyCredentialDescriptorJSON) => ({
  ...descriptor,
  id: fromBase64Url(descriptor.id),
});

function toJson(credential: Credential | null): unknown {
  if (!credential) throw new DOMException('No passkey came back', 'NotAllowedError');
  const publicKey = credential as PublicKeyCredential;
  try {
    return publicKey.toJSON();
  } catch {
    // Not there, or not meant for an object that a password manager has made.
    return writeCredential(publicKey);
  }
}

function writeCredential(credential: PublicKeyCredential) {
  const { id, rawId, type, authenticatorAttachment, response } = credential;
  return {
    id,
    rawId: toBase64Url(rawId),
    type,
    authenticatorAttachment: authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response:
      'attestationObject' in response
        ? writeAttestation(response as AuthenticatorAttestationResponse)
        : writeAssertion(response as AuthenticatorAssertionResponse),
  };
}

const writeAttestation = (response: AuthenticatorAttestationResponse) => ({
  clientDataJSON: toBase64Url(response.clientDataJSON),
  attestationObject: toBase64Url(response.attestationObject),
  transports: response.getTransports?.() ?? [],
});

const writeAssertion = ({
  clientDataJSON,
  authenticatorData,
  signature,
  userHandle,
}: AuthenticatorAssertionResponse) => ({
  clientDataJSON: toBase64Url(clientDataJSON),
  authenticatorData: toBase64Url(authenticatorData),
  signature: toBase64Url(signature),
  userHandle: userHandle ? toBase64Url(userHandle) : undefined,
});

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) =>
    character.charCodeAt(0),
  );
}

function toBase64Url(buffer: ArrayBuffer): string {
  const bytes = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte));
  return btoa(bytes.join('')).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
