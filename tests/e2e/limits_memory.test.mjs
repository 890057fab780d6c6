// Half a gigabyte through the server, both ways: constant memory, whatever the size of a blob.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Server } from './lib.mjs';
import { resetPeak, usage, watchWorkers } from './raw.mjs';

const SIZE = 500e6, GROWTH = 32 << 20, PIECE = 1 << 20;
// One random piece, made different at each place: no two megabytes are alike, and none is worth compressing.
const piece = randomBytes(PIECE);
function* pieces() {
  for (let at = 0; at < SIZE; at += PIECE) {
    piece.writeUInt32LE(at / PIECE, 0);
    yield piece.subarray(0, Math.min(PIECE, SIZE - at));
  }
}
let server, digest;
before(async () => {
  const sum = createHash('sha256');
  for (const p of pieces()) sum.update(p);
  digest = `sha256:${sum.digest('hex')}`;
  server = await new Server().start();
  await (await server.fetch('/v2/')).text();
});
after(() => server?.stop());

function request(target, options) {
  const r = http.request(new URL(target, server.url), { ...options, headers: { ...server.headers, ...options.headers } });
  r.done = new Promise((done, fail) => { r.on('response', done); r.on('error', fail); });
  return r;
}
/** Send all pieces, waiting for the socket: 500 MB do not gather in this process. */
async function send(r) {
  for (const p of pieces())
    if (!r.write(Buffer.from(p))) await new Promise((go) => r.once('drain', go));
  r.end();
  return r.done;
}
async function grown(what) {
  const pid = server.child.pid;
  resetPeak(pid);
  const before = usage(pid), workers = watchWorkers(pid);
  await what();
  workers.stop();
  const growth = usage(pid).peak - before.rss;
  console.log(`server +${(growth / 1048576).toFixed(1)} MiB over ${(before.rss / 1048576).toFixed(1)}, largest worker ${(workers.peak / 1048576).toFixed(1)} MiB`);
  assert.ok(growth <= GROWTH, `grew by ${growth} bytes`);
  assert.ok(workers.peak <= 64 << 20, `a worker had ${workers.peak} bytes`);
}
test('files of rules that come at once have their turn', async () => {
  const body = Array.from({ length: 180000 }, (_, n) => `CVE-2020-${100000 + n}`).join('\n'), pid = server.child.pid;
  resetPeak(pid);
  const before = usage(pid).rss;
  const all = await Promise.all(Array.from({ length: 12 }, () => server.fetch('/api/v1/rules/import?scope=/registries/local&dry_run=true', { method: 'POST', headers: { 'content-type': 'text/plain' }, body })));
  for (const r of all) {
    assert.ok([200, 503].includes(r.status), `${r.status}`);
    await r.text();
  }
  assert.ok(all.some((r) => r.status === 200));
  const growth = usage(pid).peak - before;
  assert.ok(growth <= 1.7 * 2 ** 30, `grew by ${growth} bytes`); // three at once for one user, some 400 MiB each
});

for (const [name, headers] of [['of a length told before', { 'content-length': SIZE }], ['in chunks', { 'transfer-encoding': 'chunked' }]]) {
  test(`a push of 500 MB ${name}`, () => grown(async () => {
    const begun = await server.fetch(`/v2/big/${'content-length' in headers ? 'a' : 'b'}/blobs/uploads/`, { method: 'POST', headers: { 'content-length': '0' } });
    const location = new URL(begun.headers.get('location'), server.url);
    location.searchParams.set('digest', digest);
    const reply = await send(request(location, { method: 'PUT', headers }));
    assert.equal(reply.statusCode, 201);
    reply.resume();
  }));
}
test('a pull of 500 MB, whole and in two ranges', () => grown(async () => {
  for (const ranges of [[null], ['bytes=0-249999999', 'bytes=250000000-']]) {
    const sum = createHash('sha256');
    let bytes = 0;
    for (const range of ranges) {
      const r = request(`/v2/big/a/blobs/${digest}`, { method: 'GET', headers: range ? { range } : {} });
      r.end();
      const reply = await r.done;
      assert.equal(reply.statusCode, range ? 206 : 200);
      for await (const d of reply) { sum.update(d); bytes += d.length; }
    }
    assert.equal(bytes, SIZE);
    assert.equal(`sha256:${sum.digest('hex')}`, digest);
  }
}));
test('a blob with another digest than told: refused, after constant memory too', () => grown(async () => {
  const begun = await server.fetch('/v2/big/c/blobs/uploads/', { method: 'POST', headers: { 'content-length': '0' } });
  const location = new URL(begun.headers.get('location'), server.url);
  location.searchParams.set('digest', `sha256:${'0'.repeat(64)}`);
  const reply = await send(request(location, { method: 'PUT', headers: { 'content-length': SIZE } }));
  assert.equal(reply.statusCode, 400);
  reply.resume();
}));
