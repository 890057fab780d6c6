// Hostile images, pushed for real: each push is acknowledged or refused by the book, each scan ends and says what it did not look at, server
// and workers stay under their limits, and others are served meanwhile.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import zlib from 'node:zlib';
import { Server, debianRelease, dpkgStatus, hasShared, pushBlob, sha256, shared, sleep, tar } from './lib.mjs';
import { usage, watchWorkers } from './raw.mjs';

const MIB = 1 << 20;
const SERVER_MAX = 96 * MIB; // resident, at any time
const WORKER_MAX = 320 * MIB; // 256 MiB of its own, the program and libraries
const LAYER_MAX = 64 * MIB; // what a layer may take that keeps nothing
const INDEX = 'application/vnd.oci.image.index.v1+json', MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

let server, meanwhile;
/** In a thread of its own, since this one packs gigabytes: ask until told to stop, then say how often and how long at most. */
function others(url, headers) {
  const thread = new Worker(`
    const { parentPort, workerData: { url, headers } } = require('node:worker_threads');
    let stop = false;
    parentPort.once('message', () => { stop = true; });
    (async () => {
      const seen = { count: 0, worst: 0, bad: 0 };
      while (!stop) {
        const at = Date.now();
        const r = await fetch(url, { headers }).catch((e) => ({ status: e.message, text() {} }));
        await r.text();
        if (r.status !== 200) seen.bad++;
        seen.worst = Math.max(seen.worst, Date.now() - at);
        seen.count++;
        await new Promise((go) => setTimeout(go, 25));
      }
      parentPort.postMessage(seen);
    })();`, { eval: true, workerData: { url: String(new URL('/v2/', url)), headers } });
  thread.unref();
  return { stop: () => new Promise((done) => { thread.once('message', done); thread.postMessage('stop'); }) };
}
before(async () => {
  server = await new Server({ args: ['--layer-max', '3GiB', '--worker-timeout', '20s'] }).start();
  meanwhile = others(server.url, server.headers);
});
after(() => server?.stop());

// ---- making them -------------------------------------------------------------------------------------------------

/** A member's head alone, with any size field. */
function head(name, size, type = '0') {
  const h = Buffer.alloc(512);
  h.write(name, 0, 100);
  h.write('0000644\0' + '0000000\0' + '0000000\0', 100);
  if (Buffer.isBuffer(size)) size.copy(h, 124);
  else h.write(size.toString(8).padStart(11, '0') + '\0', 124);
  h.write('00000000000\0' + '        ' + type, 136);
  h.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const b of h) sum += b;
  h.write(sum.toString(8).padStart(6, '0') + '\0 ', 148);
  return h;
}
const gzip = (b) => zlib.gzipSync(b, { level: 1 });
const zstd = (b, ...args) => {
  const r = spawnSync('zstd', ['-q', '-c', ...args], { input: b, maxBuffer: 1 << 30 });
  assert.equal(r.status, 0, String(r.stderr));
  return r.stdout;
};
const base256 = (hex) => Buffer.from('80' + hex.padStart(22, '0'), 'hex');
const pax = (key, value) => {
  let n = String(key).length + String(value).length + 3;
  while (`${n} ${key}=${value}\n`.length !== n) n = `${n} ${key}=${value}\n`.length;
  const body = Buffer.from(`${n} ${key}=${value}\n`);
  return Buffer.concat([head('pax', body.length, 'x'), body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
};
// What an honest image has, in front of what is hostile: these packages must not get lost.
const honest = tar([debianRelease(), dpkgStatus([{ name: 'bash', version: '5.2.15-2+b2' }])]).subarray(0, -1024);
const layer = (...parts) => Buffer.concat([honest, ...parts.filter(Boolean)]);

/** The diff ID of a layer that is not too large to be unpacked here; of others, one that no layer has. */
function diffId(bytes) {
  const most = 300e6;
  try {
    const plain = bytes.readUInt16BE(0) === 0x1f8b ? zlib.gunzipSync(bytes, { maxOutputLength: most })
      : bytes.readUInt32LE(0) === 0xfd2fb528 ? spawnSync('zstd', ['-q', '-d', '-c', '--long=31'], { input: bytes, maxBuffer: most }).stdout
        : bytes;
    return `sha256:${sha256(plain)}`;
  } catch {
    return `sha256:${'0'.repeat(64)}`;
  }
}

async function pushImage(name, layers, { config, mediaType } = {}) {
  const descriptors = [];
  for (const l of layers) {
    const bytes = l.bytes ?? l;
    descriptors.push({ mediaType: l.mediaType ?? mediaType ?? 'application/vnd.oci.image.layer.v1.tar+gzip', digest: await pushBlob(server, name, bytes), size: bytes.length });
  }
  const diffIds = config ? [] : layers.map((l) => diffId(l.bytes ?? l));
  const configBytes = config ?? Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } }));
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: await pushBlob(server, name, configBytes), size: configBytes.length }, layers: descriptors,
  }));
  return putManifest(name, manifest);
}
async function putManifest(name, bytes, type = 'application/vnd.oci.image.manifest.v1+json') {
  const r = await server.fetch(`/v2/${name}/manifests/latest`, { method: 'PUT', body: bytes, headers: { 'content-type': type } });
  return { status: r.status, text: await r.text(), digest: `sha256:${sha256(bytes)}` };
}
/** Push, wait for the end of the scan: {image, scan, packages, worker}. */
async function scanned(name, layers, options) {
  const workers = watchWorkers(server.child.pid);
  const put = await pushImage(name, layers, options);
  assert.equal(put.status, 201, put.text);
  const image = await server.scanned(name, put.digest, { timeout: 60000 });
  workers.stop();
  const at = `/api/v1/registries/local/repositories/${name}/images/${put.digest}`;
  const [scan] = (await server.json(`${at}/scans`)).items;
  const packages = (await server.all(`${at}/packages`)).map((p) => p.name);
  const notes = (image.coverage?.notes ?? []).map((n) => `${n.path ?? ''} ${n.text}`.trim());
  console.log(`${name}: ${image.state}, ${image.reason}; scan ${scan.status}; ${packages.length} packages; worker ${(workers.peak / MIB).toFixed(1)} MiB; ${notes[0] ?? 'no notes'}`);
  assert.ok(workers.peak <= WORKER_MAX, `a worker had ${workers.peak} bytes`);
  assert.ok(usage(server.child.pid).peak <= SERVER_MAX, `the server had ${usage(server.child.pid).peak} bytes`);
  return { image, scan, packages, notes, worker: workers.peak };
}

// ---- layers ------------------------------------------------------------------------------------------------------

const zeros = Buffer.alloc(100 * MIB);
const end = Buffer.alloc(1024);
const stanza = (i, text) => `Package: p${i}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.${i}\nDescription: ${'x'.repeat(text)}\n\n`;
/** A status file of about so many bytes, as one member made of gzip members. */
function largeStatus(bytes, packages, text = 400) {
  const part = Buffer.from(Array.from({ length: packages }, (_, i) => stanza(i, text)).join(''));
  const times = Math.ceil(bytes / part.length), total = times * part.length;
  return Buffer.concat([gzip(tar([debianRelease()]).subarray(0, -1024)), gzip(head('var/lib/dpkg/status', total)), ...Array(times).fill(gzip(part)),
    gzip(Buffer.alloc((512 - (total % 512)) % 512 + 1024))]);
}
/** count members of one folder: one head, with number and checksum written over it. */
function folder(count) {
  const parts = [gzip(layer())], many = 50000, block = Buffer.alloc(512 * many);
  const one = head('var/lib/dpkg/info/d0000000.list', 0);
  const base = one.subarray(0, 148).reduce((a, b) => a + b, 0) + one.subarray(156).reduce((a, b) => a + b, 0) + 8 * 32 - 7 * 48;
  for (let at = 0; at < many; at++) one.copy(block, at * 512);
  for (let from = 0; from < count; from += many) {
    for (let at = 0; at < many; at++) {
      let sum = base;
      for (let n = from + at, k = 6, o = at * 512 + 19; k >= 0; k--, n = Math.floor(n / 10)) sum += block[o + k] = 48 + (n % 10);
      for (let k = 5, o = at * 512 + 148; k >= 0; k--, sum >>= 3) block[o + k] = 48 + (sum & 7);
    }
    parts.push(gzip(block));
  }
  return Buffer.concat([...parts, gzip(end)]);
}
function wildRpm() {
  const bdb = randomBytes(MIB);
  Buffer.from('61150600' + '09000000' + '00100000' + '00080000', 'hex').copy(bdb, 12);
  const sqlite = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.from('10000101004020200000000200000100', 'hex'), randomBytes(MIB)]);
  const ndb = Buffer.concat([Buffer.from('RpmP'), Buffer.from('00000000000000010000ffff', 'hex'), randomBytes(MIB)]);
  return gzip(tar([{ path: 'etc/os-release', content: 'ID=fedora\nVERSION_ID=39\n' }, { path: 'var/lib/rpm/Packages', content: bdb },
    { path: 'var/lib/rpm/rpmdb.sqlite', content: sqlite }, { path: 'var/lib/rpm/Packages.db', content: ndb }]));
}
/** 160 MB in which what comes again lies far back: the decoder's window fills. */
function farBack(...args) {
  const size = 160 * MIB, unit = randomBytes(MIB);
  return { bytes: zstd(Buffer.concat([layer(head('pad', size)), ...Array(160).fill(unit), end]), '-1', ...args), mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' };
}

// What makes the layer, what its coverage must say, what is found all the same, and what its worker may take.
const layers = [
  ['a gzip bomb of 4 GB', () => Buffer.concat([gzip(layer(head('bomb', 2 ** 35 - 512))), ...Array(40).fill(gzip(zeros))]),
    /content of a member: more than 3221225472 bytes uncompressed/, ['bash'], LAYER_MAX],
  ['a zstd bomb of 40 GB', () => Buffer.concat([zstd(layer(head('bomb', 2 ** 35 - 512))), ...Array(400).fill(zstd(zeros, '-19'))]),
    /above 1200 to one/, ['bash'], LAYER_MAX],
  ['a window of 128 MiB', () => farBack('--long=27'), /zstd: a window of 134217728 bytes, more than 33554432/, [], LAYER_MAX],
  ['a window of 2 GiB', () => ({ bytes: zstd(layer(end), '--long=31') }), /zstd: a window of 2147483648 bytes/, [], LAYER_MAX],
  ['four and a half million members', () => Buffer.concat([gzip(layer()), ...Array(90).fill(gzip(Buffer.concat(Array(50000).fill(head('a', 0)))))]),
    /more than 4000000 members/, ['bash'], LAYER_MAX],
  ['a member of 2^63 bytes', () => gzip(layer(head('huge', base256('8000000000000000')), Buffer.alloc(4096))), /size is not a number, or exceeds 63 bits/, ['bash'], LAYER_MAX],
  ['a member of 2^63-1 bytes', () => gzip(layer(head('huge', base256('7fffffffffffffff')), Buffer.alloc(4096))), /the data end|63 bits|more than/, ['bash'], LAYER_MAX],
  ['a member of fewer than no bytes', () => gzip(layer(Buffer.concat([head('huge', Buffer.from('ffffffffffffffffffffff00', 'hex'))]), Buffer.alloc(4096))), /size is negative/, ['bash'], LAYER_MAX],
  ['paths of 2,000 and 100,000 folders', () => gzip(layer(pax('path', 'a/'.repeat(2000) + 'f'), head('f', 0), pax('path', 'a/'.repeat(100000) + 'f'), head('f', 0), end)),
    /member with an unusable path/, ['bash'], LAYER_MAX],
  ['a folder of a million files', () => folder(1000000), /more files, links and whiteouts of interest than are recorded/, ['bash'], LAYER_MAX],
  ['a dpkg status of 500 MB', () => largeStatus(500e6, 20000), /var\/lib\/dpkg\/status \d+ bytes: files over 134217728 are not read/, [], LAYER_MAX],
  ['rpm databases with wild offsets', wildRpm, /var\/lib\/rpm\/Packages at \d+: Berkeley DB/, [], WORKER_MAX],
  ['random bytes', () => randomBytes(100000), /not a tar archive/, [], LAYER_MAX],
  ['a layer cut in the middle of its compressed bytes', () => { const b = gzip(layer(head('r', 200000), randomBytes(200000))); return b.subarray(0, b.length - 50000); }, /./, ['bash'], LAYER_MAX],
];
for (const [name, make, note, found, worker] of layers) {
  test(`${name}: acknowledged, ended, said`, async () => {
    const repository = `hostile/${name.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`;
    const got = await scanned(repository, [make()]);
    assert.equal(got.scan.status, 'completed');
    assert.equal(got.image.state, 'Unverified');
    assert.ok(got.image.reason);
    assert.ok(got.notes.some((n) => note.test(n)), got.notes.join('\n'));
    assert.deepEqual(got.packages, found);
    assert.ok(got.worker <= worker, `the worker had ${got.worker} bytes`);
    assert.equal((await server.fetch('/readyz')).status, 200);
  });
}

test('a dpkg status of 120 MB, just below what is read: every package of it', async () => {
  const got = await scanned('large/status', [largeStatus(1, 20000, 5900)]);
  assert.equal(got.image.coverage.state, 'assessed');
  assert.equal(got.packages.length, 20000);
});

test('layers whose mediaType lies are read as what they are', async () => {
  const type = (t) => `application/vnd.oci.image.layer.v1.tar${t}`;
  const lies = [
    { bytes: gzip(layer(end)), mediaType: type('+zstd') }, { bytes: zstd(layer(end)), mediaType: type('') },
    { bytes: layer(end), mediaType: type('+gzip') }, { bytes: zstd(layer(end)), mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' },
  ];
  for (const [i, lie] of lies.entries()) {
    const got = await scanned(`lie/n${i}`, [lie]);
    assert.equal(got.image.coverage.state, 'assessed');
    assert.deepEqual(got.packages, ['bash']);
  }
  // Types that no image has: engines hardly look at them, the content counts.
  for (const [i, mediaType] of ['application/x-whatever', 'application/vnd.oci.image.layer.v1.tar;x', 'text/html'].entries()) {
    const got = await scanned(`lie/foreign${i}`, [{ bytes: gzip(layer(end)), mediaType }]);
    assert.deepEqual(got.packages, ['bash']);
  }
});

/** Push a manifest of these blobs; its digest. */
async function pushArtifact(name, config, layers, more = {}) {
  const put = async ({ mediaType, bytes }) => ({ mediaType, digest: await pushBlob(server, name, bytes), size: bytes.length });
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: await put(config), layers: [], ...more };
  for (const l of layers) manifest.layers.push(await put(l));
  const res = await putManifest(name, Buffer.from(JSON.stringify(manifest)), MANIFEST);
  assert.equal(res.status, 201, res.text);
  return res.digest;
}
const IMAGE_CONFIG = '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}';
const json = (text, mediaType) => ({ bytes: Buffer.from(text), mediaType });
const imagesOf = (name, query = '') => server.all(`/api/v1/registries/local/repositories/${encodeURIComponent(name)}/images${query}`);
test('what an engine could run is an image, whatever its config is called', async () => {
  const layerBlob = { bytes: gzip(layer(end)), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' };
  const types = ['text/html', 'application/octet-stream', 'application/vnd.oci.image.config.v1+json;x=1', 'Application/vnd.docker.container.image.v1+JSON'];
  for (const [i, type] of types.entries()) {
    await pushArtifact(`runs/n${i}`, json(IMAGE_CONFIG, type), [layerBlob]);
    await scanOf(`runs/n${i}`);
    const [image] = await imagesOf(`runs/n${i}`);
    assert.deepEqual([image.kind, image.packages, image.platform], ['image', 1, 'linux/amd64'], JSON.stringify(image));
  }
  // A config that engines read another way than we do is no clean one.
  await pushArtifact('runs/fold', json(IMAGE_CONFIG.replace('{', '{"RootFS":{"type":"layers","diff_ids":["sha256:' + 'a'.repeat(64) + '"]},'), 'text/html'), [layerBlob]);
  await scanOf('runs/fold');
  const [fold] = await imagesOf('runs/fold');
  assert.equal(fold.state, 'Unverified');
  assert.match(fold.reason, /only in case/);
});
test('what no engine could run has a row with the reason, and counts nowhere', async () => {
  const config = 'application/vnd.oci.image.config.v1+json', name = 'artifacts';
  const statement = json('{"_type":"x"}', 'application/vnd.in-toto+json');
  await pushArtifact(name, json(IMAGE_CONFIG, config), [statement]); // as BuildKit's attestations and cosign's signatures are
  await pushArtifact(name, json('{"name":"app","version":"1"}', 'application/vnd.cncf.helm.config.v1+json'), [{ bytes: gzip(layer(end)), mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip' }]);
  await pushArtifact(name, json('{}', 'application/vnd.oci.empty.v1+json'), [json('x', 'text/plain')], { artifactType: 'application/x.notes' });
  await scanOf(name, 3);
  const rows = await imagesOf(name);
  assert.deepEqual(rows.map((i) => [i.kind, i.state]), Array(3).fill(['artifact', 'Unverified']));
  assert.deepEqual(rows.map((i) => i.reason).sort(), [config, 'application/vnd.cncf.helm.config.v1+json', 'application/x.notes'].map((t) => `an artifact of type ${t}, not an image`).sort());
  assert.deepEqual([(await imagesOf(name, '?kind=image')).length, (await imagesOf(name, '?kind=artifact')).length, (await imagesOf(name, '?state=Unverified')).length], [0, 3, 3]);
  const total = (await server.all('/api/v1/registries/local/repositories')).find((r) => r.name === name);
  assert.deepEqual([total.images, total.healthy, total.unverified, total.pending], [0, 0, 0, 0]);
});
/** Wait until so many scans of a repository have ended; the newest. */
async function scanOf(repository, count = 1) {
  for (const until = Date.now() + 60000; ; await sleep(20)) {
    const all = (await server.all('/api/v1/scans')).filter((s) => s.repository === repository);
    if (all.length >= count && all.every((s) => !['queued', 'running'].includes(s.status))) return all[0];
    assert.ok(Date.now() < until, `${repository}: ${JSON.stringify(all)}`);
  }
}

test('a layer that only another repository holds is absent, whatever is known of it', async () => {
  const bytes = gzip(layer(end, randomBytes(512))), mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
  await scanned('holds/one', [{ bytes, mediaType }]);
  const config = Buffer.from(IMAGE_CONFIG), name = 'holds/other';
  for (const [tag, more] of [['a', { mediaType }], ['b', { mediaType: mediaType.replace('nondistributable.', ''), urls: ['http://x/'] }]]) {
    const body = { schemaVersion: 2, mediaType: MANIFEST, layers: [{ ...more, digest: `sha256:${sha256(bytes)}`, size: bytes.length }], annotations: { tag },
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: await pushBlob(server, name, config), size: config.length } };
    assert.equal((await putManifest(name, Buffer.from(JSON.stringify(body)), MANIFEST)).status, 201);
  }
  await scanOf(name, 2);
  for (const image of await imagesOf(name)) {
    assert.deepEqual([image.state, image.packages], ['Unverified', 0]);
    assert.match(image.reason, /is not in the image/);
  }
  // Pushed here it is known here.
  await pushBlob(server, name, bytes);
  const [image] = await imagesOf(name);
  const again = await server.fetch('/api/v1/scans', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ repository: name, digest: image.digest }) });
  assert.equal(again.status, 202);
  await scanOf(name, 3);
  assert.equal((await imagesOf(name)).find((i) => i.digest === image.digest).packages, 1);
});

test('windows up to the setting are read, and their memory is the window and little more', async () => {
  const old = server;
  server = await new Server({ args: ['--zstd-window-max', '128MiB'] }).start();
  try {
    const got = await scanned('window/raised', [farBack('--long=27')]);
    assert.equal(got.image.coverage.state, 'assessed');
    assert.deepEqual(got.packages, ['bash']);
    assert.ok(got.worker <= 128 * MIB + LAYER_MAX, `the worker had ${got.worker} bytes`);
    const more = await scanned('window/past', [{ bytes: zstd(layer(end), '--long=28') }]);
    assert.ok(more.notes.some((n) => /a window of 268435456 bytes, more than 134217728/.test(n)), more.notes.join());
  } finally {
    await server.stop();
    server = old;
  }
  const honest = await scanned('window/level20', [farBack('--ultra', '-20', '--no-check', '--zstd=wlog=25,strategy=1,hlog=17,clog=17')]);
  assert.equal(honest.image.coverage.state, 'assessed');
  assert.deepEqual(honest.packages, ['bash']);
  assert.ok(honest.worker <= LAYER_MAX, `the worker had ${honest.worker} bytes`);
});

// ---- manifests and configs ---------------------------------------------------------------------------------------

test('configs of 100 MB, and of a hundred thousand levels: the push stands, the image is Unverified with the reason', async () => {
  const deep = '['.repeat(100000) + ']'.repeat(100000);
  for (const [name, config, reason] of [
    ['large', { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] }, junk: 'x'.repeat(100e6) }, /config: 100000088 bytes, more than 8388608/],
    ['deep', `{"os":"linux","architecture":"amd64","x":${deep}}`, /nested too deeply/]]) {
    const got = await scanned(`config/${name}`, [gzip(layer(end))], { config: Buffer.from(typeof config === 'string' ? config : JSON.stringify(config)) });
    assert.equal(got.image.state, 'Unverified');
    assert.match(got.image.reason, reason);
  }
});

const index = (manifests) => Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
async function plainManifest(name, layerCount, annotations) {
  const bytes = gzip(layer(end)), config = Buffer.from('{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}');
  const d = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: await pushBlob(server, name, bytes), size: bytes.length };
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: await pushBlob(server, name, config), size: config.length }, layers: Array(layerCount).fill(d), annotations }));
}
test('manifests of 5 MB and without bottom are refused; of 10,000 layers they are kept and said not to be assessed', async () => {
  const missing = `sha256:${'a'.repeat(64)}`;
  for (const [bytes, status, code, type] of [
    [await plainManifest('m/a', 1, { a: 'x'.repeat(5e6) }), 413, 'SIZE_INVALID', MANIFEST],
    [Buffer.from(`{"schemaVersion":2,"x":${'['.repeat(100000)}${']'.repeat(100000)}}`), 413, 'SIZE_INVALID', MANIFEST],
    [Buffer.from('{"schemaVersion":2,"x":' + '['.repeat(100000)), 413, 'SIZE_INVALID', MANIFEST],
    [index(Array(20000).fill({ mediaType: MANIFEST, digest: missing, size: 10 })), 404, 'MANIFEST_BLOB_UNKNOWN', INDEX],
    // An index cannot hold its own digest; to name itself it must name one that is not there yet.
    [index([{ mediaType: INDEX, digest: missing, size: 10 }]), 404, 'MANIFEST_BLOB_UNKNOWN', INDEX],
  ]) {
    const put = await putManifest('m/a', bytes, type);
    assert.equal(put.status, status, put.text);
    assert.equal(JSON.parse(put.text).errors[0].code, code);
  }
  assert.equal((await putManifest('m/a', await plainManifest('m/a', 512))).status, 201);
  assert.equal((await scanOf('m/a')).status, 'completed');
  assert.equal((await putManifest('m/many', await plainManifest('m/many', 10000))).status, 201);
  await scanOf('m/many');
  const [many] = await imagesOf('m/many');
  assert.equal(many.state, 'Unverified');
  assert.match(many.reason, /10000 layers: images of more than 512 are not assessed/);
});
test('an index in an index, twelve deep: every push is answered, every scan ends', async () => {
  let bytes = await plainManifest('m/nest', 1), type = MANIFEST;
  for (let depth = 0; depth < 12; depth++) {
    const put = await putManifest('m/nest', bytes, type);
    assert.equal(put.status, 201, put.text);
    bytes = index([{ mediaType: type, digest: put.digest, size: bytes.length }]);
    type = INDEX;
  }
  await scanOf('m/nest', 12);
  const scans = (await server.all('/api/v1/scans')).filter((s) => s.repository === 'm/nest');
  assert.deepEqual(scans.map((s) => s.status).sort(), ['completed', ...Array(11).fill('unsupported')]);
  assert.ok(scans.every((s) => s.status === 'completed' || s.reason === 'an index: its images are scanned one by one'));
});

test('the malicious archives of the corpus, each as a layer', { skip: !hasShared && '../shared is absent' }, async () => {
  const dir = path.join(shared, 'corpus/oci/malicious');
  const files = fs.readdirSync(dir).filter((f) => f.endsWith('.tar'));
  assert.ok(files.length >= 20);
  for (const file of files) {
    const bytes = fs.readFileSync(path.join(dir, file));
    const got = await scanned(`corpus/${file.replace(/\.tar$/, '').replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`, [{ bytes, mediaType: 'application/vnd.oci.image.layer.v1.tar' }, gzip(layer(end))]);
    assert.equal(got.scan.status, 'completed', file);
    assert.ok(['Healthy', 'Unverified'].includes(got.image.state) && got.image.coverage.state !== 'nothing', file);
    assert.ok(got.packages.includes('bash'), `${file}: ${got.packages}`); // the honest layer above it is not lost
    assert.ok(got.worker <= LAYER_MAX, file);
  }
});

test('after all of it: ready, others were served all the time, memory given back', async () => {
  const asked = await meanwhile.stop();
  const ready = await server.fetch('/readyz');
  assert.equal(ready.status, 200);
  const now = usage(server.child.pid);
  console.log(`${asked.count} requests meanwhile, the slowest ${asked.worst} ms; server ${(now.rss / MIB).toFixed(1)} MiB, at most ${(now.peak / MIB).toFixed(1)}`);
  assert.ok(asked.count > 100 && asked.bad === 0 && asked.worst < 5000, JSON.stringify(asked));
  assert.ok(now.rss <= SERVER_MAX / 2 && now.peak <= SERVER_MAX);
});
