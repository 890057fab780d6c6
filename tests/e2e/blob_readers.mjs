// Blobs that are no files: the server reads them piece by piece, or sends clients to their address. PLIMSOLL_REGISTRY_SERVER is the program of
// registry_server.c; run by the build's test "blob_readers_http".
import test from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const content = Buffer.alloc(700_001, 'abcdefghijklmnopqrstuvwxyz 0123456789\n');
const digest = (b) => `sha256:${crypto.createHash('sha256').update(b).digest('hex')}`;

// The registry with these words behind "anonymous", and one blob pushed.
async function serve(t, ...words) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'plimsoll-readers-'));
  const child = spawn(process.env.PLIMSOLL_REGISTRY_SERVER, [dir, '0', 'anonymous', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    fs.rmSync(dir, { recursive: true });
    assert.equal(code, 0);
  });
  let text = '';
  for await (const piece of child.stdout) {
    text += piece;
    if (text.includes('\n')) break;
  }
  const base = `http://127.0.0.1:${/port=(\d+)/.exec(text)[1]}/v2/a/b/blobs/`;
  const r = await fetch(`${base}uploads/?digest=${digest(content)}`, { method: 'POST', body: content });
  assert.equal(r.status, 201);
  return { dir, url: base + digest(content) };
}

test('a stream is sent whole and in parts', async (t) => {
  const { url } = await serve(t, 'streams');
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(content.length));
  const whole = await fetch(url);
  assert.equal(whole.status, 200);
  assert.ok(Buffer.from(await whole.arrayBuffer()).equals(content));
  for (const [range, from, to] of [['bytes=0-0', 0, 1], ['bytes=65535-65537', 65535, 65538], ['bytes=-5', content.length - 5, content.length], ['bytes=100000-', 100000, content.length]]) {
    const part = await fetch(url, { headers: { Range: range } });
    assert.equal(part.status, 206);
    assert.equal(part.headers.get('content-range'), `bytes ${from}-${to - 1}/${content.length}`);
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(content.subarray(from, to)), range);
  }
  assert.equal((await fetch(url, { headers: { Range: `bytes=${content.length}-` } })).status, 416);
  assert.equal((await fetch(url, { headers: { 'If-None-Match': `"${digest(content)}"` } })).status, 304);
});

test('a client is sent to a blob\'s address', async (t) => {
  let files;
  const asked = [];
  const elsewhere = http.createServer((req, res) => {
    asked.push(req.url);
    const key = req.url.slice(1);
    res.end(fs.readFileSync(path.join(files, 'blobs', key.slice(0, 2), key)));
  });
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  t.after(() => elsewhere.close());
  const { dir, url } = await serve(t, 'streams', `http://127.0.0.1:${elsewhere.address().port}/`);
  files = dir;
  const sent = await fetch(url, { redirect: 'manual' });
  assert.equal(sent.status, 307);
  assert.equal(sent.headers.get('docker-content-digest'), digest(content));
  assert.match(sent.headers.get('location'), /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}$/);
  assert.equal(asked.length, 0);
  const got = await fetch(url);
  assert.ok(Buffer.from(await got.arrayBuffer()).equals(content));
  assert.equal(asked.length, 1);
  // What is not sent on: whether there is one, and what the client has.
  assert.equal((await fetch(url, { method: 'HEAD', redirect: 'manual' })).status, 200);
  assert.equal((await fetch(url, { redirect: 'manual', headers: { 'If-None-Match': `"${digest(content)}"` } })).status, 304);
});
