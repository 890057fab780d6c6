// Faults that end with the server well and no hand: a disk that uploads have filled, a blob that was damaged on disk, a folder that is brought back from a
// backup made while people work, a folder whose database is gone.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, filesOnly, has, makeLayout, makeVdb, osvRecord, program, pushBlob, pushLayout, run, runAsync, sha256, sleep,
  tempDir, until as eventually } from './lib.mjs';

let vdb;
before(() => { vdb = makeVdb([osvRecord('CVE-2024-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '2' }], { severity: 'HIGH' })]); });
const image = (noise = 1000) => makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '1' }]),
  { path: 'opt/noise', content: crypto.randomBytes(noise) }]], { tag: 'v1' });
const until = (what) => eventually(what, what);
const metric = async (server, name) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(await (await server.fetch('/metrics')).text())[1]);
const check = async (server, name) => (await (await server.fetch('/readyz')).json()).checks.find((c) => c.name === name);

test('a disk that uploads have filled is emptied through the API, and pushes go on', async (t) => {
  const dataDir = tempDir('full');
  if (run('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', dataDir], { check: false }).status !== 0) return t.skip('mount is refused');
  const server = new Server({ dataDir, args: ['--vdb', vdb, '--gc-grace', '1s', '--gc-every', '1s'] });
  try {
    await server.start();
    const kept = [];
    for (let message = ''; !message;) {
      const layout = image(3000000);
      try {
        await pushLayout(server, `full/i${kept.length}`, layout);
        kept.push(layout);
      } catch (e) { message = e.message + (e.cause?.code ?? ''); assert.match(message, /507|fetch failed/); }
    }
    assert.ok(kept.length >= 5, `${kept.length} images fit`);
    assert.equal((await server.fetch('/v2/full/x/blobs/uploads/', { method: 'POST', headers: { 'content-length': '0' } })).status === 202 ||
      (await check(server, 'disk space')).ok === false, true);
    const user = await server.fetch('/api/v1/users', { method: 'POST', body: JSON.stringify({ name: 'ann', password: 'long enough it is' }),
      headers: { 'content-type': 'application/json' } });
    assert.equal(user.status, 201, await user.text());
    const stored = await metric(server, 'plimsoll_stored_bytes');
    assert.ok(stored > 10e6);
    assert.equal((await server.json('/api/v1/registries/local')).stored_bytes, stored);
    const [first] = await server.all('/api/v1/registries/local/repositories');
    assert.equal(first.stored_bytes, kept[0].layers[0].size + kept[0].config.size);
    assert.equal(first.stored_blobs, 2);
    for (const [i, layout] of kept.entries())
      assert.equal((await server.fetch(`/v2/full/i${i}/manifests/${layout.digest}`, { method: 'DELETE' })).status, 202);
    await until(async () => (await metric(server, 'plimsoll_collected_bytes_total')) > 10e6);
    const layout = image(3000000);
    await pushLayout(server, 'full/after', layout);
    assert.equal((await server.scanned('full/after', layout.digest)).state, 'Unhealthy');
    assert.equal((await check(server, 'disk space')).ok, true);
  } finally {
    await server.stop();
    run('umount', [dataDir], { check: false });
  }
});

test('files that may not grow any more (ulimit -f): refused as by a full disk; pushes go on when they may', { skip: has('prlimit') ? false : 'no prlimit' }, async () => {
  const server = await new Server({ args: ['--vdb', vdb] }).start();
  const limit = (bytes) => run('prlimit', ['--pid', String(server.child.pid), `--fsize=${bytes}:`]);
  try {
    const kept = image(), refused = image(3000000);
    await pushLayout(server, 'grow/kept', kept);
    await server.scanned('grow/kept', kept.digest);
    for (const bytes of [1 << 20, 4096]) { // a blob is too large; and then the database is, too
      limit(bytes);
      await assert.rejects(pushLayout(server, 'grow/new', refused), /507|fetch failed/, `${bytes} bytes`);
      assert.equal((await server.fetch('/livez')).status, 200);
      assert.equal((await server.fetch(`/v2/grow/kept/manifests/${kept.digest}`)).status, 200);
    }
    limit('unlimited');
    await pushLayout(server, 'grow/new', refused);
    assert.equal((await server.scanned('grow/new', refused.digest)).state, 'Unhealthy');
    assert.equal((await check(server, 'database')).ok, true);
  } finally { await server.stop(); }
});

test('a layer that was damaged on disk: nobody vouches for it, its image says so, and the next push mends it', async () => {
  const server = await new Server({ args: ['--vdb', vdb] }).start();
  try {
    const layout = image(), [layer] = layout.layers, blob = `/v2/bad/a/blobs/${layer.digest}`;
    await pushLayout(server, 'bad/a', layout);
    await pushLayout(server, 'bad/b', layout);
    await server.scanned('bad/a', layout.digest);
    const files = run('find', [path.join(server.dataDir, 'blobs'), '-type', 'f', '-size', `${layer.size}c`]).stdout.trim().split('\n');
    for (const file of files) {
      const bytes = fs.readFileSync(file);
      bytes[bytes.length >> 1] ^= 1;
      fs.writeFileSync(file, bytes);
    }
    const got = await server.fetch(blob);
    assert.equal(got.status, 500, await got.text());
    assert.equal((await server.fetch(blob, { method: 'HEAD' })).status, 404);
    const put = await server.fetch(`/v2/bad/a/manifests/v1`, { method: 'PUT', body: layout.manifestBytes,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' } });
    assert.equal(put.status, 404);
    assert.match(await put.text(), /MANIFEST_BLOB_UNKNOWN/);
    for (const repository of ['bad/a', 'bad/b'])
      await until(async () => /damaged on disk/.test((await server.scanned(repository, layout.digest)).reason));
    // Whoever scans it now finds no layer, and says why as well.
    const again = await server.fetch('/api/v1/scans', { method: 'POST', body: JSON.stringify({ repository: 'bad/a', digest: layout.digest }),
      headers: { 'content-type': 'application/json' } });
    const { id } = await again.json();
    await until(async () => (await server.json(`/api/v1/scans/${id}`)).status === 'completed');
    const lost = await server.scanned('bad/a', layout.digest);
    assert.equal(lost.state, 'Unverified');
    assert.match(lost.reason, /damaged on disk/);
    assert.match((await check(server, 'blobs')).reason, /1 blobs/);
    assert.match(server.output, /is damaged on disk/);
    await pushBlob(server, 'bad/b', fs.readFileSync(path.join(layout.dir, 'blobs', layer.digest.replace(':', '/'))));
    const r = await server.fetch(blob);
    assert.equal(`sha256:${sha256(Buffer.from(await r.arrayBuffer()))}`, layer.digest);
    for (const repository of ['bad/a', 'bad/b'])
      await until(async () => !/damaged/.test((await server.scanned(repository, layout.digest)).reason));
    assert.equal((await check(server, 'blobs')).ok, true);
  } finally { await server.stop(); }
});

test('backup of a running server, restore, fsck', { skip: filesOnly }, async () => {
  const server = await new Server({ args: ['--vdb', vdb] }).start();
  const dir = path.join(tempDir('backup'), 'b'), data = path.join(tempDir('restored'), 'data');
  const plimsoll = (...args) => runAsync(program, args);
  try {
    const layout = image(), later = image();
    await pushLayout(server, 'kept/a', layout);
    let r = await plimsoll('backup', dir, '--data-dir', server.dataDir);
    assert.equal(r.status, 0, r.stderr);
    await pushLayout(server, 'kept/b', later);
    r = await plimsoll('backup', dir, '--data-dir', server.dataDir);
    assert.match(r.stderr, /blobs: 4, bytes: \d+; new: 2 /);
    assert.equal(run('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: dir }).status, 0);
    // As if nobody had logged in, and as an earlier version's backup has it.
    for (const folder of [server.dataDir, dir]) fs.writeFileSync(path.join(folder, 'owner-password'), 'secret\n');
    assert.equal((await plimsoll('backup', dir, '--data-dir', server.dataDir)).status, 0);
    assert.ok(!fs.existsSync(path.join(dir, 'owner-password')) && !fs.readFileSync(path.join(dir, 'SHA256SUMS'), 'utf8').includes('owner-password'));
    assert.equal((await plimsoll('fsck', server.dataDir)).status, 1, 'a server runs');
    r = await plimsoll('restore', dir, '--data-dir', data);
    assert.equal(r.status, 0, r.stderr);
    assert.equal((await plimsoll('restore', dir, '--data-dir', data)).status, 1, 'not over a folder in use');
    r = await plimsoll('fsck', data);
    assert.equal(r.status, 0, r.stdout + r.stderr);
    const again = await new Server({ dataDir: data, password: server.password }).start();
    try {
      for (const [repository, l] of [['kept/a', layout], ['kept/b', later]]) {
        const m = await again.fetch(`/v2/${repository}/manifests/v1`, { headers: { accept: '*/*' } });
        assert.deepEqual(Buffer.from(await m.arrayBuffer()), l.manifestBytes);
        assert.equal((await again.fetch(`/v2/${repository}/blobs/${l.layers[0].digest}`)).status, 200);
        assert.equal((await again.scanned(repository, l.digest)).state, 'Unhealthy');
      }
    } finally { await again.stop(); }
    // Wrong, repaired, and without its database.
    const [file] = run('find', [path.join(data, 'blobs'), '-type', 'f']).stdout.trim().split('\n');
    fs.appendFileSync(file, 'x');
    r = await plimsoll('fsck', data);
    assert.equal(r.status, 2);
    assert.match(r.stdout, /another length/);
    r = await plimsoll('fsck', '--repair', data);
    assert.match(r.stderr, /repaired: 1$/m);
    fs.rmSync(path.join(data, 'plimsoll.db'));
    r = await plimsoll('serve', '--data-dir', data, '--listen', '127.0.0.1:0', '--feeds-every', '0');
    assert.equal(r.status, 1);
    assert.match(r.stderr, /plimsoll\.db is missing.*restore/);
  } finally { await server.stop(); }
});
