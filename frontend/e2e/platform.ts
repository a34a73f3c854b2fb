import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type APIRequestContext, expect, type Page } from '@playwright/test';
import { admin, type Person } from './support';

const operations: Record<string, string> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../dist/operations.json'), 'utf8'),
);

/**
 * Runs one of the console's own operations, which are all that a strict server knows, by the name it has there.
 * `token`: as whom.
 */
export async function run<Data>(
  request: APIRequestContext,
  name: string,
  variables: object = {},
  token?: string,
): Promise<Data> {
  const { data, errors } = await answerTo(request, name, variables, token);
  expect(errors, name).toBeUndefined();
  return data;
}

/** The whole answer, which may be a refusal. */
export async function answerTo(request: APIRequestContext, name: string, variables: object, token?: string) {
  const query = Object.values(operations).find((text) =>
    new RegExp(`(query|mutation) ${name}\\b`).test(text),
  );
  if (!query) throw new Error(`the console has no operation ${name}`);
  const headers = token ? { authorization: `Bearer ${token}` } : undefined;
  const response = await request.post('/api/graphql', { data: { query, variables }, headers });
  return response.json();
}

interface SignIn {
  signIn: { accessToken: string };
}

/** An access token of a session of its own: the browser's cookies stay as they are. */
export async function tokenOf(
  request: APIRequestContext,
  { email, password }: Pick<Person, 'email' | 'password'> = admin,
): Promise<string> {
  const input = { email, password, refreshTokenDelivery: 'BODY' };
  const { signIn } = await run<SignIn>(request, 'SignIn', { input });
  return signIn.accessToken;
}

interface Mail {
  recipient: string;
  subject: string;
  text: string;
}

/** Whether the server shows its mails: in production, or with a mail server, it does not. */
export async function showsMails(request: APIRequestContext): Promise<boolean> {
  return !(await answerTo(request, 'DevelopmentMails', {})).errors;
}

/** The latest mail to this address whose subject is this, once it is there. */
export async function mailTo(
  request: APIRequestContext,
  recipient: string,
  subject: string | RegExp,
): Promise<{ text: string; link: string; code: string }> {
  let mail: Mail | undefined;
  await expect(async () => {
    const { developmentMails } = await run<{ developmentMails: Mail[] }>(request, 'DevelopmentMails');
    mail = developmentMails.find((mail) => mail.recipient === recipient && mail.subject.match(subject));
    expect(mail, `a mail to ${recipient}: ${subject}`).toBeDefined();
  }).toPass({ timeout: 20_000 });
  const text = mail?.text ?? '';
  return {
    text,
    link: /https?:\/\/\S+/.exec(text)?.[0] ?? '',
    code: /^\d{6}$/m.exec(text)?.[0] ?? '',
  };
}

/** The code of an authenticator app (RFC 6238), of the present half minute or one after it. */
export function totp(secret: string, stepsAhead = 0): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + stepsAhead));
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 0xf;
  const number = (digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000;
  return String(number).padStart(6, '0');
}

interface Enrolled {
  secret: string;
  recoveryCodes: string[];
}

/** Sets up an authenticator app for an account that has no second factor. */
export async function enrolTotp(request: APIRequestContext, person: Person): Promise<Enrolled> {
  const token = await tokenOf(request, person);
  const { startTotpEnrollment } = await run<{ startTotpEnrollment: { challenge: string; secret: string } }>(
    request,
    'StartTotpEnrollment',
    {},
    token,
  );
  const { challenge, secret } = startTotpEnrollment;
  const { confirmTotpEnrollment } = await run<{ confirmTotpEnrollment: { recoveryCodes: string[] } }>(
    request,
    'ConfirmTotpEnrollment',
    { input: { challenge, code: totp(secret) } },
    token,
  );
  return { secret, recoveryCodes: confirmTotpEnrollment.recoveryCodes };
}

/** Puts an authenticator into the browser that shows its passkeys without asking anybody. */
export async function addAuthenticator(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  // It would answer for the address field too, before anybody could have chosen it there.
  await page.addInitScript(offerNoneInFields);
  await page.evaluate(offerNoneInFields);
}

function offerNoneInFields() {
  if ('PublicKeyCredential' in window)
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
}

/** Adds a passkey, made by the page's own authenticator, to an account. */
export async function addPasskey(page: Page, person: Person): Promise<void> {
  const { request } = page;
  const token = await tokenOf(request, person);
  const { startPasskeyRegistration } = await run<{
    startPasskeyRegistration: { challenge: string; options: PublicKeyCredentialCreationOptionsJSON };
  }>(request, 'StartPasskeyRegistration', {}, token);
  const credential = await page.evaluate(async (options) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
    return made.toJSON();
  }, startPasskeyRegistration.options);
  const input = { challenge: startPasskeyRegistration.challenge, credential, name: 'Laptop' };
  await run(request, 'FinishPasskeyRegistration', { input }, token);
}
