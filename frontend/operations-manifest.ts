import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initGraphQLTada } from 'gql.tada';
import { type ESTree, type Plugin, parseSync, Visitor } from 'vite';
import { wireText } from './src/graphql/wire-text.ts';

const root = join(import.meta.dirname, 'src');

/** Has a build end in `operations.json`: what the server may trust the console to send. */
export function operationsManifest(): Plugin {
  return {
    name: 'operations-manifest',
    apply: 'build',
    generateBundle() {
      const source = `${JSON.stringify(collectOperations(), null, 2)}\n`;
      this.emitFile({ type: 'asset', fileName: 'operations.json', source });
    },
  };
}

/**
 * The text of every operation in the source, by its SHA-256. Documents stand among components that only a browser
 * can load, so the calls of `graphql` are read from the source and made here.
 */
export function collectOperations(): Record<string, string> {
  const calls = new Map<string, Call>();
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!/\.tsx?$/.test(path) || path.includes('.test.')) continue;
    for (const call of findCalls(join(root, path))) {
      // A document is told from others by its constant alone, wherever it is imported.
      if (calls.has(call.name)) throw new Error(`${path}: there are two documents called ${call.name}`);
      calls.set(call.name, call);
    }
  }

  const documents = new Map<string, Document>();
  function documentOf(name: string): Document {
    const call = calls.get(name);
    if (!call) throw new Error(`there is no document called ${name}`);
    const document = documents.get(name) ?? graphql(call.text, call.fragments.map(documentOf));
    documents.set(name, document);
    return document;
  }

  const texts = [...calls.keys()]
    .map(documentOf)
    .filter(({ definitions: [first] }) => first?.kind === 'OperationDefinition')
    .map(wireText);
  return Object.fromEntries(texts.map((text) => [createHash('sha256').update(text).digest('hex'), text]));
}

type Document = Parameters<typeof wireText>[0];

/** The function that `src/graphql/schema.ts` exports, without its types. */
const graphql = initGraphQLTada() as unknown as (text: string, fragments: Document[]) => Document;

/** One `const name = graphql(text, fragments)`. */
interface Call {
  name: string;
  text: string;
  fragments: string[];
}

function findCalls(path: string): Call[] {
  const { program, errors } = parseSync(path, readFileSync(path, 'utf8'));
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`);
  const names = new Map<ESTree.Node, string>();
  const calls: Call[] = [];
  new Visitor({
    VariableDeclarator({ id, init }) {
      if (init && id.type === 'Identifier') names.set(init, id.name);
    },
    CallExpression(node) {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'graphql') return;
      const call = readCall(node, names.get(node));
      if (!call)
        throw new Error(`${path}: only \`const name = graphql(\`text\`, [fragments])\` is understood`);
      calls.push(call);
    },
  }).visit(program);
  return calls;
}

function readCall({ arguments: [text, fragments] }: ESTree.CallExpression, name?: string): Call | undefined {
  if (!name || text?.type !== 'TemplateLiteral' || text.expressions.length > 0) return;
  const elements = fragments?.type === 'ArrayExpression' ? fragments.elements : [];
  const identifiers = elements.filter((element) => element?.type === 'Identifier');
  if (identifiers.length < elements.length || (fragments && fragments.type !== 'ArrayExpression')) return;
  return {
    name,
    text: text.quasis[0]?.value.cooked ?? '',
    fragments: identifiers.map((identifier) => identifier.name),
  };
}
