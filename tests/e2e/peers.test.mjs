// The other side is hostile: registries that are imported from, registries and feeds that databases come from, OpenID providers. A row is a name, what the peer does, and
// the reason that is given for the end. Each peer is a server of this process, on loopback.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import { Server, clock, debianRelease, dpkgStatus, makeLayout, osvRecord, plimsoll, program, run, runAsync, sha256, sleep, tempDir, until } from './lib.mjs';
import { Provider, Visitor, makeKey, sign } from './provider.mjs';
import { resetPeak, usage } from './raw.mjs';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json', INDEX = 'application/vnd.oci.image.index.v1+json', LAYER = 'application/vnd.oci.image.layer.v1.tar';
const MEMORY = 40 << 20; // bytes that hostile peers may cost a server at most
const digestOf = (bytes) => `sha256:${sha256(bytes)}`;

/** As many bytes as the other side takes, until it ends the connection. */
function endless(reply, piece = Buffer.alloc(65536, 'x')) {
  const more = () => { while (!reply.destroyed && reply.write(piece)); };
  reply.on('drain', more).on('error', () => {});
  more();
}
/** One byte a second. */
function trickle(reply) {
  reply.on('error', () => {});
  const timer = setInterval(() => reply.write(' '), 1000);
  reply.on('close', () => clearInterval(timer));
  reply.write(' ');
}
const json = (reply, body, headers = {}) => reply.writeHead(200, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));

/** A server on loopback: answer(request, reply). */
async function listen(answer) {
  const server = http.createServer(answer);
  server.on('clientError', (e, socket) => socket.destroy());
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  return { port, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, stop() { server.closeAllConnections(); server.close(); } };
}

/** A registry whose repositories are the rows of a table: /v2/NAME/… goes to that row's peer(ask), which answers and returns true, or leaves it to the usual answer. */
class Registry {
  repositories = new Map(); // name: {manifests, blobs, peer}
  asked = [];
  async start() { Object.assign(this, await listen((request, reply) => this.answer(request, reply))); return this; }
  add(name, layout, peer = () => false) {
    const at = { manifests: new Map(), blobs: new Map(), peer };
    for (const d of layout ? [...layout.layers, layout.config] : []) at.blobs.set(d.digest, fs.readFileSync(path.join(layout.dir, 'blobs', d.digest.replace(':', '/'))));
    for (const key of layout ? ['t', layout.digest] : []) at.manifests.set(key, { type: MANIFEST, bytes: layout.manifestBytes });
    this.repositories.set(name, at);
    return at;
  }
  answer(request, reply) {
    const token = /^\/token\/([^/?]+)/.exec(request.url)?.[1];
    const [, name = token, kind = token && 'token', reference] = /^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/([^/?]+)/.exec(request.url) ?? [];
    const at = this.repositories.get(name);
    this.asked.push({ name, kind, reference, url: request.url });
    if (!at) return void reply.writeHead(404).end();
    if (at.peer({ kind, reference, request, reply, at })) return undefined;
    const got = kind === 'manifests' ? at.manifests.get(reference) : { type: 'application/octet-stream', bytes: at.blobs.get(reference) };
    if (!got?.bytes) return void reply.writeHead(404).end();
    return void reply.writeHead(200, { 'content-type': got.type, 'content-length': got.bytes.length }).end(got.bytes);
  }
}

let registry, elsewhere, provider, server;
const reached = []; // of the neighbour that nobody may be led to
const image = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }])]]);
const layer = image.layers[0], layerBytes = fs.readFileSync(path.join(image.dir, 'blobs', layer.digest.replace(':', '/')));
before(async () => {
  [registry, elsewhere, provider] = await Promise.all([new Registry().start(), listen((request, reply) => { reached.push(request.url); reply.writeHead(200).end('{"token":"secret"}'); }),
    new Provider({ clock }).start()]);
  const file = path.join(tempDir('secret'), 'client');
  fs.writeFileSync(file, `${provider.secret}\n`, { mode: 0o600 });
  // Of this host one port alone may be imported from.
  server = await new Server({ args: ['--import-allow', registry.host, '--oidc-issuer', provider.issuer, '--oidc-client-id', provider.clientId, '--oidc-client-secret-file', file,
    '--login-failures', '1000', '--login-failures-per-peer', '0', '--login-failures-per-name', '0'] }).start();
});
after(async () => { registry?.stop(); elsewhere?.stop(); await provider?.stop(); await server?.stop(); });

const ask = async (who, body) => (await who.ask('POST', '/api/v1/registries/local/imports', body, 202)).id;
const ended = (id, wanted = (i) => !['Queued', 'Running'].includes(i.state)) => until(`import ${id}`, async () => { const i = await server.json(`/api/v1/imports/${id}`); return wanted(i) && i; });

/** A manifest or index as the tag and under its digest; its descriptor. */
function put(at, body, type = body.mediaType, ...names) {
  const bytes = Buffer.from(JSON.stringify(body)), digest = digestOf(bytes);
  for (const name of [digest, ...names]) at.manifests.set(name, { type, bytes });
  return { mediaType: type, digest, size: bytes.length };
}
const indexOf = (manifests) => ({ schemaVersion: 2, mediaType: INDEX, manifests });
const imageOf = (change) => ({ ...JSON.parse(image.manifestBytes), ...change });
const far = (n, mediaType = MANIFEST) => Array.from({ length: n }, (_, i) => ({ mediaType, digest: digestOf(`${i}`), size: 7 }));
/** Index in index, 60 of them. */
function deep({ at, reference }) {
  let d = far(1)[0];
  for (let i = 1; reference === 't' && i <= 60; i++) d = put(at, indexOf([d]), INDEX, ...(i === 60 ? ['t'] : []));
  return false;
}
const manifests = (reply) => ({ kind, reply: r }) => kind === 'manifests' && (reply(r), true);
const blobs = (answer) => ({ kind, reference, reply, request }) => kind === 'blobs' && reference === layer.digest && (answer(reply, request), true);
const redirects = (wanted, location) => ({ kind, reply, request }) => kind === wanted && (reply.writeHead(302, { location: location(request) }).end(), true);
/** Asks for a token, at this address. */
const realm = (at, token) => ({ kind, reply, request }) => {
  if (kind === 'token') return token(reply), true;
  if (request.headers.authorization) return false;
  reply.writeHead(401, { 'www-authenticate': `Bearer realm="${at()}",service="s"` }).end();
  return true;
};
const own = (name) => () => `${registry.url}/token/${name}`;
const forbidden = /not a public address: the server's setting import-allow/, secrets = /an address where clouds keep secrets/;

// name, what the peer does, the reason; how it is asked for.
const sources = [
  ['manifest-endless', manifests((r) => endless(r.writeHead(200, { 'content-type': MANIFEST }))), /larger than 4194304 bytes/],
  ['manifest-huge', manifests((r) => endless(r.writeHead(200, { 'content-type': MANIFEST, 'content-length': 5e12 }))), /larger than 4194304 bytes/],
  ['manifest-other-digest', manifests((r) => json(r, image.manifestBytes, { 'content-type': MANIFEST, 'docker-content-digest': digestOf('x') })), /different digest/],
  ['informational-endless', manifests((r) => endless(r.socket, Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100)))), /headers are larger than 262144 bytes/],
  ['blob-longer', blobs((r) => endless(r.writeHead(200))), /blob sha256:.*larger than/],
  ['blob-longer-stated', blobs((r) => endless(r.writeHead(200, { 'content-length': 5e12 }))), /blob sha256:.*larger than/],
  ['blob-one-more', blobs((r) => r.writeHead(200).end(Buffer.concat([layerBytes, Buffer.from('x')]))), /blob sha256:.*larger than/],
  ['blob-other-digest', blobs((r) => r.writeHead(200).end(Buffer.alloc(layerBytes.length))), /the content is sha256/],
  ['blob-inflated-on-the-way', blobs((r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(zlib.gzipSync(Buffer.alloc(1 << 24)))), /blob sha256:/],
  ['token-50-mb', realm(own('token-50-mb'), (r) => json(r, { token: 'x'.repeat(50e6) })), /token-50-mb.*larger than 1048576 bytes/],
  ['token-endless', realm(own('token-endless'), (r) => endless(r.writeHead(200))), /larger than 1048576 bytes/],
  ['token-none', realm(own('token-none'), (r) => json(r, [])), /token: JSON .*expected an object/],
  ['token-with-lines', realm(own('token-with-lines'), (r) => json(r, { token: 'x\r\nx-injected: 1' })), /a token that no header can hold/],
  ['token-with-nul', realm(own('token-with-nul'), (r) => json(r, { token: 'x\0y' })), /a token that no header can hold/],
  ['token-never-good', ({ kind, reply }) => (kind === 'token' ? json(reply, { token: 'x' }) : reply.writeHead(401, { 'www-authenticate': `Bearer realm="${own('token-never-good')()}",service="s"` }).end(), true), /access denied/],
  ['realm-metadata', realm(() => 'http://169.254.169.254/latest/api/token'), secrets],
  ['realm-metadata-number', realm(() => 'http://2852039166/latest/api/token'), secrets],
  ['realm-metadata-ipv6', realm(() => 'http://[fd00:ec2::254]/latest'), secrets],
  ['realm-metadata-mapped', realm(() => 'http://[::ffff:169.254.169.254]/latest'), secrets],
  ['realm-localhost', realm(() => `http://localhost:${elsewhere.port}/token`), forbidden],
  ['realm-loopback', realm(() => `http://[::1]:${elsewhere.port}/token`), forbidden],
  ['realm-neighbour', realm(() => `${elsewhere.url}/token`), forbidden],
  ['realm-user', realm(() => `http://${registry.host}@127.0.0.1:${elsewhere.port}/token`), forbidden],
  ['realm-redirects', realm(own('realm-redirects'), (r) => r.writeHead(307, { location: 'http://169.254.169.254/latest/api/token' }).end()), secrets],
  ['realm-redirects-home', realm(own('realm-redirects-home'), (r) => r.writeHead(302, { location: `${elsewhere.url}/token` }).end()), forbidden],
  ['realm-file', realm(() => 'file:///etc/passwd'), /not an http\(s\) URL/],
  ['redirect-loop', redirects('manifests', (request) => request.url), /more than 8 redirects/],
  ['redirect-loop-blob', redirects('blobs', (request) => `${request.url}x`), /more than 8 redirects/],
  ['redirect-manifest', redirects('manifests', (request) => `${elsewhere.url}${request.url}`), forbidden],
  ['redirect-blob', redirects('blobs', (request) => `${elsewhere.url}${request.url}`), forbidden],
  ['redirect-metadata', redirects('blobs', () => 'http://169.254.169.254/latest/user-data'), secrets],
  ['redirect-file', redirects('blobs', () => 'file:///etc/passwd'), /not an http\(s\) URL/],
  ['redirect-gopher', redirects('blobs', () => `gopher://127.0.0.1:${elsewhere.port}/x`), /not an http\(s\) URL/],
  ['index-deep', deep, /at most 50 are imported/, { all_platforms: true }],
  ['index-deep-one', deep, /no image in reach/],
  ['index-wide', ({ at }) => (put(at, indexOf(far(20000)), INDEX, 't'), false), /the index has 20000 manifests; at most 50/, { all_platforms: true }],
  ['index-wide-one', ({ at }) => (put(at, indexOf(far(20000)), INDEX, 't'), false), /no such manifest/],
  ['index-of-blobs', ({ at }) => (put(at, indexOf(far(20000, LAYER)), INDEX, 't'), false), /more than 4096 blobs/, { all_platforms: true }],
  ['index-of-nothings', manifests((r) => json(r, `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":[${'{},'.repeat(1300000)}{}]}`, { 'content-type': INDEX })), /elements too short for their type/, { all_platforms: true }],
  ['image-of-20000-layers', ({ at }) => (put(at, imageOf({ layers: far(20000, LAYER) }), MANIFEST, 't'), false), /more than 4096 blobs/],
  ['image-as-index', ({ at }) => (put(at, imageOf({}), INDEX, 't'), false), /mediaType .* is not the Content-Type/],
  ['index-as-image', ({ at }) => (put(at, { ...indexOf([]), mediaType: undefined }, MANIFEST, 't'), false), /an image manifest needs config/],
  ['index-and-image', ({ at }) => (put(at, { ...imageOf({}), manifests: [], mediaType: undefined }, MANIFEST, 't'), false), /layers and manifests in one document/],
  ['child-lies', ({ at }) => { const d = put(at, imageOf({})); return put(at, indexOf([{ ...d, mediaType: INDEX }]), INDEX, 't'), false; }, /is not the Content-Type/, { all_platforms: true }],
  ['size-beyond-64-bits', ({ at }) => (put(at, imageOf({ layers: [{ ...layer, size: 1e19 }] }), MANIFEST, 't'), false), /size: larger than int64/],
  ['size-negative', ({ at }) => (put(at, imageOf({ layers: [{ ...layer, size: -1 }] }), MANIFEST, 't'), false), /non-negative integer/],
  ['digest-a-path', ({ at }) => (put(at, imageOf({ layers: [{ ...layer, digest: 'sha256:../../../etc/passwd' }] }), MANIFEST, 't'), false), /digest: not algorithm:encoded/],
];

test('a registry that is imported from: each ends with its reason, nothing of it is seen, and the server goes on', async (t) => {
  registry.add('good', image);
  assert.equal((await ended(await ask(server, { source: `${registry.host}/good:t`, repository: 'warm' }))).state, 'Succeeded');
  await server.scanned('warm', image.digest);
  const pid = server.child.pid, at = usage(pid).rss;
  resetPeak(pid);
  const answers = [];
  let over = false;
  const others = (async () => { // meanwhile, all the time
    while (!over) {
      for (const target of ['/readyz', `/v2/warm/manifests/${image.digest}`]) answers.push((await server.fetch(target)).status);
      await sleep(20);
    }
  })();
  // Blobs that are not there are asked for, not linked: each repository's layer is the same as the one that is here.
  const user = await person('walt');
  try {
    const ids = new Map();
    for (const [name, peer, , how] of sources) {
      registry.add(name, image, peer);
      ids.set(name, await ask(user, { source: `${registry.host}/${name}:t`, repository: `hostile/${name}`, ...how }));
    }
    for (const [name, , reason] of sources) {
      const i = await ended(ids.get(name));
      assert.equal(i.state, 'Failed', `${name}: ${JSON.stringify(i)}`);
      assert.match(i.reason, reason, name);
      assert.equal((await server.fetch(`/v2/hostile/${name}/manifests/t`)).status, 404, name);
    }
  } finally { over = true; await others; }
  assert.deepEqual(answers.filter((s) => s !== 200), []);
  assert.deepEqual(reached, [], 'nobody was led there');
  const seen = await server.all('/api/v1/registries/local/repositories');
  for (const { name } of seen.filter((r) => r.name.startsWith('hostile/')))
    assert.deepEqual(await server.all(`/api/v1/registries/local/repositories/${encodeURIComponent(name)}/images`), [], name);
  assert.deepEqual(fs.readdirSync(path.join(server.dataDir, 'uploads')), [], 'what was fetched is gone');
  assert.deepEqual(registry.asked.filter((a) => a.kind === 'tags'), [], 'lists of tags are not asked for');
  const peak = usage(pid).peak;
  t.diagnostic(`memory at most ${(peak - at) >> 10} KiB more`);
  assert.ok(peak < at + MEMORY, `${peak >> 20} MiB after ${at >> 20}`);
});

/** A user who may import; what belongs to nobody else is not linked for him. */
async function person(name) {
  if (!(await server.all('/api/v1/roles')).some((r) => r.name === 'Importer'))
    await server.ask('POST', '/api/v1/roles', { name: 'Importer', actions: ['registries/importImage/action', 'registries/read'] }, 201);
  return server.person(name, [['Importer', '/registries/local']]);
}

test('a blob that is shorter than its manifest says waits with the reason, and is asked for again', async () => {
  registry.add('blob-shorter', image, blobs((r) => r.writeHead(200).end(layerBytes.subarray(0, 20))));
  const id = await ask(await person('sue'), { source: `${registry.host}/blob-shorter:t`, repository: 'hostile/blob-shorter' });
  const i = await ended(id, (now) => now.state === 'Queued' && now.reason);
  assert.match(i.reason, /the source ended after 20 of \d+ bytes/);
  assert.equal((await server.fetch(`/api/v1/imports/${id}`, { method: 'DELETE' })).status, 204);
  assert.equal((await server.fetch('/v2/hostile/blob-shorter/manifests/t')).status, 404);
});

test('a registry that trickles holds no other user: one of two imports yields, and goes on later', async () => {
  const [mal, ann] = [await person('mal'), await person('ann')];
  const slow = new Set(['slow-1', 'slow-2', 'slow-3']);
  for (const name of slow)
    registry.add(name, image, ({ kind, reply }) => slow.has(name) && kind === (name === 'slow-1' ? 'blobs' : 'manifests') && (trickle(reply.writeHead(200, { 'content-type': MANIFEST })), true));
  const held = [];
  for (const name of slow) {
    held.push(await ask(mal, { source: `${registry.host}/${name}:t`, repository: `slow/${name}` }));
    if (held.length < 3) await ended(held.at(-1), (i) => i.state === 'Running');
  }
  const done = await ended(await ask(ann, { source: `${registry.host}/good:t`, repository: 'quick' }));
  assert.deepEqual([done.state, done.digest], ['Succeeded', image.digest], done.reason);
  assert.deepEqual((await server.json(`/api/v1/imports/${held[0]}`)).state, 'Running', 'the older one stays');
  slow.delete('slow-2'); // the other two can only be ended
  for (const id of [held[0], held[2]]) assert.equal((await server.fetch(`/api/v1/imports/${id}`, { method: 'DELETE' })).status, 204);
  const later = await ended(held[1]);
  assert.deepEqual([later.state, later.digest], ['Succeeded', image.digest], later.reason);
});

// ---- databases ---------------------------------------------------------------------------------------------------

const TYPE = 'application/vnd.plimsoll.vdb.v1', DELTA = 'application/vnd.plimsoll.vdb.delta.v1', NOTE = 'vnd.plimsoll.vdb.';
function vdbOf(day, ids) {
  const dir = tempDir('osv'), out = path.join(tempDir('vdb'), 'test.vdb'), at = new Date(`${day}T12:00:00Z`);
  for (const id of ids) {
    fs.writeFileSync(path.join(dir, `${id}.json`), JSON.stringify(osvRecord(id, [{ ecosystem: 'Debian:12', name: 'bash', fixed: '6' }])));
    fs.utimesSync(path.join(dir, `${id}.json`), at, at);
  }
  plimsoll(['vdb', 'build', '-q', '--out', out, `osv=${dir}`]);
  return out;
}
const generation = (file) => JSON.parse(plimsoll(['vdb', 'info', file, '--format', 'json']).stdout).digest;

test('a registry that databases come from: each is refused with its reason, and the file in use stays', async () => {
  const dir = tempDir(), to = path.join(dir, 'local.vdb'), keys = path.join(tempDir('keys'), 'own'), stranger = path.join(tempDir('keys'), 'other');
  const ids = ['CVE-2026-1', 'CVE-2026-2', 'CVE-2026-3'];
  const [oldest, old, next] = [vdbOf('2026-11-01', ids.slice(0, 1)), vdbOf('2026-11-02', ids.slice(0, 2)), vdbOf('2026-11-03', ids)];
  for (const k of [keys, stranger]) plimsoll(['vdb', 'keygen', '--out', k]);
  for (const file of [oldest, old, next]) { plimsoll(['vdb', 'sign', file, '--key', `${keys}.key`]); clock.advance(1000); }
  const byStranger = path.join(tempDir(), 'stranger.vdb');
  fs.copyFileSync(next, byStranger);
  plimsoll(['vdb', 'sign', byStranger, '--key', `${stranger}.key`]);
  const bytes = (file) => fs.readFileSync(file);
  const artifact = (at, content, tag, { type = TYPE, sig, notes, ...change } = {}) => {
    at.blobs.set(digestOf(content), content);
    at.blobs.set(digestOf('{}'), Buffer.from('{}'));
    return put(at, { schemaVersion: 2, mediaType: MANIFEST, artifactType: type, config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 },
      layers: [{ mediaType: type, digest: digestOf(content), size: content.length, ...change }],
      annotations: { ...(sig && { [`${NOTE}signature`]: fs.readFileSync(`${sig}.sig`, 'utf8') }), ...notes } }, MANIFEST, tag);
  };
  const of = (file, how) => ({ at, kind }) => (kind === 'manifests' && artifact(at, bytes(file), 't', { sig: file, ...how }), false);
  const blob = (answer) => ({ kind, reply, at }) => (kind === 'blobs' ? (answer(reply), true) : (artifact(at, bytes(next), 't', { sig: next }), false));
  // name, what the peer does, what is said; whether a blob may be asked for.
  const rows = [
    ['vdb-manifest-endless', manifests((r) => endless(r.writeHead(200, { 'content-type': MANIFEST }))), /larger than 4194304 bytes/, false],
    ['vdb-token-endless', realm(own('vdb-token-endless'), (r) => endless(r.writeHead(200))), /larger than 1048576 bytes/, false],
    ['vdb-redirect-file', redirects('manifests', () => 'file:///etc/passwd'), /not an http\(s\) URL/, false],
    ['vdb-redirect-secrets', redirects('manifests', () => 'http://169.254.169.254/latest'), /169\.254\.169\.254 is an address where clouds keep secrets/, false],
    ['vdb-realm-secrets', realm(() => 'http://[fd00:ec2::254]/latest'), /fd00:ec2::254 is an address where clouds keep secrets/, false],
    ['vdb-redirect-loop', redirects('manifests', (request) => request.url), /more than 8 redirects/, false],
    ['vdb-stranger', of(byStranger), /not of a key that is trusted/, false],
    ['vdb-signature-of-another', of(next, { sig: old }), /the signature is of another file/, false],
    ['vdb-replayed', of(oldest), /older than the one in use/, false],
    ['vdb-size-huge', of(next, { size: 2 ** 42 }), /of another file|more than 4294967296/, false],
    ['vdb-size-small', of(next, { size: 100 }), /of another file/, false],
    ['vdb-blob-endless', blob((r) => endless(r.writeHead(200))), /larger than/, true],
    ['vdb-blob-huge', blob((r) => endless(r.writeHead(200, { 'content-length': 5e12 }))), /larger than/, true],
    ['vdb-blob-other', blob((r) => r.writeHead(200).end(Buffer.alloc(bytes(next).length, 'x'))), /not a|different digest|magic|vulnerability database/, true],
    ['vdb-blob-redirect', blob((r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end()), /not an http\(s\) URL/, true],
  ];
  for (const [name, peer, says, mayFetch] of rows) {
    fs.copyFileSync(old, to);
    fs.copyFileSync(`${old}.sig`, `${to}.sig`);
    registry.add(name, undefined, peer);
    const r = await runAsync(program, ['vdb', 'pull', `${registry.host}/${name}:t`, '--to', to, '--vdb-key', `${keys}.pub`], { env: clock.env });
    assert.equal(r.status, 1, `${name}: ${r.stdout}${r.stderr}`);
    assert.match(r.stderr, says, name);
    assert.deepEqual([bytes(to), bytes(`${to}.sig`)], [bytes(old), bytes(`${old}.sig`)], name);
    assert.equal(registry.asked.some((a) => a.name === name && a.kind === 'blobs'), mayFetch, `${name}: a blob was asked for`);
  }
  // Without a key it must still be a database, and no older one.
  for (const [name, peer, says] of [['bare-text', ({ at, kind }) => (kind === 'manifests' && artifact(at, Buffer.from('no database'), 't'), false), /truncated|not a/],
    ['bare-size-small', of(next, { size: 100 }), /larger than 100 bytes|truncated|different digest/], ['bare-size-large', of(next, { size: bytes(next).length + 1 }), /different digest|did not resume|truncated/], ['bare-older', of(oldest), /older than the one in use/]]) {
    fs.copyFileSync(old, to);
    registry.add(name, undefined, peer);
    const r = await runAsync(program, ['vdb', 'pull', `${registry.host}/${name}:t`, '--to', to], { env: clock.env });
    assert.equal(r.status, 1, `${name}: ${r.stdout}`);
    assert.match(r.stderr, says, name);
    assert.deepEqual(bytes(to), bytes(old), name);
  }
  // A server that follows such a reference answers, and says why it has none.
  const follower = await new Server({ args: ['--vdb-source', `oci://${registry.host}/vdb-manifest-endless:t`, '--vdb-key', `${keys}.pub`] }).start();
  try {
    assert.equal((await follower.fetch('/api/v1/vulndb:update', { method: 'POST' })).status, 202);
    await until('a reason', () => /vulnerability database: .*vdb-manifest-endless.*larger than 4194304 bytes/.test(follower.output));
    assert.equal((await follower.json('/api/v1/vulndb')).present, false);
  } finally { await follower.stop(); }
  // A delta of another base, one that is endless, and one that says it is small: the whole file comes instead.
  const delta = path.join(dir, 'delta'), tag = `delta-${generation(old).slice(0, 20)}-${sha256(bytes(next)).slice(0, 20)}`;
  plimsoll(['vdb', 'delta', oldest, next, '--out', delta]);
  for (const [name, change, says] of [['delta-of-another', {}, /the whole file was fetched: .*delta is for generation/], ['delta-large', { size: 17 << 20 }, /the whole file was fetched: it has 17825792 bytes/],
    ['delta-text', { content: Buffer.from('no delta') }, /the whole file was fetched/]]) {
    fs.copyFileSync(old, to);
    registry.add(name, undefined, ({ at, kind }) => { if (kind === 'manifests') { artifact(at, bytes(next), 't', { sig: next }); const { content = bytes(delta), ...how } = change; artifact(at, content, tag, { type: DELTA, ...how }); } return false; });
    const r = await runAsync(program, ['vdb', 'pull', `${registry.host}/${name}:t`, '--to', to, '--vdb-key', `${keys}.pub`], { env: clock.env });
    assert.equal(r.status, 0, `${name}: ${r.stderr}`);
    assert.match(r.stderr, says, name);
    assert.deepEqual(bytes(to), bytes(next), name);
  }
});

test('feeds: what is hostile is named and left out; one that becomes so is used as it was, and holds up no other', async () => {
  const answers = new Map(), out = path.join(tempDir('update'), 'x.vdb'), record = (id) => JSON.stringify(osvRecord(id, [{ ecosystem: 'Debian:12', name: 'bash' }]));
  const peer = await listen((request, reply) => { const answer = answers.get(request.url); if (!answer) return void reply.writeHead(404).end(); return typeof answer === 'function' ? void answer(reply) : void json(reply, answer); });
  const bomb = Buffer.concat(Array(64).fill(zlib.gzipSync(Buffer.alloc(1 << 22, ' ')))); // 256 MiB of nothing
  const repomd = (href) => `<repomd><data type="updateinfo"><location href="${href}"/></data></repomd>`;
  // path, feed, what the peer does, what is said of it.
  const rows = [
    ['/huge.json', 'osv', (r) => endless(r.writeHead(200, { 'content-length': 2 ** 30 + 1 })), /larger than 1073741824 bytes/],
    ['/secrets.json', 'osv', (r) => r.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(), /169\.254\.169\.254 is an address where clouds keep secrets/],
    ['/secrets/repodata/repomd.xml', 'updateinfo', (r) => r.writeHead(302, { location: 'http://[fd00:ec2::254]/' }).end(), /fd00:ec2::254 is an address where clouds keep secrets/],
    ['/file.json', 'osv', (r) => r.writeHead(302, { location: 'file:///etc/passwd' }).end(), /"file:\/\/\/etc\/passwd" is not an http\(s\) URL/],
    ['/loop.json', 'osv', (r) => r.writeHead(302, { location: '/loop.json' }).end(), /more than 8 redirects/],
    ['/headers.json', 'osv', (r) => endless(r.socket, Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100))), /headers are larger/],
    ['/up/repodata/repomd.xml', 'updateinfo', repomd('../../secret.xml'), /names no file of advisories/],
    ['/host/repodata/repomd.xml', 'updateinfo', repomd(`${elsewhere.url}/x.xml.gz`), /names no file of advisories/],
    ['/host2/repodata/repomd.xml', 'updateinfo', repomd(`//127.0.0.1:${elsewhere.port}/x.xml.gz`), /names no file of advisories/],
    ['/endless/repodata/repomd.xml', 'updateinfo', (r) => endless(r.writeHead(200)), /larger than 1048576 bytes/],
    ['/file/mirror.list', 'updateinfo', 'file:///etc/\n', /names no file of advisories/],
    ['/bomb.json.gz', 'osv', bomb, /it cannot be read/],
    ['/page.json', 'osv', '<html>sign in</html>', /it cannot be read/],
  ];
  for (const [name, , answer] of rows) answers.set(name, answer);
  for (const name of ['/one.json', '/two.json']) answers.set(name, record(name === '/one.json' ? 'CVE-2026-1' : 'CVE-2026-2'));
  const update = (names) => runAsync(program, ['vdb', 'update', '--out', out, ...names.map(([name, feed]) => `${feed}=${peer.url}${name}`)], { env: clock.env });
  const known = (id) => JSON.parse(plimsoll(['vdb', 'query', out, '--id', id, '--format', 'json']).stdout).length === 1;
  const good = [['/one.json', 'osv'], ['/two.json', 'osv']];
  let follower;
  try {
    let r = await update([...rows, ...good]);
    assert.equal(r.status, 0, r.stderr);
    for (const [name, , , says] of rows) {
      const lines = r.stderr.split('\n').filter((line) => line.includes(`${peer.url}${name}`));
      assert.match(lines.at(-1), /MISSING/, name);
      assert.match(lines.at(-1), says, name);
    }
    assert.ok(known('CVE-2026-1') && known('CVE-2026-2'));
    for (const hostile of [bomb, '<html>', '{"id":', Buffer.alloc(70000, '[')]) {
      answers.set('/one.json', hostile);
      answers.set('/two.json', record(`CVE-2026-${100 + hostile.length % 1000}`));
      r = await update(good);
      assert.equal(r.status, 0, r.stderr);
      assert.match(r.stderr, /STALE .*one\.json: it cannot be read: .*using the stored copy/);
      assert.ok(known('CVE-2026-1') && known(`CVE-2026-${100 + hostile.length % 1000}`), 'what it said before, and what the other says now');
    }
    r = await update(good);
    assert.ok(known('CVE-2026-1'), 'and again');
    // What is asked for by https comes by https.
    const key = path.join(tempDir('tls'), 'key.pem'), cert = `${key}.crt`;
    run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
    const safe = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, (q, reply) => (q.url === '/down.json' ? reply.writeHead(302, { location: `${peer.url}/two.json` }).end() : reply.end(record('CVE-2026-8'))));
    await new Promise((done) => { safe.listen(0, '127.0.0.1', done); });
    r = await runAsync(program, ['vdb', 'update', '--out', out, ...['/down.json', '/kept.json'].map((name) => `osv=https://127.0.0.1:${safe.address().port}${name}`)], { env: { ...clock.env, SSL_CERT_FILE: cert } });
    safe.close();
    assert.match(r.stderr, /MISSING .*down\.json: .*a redirect from https to http/);
    assert.ok(known('CVE-2026-8'), r.stderr);
    answers.set('/one.json', record('CVE-2026-9'));
    r = await update(good);
    assert.ok(known('CVE-2026-9') && !known('CVE-2026-1'), r.stderr);
    // The same in a server: it has a database, and says what is wrong.
    answers.set('/one.json', '<html>');
    follower = await new Server({ args: ['--feeds', [['/bomb.json.gz', 'osv'], ...good].map(([name, feed]) => `${feed}=${peer.url}${name}`).join(' ')] }).start();
    assert.equal((await follower.fetch('/api/v1/vulndb:update', { method: 'POST' })).status, 202);
    await until('a database', async () => (await follower.json('/api/v1/vulndb')).present);
    assert.match(follower.output, /feed osv: it cannot be read: .*bomb.*; left out/);
    assert.deepEqual(reached, [], 'nobody was led there');
  } finally { await follower?.stop(); peer.stop(); }
});

// No address of this machine is public: a name that only a proxy knows counts as one.
test('a public feed, and what its index names, leads to no address that is not public, unless it is listed', async () => {
  const asked = [], out = path.join(tempDir('led'), 'x.vdb');
  const inside = await listen((request, reply) => { asked.push(request.url); json(reply, JSON.stringify(osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'bash' }]))); });
  const proxy = await listen((request, reply) => {
    if (request.url.endsWith('/away.json')) reply.writeHead(302, { location: `${inside.url}/away.json` }).end();
    else if (request.url.endsWith('/mirror.list')) reply.end(`${inside.url}/\n`);
    else if (request.url.endsWith('/v2/away/manifests/t')) reply.writeHead(307, { location: `${inside.url}/away.json` }).end();
    else if (request.url.endsWith('/v2/realm/manifests/t')) reply.writeHead(401, { 'www-authenticate': `Bearer realm="${inside.url}/token",service="x"` }).end();
    else if (request.url.endsWith('/moved.json')) reply.writeHead(302, { location: 'http://other.example/found.json' }).end();
    else json(reply, JSON.stringify(osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'bash' }])));
  });
  const env = { ...clock.env, http_proxy: proxy.url, no_proxy: '127.0.0.1' }, feeds = ['osv=http://feeds.example/away.json', 'updateinfo=http://feeds.example/mirror.list', 'osv=http://feeds.example/moved.json'];
  let server;
  try {
    let r = await runAsync(program, ['vdb', 'update', '--out', out, ...feeds], { env });
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stderr, /MISSING .*away\.json: .*a public server led to 127\.0\.0\.1 \(127\.0\.0\.1\), which is no public address/);
    assert.match(r.stderr, /MISSING .*mirror\.list: .*a public server led to 127\.0\.0\.1/);
    assert.deepEqual([asked, JSON.parse(plimsoll(['vdb', 'query', out, '--id', 'CVE-2026-2', '--format', 'json']).stdout).length], [[], 1]);
    // A registry, and the token service that it names.
    for (const [name, says] of [['away', /a public server led to 127\.0\.0\.1/], ['realm', /a public server led to 127\.0\.0\.1/]]) {
      r = await runAsync(program, ['vdb', 'pull', `registry.example/${name}:t`, '--insecure', '--to', `${out}.pulled`], { env: { ...env, https_proxy: proxy.url } });
      assert.equal(r.status, 1);
      assert.match(r.stderr, says, name);
    }
    assert.deepEqual(asked, []);
    // The operator's own address is not public: it leads anywhere.
    r = await runAsync(program, ['vdb', 'update', '--out', out, `osv=${proxy.url}/away.json`], { env: clock.env });
    assert.deepEqual([r.status, asked], [0, ['/away.json']], r.stderr);
    for (const [allow, wanted] of [['10.0.0.0/8', 1], ['127.0.0.1', 2]]) {
      server = await new Server({ args: ['--feeds', feeds[0], '--feeds-allow', allow, '--log-level', 'debug'], env }).start();
      assert.equal((await server.fetch('/api/v1/vulndb:update', { method: 'POST' })).status, 202);
      if (wanted === 2) await until('a database', async () => (await server.json('/api/v1/vulndb')).present);
      else await until('a reason', () => /127\.0\.0\.1 \(127\.0\.0\.1\) is not a public address: the server's setting feeds-allow must list/.test(server.output));
      await server.stop();
      assert.equal(asked.length, wanted);
    }
  } finally { await server?.stop(); proxy.stop(); inside.stop(); }
});

// ---- sign-in -----------------------------------------------------------------------------------------------------

test('a provider: none of what it says signs in, and the log says why', async (t) => {
  const usual = provider.token, key = provider.keys[0], stranger = makeKey('RS256');
  provider.next = { sub: '1', preferred_username: 'pat' };
  const now = () => Math.floor(clock.now() / 1000);
  const claims = (change) => ({ token: (h, c, k) => sign(h, { ...c, ...change(c) }, k) });
  const answer = (leaf, make) => ({ leaf, make });
  const discovery = (change) => answer('.well-known/openid-configuration', (r) => json(r, { issuer: provider.issuer, authorization_endpoint: `${provider.issuer}/authorize?kept=1`,
    token_endpoint: `${provider.issuer}/token`, jwks_uri: `${provider.issuer}/keys`, ...change }));
  const jwks = (make) => answer('keys', make);
  let first; // of a sign-in that was good
  // name, what the provider does, what the log says.
  const rows = [
    ['JWKS without an end', jwks((r) => endless(r.writeHead(200))), /larger than 262144 bytes/],
    ['10,000 keys', jwks((r) => json(r, { keys: Array.from({ length: 10000 }, (_, i) => ({ kty: 'oct', kid: `${i}` })) })), /larger than 262144 bytes|more keys than a provider has/],
    ['10,000 small keys', jwks((r) => json(r, { keys: Array(10000).fill({}) })), /more keys than a provider has/],
    ['a token of 10 MB', { token: () => 'x'.repeat(10e6) }, /larger than 262144 bytes/],
    ['a token of 100 KB', claims(() => ({ x: 'x'.repeat(100e3) })), /ID token of \d+ bytes/],
    ['alg none', { token: (h, c) => sign({ ...h, alg: 'none' }, c) }, /its signature is not base64url/],
    ['alg none with a signature', { token: (h, c, k) => sign({ ...h, alg: 'none' }, c, k) }, /signed neither by RS256 nor ES256/],
    ['HS256 with the public key', { token: (h, c, k) => { const text = sign({ ...h, alg: 'HS256' }, c).slice(0, -1);
      return `${text}.${crypto.createHmac('sha256', k.publicKey.export({ type: 'spki', format: 'pem' })).update(text).digest('base64url')}`; } }, /signed neither by RS256 nor ES256/],
    ['a stranger\'s key', { token: (h, c) => sign(h, c, stranger) }, /its signature is wrong/],
    ['iss', claims(() => ({ iss: 'https://evil.example' })), /iss: another provider's/],
    ['aud', claims(() => ({ aud: 'other' })), /aud: for another client/],
    ['nonce', claims(() => ({ nonce: 'x' })), /nonce: of another sign-in/],
    ['the token of another sign-in', { token: () => first }, /nonce: of another sign-in/],
    ['expired', claims(() => ({ exp: now() - 61 })), /it expired/],
    ['of the future', claims(() => ({ iat: now() + 3600, exp: now() + 7200 })), /in the future/],
    ['keys where clouds keep secrets', discovery({ jwks_uri: 'https://169.254.169.254/keys' }), /169\.254\.169\.254 is an address where clouds keep secrets/],
    ['the same as a number', discovery({ token_endpoint: 'https://2852039166/token' }), /169\.254\.169\.254 is an address where clouds keep secrets/],
    ['keys without TLS elsewhere', discovery({ jwks_uri: 'http://10.0.0.1/keys' }), /lacks an https URL/],
  ];
  const pid = server.child.pid, at = usage(pid).rss;
  resetPeak(pid);
  provider.token = (...x) => (first = usual(...x));
  assert.equal(await new Visitor(server.url).signIn(), '/portal/');
  for (const [name, peer, says] of rows) {
    clock.advance(3601000); // documents are kept for an hour
    provider.token = peer.token ?? usual;
    provider.answers = peer.leaf ? { [`/realm/${peer.leaf}`]: peer.make } : {};
    const b = new Visitor(server.url), from = server.output.length;
    const start = (await b.get('/api/v1/session/oidc')).headers.get('location');
    const end = start.startsWith('/portal/') ? start : (await b.get((await b.get(start)).headers.get('location'))).headers.get('location');
    assert.match(end, /^\/portal\/\?sign_in=(denied|provider)$/, name);
    assert.equal(await b.session(), 401, name);
    assert.ok(!b.cookies.has('plimsoll_session'), name);
    assert.match(await until(name, () => server.output.slice(from)), says, name);
  }
  provider.token = usual;
  provider.answers = {};
  clock.advance(3601000);
  const peak = usage(pid).peak;
  t.diagnostic(`memory at most ${(peak - at) >> 10} KiB more`);
  assert.ok(peak < at + MEMORY, `${peak >> 20} MiB after ${at >> 20}`);
  // The state of a sign-in that ended, of another browser, and a code that is answered twice.
  const visit = async (b, to) => (await b.get(to)).headers.get('location'), b = new Visitor(server.url), callback = await b.toCallback(), cookies = new Map(b.cookies), other = new Visitor(server.url);
  await other.toCallback();
  assert.equal(await visit(other, callback), '/portal/?sign_in=denied', 'of another browser');
  assert.equal(await visit(b, callback), '/portal/');
  assert.equal(await visit(b, callback), '/portal/?sign_in=denied', 'replayed');
  const again = new Visitor(server.url);
  again.cookies = cookies;
  assert.equal(await visit(again, callback), '/portal/?sign_in=denied', 'the code was used');
  assert.ok(key === provider.keys[0] && (await new Visitor(server.url).signIn()) === '/portal/', 'nothing of it is remembered');
  // What fails is not asked for again at once, however it fails.
  provider.answers = { '/realm/keys': (r) => endless(r.writeHead(200)) };
  clock.advance(3601000);
  const before = provider.asked['/realm/keys'];
  for (let n = 0; n < 4; n++) assert.equal(await new Visitor(server.url).signIn(), '/portal/?sign_in=provider');
  assert.equal(provider.asked['/realm/keys'], before + 1);
});
