// What Nginx makes of each address: headers, caching, refusals, HTTPS.

import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ADMIN, post, request, run, signIn, subscribe } from './client.mjs';
import { Stack, until } from './stack.mjs';

let plain;
let secure;

before(async () => {
  plain = await Stack.create({ database: 'front', redis: 1 });
  secure = await Stack.create({ database: 'front_tls', redis: 2, tls: true });
  await Promise.all([plain.start(), secure.start()]);
});
after(() => Promise.all([plain, secure].map((stack) => stack?.stop())));

const FOREVER = 'public, max-age=31536000, immutable';
/** The build's largest file of a kind: Nginx leaves those below 1 kB uncompressed. */
const asset = async (end) => {
  const folder = join(plain.nginx.folder, 'www/fastgpt-platform/assets');
  const names = (await readdir(folder)).filter((name) => name.endsWith(end));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return `/assets/${names[sizes.indexOf(Math.max(...sizes))]}`;
};

test('nginx -t has nothing to say against the files', async () => {
  for (const stack of [plain, secure]) {
    const { code, said } = await stack.nginx.check();
    assert.equal(code, 0, said);
    // Newer Nginx says that `http2` has moved from `listen`, where older ones want it.
    assert.doesNotMatch(said.replace(/.*"listen \.\.\. http2" directive is deprecated.*/g, ''), /\[(warn|error|emerg)\]/);
  }
});

test('each address is answered, cached and typed as it should be', async () => {
  const rows = [
    // address, status, Cache-Control, Content-Type
    ['/', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/index.html', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/sign-in', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/users/some-one', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/healthy', 200, 'no-cache', 'text/html; charset=utf-8'],
    [await asset('.js'), 200, FOREVER, 'application/javascript; charset=utf-8'],
    [await asset('.css'), 200, FOREVER, 'text/css'],
    ['/theme.js', 200, 'no-cache', 'application/javascript; charset=utf-8'],
    ['/favicon.svg', 200, 'no-cache', 'image/svg+xml'],
    ['/assets/gone-12345678.js', 404, 'no-store', 'text/html; charset=utf-8'],
    ['/assets/', 404, 'no-store', 'text/html; charset=utf-8'],
    ['/missing.png', 404, 'no-store', 'text/html; charset=utf-8'],
    ['/.env', 404, 'no-store', 'text/html; charset=utf-8'],
    ['/metrics', 404, 'no-store', 'text/html; charset=utf-8'],
    ['/metrics/x', 404, 'no-store', 'text/html; charset=utf-8'],
    ['/api-docs', 200, 'no-cache', 'text/html; charset=utf-8'],
    ['/health', 200, 'no-cache', 'application/json'],
    ['/health/live', 200, 'no-cache', 'text/plain; charset=utf-8'],
    ['/api/nothing', 404, 'no-store', 'application/json; charset=utf-8'],
    ['/api/nothing.js', 404, 'no-store', 'application/json; charset=utf-8'],
    ['/.well-known/acme-challenge/token', 200, 'no-cache', 'text/plain; charset=utf-8'],
  ];
  const found = [];
  for (const [address] of rows) {
    const { status, headers } = await request(plain.url + address);
    found.push([address, status, headers['cache-control'], headers['content-type']]);
  }
  assert.deepEqual(found, rows);
});

test('the page of GraphiQL is given by a backend alone', async () => {
  const byFile = await request(`${plain.url}/api-docs.html`);
  const console = await request(`${plain.url}/`);
  assert.equal(byFile.text, console.text);
  assert.match((await request(`${plain.url}/api-docs`)).text, /API explorer/);
});

test('every answer protects the page that it may become', async () => {
  for (const address of ['/', await asset('.js'), '/assets/none.js', '/api-docs', '/health', '/api/nothing', '/metrics']) {
    const { headers } = await request(plain.url + address);
    const policy = headers['content-security-policy'];
    assert.match(policy, /^default-src 'none'; script-src 'self'; /, address);
    assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe|\*|https?:/, address);
    assert.match(policy, /frame-ancestors 'none'/, address);
    // Sent twice, Node would join them by a comma.
    assert.equal(headers['x-content-type-options'], 'nosniff', address);
    assert.equal(headers['x-frame-options'], 'DENY', address);
    assert.equal(headers['referrer-policy'], 'strict-origin-when-cross-origin', address);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', address);
    assert.match(headers['permissions-policy'], /camera=\(\)/, address);
    assert.equal(headers['strict-transport-security'], undefined, address);
    assert.match(headers['x-request-id'], /^[0-9a-f]{32}$/, address);
    assert.equal(headers.server, 'nginx', address);
  }
});

test('scripts and styles are compressed, the answers of the API are not', async () => {
  const gzip = { headers: { 'accept-encoding': 'gzip' } };
  for (const address of [await asset('.js'), await asset('.css')]) {
    const [small, whole] = [await request(plain.url + address, gzip), await request(plain.url + address)];
    assert.equal(small.headers['content-encoding'], 'gzip');
    assert.equal(small.headers.vary, 'Accept-Encoding');
    assert.equal(whole.headers.vary, 'Accept-Encoding');
    assert.deepEqual(gunzipSync(small.bytes), whole.bytes);
  }
  const schema = '{ __schema { types { name description fields { name description } } } }';
  const answer = await post(plain.url, schema, gzip);
  assert.ok(answer.bytes.length > 10_000);
  assert.equal(answer.headers['content-encoding'], undefined);
});

test('a file that the browser has is not sent again', async () => {
  for (const address of ['/', await asset('.js')]) {
    const first = await request(plain.url + address);
    const again = await request(plain.url + address, { headers: { 'if-none-match': first.headers.etag } });
    assert.equal(again.status, 304);
    assert.equal(again.headers['cache-control'], first.headers['cache-control']);
  }
});

test('nobody chooses the address or the request id that the platform sees', async () => {
  const token = await signIn(plain.url, {
    headers: {
      'x-forwarded-for': '203.0.113.7, 127.0.0.1',
      'x-real-ip': '203.0.113.7',
      forwarded: 'for=203.0.113.7',
      'x-request-id': 'chosen-by-the-client',
    },
  });
  const query = '{ viewer { sessions(first: 100, state: ACTIVE) { nodes { ip isCurrent } } } }';
  const { viewer } = await run(plain.url, query, { token });
  assert.equal(viewer.sessions.nodes.find((session) => session.isCurrent).ip, '127.0.0.1');

  const { headers } = await post(plain.url, '{ viewer { id } }', { headers: { 'x-request-id': 'chosen-by-the-client' } });
  assert.match(headers['x-request-id'], /^[0-9a-f]{32}$/);
  await until('the request is in the log', async () =>
    (await plain.nginx.accessLog()).some(({ requestId }) => requestId === headers['x-request-id']),
  );
});

test('the log has a request in a line, without its parameters and without health checks', async () => {
  const { headers } = await request(`${plain.url}/api/auth/google/callback?code=secret-of-the-sign-in`);
  await request(`${plain.url}/health/ready`);
  const lines = await until('the request is in the log', async () => {
    const lines = await plain.nginx.accessLog();
    return lines.some(({ requestId }) => requestId === headers['x-request-id']) && lines;
  });
  const line = lines.find(({ requestId }) => requestId === headers['x-request-id']);
  assert.equal(line.path, '/api/auth/google/callback');
  assert.equal(line.status, 404);
  assert.doesNotMatch(JSON.stringify(lines), /secret-of-the-sign-in/);
  assert.ok(!lines.some(({ path }) => path.startsWith('/health')));
});

test('a body that the platform would refuse is refused in its own words', async () => {
  const body = JSON.stringify({ query: `{ viewer { id } } # ${'x'.repeat(2 * 1024 * 1024)}` });
  // Nginx answers before the body has arrived and then hangs up: the sender may notice only that.
  const refused = await request(`${plain.url}/api/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), expect: '100-continue' },
  });
  assert.equal(refused.status, 413);
  assert.equal(refused.headers['content-type'], 'application/json');
  assert.equal(JSON.parse(refused.text).errors[0].extensions.code, 'BAD_REQUEST');
});

test('a flood from one address is told to slow down, in JSON', async () => {
  const answers = await Promise.all(
    Array.from({ length: 2500 }, () => request(`${secure.plainUrl}/assets/none.js`).then(({ status }) => status)),
  );
  assert.ok(answers.every((status) => status === 308), 'files and redirects have no limit of requests');

  let refused;
  const agent = new (await import('node:https')).Agent({ keepAlive: true, maxSockets: 50 });
  await until('the limit is reached', async () => {
    const burst = Array.from({ length: 500 }, () => request(`${secure.url}/api/nothing`, { agent }));
    refused ??= (await Promise.all(burst)).find(({ status }) => status === 429);
    return refused;
  });
  agent.destroy();
  assert.equal(refused.headers['retry-after'], '5');
  assert.deepEqual(JSON.parse(refused.text).errors[0].extensions.code, 'RATE_LIMITED');
});

// What decides where a request goes is in its headers, which the client chooses: no choice is without a limit.
test('no header and no address is a way around the limit', async () => {
  const stream = { method: 'POST', headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' } };
  const rows = [
    // address, options, how much at once is let through at least, whether a program reads the refusal
    ['/api/nothing', { method: 'POST' }, 1000, true],
    ['/api/nothing', stream, 1000, true],
    ['/api/nothing', { headers: { accept: 'multipart/mixed' } }, 1000, true],
    ['/api/nothing', { headers: { upgrade: 'websocket', connection: 'upgrade' } }, 1000, true],
    ['/health/live', {}, 100, true],
    ['/api-docs', {}, 100, false],
  ];
  for (const [number, [address, options, burst, json]] of rows.entries()) {
    // Each from an address that nobody else has, since limits are kept by address.
    const agent = new http.Agent({ keepAlive: true, maxSockets: 50, localAddress: `127.0.9.${number + 1}` });
    const what = `${address} ${JSON.stringify(options)}`;
    let passed = 0;
    const refused = await until(`${what} is limited`, async () => {
      const answers = await Promise.all(
        Array.from({ length: 500 }, () => request(plain.url + address, { ...options, agent })),
      );
      passed += answers.filter(({ status }) => status !== 429).length;
      return answers.find(({ status }) => status === 429);
    });
    agent.destroy();
    assert.ok(passed >= burst, `${what}: ${passed} passed`);
    assert.equal(refused.headers['retry-after'], '5', what);
    if (json) assert.equal(JSON.parse(refused.text).errors[0].extensions.code, 'RATE_LIMITED', what);
  }
});

test('a stream that sends too much is refused in the platform’s words as well', async () => {
  const refused = await request(`${plain.url}/api/graphql`, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', 'content-length': 2 ** 21, expect: '100-continue' },
  });
  assert.equal(refused.status, 413);
  assert.equal(JSON.parse(refused.text).errors[0].extensions.code, 'BAD_REQUEST');
});

test('HTTP leads to HTTPS, except for what proves the domain', async () => {
  for (const address of ['/', '/sign-in?next=%2Fprofile', '/api/graphql', '/health', '/assets/x.js']) {
    const { status, headers } = await request(secure.plainUrl + address);
    assert.equal(status, 308, address);
    assert.equal(headers.location, `https://127.0.0.1${address}`);
  }
  const { status, text } = await request(`${secure.plainUrl}/.well-known/acme-challenge/token`);
  assert.deepEqual([status, text], [200, 'proof']);
});

test('over HTTPS the session is in a cookie that leaves it for nowhere else', async () => {
  // The other test of this site asks for as much as one address may.
  const answer = await until('the limit has passed', async () => {
    const answer = await post(
      secure.url,
      `mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignedIn { refreshToken viewer { email } } } }`,
      { variables: { input: ADMIN } },
    );
    return answer.status !== 429 && answer;
  });
  const { signIn: signedIn } = JSON.parse(answer.text).data;
  assert.deepEqual(signedIn, { refreshToken: null, viewer: { email: ADMIN.email } });
  const [cookie] = answer.headers['set-cookie'];
  assert.match(cookie, /^__Host-fastgpt_refresh=[\w-]+; /);
  for (const part of ['Secure', 'HttpOnly', 'SameSite=Lax', 'Path=/']) assert.ok(cookie.includes(`; ${part}`), cookie);
  assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000');

  const refreshed = await post(secure.url, 'mutation { refreshSession { viewer { email } } }', {
    headers: { cookie: cookie.split(';')[0] },
  });
  assert.equal(JSON.parse(refreshed.text).data.refreshSession.viewer.email, ADMIN.email);
});

test('a socket works through HTTPS', async (t) => {
  const token = await signIn(secure.url);
  const socket = subscribe(secure.url, token);
  t.after(socket.dispose);
  await until('the socket is open', () => socket.seen.acknowledged);
});
