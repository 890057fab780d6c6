// What a server answers, recorded and held against the OpenAPI document that it serves.
import { spawnSync } from 'node:child_process';
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
export function check(document, exchanges = [], events = []) {
  // Debian's own interpreter: it has Debian's python3-jsonschema.
  const r = spawnSync('/usr/bin/python3', [path.join(root, 'tests/e2e/openapi_check.py')],
    { input: JSON.stringify({ document, exchanges, events }), encoding: 'utf8', maxBuffer: 1 << 28 });
  if (r.status !== 0) throw new Error(`openapi_check.py: ${r.status}\n${r.stderr}`);
  return JSON.parse(r.stdout);
}
