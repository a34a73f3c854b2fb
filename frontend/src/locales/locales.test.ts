import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, type GraphQLEnumType } from 'graphql';
import { describe, expect, it } from 'vitest';
import en from './en.json';
import zhCN from './zh-CN.json';

/** Every text by its key: `errors.code.CONFLICT`. */
function flatten(tree: object, prefix = ''): Map<string, string> {
  const texts = Object.entries(tree).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[prefix + name, value]] : [...flatten(value, `${prefix}${name}.`)],
  );
  return new Map(texts);
}

/** Languages differ in their plural forms. */
const withoutPlural = (key: string) => key.replace(/_(zero|one|other)$/, '');
const keysOf = (texts: Map<string, string>) => [...new Set([...texts.keys()].map(withoutPlural))].sort();

const english = flatten(en);
const chinese = flatten(zhCN);
const known = keysOf(english);

const root = join(import.meta.dirname, '..');
const source = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !path.includes('.test.') && !path.includes('generated'))
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n');

/** What the code says in quotes and begins like a key; `errors.code.${code}` stands for all that it may become. */
const namespaces = Object.keys(en).join('|');
const used = [...source.matchAll(new RegExp(`(['\`])((?:${namespaces})\\.[^'\`\\s]+|product)\\1`, 'g'))].map(
  ([, , key = '']) => new RegExp(`^${key.replaceAll('.', '\\.').replace(/\$\{[^}]*\}/g, '[^.]+')}$`),
);

describe('locales', () => {
  it('have the same keys', () => {
    expect(keysOf(chinese)).toEqual(known);
  });

  it('have no empty text, and the same values to fill in', () => {
    const blanks = (text: string) => [...text.matchAll(/\{\{\w+\}\}/g)].map(String).sort();
    for (const [key, text] of chinese) {
      expect(text.trim(), key).not.toBe('');
      const counterpart = english.get(key) ?? english.get(`${withoutPlural(key)}_other`) ?? '';
      expect(counterpart.trim(), key).not.toBe('');
      expect(blanks(text), key).toEqual(blanks(counterpart));
    }
  });

  it('have every key that the code uses', () => {
    expect(used.length).toBeGreaterThan(80);
    expect(used.filter((pattern) => !known.some((key) => pattern.test(key)))).toEqual([]);
  });

  it('have no key that the code does not use', () => {
    expect(known.filter((key) => !used.some((pattern) => pattern.test(key)))).toEqual([]);
  });
});

it('there is a text for every error code and enum value of the schema that is shown', () => {
  const schema = buildSchema(readFileSync(join(root, '../../schema.graphql'), 'utf8'));
  const shown = {
    ErrorCode: 'errors.code',
    Role: 'users.role',
    UserStatus: 'users.status',
    DeviceKind: 'sessions.kind',
    SessionEndReason: 'sessions.endReason',
    AuditEventKind: 'activity.kind',
    AuditActor: 'activity.actor',
    ApiKeyState: 'apiKeys.state',
    BlockKind: 'blocks.kind',
    DataExportState: 'myData.export.state',
    InvitationState: 'invitations.state',
    Locale: 'fields.mailLocale',
    MailKind: 'mails.kind',
    MailState: 'mails.state',
    ReauthenticationMethod: 'reauthentication.method',
  };
  for (const [name, prefix] of Object.entries(shown)) {
    for (const { name: value } of (schema.getType(name) as GraphQLEnumType).getValues()) {
      expect(known).toContain(`${prefix}.${value}`);
    }
  }
});
