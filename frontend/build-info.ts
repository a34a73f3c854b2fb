import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** Has a build end in `console.json`: what the console was built for, which `fastgpt-platform doctor` compares. */
export function buildInfo(): Plugin {
  let apiUrl: string | null = null;
  return {
    name: 'build-info',
    apply: 'build',
    configResolved({ env }) {
      apiUrl = env.VITE_API_URL || null;
    },
    generateBundle() {
      const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));
      const source = `${JSON.stringify({ apiUrl, version }, null, 2)}\n`;
      this.emitFile({ type: 'asset', fileName: 'console.json', source });
    },
  };
}
