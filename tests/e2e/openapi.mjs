// What a server answers, recorded and held against the OpenAPI document that it serves.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { root } from './lib.mjs';

/** From now on every fetch of this process to the server is written down. {exchanges, settled()} */
export function record(server) {
  const plain = globalThis.fetch, exchanges = [], reading = [];
  const origin = new URL(server.url).origin;
  globalThis.fetch = async (target, options = {}) => {
    const url = new URL(target, server.url);
    const r = await plain(target, options);
    if (url.origin !== origin) return r;
    const sent = typeof options.body === 'string' ? options.body : options.body instanceof URLSearchParams ? String(options.body) : undefined;
    const type = new Headers(options.headers).get('content-type') ?? (options.body instanceof URLSearchParams ? 'application/x-www-form-urlencoded' : undefined);
    const exchange = { method: options.method ?? 'GET', target: url.pathname + url.search, status: r.status, headers: Object.fromEntries(r.headers), body: null, sent, sent_type: type };
    exchanges.push(exchange);
    // A stream of events does not end; what is not JSON is not looked at.
    if (/json/.test(exchange.headers['content-type'] ?? '') || !exchange.headers['content-type'])
      reading.push(r.clone().text().then((text) => { exchange.body = text; }));
    return r;
  };
  return { exchanges, settled: () => Promise.all(reading) };
}

/** The failures of a document and of exchanges under it, and which statuses of which operations occurred. */
export const check = async (document, exchanges = [], events = []) => (await checkEach([{ document, exchanges, events }]))[0];
/** The same of several cases. One without a document is about that of the case before it. */
export async function checkEach(cases) {
  // Debian's own interpreter: it has Debian's python3-jsonschema. Not spawnSync: connections that the server closes meanwhile must be seen.
  const child = spawn('/usr/bin/python3', [path.join(root, 'tests/e2e/openapi_check.py')], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '', stderr = '';
  child.stdout.on('data', (d) => { stdout += d; });
  child.stderr.on('data', (d) => { stderr += d; });
  child.stdin.on('error', () => {}); // told by the status
  child.stdin.end(JSON.stringify(cases));
  const status = await new Promise((done, fail) => { child.on('close', done); child.on('error', fail); });
  if (status !== 0) throw new Error(`openapi_check.py: ${status}\n${stderr}`);
  return JSON.parse(stdout);
}
