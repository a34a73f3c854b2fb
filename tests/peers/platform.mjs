// What the tests here know of the platform: its settings, its way over HTTP, and how to run one of their own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A variable that tests/run.sh sets. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: tests/run.sh starts what these tests need`);
  return value;
}

const ADMIN = { email: 'admin@example.com', password: 'Admin@123456' };

/** A device of the first administrator: what it asks over HTTP, and the tokens that it has now. */
export class Device {
  #url;
  #refreshToken;

  constructor(url) {
    this.#url = `${url}/api/graphql`;
  }

  get socketUrl() {
    return this.#url.replace(/^http/, 'ws');
  }

  async signIn() {
    const { signIn } = await this.#ask(
      `mutation ($input: SignInInput!) {
        signIn(input: $input) { ... on SignedIn { accessToken accessTokenExpiresAt refreshToken } }
      }`,
      { input: { ...ADMIN, refreshTokenDelivery: 'BODY' } },
    );
    return this.#keep(signIn);
  }

  async refresh() {
    const { refreshSession } = await this.#ask(
      `mutation ($input: RefreshSessionInput) {
        refreshSession(input: $input) { accessToken accessTokenExpiresAt refreshToken }
      }`,
      { input: { refreshToken: this.#refreshToken } },
    );
    return this.#keep(refreshSession);
  }

  #keep({ accessToken, accessTokenExpiresAt, refreshToken }) {
    this.#refreshToken = refreshToken;
    this.token = accessToken;
    this.expiresAt = Date.parse(accessTokenExpiresAt);
    return this;
  }

  async #ask(query, variables) {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
}

/** A port on which nothing listens, outside the range from which the system serves itself. */
export async function quietPort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (free) {
      server.close();
      await once(server, 'close');
      return port;
    }
  }
}

/** A server of the test's own, which can be stopped and started again in the same folder and on the same port. */
export class Platform {
  #folder;
  #port;
  #settings;
  #process;

  /** With `settings` on top of what it needs to run. */
  constructor(folder, port, settings = {}) {
    this.#folder = folder;
    this.#port = port;
    this.#settings = settings;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Resolves when it listens. */
  async start() {
    const env = { PORT: this.#port, SITE_URL: this.url, DATA_DIR: `${this.#folder}/data`, ...this.#settings };
    const child = spawn(setting('PLATFORM_BINARY'), { cwd: this.#folder, env });
    this.#process = child;
    let log = '';
    await new Promise((resolve, reject) => {
      const read = (chunk) => {
        log += chunk;
        if (/serving.*127\.0\.0\.1:/.test(log)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
    });
  }

  /** Stops it as an operator would; resolves to its exit code. */
  async stop() {
    const { pid } = this.#process;
    const exit = once(this.#process, 'exit');
    process.kill(pid, 'SIGTERM');
    const [code] = await exit;
    return code;
  }

  /** For the end of a test, whatever became of it. */
  kill() {
    if (this.#process?.exitCode === null) this.#process.kill('SIGKILL');
  }
}
