// The platform as it is deployed: Nginx with the project's own files in front of real backends.
// Run by itself it starts one and prints its address: tests/deploy/run.sh has the journeys go through it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { access, cp, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

/** A variable that tests/deploy/run.sh sets. */
export function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: tests/deploy/run.sh starts what these tests need`);
  return value;
}

/** Outside the range from which the system serves itself: a backend that is down must find its port free again. */
export async function quietPort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Waits until `condition` holds; never how fast it has to be. */
export async function until(what, condition, milliseconds = 60_000) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${milliseconds / 1000} s`);
    await setTimeout(50);
  }
}

class Process {
  #child;

  constructor(name, folder) {
    this.name = name;
    this.folder = folder;
  }

  launch(command, args, env) {
    const log = createWriteStream(join(this.folder, `${this.name}.log`), { flags: 'a' });
    // Should the test be killed before it can clean up, the kernel ends what it started.
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], { cwd: this.folder, env });
    this.#child.stdout.pipe(log);
    this.#child.stderr.pipe(log);
  }

  get runs() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves to the exit code, or to the signal that ended it. */
  async end(signal = 'SIGTERM') {
    if (!this.runs) return undefined;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    const [code, by] = await exit;
    return code ?? by;
  }

  async awaitAnswer(url, options) {
    await until(`${this.name} answers`, async () => {
      if (!this.runs) {
        const log = await readFile(join(this.folder, `${this.name}.log`), 'utf8');
        throw new Error(`${this.name} ended at its start:\n${log.slice(-2000)}`);
      }
      const response = await fetch(url, { redirect: 'manual', ...options }).catch(() => undefined);
      await response?.arrayBuffer();
      return response?.status < 500;
    });
  }
}

class Backend extends Process {
  constructor(name, folder, port, settings) {
    super(name, folder);
    this.port = port;
    this.settings = settings;
  }

  async start() {
    const data = join(this.folder, 'data');
    this.launch(setting('PLATFORM_BINARY'), [], { PORT: this.port, DATA_DIR: data, ...this.settings });
    await this.awaitAnswer(`http://127.0.0.1:${this.port}/health/ready`);
  }
}

/** Writes the project's Nginx files to `folder`, with this machine's ports and paths in place of a server's. */
async function configureNginx(folder, site) {
  const rendered = async (file, replacements) => {
    let text = await readFile(join(root, file), 'utf8');
    for (const [from, to] of replacements) {
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
      text = text.replaceAll(from, to);
    }
    return text;
  };
  const snippets = join(folder, 'fastgpt-platform');
  await mkdir(join(folder, 'conf.d'), { recursive: true });
  await mkdir(join(folder, 'tmp'));
  await mkdir(join(folder, 'log'));
  await mkdir(snippets);
  await mkdir(join(folder, 'www/fastgpt-acme/.well-known/acme-challenge'), { recursive: true });
  await writeFile(join(folder, 'www/fastgpt-acme/.well-known/acme-challenge/token'), 'proof');
  await cp(join(root, 'frontend/dist'), join(folder, 'www/fastgpt-platform'), { recursive: true });

  const main = await rendered('deploy/nginx/main.conf', [
    ['/tmp/', join(folder, 'tmp/')],
    ['/etc/nginx/conf.d', join(folder, 'conf.d')],
  ]);
  // Without it, root's Nginx has workers who may not read this folder.
  await writeFile(join(folder, 'nginx.conf'), process.getuid() === 0 ? `user root;\n${main}` : main);
  await writeFile(
    join(folder, 'conf.d/site.conf'),
    await rendered('nginx.conf', [
      ['listen 80;', `listen 127.0.0.1:${site.port};`],
      ['listen [::]:80;', `listen 127.0.0.1:${site.otherPort};`],
      ['/var/www/', join(folder, 'www/')],
      ['/var/log/nginx/', join(folder, 'log/')],
    ]),
  );
  const [first, second] = site.backends;
  await writeFile(
    join(snippets, 'upstream.conf'),
    await rendered('deploy/nginx/upstream.production.conf', [
      ['backend:5000', `127.0.0.1:${first}`],
      ['backend-2:5000', `127.0.0.1:${second}`],
    ]),
  );
  if (site.tlsPort) {
    await writeFile(
      join(snippets, 'tls.conf'),
      await rendered('deploy/nginx/tls.conf', [
        ['listen 443 ', `listen 127.0.0.1:${site.tlsPort} `],
        ['listen [::]:443 ', `listen 127.0.0.1:${await quietPort()} `],
      ]),
    );
    await symlink(setting('DEPLOY_CERTIFICATE'), join(snippets, 'tls'));
  }
}

class Nginx extends Process {
  #arguments = ['-p', this.folder, '-c', join(this.folder, 'nginx.conf'), '-e', join(this.folder, 'start.log')];

  async start(url) {
    this.launch('/usr/sbin/nginx', [...this.#arguments, '-g', 'daemon off;'], {});
    await this.awaitAnswer(`${url}/`);
  }

  /** What `nginx -t` has to say; its exit code is 0 where the files are good. */
  async check() {
    const child = spawn('/usr/sbin/nginx', [...this.#arguments, '-t']);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const [code] = await once(child, 'close');
    return { code, said };
  }

  async accessLog() {
    const text = await readFile(join(this.folder, 'log/fastgpt-access.log'), 'utf8');
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
}

/** Nginx and two backends on one PostgreSQL database and Redis; `start` says which backends run at first. */
export class Stack {
  static async create({ database, redis, tls = false, settings = {} }) {
    const stack = new Stack();
    const folder = await mkdtemp(join(setting('DEPLOY_SCRATCH'), 'stack-'));
    const [port, otherPort] = [await quietPort(), await quietPort()];
    const tlsPort = tls ? await quietPort() : undefined;
    stack.plainUrl = `http://127.0.0.1:${port}`;
    stack.url = tls ? `https://127.0.0.1:${tlsPort}` : stack.plainUrl;
    const common = {
      SITE_URL: stack.url,
      JWT_SECRET: 'd4'.repeat(32),
      SESSION_SECRET: 'e5'.repeat(32),
      DATABASE_URL: `${setting('TEST_POSTGRES_URL').replace(/[^/]*$/, '')}${database}`,
      REDIS_URL: `${setting('TEST_REDIS_URL')}/${redis}`,
      METRICS_ADDR: 'off',
      SHUTDOWN_DRAIN: '5s',
      SIGN_IN_ATTEMPTS_PER_MINUTE: 10_000,
      SIGN_UPS_PER_HOUR: 10_000,
      GRAPHQL_COST_PER_MINUTE: 60_000_000,
      ...settings,
    };
    stack.backends = [];
    for (const name of ['backend', 'backend-2']) {
      const home = join(folder, name);
      await mkdir(home);
      stack.backends.push(new Backend(name, home, await quietPort(), common));
    }
    const ports = stack.backends.map((backend) => backend.port);
    const prefix = join(folder, 'nginx');
    await mkdir(prefix);
    await configureNginx(prefix, { port, otherPort, tlsPort, backends: ports });
    await access(join(prefix, 'www/fastgpt-platform/index.html'));
    stack.nginx = new Nginx('nginx', prefix);
    return stack;
  }

  async start({ backends = this.backends } = {}) {
    await Promise.all(backends.map((backend) => backend.start()));
    await this.nginx.start(this.plainUrl);
    return this;
  }

  async stop() {
    await this.nginx.end();
    await Promise.all(this.backends.map((backend) => backend.end('SIGKILL')));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [database, redis, ...settings] = process.argv.slice(2);
  const pairs = Object.fromEntries(settings.map((setting) => setting.split(/=(.*)/s)));
  const stack = await Stack.create({ database, redis, settings: pairs });
  process.once('SIGTERM', () => stack.stop());
  await stack.start();
  console.log(stack.url);
}
