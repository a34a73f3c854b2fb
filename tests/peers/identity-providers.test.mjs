// Sign-in against a certified OpenID Connect provider, `oidc-provider`, and against something in the shape of GitHub: the
// real server, whole journeys, and a browser that keeps cookies and follows where it is led.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { startGitHub, startOpenIdProvider } from './identity-providers.mjs';
import { Platform, quietPort } from './platform.mjs';

/** What a browser does of all this: cookies by host and port, one page, one form. */
class Browser {
  #cookies = new Map();
  #token;

  async #ask(address, options = {}) {
    const url = new URL(address);
    const jar = this.#cookies.get(url.host) ?? new Map();
    this.#cookies.set(url.host, jar);
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
    const headers = { ...options.headers, ...(cookie && { cookie }) };
    const answer = await fetch(url, { ...options, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return answer;
  }

  /** Follows redirects up to a page, or up to an address that `stop` wants to see. */
  async open(address, options, stop = () => false) {
    let at = new URL(address);
    let answer = await this.#ask(at, options);
    for (let hops = 0; answer.status >= 300 && answer.status < 400; hops += 1) {
      assert.ok(hops < 10, `${at} leads in circles`);
      at = new URL(answer.headers.get('location'), at);
      if (stop(at)) return { at };
      answer = await this.#ask(at);
    }
    return { at, status: answer.status, text: await answer.text() };
  }

  /** Fills in the form of a provider's page and sends it. */
  async say(at, said, stop) {
    return await this.open(at, { method: 'POST', body: new URLSearchParams(said) }, stop);
  }

  /** The answer to a GraphQL document, errors and all. */
  async ask(query, variables) {
    const headers = { 'content-type': 'application/json' };
    if (this.#token) headers.authorization = `Bearer ${this.#token}`;
    const body = JSON.stringify({ query, variables });
    const answer = await this.#ask(`${platform.url}/api/graphql`, { method: 'POST', headers, body });
    return await answer.json();
  }

  async query(query, variables) {
    const { data, errors } = await this.ask(query, variables);
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  }

  /** Takes up the session that the cookie holds. */
  async refresh() {
    this.#token = undefined;
    const { refreshSession } = await this.query('mutation { refreshSession { accessToken } }');
    this.#token = refreshSession.accessToken;
  }

  /** Whether the cookie holds a session. */
  async isSignedIn() {
    this.#token = undefined;
    const { errors } = await this.ask('mutation { refreshSession { accessToken } }');
    return !errors;
  }
}

const OPEN_ID = ['rs256', 'es256', 'ps256'];
const folder = mkdtempSync(join(tmpdir(), 'identity-providers-'));
let platform, openId, gitHub;

before(async () => {
  const port = await quietPort();
  const site = `http://127.0.0.1:${port}`;
  [openId, gitHub] = [await startOpenIdProvider(site, OPEN_ID), await startGitHub(site)];
  platform = new Platform(folder, port, {
    METRICS_ADDR: 'off',
    SIGN_IN_ATTEMPTS_PER_MINUTE: 10_000,
    SIGN_UPS_PER_HOUR: 10_000,
    ...openId.settings,
    ...gitHub.settings,
    OIDC_RS256_ROLE_CLAIM: 'roles',
    OIDC_RS256_ADMIN_VALUES: 'boss',
    // Nobody listens there.
    OIDC_GONE_ISSUER: 'http://127.0.0.1:1',
    OIDC_GONE_CLIENT_ID: 'gone',
    OIDC_GONE_CLIENT_SECRET: 'a secret that nobody asks for',
  });
  await platform.start();
});

after(async () => {
  platform?.kill();
  await Promise.all([openId?.stop(), gitHub?.stop()]);
  rmSync(folder, { recursive: true });
});

const wang = (sub, changes) => ({
  sub,
  email: `人${sub}@example.com`,
  name: '王小明',
  email_verified: 'true',
  answer: 'agree',
  ...changes,
});
const start = (provider, next = '/chat') => `${platform.url}/api/auth/${provider}?next=${encodeURIComponent(next)}`;
const isCallback = (at) => at.pathname.endsWith('/callback');
const isElsewhere = (at) => at.origin !== platform.url;
/** The address with another value of a parameter, or without it. */
const changed = (address, name, value) => {
  const other = new URL(address);
  if (value === undefined) other.searchParams.delete(name);
  else other.searchParams.set(name, value);
  return other;
};

async function signIn(browser, provider, said) {
  const { at } = await browser.open(start(provider));
  return (await browser.say(at, said)).at;
}

/** Goes there, agrees, and stops at the address that leads back. */
async function agree(browser, provider, said) {
  const { at } = await browser.open(start(provider));
  return (await browser.say(at, said, isCallback)).at;
}

const reason = (at) => {
  assert.equal(at.origin, platform.url, at.href);
  assert.equal(at.pathname, '/sign-in/failed', at.href);
  return at.searchParams.get('reason');
};

/** That a journey failed for this reason, with a way back, and left nobody signed in. */
async function assertFailed(browser, at, expected) {
  assert.equal(reason(at), expected);
  assert.equal(at.searchParams.get('next'), '/chat');
  assert.equal(await browser.isSignedIn(), false);
}

const VIEWER = '{ viewer { id email name emailVerified role hasPassword linkedAccounts { provider email } } }';

async function viewer(browser) {
  await browser.refresh();
  return (await browser.query(VIEWER)).viewer;
}

test('buttons are offered for what is configured', async () => {
  const { authProviders } = await new Browser().query('{ authProviders { id label kind } }');
  assert.deepEqual(authProviders[0], { id: 'github', label: 'GitHub', kind: 'GITHUB' });
  assert.deepEqual(authProviders.map(({ id }) => id).sort(), [...OPEN_ID, 'github', 'gone'].sort());
});

for (const [number, name] of [...OPEN_ID, 'github'].entries()) {
  test(`signs up, and in again, by ${name}`, async () => {
    const email = `人100${number}@example.com`;
    const browser = new Browser();
    const at = await signIn(browser, name, wang(`100${number}`));
    assert.equal(at.href, `${platform.url}/chat`);
    const { id, ...rest } = await viewer(browser);
    assert.deepEqual(rest, {
      email,
      name: '王小明',
      emailVerified: true,
      role: 'USER',
      hasPassword: false,
      linkedAccounts: [{ provider: name, email }],
    });
    // Another address later on is still the same person.
    const again = new Browser();
    await signIn(again, name, wang(`100${number}`, { email: 'other@example.com', email_verified: '' }));
    assert.equal((await viewer(again)).id, id);
  });

  test(`asks ${name} with PKCE by S256 and a state`, async () => {
    const { at } = await new Browser().open(start(name), {}, isElsewhere);
    const asked = at.searchParams;
    assert.equal(asked.get('code_challenge_method'), 'S256');
    assert.match(asked.get('code_challenge'), /^[\w-]{43}$/);
    assert.ok(asked.get('state').length >= 43, asked.get('state'));
    assert.equal(asked.get('redirect_uri'), `${platform.url}/api/auth/${name}/callback`);
  });

  test(`a code of ${name} is no good in another journey`, async () => {
    const [owner, thief] = [new Browser(), new Browser()];
    const stolen = await agree(owner, name, wang(`110${number}`));
    const own = await agree(thief, name, wang(`120${number}`));
    // Its state is in order; the provider finds that the verifier is another journey's.
    const { at } = await thief.open(changed(own, 'code', stolen.searchParams.get('code')));
    await assertFailed(thief, at, 'STATE_EXPIRED');
  });

  test(`a forged state signs nobody in by ${name}`, async () => {
    const browser = new Browser();
    const callback = await agree(browser, name, wang(`130${number}`));
    const state = callback.searchParams.get('state');
    const forged = state.slice(0, -1) + (state.endsWith('A') ? 'B' : 'A');
    for (const wrong of [forged, '', undefined]) {
      const { at } = await browser.open(changed(callback, 'state', wrong));
      assert.equal(reason(at), 'STATE_EXPIRED', wrong);
      assert.equal(await browser.isSignedIn(), false, wrong);
    }
    assert.equal((await browser.open(callback)).at.pathname, '/chat', 'the true one is still good');
  });

  test(`an answer of ${name} is good once, and in its own browser`, async () => {
    const [browser, other] = [new Browser(), new Browser()];
    const callback = await agree(browser, name, wang(`140${number}`));
    assert.equal(reason((await other.open(callback)).at), 'STATE_EXPIRED', 'without a cookie');
    await other.open(start(name));
    assert.equal(reason((await other.open(callback)).at), 'STATE_EXPIRED', 'with a cookie of its own');
    assert.equal(await other.isSignedIn(), false);
    assert.equal((await browser.open(callback)).at.pathname, '/chat');
    const { id } = await viewer(browser);
    assert.equal(reason((await browser.open(callback)).at), 'STATE_EXPIRED');
    assert.equal((await viewer(browser)).id, id, 'who is signed in stays');
  });

  test(`somebody who refuses at ${name} is brought back`, async () => {
    const browser = new Browser();
    const at = await signIn(browser, name, wang(`150${number}`, { answer: 'refuse' }));
    await assertFailed(browser, at, 'ACCESS_DENIED');
  });

  test(`an address that ${name} has not verified opens nothing`, async () => {
    const browser = new Browser();
    const at = await signIn(browser, name, wang(`160${number}`, { email_verified: '' }));
    await assertFailed(browser, at, 'EMAIL_UNVERIFIED');
    // Nor the account that has it.
    const admin = wang(`161${number}`, { email: 'admin@example.com', email_verified: '' });
    await assertFailed(browser, await signIn(browser, name, admin), 'EMAIL_UNVERIFIED');
  });
}

test('an ID token with the nonce of another journey is none', async () => {
  for (const nonce of ['another', undefined]) {
    const browser = new Browser();
    const { at: authorization } = await browser.open(start('es256'), {}, isElsewhere);
    assert.match(authorization.searchParams.get('nonce'), /^[\w-]{43}$/);
    const { at } = await browser.open(changed(authorization, 'nonce', nonce));
    await assertFailed(browser, (await browser.say(at, wang('2000'))).at, 'PROVIDER_UNAVAILABLE');
  }
});

test('an address that is not verified here is not joined, and one that is verified on both sides is', async () => {
  const email = '李四@example.com';
  const owner = new Browser();
  const signUp = 'mutation ($input: SignUpInput!) { signUp(input: $input) { __typename } }';
  await owner.query(signUp, { input: { email, password: '正确 的 马 电池 订书钉', name: '李四' } });
  assert.deepEqual((await viewer(owner)).linkedAccounts, []);
  const stranger = new Browser();
  await assertFailed(stranger, await signIn(stranger, 'es256', wang('2100', { email })), 'EMAIL_TAKEN');
  assert.deepEqual((await viewer(owner)).linkedAccounts, []);

  const shared = '两边@example.com';
  await signIn(new Browser(), 'es256', wang('2101', { email: shared }));
  const browser = new Browser();
  await signIn(browser, 'github', wang('2102', { email: shared }));
  const { linkedAccounts } = await viewer(browser);
  assert.deepEqual(linkedAccounts.map(({ provider }) => provider), ['es256', 'github']);
});

test('a role follows the claim', async () => {
  const ids = new Set();
  for (const [role, expected] of [['boss', 'ADMIN'], ['', 'USER'], ['bossy', 'USER']]) {
    const browser = new Browser();
    await signIn(browser, 'rs256', wang('2200', { role }));
    const user = await viewer(browser);
    assert.equal(user.role, expected);
    ids.add(user.id);
  }
  assert.equal(ids.size, 1);
  // Where no claim was configured, none counts.
  const browser = new Browser();
  await signIn(browser, 'es256', wang('2201', { role: 'boss' }));
  assert.equal((await viewer(browser)).role, 'USER');
});

test('the way back leads nowhere else', async () => {
  for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
    const browser = new Browser();
    const { at } = await browser.open(start('es256', next));
    assert.equal((await browser.say(at, wang('2300'))).at.href, `${platform.url}/`, next);
  }
});

test('whoever is signed in links another account, and unlinks but for the last way in', async () => {
  const browser = new Browser();
  await signIn(browser, 'github', wang('3000'));
  await browser.refresh();
  const link = 'mutation { startAccountLink(input: { provider: "es256" }) { authorizationUrl } }';
  const unverified = wang('3001', { email_verified: '' });

  const { startAccountLink: refused } = await browser.query(link);
  const { at: page } = await browser.open(refused.authorizationUrl);
  const { at: back } = await browser.say(page, { ...unverified, answer: 'refuse' });
  assert.equal(reason(back), 'ACCESS_DENIED');
  assert.equal(back.searchParams.get('next'), '/security');

  const { startAccountLink: agreed } = await browser.query(link);
  const { at } = await browser.open(agreed.authorizationUrl);
  assert.equal((await browser.say(at, unverified)).at.href, `${platform.url}/security?linked=es256`);
  const again = new Browser();
  assert.equal((await signIn(again, 'es256', unverified)).href, `${platform.url}/chat`);

  const { viewer: user } = await browser.query('{ viewer { id linkedAccounts { id provider } } }');
  assert.equal((await viewer(again)).id, user.id);
  assert.deepEqual(user.linkedAccounts.map(({ provider }) => provider), ['github', 'es256']);
  const unlink = 'mutation ($input: UnlinkAccountInput!) { unlinkAccount(input: $input) { linkedAccounts { id } } }';
  const [first, last] = user.linkedAccounts.map(({ id }) => ({ input: { linkedAccountId: id } }));
  assert.equal((await browser.query(unlink, first)).unlinkAccount.linkedAccounts.length, 1);
  const { errors } = await browser.ask(unlink, last);
  assert.equal(errors[0].extensions.code, 'CONFLICT');
});

test('a provider that is not there is said to be away', async () => {
  const browser = new Browser();
  await assertFailed(browser, (await browser.open(start('gone'))).at, 'PROVIDER_UNAVAILABLE');
});

// The last, since nobody can sign in by them afterwards.
for (const name of ['es256', 'github']) {
  test(`${name} went away meanwhile, and signs nobody in`, async () => {
    const browser = new Browser();
    const callback = await agree(browser, name, wang('4000'));
    await (name === 'github' ? gitHub : openId).stop();
    if (name === 'github') gitHub = undefined;
    else openId = undefined;
    await assertFailed(browser, (await browser.open(callback)).at, 'PROVIDER_UNAVAILABLE');
  });
}
