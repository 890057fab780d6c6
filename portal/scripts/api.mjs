// Writes src/api/schema.ts: the types of the operations that the portal uses, from the OpenAPI document of the program that was built.
// Usage: node scripts/api.mjs [FILE]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const portal = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const target = process.argv[2] ?? path.join(portal, 'src/api/schema.ts');
const program = path.join(process.env.PLIMSOLL_BUILD ?? path.join(portal, '../build'), 'plimsoll');

async function openapi() {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'plimsoll-api-'));
  const child = spawn(program, ['serve', '--data-dir', data, '--listen', '127.0.0.1:0', '--feeds-every', '0', '--log-level', 'error'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const url = await new Promise((done, fail) => {
      let said = '';
      child.stdout.on('data', (piece) => {
        said += piece;
        const at = /listening on (\S+)/.exec(said);
        if (at) done(at[1]);
      });
      child.on('error', fail);
      child.on('exit', (status) => fail(new Error(`${program}: ended with ${status}`)));
    });
    return await (await fetch(new URL('/api/v1/openapi.json', url))).json();
  } finally {
    child.kill('SIGTERM');
    await new Promise((done) => (child.exitCode === null ? child.on('exit', done) : done()));
    fs.rmSync(data, { recursive: true, force: true });
  }
}

function sources(dir) {
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap((f) => {
    const at = path.join(dir, f.name);
    if (f.isDirectory()) return sources(at);
    return /\.tsx?$/.test(f.name) && f.name !== 'schema.ts' ? [fs.readFileSync(at, 'utf8')] : [];
  });
}

const document = await openapi();
const words = new Set(sources(path.join(portal, 'src')).join('\n').match(/'[a-zA-Z]+'/g)?.map((w) => w.slice(1, -1)));
const needed = new Map(); // schemas that are reached

function type(schema) {
  if (!schema) return 'undefined';
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1);
    if (!needed.has(name)) {
      needed.set(name, '');
      needed.set(name, object(document.components.schemas[name]));
    }
    return name;
  }
  if (schema.enum) return schema.enum.map((w) => `'${w}'`).join(' | ');
  if (schema.type === 'array') return `${/ \| /.test(type(schema.items)) ? `(${type(schema.items)})` : type(schema.items)}[]`;
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  if (schema.type === 'boolean' || schema.type === 'string') return schema.type;
  return schema.properties ? object(schema) : 'Record<string, unknown>';
}
function object(schema) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([k, v]) => `  ${/^\w+$/.test(k) && !/^\d/.test(k) ? k : `'${k}'`}${required.has(k) ? '' : '?'}: ${type(v)};`);
  return `{\n${rows.join('\n')}\n}`;
}
const parameters = (o, where) => {
  const rows = (o.parameters ?? []).filter((p) => p.in === where);
  return rows.length ? `{ ${rows.map((p) => `${p.name}${p.required ? '' : '?'}: string | number`).join('; ')} }` : 'undefined';
};

type({ $ref: '#/components/schemas/Problem' });
const types = [], table = [];
for (const [url, item] of Object.entries(document.paths)) {
  for (const [method, o] of Object.entries(item)) {
    if (!words.has(o.operationId)) continue;
    const [, reply] = Object.entries(o.responses).find(([status]) => status.startsWith('2'));
    types.push(`  ${o.operationId}: { path: ${parameters(o, 'path')}; query: ${parameters(o, 'query')}; body: ${
      type(o.requestBody?.content['application/json']?.schema)}; reply: ${type(reply.content?.['application/json']?.schema)} };`);
    table.push(`  ${o.operationId}: ['${method.toUpperCase()}', '${url}', '${o['x-plimsoll-action'] ?? ''}', ${o['x-plimsoll-scoped'] === true}],`);
  }
}
types.sort();
table.sort();
fs.writeFileSync(target, `// Made by scripts/api.mjs from the server's OpenAPI document; not to be edited.\n\n${
  [...needed].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => `export interface ${name} ${text}\n`).join('\n')}
export interface Operations {\n${types.join('\n')}\n}

/** Method, path, the action that a role must allow, and whether its query narrows to a scope. */
export const operations: Record<keyof Operations, [string, string, string, boolean]> = {\n${table.join('\n')}\n};\n`);
