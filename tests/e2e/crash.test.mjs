// Nothing acknowledged is lost: the server and its workers are killed at random moments, connections drop, the disk fills, workers hang and lie.
// CRASH_KILLS (default 100) says how many kills of server and workers together, CRASH_SEED repeats a run.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import { Server, built, debianRelease, dpkgStatus, findingLines, makeLayout, makeVdb, osvRecord, program, pushBlob, pushLayout, run,
  runAsync, sha256, sleep, tempDir } from './lib.mjs';

const kills = Number(process.env.CRASH_KILLS ?? 100);
const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1000000007);

/** Numbers of a seed (mulberry32), so that a failure can be run again. */
function randomOf(start) {
  let a = start >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const random = randomOf(seed);
const below = (n) => Math.floor(random() * n);

const names = ['openssl', 'bash', 'zlib', 'curl', 'tar', 'gzip', 'sed', 'perl', 'dpkg', 'apt'];
const recordsA = names.slice(0, 6).map((name, i) => osvRecord(`CVE-2024-1${i}`, [{ ecosystem: 'Debian:12', name, fixed: `1.${i * 2}` }],
  { severity: i % 2 ? 'HIGH' : 'LOW' }));
const recordsB = names.slice(3).map((name, i) => osvRecord(`CVE-2025-2${i}`, [{ ecosystem: 'Debian:12', name, fixed: `1.${i * 2}` }],
  { severity: 'MEDIUM' }));
let vdbA, vdbB, made = 0;

/** An image of its own every time: some packages in two layers, and bytes that do not compress. */
function makeImage(noise = 200000 + below(800000)) {
  const n = ++made;
  const list = (count) => names.slice(0, count).map((name) => ({ name, version: `1.${below(12)}` }));
  return makeLayout([[debianRelease(), dpkgStatus(list(3 + below(4))), { path: `opt/noise${n}`, content: crypto.randomBytes(noise) }],
    [dpkgStatus(list(4 + below(6))), { path: `opt/n${n}`, content: `${n}` }]], { tag: 'v1' });
}
async function expected(layout, vdb) {
  const r = await runAsync(program, ['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'json', '--no-cache', '--quiet']);
  assert.equal(r.status, 0, r.stderr);
  return findingLines(JSON.parse(r.stdout).findings);
}
const blobOf = (layout, d) => fs.readFileSync(path.join(layout.dir, 'blobs', d.digest.replace(':', '/')));
const reachable = (e) => !/fetch failed|terminated|ECONN|other side closed|socket/i.test(`${e.message} ${e.cause?.message ?? ''} ${e.cause?.code ?? ''}`);

/** Processes started by this server. */
function workersOf(pid) {
  const out = [];
  for (const entry of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${entry}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[1]) === pid && stat.includes('(plimsoll-worke')) out.push(Number(entry));
    } catch { /* gone */ }
  }
  return out;
}

/** Everything a server said yes to. */
class Ledger {
  blobs = new Map(); // "repository digest" → {repository, digest, length}
  images = new Map(); // "repository digest" → {repository, layout}
  blob(repository, digest, length) { this.blobs.set(`${repository} ${digest}`, { repository, digest, length }); }
  image(repository, layout) { this.images.set(`${repository} ${layout.digest}`, { repository, layout }); }
}

/** Upload by pieces of random size; stops where the connection breaks and leaves what it knows in session. */
async function pushPieces(server, repository, bytes, digest, session) {
  const begun = await server.fetch(`/v2/${repository}/blobs/uploads/`, { method: 'POST', headers: { 'content-length': '0' } });
  assert.equal(begun.status, 202);
  Object.assign(session, { repository, bytes, digest, location: begun.headers.get('location'), acknowledged: 0 });
  await begun.arrayBuffer();
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 20000 + below(200000));
    const r = await server.fetch(new URL(session.location, server.url), { method: 'PATCH', body: bytes.subarray(at, end),
      headers: { 'content-type': 'application/octet-stream', 'content-range': `${at}-${end - 1}` } });
    await r.arrayBuffer();
    assert.equal(r.status, 202);
    session.location = r.headers.get('location');
    session.acknowledged = at = end;
  }
  await finish(server, session);
}
async function finish(server, session) {
  const location = new URL(session.location, server.url);
  location.searchParams.set('digest', session.digest);
  const r = await server.fetch(location, { method: 'PUT', headers: { 'content-length': '0' } });
  await r.arrayBuffer();
  assert.equal(r.status, 201);
}

/** One client: pushes images until the server dies. */
async function client(server, repository, ledger, sessions) {
  for (;;) {
    const layout = makeImage();
    const session = {};
    try {
      for (const d of [...layout.layers, layout.config]) {
        if (random() < 0.4) {
          await pushPieces(server, repository, blobOf(layout, d), d.digest, session);
        } else {
          await pushBlob(server, repository, blobOf(layout, d), d.digest);
        }
        session.location = undefined;
        ledger.blob(repository, d.digest, d.size);
      }
      const r = await server.fetch(`/v2/${repository}/manifests/${random() < 0.5 ? `t${made}` : layout.digest}`, { method: 'PUT',
        body: layout.manifestBytes, headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' } });
      const text = await r.text();
      assert.equal(r.status, 201, text);
      ledger.image(repository, layout);
    } catch (e) {
      if (reachable(e)) throw e; // the server answered, but wrongly
      if (session.location) sessions.push(session);
      return;
    }
  }
}

async function checkBlob(server, { repository, digest, length }) {
  const r = await server.fetch(`/v2/${repository}/blobs/${digest}`);
  const bytes = Buffer.from(await r.arrayBuffer());
  assert.equal(r.status, 200, `${repository} ${digest} was acknowledged`);
  assert.equal(bytes.length, length);
  assert.equal(`sha256:${sha256(bytes)}`, digest);
}
async function checkImage(server, { repository, layout }, vdb, timeout = 90000) {
  const r = await server.fetch(`/v2/${repository}/manifests/${layout.digest}`, { headers: { accept: '*/*' } });
  const bytes = Buffer.from(await r.arrayBuffer());
  assert.equal(r.status, 200, `${repository}@${layout.digest} was acknowledged`);
  assert.deepEqual(bytes, layout.manifestBytes);
  const image = await server.scanned(repository, layout.digest, timeout);
  assert.deepEqual(findingLines(await server.findings(repository, layout.digest)), await expected(layout, vdb), `${image.state} ${image.reason}`);
}
/** A session that a crash interrupted goes on from its offset, or is told to be gone. Returns which. */
async function continueSession(server, session) {
  const at = new URL(session.location, server.url);
  const r = await server.fetch(at, { method: 'GET' });
  await r.arrayBuffer();
  if (r.status === 404) return 'gone';
  assert.equal(r.status, 204);
  const range = r.headers.get('range');
  let offset = Number(range.split('-')[1]) + 1;
  if (range === '0-0' && session.acknowledged === 0) offset = 0; // "0-0" is how an empty upload is told, too
  assert.ok(offset >= 0 && offset <= session.bytes.length, range);
  const rest = session.bytes.subarray(offset);
  if (rest.length) {
    const p = await server.fetch(new URL(r.headers.get('location') ?? session.location, server.url), { method: 'PATCH', body: rest,
      headers: { 'content-type': 'application/octet-stream', 'content-range': `${offset}-${session.bytes.length - 1}` } });
    const text = await p.text();
    if (p.status === 416) return 'gone'; // one byte was there, or none: the client begins again
    assert.equal(p.status, 202, text);
    session.location = p.headers.get('location');
  }
  await finish(server, session);
  await checkBlob(server, { repository: session.repository, digest: session.digest, length: session.bytes.length });
  return 'continued';
}
async function noOpenScans(server, timeout = 60000) {
  const until = Date.now() + timeout;
  for (;;) {
    const open = (await server.all('/api/v1/scans')).filter((s) => ['queued', 'running'].includes(s.status));
    if (!open.length) return;
    if (Date.now() > until) assert.fail(`still open: ${JSON.stringify(open)}`);
    await sleep(50);
  }
}
/** What a crash of something else may leave behind. */
function litter(dataDir) {
  const uploads = path.join(dataDir, 'uploads');
  fs.writeFileSync(path.join(uploads, `junk-${made}`), crypto.randomBytes(100));
  fs.writeFileSync(path.join(uploads, '0123456789abcdef0123456789abcdef'), '');
  fs.mkdirSync(path.join(uploads, `folder-${made}`), { recursive: true });
  fs.rmSync(path.join(uploads, 'link'), { force: true });
  fs.symlinkSync('/nonexistent', path.join(uploads, 'link'));
  fs.writeFileSync(path.join(dataDir, 'blobs/00', `junk-${made}`), 'x');
  fs.writeFileSync(path.join(dataDir, 'vdb', `.part-${made}`), 'x');
}

before(() => {
  vdbA = makeVdb(recordsA);
  vdbB = makeVdb(recordsB);
});

test(`kill -9 at ${kills} random moments: nothing acknowledged is lost, every scan ends`, { timeout: 3600000 }, async (t) => {
  t.diagnostic(`seed ${seed}`);
  let server = await new Server({ args: ['--vdb', vdbA] }).start();
  const ledger = new Ledger(), told = { continued: 0, gone: 0 };
  let workersKilled = 0, serverKilled = 0;
  try {
    for (let round = 0; round + workersKilled < kills; round++) {
      const sessions = [], seenBlobs = ledger.blobs.size, seenImages = ledger.images.size;
      const clients = [0, 1, 2].map((i) => client(server, `r${round}/c${i}`, ledger, sessions));
      const until = Date.now() + below(below(2) ? 1000 : 200);
      while (Date.now() < until) {
        await sleep(below(40));
        if (round % 3 !== 2) continue;
        const workers = workersOf(server.child.pid);
        if (workers.length) {
          try { process.kill(workers[below(workers.length)], 'SIGKILL'); workersKilled++; } catch { /* it ended by itself */ }
        }
      }
      await server.kill();
      serverKilled++;
      await Promise.all(clients);
      if (round % 5 === 0) litter(server.dataDir);
      await server.start();
      for (const s of sessions) told[await continueSession(server, s)]++;
      const blobs = [...ledger.blobs.values()], images = [...ledger.images.values()];
      for (const b of blobs.slice(seenBlobs)) await checkBlob(server, b);
      for (const i of images.slice(seenImages)) await checkImage(server, i, vdbA);
      for (let i = 0; i < 5 && blobs.length; i++) await checkBlob(server, blobs[below(blobs.length)]);
      if (process.env.CRASH_TALK) console.log(`round ${round}: ${blobs.length} blobs, ${images.length} images, sessions ${JSON.stringify(told)}`);
    }
    for (const b of ledger.blobs.values()) await checkBlob(server, b);
    for (const i of ledger.images.values()) await checkImage(server, i, vdbA);
    await noOpenScans(server);
    assert.ok(ledger.images.size > 0 && ledger.blobs.size > ledger.images.size);
    t.diagnostic(`${ledger.blobs.size} blobs and ${ledger.images.size} images acknowledged, ${told.continued} uploads continued, ` +
      `${told.gone} begun again, server killed ${serverKilled} times, ${workersKilled} workers killed`);
    assert.ok(serverKilled + workersKilled >= kills);
  } finally { await server.stop(); }
});

test('kill -9 in the middle of a switch of generations: all findings are of one generation, then of the new one', { timeout: 600000 }, async () => {
  const server = await new Server({ args: ['--vdb', vdbA] }).start();
  const plain = new Server({ dataDir: server.dataDir, password: server.password });
  const next = (vdb) => new Server({ dataDir: server.dataDir, password: server.password, args: ['--vdb', vdb] });
  const layouts = [];
  try {
    for (let i = 0; i < 30; i++) {
      layouts.push(makeImage(1000));
      await pushLayout(server, `gen/i${i}`, layouts[i]);
    }
    for (let i = 0; i < 30; i++) await server.scanned(`gen/i${i}`, layouts[i].digest);
    await server.kill();
    const wantA = await Promise.all(layouts.map((l) => expected(l, vdbA))), wantB = await Promise.all(layouts.map((l) => expected(l, vdbB)));
    assert.notDeepEqual(wantA, wantB);
    const turns = Math.max(6, Math.floor(kills / 16));
    for (let turn = 0; turn < turns; turn++) {
      const to = turn % 2 ? vdbA : vdbB;
      const dying = next(to);
      const started = dying.start().catch(() => 'died');
      await sleep(below(turn % 3 ? 150 : 60));
      await dying.kill();
      await started;
      await plain.start();
      const digest = (await plain.json('/api/v1/vulndb')).digest;
      const got = [];
      for (let i = 0; i < layouts.length; i++) got.push(findingLines(await plain.findings(`gen/i${i}`, layouts[i].digest)));
      const isA = JSON.stringify(got) === JSON.stringify(wantA), isB = JSON.stringify(got) === JSON.stringify(wantB);
      assert.ok(isA || isB, `turn ${turn}: findings of neither generation (database ${digest})`);
      await plain.stop();
      const whole = await next(to).start();
      for (let i = 0; i < layouts.length; i++)
        assert.deepEqual(findingLines(await whole.findings(`gen/i${i}`, layouts[i].digest)), (to === vdbA ? wantA : wantB)[i]);
      await whole.stop();
    }
    await plain.start(); // and what the crashes left is gone
    assert.equal(fs.readdirSync(path.join(server.dataDir, 'vdb')).filter((name) => name.startsWith('vdb-')).length, 1);
    await plain.stop();
  } finally { await server.stop(); }
});

test('a generation that was damaged on disk is not used after a restart, and the same one mends it', async () => {
  const server = new Server();
  try {
    await server.start(['--vdb', vdbA]);
    const dir = path.join(server.dataDir, 'vdb'), whole = await server.json('/api/v1/vulndb');
    await server.stop();
    const [name] = fs.readdirSync(dir).filter((n) => n.endsWith('.vdb'));
    const bytes = fs.readFileSync(path.join(dir, name));
    bytes[bytes.length >> 1] ^= 0x10;
    fs.writeFileSync(path.join(dir, name), bytes);
    await server.start();
    assert.equal((await server.json('/api/v1/vulndb')).present, false);
    assert.match(server.output, /vulnerability database/);
    await server.stop();
    for (const extra of [['--vdb', vdbA], []]) {
      await server.start(extra);
      assert.equal((await server.json('/api/v1/vulndb')).digest, whole.digest, extra.join(' '));
      await server.stop();
    }
  } finally { await server.stop(); }
});

test('dropped connections in the middle of PATCH and PUT', async () => {
  const server = await new Server({ args: ['--vdb', vdbA] }).start();
  try {
    const bytes = crypto.randomBytes(3000000), digest = `sha256:${sha256(bytes)}`;
    const drop = (head, part) => new Promise((done) => {
      const [host, port] = server.host.split(':');
      const socket = net.connect(Number(port), host, () => socket.write(head, () => socket.write(part, () => setTimeout(() => { socket.destroy(); done(); }, 50))));
      socket.on('error', () => done());
    });
    const auth = `Host: ${server.host}\r\nAuthorization: ${server.headers.authorization}\r\n`;
    for (const [name, headers, body] of [
      ['length', `Content-Length: ${bytes.length}\r\n`, (n) => bytes.subarray(0, n)],
      ['chunked', 'Transfer-Encoding: chunked\r\n', (n) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes.subarray(0, n)])],
    ]) {
      for (const n of [0, 1, 70000, 1500000]) {
        const begun = await server.fetch('/v2/drop/me/blobs/uploads/', { method: 'POST', headers: { 'content-length': '0' } });
        const location = new URL(begun.headers.get('location'), server.url);
        await drop(`PATCH ${location.pathname}${location.search} HTTP/1.1\r\n${auth}Content-Type: application/octet-stream\r\n${headers}\r\n`, body(n));
        const session = { repository: 'drop/me', bytes, digest, location: location.href, acknowledged: n };
        let how;
        for (let i = 0; i < 100 && !how; i++) { // the server may still be reading what was sent
          try { how = await continueSession(server, session); } catch (e) { if (i === 99) throw e; await sleep(20); }
        }
        assert.equal(how === 'continued' || n <= 1, true, `${name} ${n}: ${how}`);
        assert.equal((await server.fetch(`/v2/drop/me/blobs/${digest}`, { method: 'DELETE' })).status, 202);
      }
      const begun = await server.fetch('/v2/drop/me/blobs/uploads/', { method: 'POST', headers: { 'content-length': '0' } });
      const location = new URL(begun.headers.get('location'), server.url);
      location.searchParams.set('digest', digest);
      await drop(`PUT ${location.pathname}${location.search} HTTP/1.1\r\n${auth}Content-Type: application/octet-stream\r\n${headers}\r\n`, body(900000));
      assert.equal((await server.fetch(`/v2/drop/me/blobs/${digest}`, { method: 'HEAD' })).status, 404, 'half a blob is none');
      await pushBlob(server, 'drop/me', bytes);
      await checkBlob(server, { repository: 'drop/me', digest, length: bytes.length });
      assert.equal((await server.fetch(`/v2/drop/me/blobs/${digest}`, { method: 'DELETE' })).status, 202);
    }
  } finally { await server.stop(); }
});

test('a full disk: pushes are refused clearly, nothing is lost, it goes on when there is room', async (t) => {
  const dataDir = tempDir('small');
  if (run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', dataDir], { check: false }).status !== 0) return t.skip('mount is refused');
  const server = new Server({ dataDir, args: ['--vdb', vdbA] });
  const filler = path.join(dataDir, 'filler');
  try {
    await server.start();
    const kept = makeImage(100000), refused = makeImage(300000);
    await pushLayout(server, 'full/kept', kept);
    await server.scanned('full/kept', kept.digest);
    const fill = (leave) => {
      fs.rmSync(filler, { force: true });
      const { bsize, bavail } = fs.statfsSync(dataDir);
      fs.writeFileSync(filler, Buffer.alloc(Math.max(0, bsize * bavail - leave), 1));
    };
    for (const leave of [4 << 20, 64 << 10, 0]) {
      try { fill(leave); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
      const big = crypto.randomBytes(8 << 20);
      let message = '';
      try { await pushBlob(server, 'full/new', big); } catch (e) { message = `${e.message} ${e.cause?.code ?? ''}`; }
      assert.match(message, /507 .*no space left|fetch failed (ECONNRESET|EPIPE|UND_ERR)/i, `${leave} bytes left: ${message}`);
      if (leave === 0) {
        await assert.rejects(pushLayout(server, 'full/new', refused), /507 .*no space left/);
        assert.equal((await server.fetch('/livez')).status, 200);
      }
      for (const d of kept.layers) await checkBlob(server, { repository: 'full/kept', digest: d.digest, length: d.size });
      await checkImage(server, { repository: 'full/kept', layout: kept }, vdbA);
      fs.rmSync(filler, { force: true });
      await pushLayout(server, `full/after${leave}`, refused);
      await checkImage(server, { repository: `full/after${leave}`, layout: refused }, vdbA);
      const r = await server.fetch(`/v2/full/after${leave}/manifests/${refused.digest}`, { method: 'DELETE' });
      assert.equal(r.status, 202);
    }
    // Full and killed: what was said stands after the restart, also while the disk is still full.
    try { fill(0); } catch (e) { assert.equal(e.code, 'ENOSPC'); }
    await server.kill();
    fs.rmSync(filler, { force: true });
    await server.start();
    await checkImage(server, { repository: 'full/kept', layout: kept }, vdbA);
  } finally {
    await server.stop();
    run('umount', [dataDir], { check: false });
  }
});

test('a second server on the same folder is refused, and says why', async () => {
  const server = await new Server({ args: ['--vdb', vdbA] }).start();
  try {
    const second = await runAsync(program, ['serve', '--data-dir', server.dataDir, '--listen', '127.0.0.1:0', '--feeds-every', '0'], { timeout: 20000 });
    assert.equal(second.status, 1, second.stdout);
    assert.match(second.stderr, /another|in use|already/i);
    assert.ok(second.stderr.includes(server.dataDir));
    assert.equal((await server.fetch('/livez')).status, 200);
  } finally { await server.stop(); }
});

/** A worker that goes wrong in this way, as a program. */
function lyingWorker(lie) {
  const file = path.join(tempDir('worker'), 'plimsoll-worker');
  fs.writeFileSync(file, `#!/bin/sh\nexec ${built('tests/modules/jail/lying_worker')} "$@" ${lie}\n`, { mode: 0o755 });
  return file;
}

test('an upload does not wait for its worker: it ends, and the image is Pending, while the worker hangs', async () => {
  const server = await new Server({ args: ['--vdb', vdbA, '--worker-timeout', '1h', '--worker', lyingWorker('hang')] }).start();
  try {
    const layout = makeImage(3000000);
    await pushLayout(server, 'hung/worker', layout);
    const image = await server.json(`/api/v1/registries/local/repositories/hung%2Fworker/images/${layout.digest}`);
    assert.deepEqual([image.state, image.scanned_at], ['Pending', undefined], JSON.stringify(image));
  } finally { await server.kill(); }
});

test('workers that hang, lie, flood and die', { concurrency: 3 }, async (t) => {
  await Promise.all(['garbage', 'endless_record', 'endless_notes', 'exit_clean', 'crash', 'oversized', 'hang', 'never_read', 'close_and_hang'].map((lie) =>
    t.test(`"${lie}": uploads go on, the image is Unverified with the reason, a good worker puts it right`, { timeout: 120000 }, async () => {
    const server = await new Server({ args: ['--vdb', vdbA, '--worker-timeout', '1s', '--worker', lyingWorker(lie)] }).start();
    const layout = makeImage(3000000);
    try {
      await pushLayout(server, 'lie/me', layout);
      const image = await server.scanned('lie/me', layout.digest, { timeout: 60000 });
      assert.equal(image.state, 'Unverified');
      assert.match(image.reason, /worker/);
      const scans = await server.json(`/api/v1/registries/local/repositories/lie/me/images/${layout.digest}/scans`);
      assert.equal(scans.items[0].status, 'failed');
      assert.ok(scans.items[0].attempts > 1 && scans.items[0].attempts < 10, `${scans.items[0].attempts} attempts`);
      await server.stop();
      const honest = await new Server({ dataDir: server.dataDir, password: server.password, args: ['--vdb', vdbA] }).start();
      try {
        for (let i = 0; i < 3000 && (await honest.scanned('lie/me', layout.digest)).state === 'Unverified'; i++) await sleep(20);
        await checkImage(honest, { repository: 'lie/me', layout }, vdbA);
      } finally { await honest.stop(); }
    } finally { await server.stop(); }
  })));
});
