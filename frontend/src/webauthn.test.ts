import { beforeEach, describe, expect, it, vi } from 'vitest';
import { canOfferPasskeys, canUsePasskeys, createPasskey, getPasskey, readPasskeyFailure } from './webauthn';

/** Bytes whose base64 has every character that base64url writes differently. */
const bytes = Uint8Array.from([0xfb, 0xff, 0xbf, 0x00, 0x10]);
const text = '-_-_ABA';

const creation = {
  rp: { id: 'example.com', name: 'Example' },
  user: { id: text, name: 'ada@example.com', displayName: '艾达' },
  challenge: text,
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  excludeCredentials: [{ type: 'public-key', id: text, transports: ['internal'] }],
};
const request = {
  challenge: text,
  allowCredentials: [{ type: 'public-key', id: text }],
  rpId: 'example.com',
};

const made = {
  id: text,
  rawId: bytes.buffer,
  type: 'public-key',
  authenticatorAttachment: 'platform',
  getClientExtensionResults: () => ({ credProps: { rk: true } }),
  response: {
    clientDataJSON: bytes.buffer,
    attestationObject: bytes.buffer,
    getTransports: () => ['internal', 'hybrid'],
  },
};
const shown = {
  ...made,
  authenticatorAttachment: null,
  response: {
    clientDataJSON: bytes.buffer,
    authenticatorData: bytes.buffer,
    signature: bytes.buffer,
    userHandle: null,
  },
};

const credentials = { create: vi.fn(), get: vi.fn() };

beforeEach(() => {
  vi.stubGlobal('navigator', { credentials });
  vi.stubGlobal('PublicKeyCredential', {});
  credentials.create.mockReset().mockResolvedValue(made);
  credentials.get.mockReset().mockResolvedValue(shown);
});

describe('in a browser that does not know the JSON forms', () => {
  it('has a passkey made, and writes what came back', async () => {
    expect(await createPasskey(creation)).toEqual({
      id: text,
      rawId: text,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: { credProps: { rk: true } },
      response: { clientDataJSON: text, attestationObject: text, transports: ['internal', 'hybrid'] },
    });
    expect(credentials.create.mock.lastCall?.[0].publicKey).toEqual({
      ...creation,
      challenge: bytes,
      user: { ...creation.user, id: bytes },
      excludeCredentials: [{ ...creation.excludeCredentials[0], id: bytes }],
    });
  });

  it('has a passkey shown, and leaves out what did not come', async () => {
    const answer = await getPasskey(request);
    expect(JSON.parse(JSON.stringify(answer))).toEqual({
      id: text,
      rawId: text,
      type: 'public-key',
      clientExtensionResults: { credProps: { rk: true } },
      response: { clientDataJSON: text, authenticatorData: text, signature: text },
    });
    expect(credentials.get.mock.lastCall?.[0].publicKey).toEqual({
      ...request,
      challenge: bytes,
      allowCredentials: [{ type: 'public-key', id: bytes }],
    });
  });

  it('says whose passkey it was where the browser does', async () => {
    credentials.get.mockResolvedValue({
      ...shown,
      response: { ...shown.response, userHandle: bytes.buffer },
    });
    expect(await getPasskey({ challenge: text })).toMatchObject({ response: { userHandle: text } });
  });
});

describe('in a browser that knows them', () => {
  beforeEach(() => {
    vi.stubGlobal('PublicKeyCredential', {
      parseCreationOptionsFromJSON: (options: object) => ({ parsed: options }),
      parseRequestOptionsFromJSON: (options: object) => ({ parsed: options }),
      isConditionalMediationAvailable: async () => true,
    });
  });

  it('leaves both ways to the browser', async () => {
    credentials.create.mockResolvedValue({ ...made, toJSON: () => 'made' });
    credentials.get.mockResolvedValue({ ...shown, toJSON: () => 'shown' });
    expect(await createPasskey(creation)).toBe('made');
    expect(await getPasskey(request)).toBe('shown');
    expect(credentials.create).toHaveBeenCalledWith({ publicKey: { parsed: creation }, signal: undefined });
    expect(credentials.get.mock.lastCall?.[0].publicKey).toEqual({ parsed: request });
  });

  it('writes by hand what a password manager has put in the place of the browser’s own', async () => {
    const toJSON = () => {
      throw new TypeError('Illegal invocation');
    };
    credentials.create.mockResolvedValue({ ...made, toJSON });
    expect(await createPasskey(creation)).toMatchObject({ rawId: text });
  });

  it('offers passkeys where fields are filled in, until told otherwise', async () => {
    const { signal } = new AbortController();
    expect(await canOfferPasskeys()).toBe(true);
    await getPasskey(request, { conditional: true, signal });
    expect(credentials.get.mock.lastCall?.[0]).toMatchObject({ mediation: 'conditional', signal });
    await getPasskey(request);
    expect(credentials.get.mock.lastCall?.[0].mediation).toBeUndefined();
  });
});

it('tells why there is no passkey', async () => {
  const named = (name: string) => readPasskeyFailure(new DOMException('', name));
  expect(named('NotAllowedError')).toBe('cancelled');
  expect(named('AbortError')).toBe('cancelled');
  expect(named('InvalidStateError')).toBe('duplicate');
  expect(named('NotSupportedError')).toBe('unsupported');
  expect(named('SecurityError')).toBe('failed');
  expect(readPasskeyFailure('no error at all')).toBe('failed');

  credentials.get.mockResolvedValue(null);
  expect(await getPasskey(request).catch(readPasskeyFailure)).toBe('cancelled');
  vi.stubGlobal('PublicKeyCredential', undefined);
  expect(canUsePasskeys()).toBe(false);
  expect(await canOfferPasskeys()).toBe(false);
  expect(await createPasskey(creation).catch(readPasskeyFailure)).toBe('unsupported');
});
