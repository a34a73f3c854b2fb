// Identity providers on loopback, for tests and for trying things out by hand: `oidc-provider` with a page on which one
// says who one is, agrees or refuses, and something in the shape of GitHub with the same page.
//
//   node identity-providers.mjs http://127.0.0.1:5000   the address of the platform that people are sent back to
//
// prints the settings of the platform as KEY=value lines and goes on until it is ended.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import Provider from 'oidc-provider';

const SECRET = 'a secret between the platform and a provider of tests';

/** The page on which somebody says who it is. `email_verified` is what the provider claims of the address. */
const page = (title) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>
<form method="post">
<p><label>Subject <input name="sub" value="1001"></label></p>
<p><label>Email <input name="email" value="wang@example.com"></label></p>
<p><label>Name <input name="name" value="王小明"></label></p>
<p><label>Role <input name="role" value=""></label></p>
<p><label><input type="checkbox" name="email_verified" value="true" checked> The address is verified</label></p>
<p><button name="answer" value="agree">Agree</button> <button name="answer" value="refuse">Refuse</button></p>
</form></body></html>`;

const html = (response, text) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(text);
const json = (response, value, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

async function form(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return Object.fromEntries(new URLSearchParams(body));
}

/** Listens on a free port of loopback; `handle` may be given once the address is known. */
async function listen(makeHandle) {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const handle = makeHandle(url);
  server.on('request', (request, response) => {
    Promise.resolve(handle(request, response)).catch((error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500).end();
    });
  });
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url, stop };
}

const key = (alg, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  alg,
  use: 'sig',
  kid: alg,
});

/**
 * A certified OpenID Connect provider. The platform at `site` knows it under each of `names`, whose ID tokens are signed
 * as the name says: `rs256`, `es256`, `ps256`, or anything else for RS256.
 */
export async function startOpenIdProvider(site, names = ['company']) {
  const accounts = new Map();
  const algorithms = { es256: 'ES256', ps256: 'PS256' };
  const { url, stop } = await listen((issuer) => {
    const provider = new Provider(issuer, {
      clients: names.map((name, number) => ({
        client_id: name,
        client_secret: SECRET,
        redirect_uris: [`${site}/api/auth/${name}/callback`],
        id_token_signed_response_alg: algorithms[name] ?? 'RS256',
        token_endpoint_auth_method: number % 2 ? 'client_secret_post' : 'client_secret_basic',
      })),
      claims: { openid: ['sub', 'roles', 'groups'], email: ['email', 'email_verified'], profile: ['name'] },
      cookies: { keys: [randomBytes(16).toString('hex')] },
      features: { devInteractions: { enabled: false } },
      findAccount: (_, accountId) => ({ accountId, claims: () => accounts.get(accountId) }),
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      jwks: {
        keys: [
          key('RS256', 'rsa', { modulusLength: 2048 }),
          key('PS256', 'rsa', { modulusLength: 2048 }),
          key('ES256', 'ec', { namedCurve: 'P-256' }),
        ],
      },
      pkce: { required: () => true },
      ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    });
    const answer = provider.callback();
    return async (request, response) => {
      if (!request.url.startsWith('/interaction/')) return answer(request, response);
      if (request.method !== 'POST') return html(response, page('Example Ltd.'));
      const { params } = await provider.interactionDetails(request, response);
      const said = await form(request);
      if (said.answer !== 'agree') {
        const refusal = { error: 'access_denied', error_description: 'The person refused.' };
        return provider.interactionFinished(request, response, refusal);
      }
      accounts.set(said.sub, {
        sub: said.sub,
        email: said.email,
        email_verified: said.email_verified === 'true',
        name: said.name,
        roles: said.role ? [said.role] : [],
        groups: ['研发'],
      });
      const grant = new provider.Grant({ accountId: said.sub, clientId: params.client_id });
      grant.addOIDCScope(params.scope);
      const result = { login: { accountId: said.sub }, consent: { grantId: await grant.save() } };
      return provider.interactionFinished(request, response, result);
    };
  });
  const settings = Object.assign(
    {},
    ...names.map((name) => {
      const prefix = `OIDC_${name.toUpperCase()}`;
      return {
        [`${prefix}_ISSUER`]: url,
        [`${prefix}_CLIENT_ID`]: name,
        [`${prefix}_CLIENT_SECRET`]: SECRET,
        [`${prefix}_LABEL`]: `Example Ltd. (${name})`,
      };
    }),
  );
  return { url, stop, settings };
}

/** Something in the shape of GitHub: pages and answers as its documentation has them, for one OAuth app. */
export async function startGitHub(site) {
  const callback = `${site}/api/auth/github/callback`;
  const codes = new Map();
  const tokens = new Map();
  const { url, stop } = await listen(() => async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://github.invalid');
    if (pathname === '/login/oauth/authorize') {
      if (searchParams.get('client_id') !== 'github') return response.writeHead(404).end();
      if (searchParams.get('redirect_uri') !== callback) return response.writeHead(400).end();
      if (request.method !== 'POST') return html(response, page('GitHub'));
      const said = await form(request);
      const back = new URL(callback);
      back.searchParams.set('state', searchParams.get('state'));
      if (said.answer === 'agree') {
        const code = randomBytes(10).toString('hex');
        // Only S256; what has another method has no challenge that a verifier fits.
        const isHashed = searchParams.get('code_challenge_method') === 'S256';
        codes.set(code, { said, challenge: isHashed && searchParams.get('code_challenge') });
        back.searchParams.set('code', code);
      } else {
        back.searchParams.set('error', 'access_denied');
        back.searchParams.set('error_description', 'The user has denied your application access.');
      }
      return response.writeHead(302, { location: back.href }).end();
    }
    if (pathname === '/login/oauth/access_token') {
      const { client_id, client_secret, code, code_verifier = '' } = await form(request);
      const granted = codes.get(code);
      codes.delete(code);
      const challenge = createHash('sha256').update(code_verifier).digest('base64url');
      if (client_id !== 'github' || client_secret !== SECRET) {
        return json(response, { error: 'incorrect_client_credentials' });
      }
      // What is wrong with a code is said as if all were well.
      if (granted?.challenge !== challenge) return json(response, { error: 'bad_verification_code' });
      const token = `gho_${randomBytes(18).toString('hex')}`;
      tokens.set(token, granted.said);
      return json(response, { access_token: token, token_type: 'bearer', scope: 'read:user,user:email' });
    }
    const said = tokens.get(request.headers.authorization?.replace(/^Bearer /, ''));
    if (!said) return json(response, { message: 'Bad credentials' }, 401);
    if (!request.headers['user-agent']) return json(response, { message: 'User-Agent is missing' }, 403);
    if (pathname === '/api/v3/user') {
      return json(response, { id: Number(said.sub), login: `octo-${said.sub}`, name: said.name || null });
    }
    if (pathname === '/api/v3/user/emails') {
      const verified = said.email_verified === 'true';
      return json(response, [{ email: said.email, primary: true, verified, visibility: 'private' }]);
    }
    return json(response, { message: 'Not Found' }, 404);
  });
  const settings = { GITHUB_CLIENT_ID: 'github', GITHUB_CLIENT_SECRET: SECRET, GITHUB_BASE_URL: url };
  return { url, stop, settings };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const site = process.argv[2];
  if (!URL.canParse(site)) throw new Error('say where the platform is: node identity-providers.mjs http://127.0.0.1:5000');
  const providers = [await startOpenIdProvider(site), await startGitHub(site)];
  for (const { settings } of providers) {
    for (const [name, value] of Object.entries(settings)) console.log(`${name}=${value}`);
  }
}
