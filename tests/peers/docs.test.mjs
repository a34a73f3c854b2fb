// The examples of docs/graphql.md, run as a reader would run them: what is said to come out does.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const API = `${process.env.PLATFORM_URL}/api/graphql`;

/** The fenced blocks of a page, in order. */
function blocks(page) {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map(([, language, code]) => ({ language, code }));
}

/** Runs all examples in one shell, since later ones use what earlier ones found; gives what each wrote. */
function run(examples) {
  const folder = mkdtempSync(join(tmpdir(), 'docs-'));
  try {
    const steps = examples.map(({ language, code }, number) => {
      const out = join(folder, `${number}.out`);
      if (language === 'sh') return `{\n${code}\n} > ${out}`;
      const script = join(folder, `${number}.mjs`);
      writeFileSync(script, code);
      return `API=$API ACCESS_TOKEN=$ACCESS_TOKEN node --input-type=module < ${script} > ${out}`;
    });
    const shell = spawnSync('bash', ['-euo', 'pipefail', '-c', steps.join('\n')], {
      // Where the packages of the JavaScript examples are.
      cwd: import.meta.dirname,
      env: { ...process.env, API },
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(shell.status, 0, shell.stderr);
    return examples.map((_, number) => readFileSync(join(folder, `${number}.out`), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `…` stands for anything. */
function assertLike(actual, expected, path = '$') {
  if (expected === '…') return assert.notEqual(actual, undefined, path);
  if (expected === null || typeof expected !== 'object') return assert.equal(actual, expected, path);
  assert.deepEqual(Object.keys(actual ?? {}).sort(), Object.keys(expected).sort(), path);
  for (const key of Object.keys(expected)) assertLike(actual[key], expected[key], `${path}.${key}`);
}

for (const page of ['graphql.md', 'graphql.zh-CN.md']) {
  test(`the examples of docs/${page} do what they say`, () => {
    const all = blocks(page);
    const examples = all.filter(({ language }) => ['sh', 'js'].includes(language));
    const outputs = run(examples);
    let promised = 0;
    all.forEach(({ language, code }, place) => {
      if (language !== 'json') return;
      const output = outputs[examples.indexOf(all[place - 1])];
      assertLike(JSON.parse(output), JSON.parse(code), `${page}, after: ${all[place - 1].code}`);
      promised += 1;
    });
    assert.ok(promised >= 8, `${promised} answers are promised`);
  });
}
