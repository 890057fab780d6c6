// Imports: from Debian's docker-registry with and without credentials, from another Plimsoll (token authentication), broken off, killed and resumed, and
// from hostile sources. Loopback is not a public address: the servers here list it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, program, pushLayout, run, runAsync, sha256, sleep, storeServer, tempDir } from './lib.mjs';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json', INDEX = 'application/vnd.oci.image.index.v1+json';
const packages = (version = '1') => [debianRelease(), dpkgStatus([{ name: 'shared', version }])];
const vdb = makeVdb([osvRecord('CVE-2026-1000', [{ ecosystem: 'Debian:12', name: 'shared' }])]);
const open = ['--import-allow', '127.0.0.0/8', '--vdb', vdb];
let server, source;

const post = (s, body, registry = 'local') => s.fetch(`/api/v1/registries/${registry}/imports`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
});
async function ask(s, body, registry) {
  const r = await post(s, body, registry);
  assert.equal(r.status, 202, await r.clone().text());
  return r.json();
}
async function until(s, id, wanted = (i) => !['Queued', 'Running'].includes(i.state), timeout = 60000) {
  for (const end = Date.now() + timeout; ;) {
    const i = await s.json(`/api/v1/imports/${id}`);
    if (wanted(i)) return i;
    if (Date.now() > end) throw new Error(`import ${id} after ${timeout} ms: ${JSON.stringify(i)}`);
    await sleep(20);
  }
}
const imported = async (s, body, registry) => until(s, (await ask(s, body, registry)).id);
async function refused(s, body, status, text) {
  const r = await post(s, body);
  const reply = await r.text();
  assert.equal(r.status, status, reply);
  assert.match(reply, text);
}

/** A registry of our own making: manifests and blobs in maps, and hooks to misbehave. */
class Source {
  manifests = new Map();
  blobs = new Map();
  asked = [];
  async start() {
    this.server = http.createServer((request, reply) => this.answer(request, reply).catch(() => reply.destroy()));
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.host = `127.0.0.1:${this.server.address().port}`;
    return this;
  }
  stop() { this.server.closeAllConnections(); this.server.close(); }
  add(layout, tag) {
    for (const d of [...layout.layers, layout.config])
      this.blobs.set(d.digest, fs.readFileSync(path.join(layout.dir, 'blobs', d.digest.replace(':', '/'))));
    for (const name of [layout.digest, tag].filter(Boolean)) this.manifests.set(name, { type: MANIFEST, bytes: layout.manifestBytes });
    return layout;
  }
  addIndex(layouts, tag) {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: layouts.map(([layout, platform]) => ({
      mediaType: MANIFEST, digest: layout.digest, size: layout.manifestBytes.length, platform,
    })) }));
    const digest = `sha256:${sha256(bytes)}`;
    for (const name of [digest, tag]) this.manifests.set(name, { type: INDEX, bytes });
    return digest;
  }
  async answer(request, reply) {
    const [, kind, name] = /^\/v2\/.+\/(manifests|blobs)\/([^/?]+)/.exec(request.url) ?? [];
    this.asked.push({ kind, name, range: request.headers.range, authorization: request.headers.authorization, url: request.url });
    if (this.hook && await this.hook(request, reply, kind, name)) return;
    const got = kind === 'manifests' ? this.manifests.get(name) : { type: 'application/octet-stream', bytes: this.blobs.get(name) };
    if (!got?.bytes) return void reply.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = got.bytes.subarray(from);
    reply.writeHead(from ? 206 : 200, { 'content-type': got.type, 'content-length': rest.length,
      ...(from ? { 'content-range': `bytes ${from}-${got.bytes.length - 1}/${got.bytes.length}` } : {}) });
    reply.end(rest);
  }
}

/** One that nobody has, for a program that cannot choose by itself. */
async function freePort() {
  const holder = http.createServer();
  await new Promise((done) => holder.listen(0, '127.0.0.1', done));
  const { port } = holder.address();
  await new Promise((done) => holder.close(done));
  return port;
}

before(async () => {
  [server, source] = await Promise.all([new Server({ args: open }).start(), new Source().start()]);
});
after(async () => { source?.stop(); await server?.stop(); });

const random = (size, seed) => { // not compressible, the same each time
  const out = Buffer.alloc(size);
  for (let i = 0, x = seed; i < size; i++) { x = (Math.imul(x, 1103515245) + 12345) >>> 0; out[i] = x >>> 16; }
  return out;
};

test('an image by tag: scanned because of the import, findings there, events and audit', async () => {
  const layout = source.add(makeLayout([packages()]), 'v1');
  const events = server.fetch('/api/v1/events', { headers: { 'last-event-id': '0' } });
  const begun = await ask(server, { source: `${source.host}/base/debian:v1`, repository: 'team/debian' });
  assert.deepEqual([begun.source, begun.registry, begun.repository, begun.tags, begun.mode, begun.all_platforms, begun.requested_by],
    [`${source.host}/base/debian:v1`, 'local', 'team/debian', ['v1'], 'NoForce', false, 'admin']);
  const done = await until(server, begun.id);
  assert.equal(done.state, 'Succeeded', done.reason);
  assert.equal(done.digest, layout.digest);
  assert.deepEqual([done.manifests_done, done.manifests_total, done.blobs_done, done.blobs_total], [1, 1, 2, 2]);
  const size = layout.config.size + layout.layers[0].size;
  assert.deepEqual([done.bytes_done, done.bytes_total, done.bytes_fetched], [size, size, size]);
  const image = await server.scanned('team/debian', layout.digest);
  assert.deepEqual([image.state, image.tags, image.findings.Unknown], ['Unhealthy', ['v1'], 1]);
  const scans = await server.json(`/api/v1/scans?repository=team/debian`);
  assert.deepEqual(scans.items.map((s) => s.trigger), ['import']);
  const audit = await server.json('/api/v1/audit');
  const row = audit.items.find((x) => x.action === 'import.create');
  assert.equal(row.subject, '/registries/local/repositories/team/debian');
  const reader = (await events).body.getReader();
  let text = '';
  while (!/"state":"Succeeded"/.test(text)) text += Buffer.from((await reader.read()).value).toString();
  await reader.cancel();
  assert.match(text, /event: imported\n/);
  assert.match(text, /event: import\n[^\n]*"state":"Queued"/);
});

test('an index: all platforms, one platform, by digest, at most 50 manifests', async () => {
  const arm = { platform: { os: 'linux', architecture: 'arm64' } };
  const amd = source.add(makeLayout([packages('2')])), other = source.add(makeLayout([packages('3')], arm));
  const digest = source.addIndex([[amd, { os: 'linux', architecture: 'amd64' }], [other, { os: 'linux', architecture: 'arm64' }]], 'multi');
  const all = await imported(server, { source: `${source.host}/base/multi:multi`, all_platforms: true, tags: ['a', 'b'] });
  assert.deepEqual([all.state, all.digest, all.manifests_done, all.repository, all.reason], ['Succeeded', digest, 3, 'base/multi', undefined]);
  for (const [layout, platform] of [[amd, 'linux/amd64'], [other, 'linux/arm64']])
    assert.equal((await server.scanned('base/multi', layout.digest)).platform, platform);
  assert.equal((await server.fetch('/v2/base/multi/manifests/b', { headers: { accept: INDEX } })).headers.get('docker-content-digest'), digest);
  const one = await imported(server, { from: { registry: source.host, repository: 'base/multi', tag: 'multi' }, platform: 'linux/arm64', repository: 'one' });
  assert.deepEqual([one.state, one.digest, one.tags], ['Succeeded', other.digest, ['multi']]);
  assert.equal((await server.json('/api/v1/registries/local/repositories/one/images')).items.length, 1);
  const untagged = await imported(server, { source: `${source.host}/base/multi@${amd.digest}`, repository: 'bare' });
  assert.deepEqual([untagged.state, untagged.tags, untagged.bytes_fetched], ['Succeeded', [], 0], 'blobs of base/multi are mounted');
  assert.deepEqual((await server.json(`/api/v1/registries/local/repositories/bare/images/${amd.digest}`)).tags, []);

  const many = Array.from({ length: 51 }, (_, i) => [{ digest: `sha256:${sha256(String(i))}`, manifestBytes: Buffer.from('x') }, undefined]);
  source.addIndex(many, 'many');
  const before = source.asked.length;
  const failed = await imported(server, { source: `${source.host}/base/multi:many`, all_platforms: true, repository: 'many' });
  assert.equal(failed.state, 'Failed');
  assert.match(failed.reason, /51 manifests; at most 50/);
  assert.equal(source.asked.slice(before).filter((a) => a.kind === 'manifests').length, 1, 'no manifest of it was asked for');
});

test('an existing tag: 409 before anything is asked for; Force moves it', async () => {
  const first = source.add(makeLayout([packages('4')]), 'moving');
  assert.equal((await imported(server, { source: `${source.host}/m:moving` })).state, 'Succeeded');
  const before = source.asked.length;
  await refused(server, { source: `${source.host}/m:moving` }, 409, /tag \\"moving\\" exists/);
  assert.equal(source.asked.length, before);
  const second = source.add(makeLayout([packages('5')]), 'moving');
  const done = await imported(server, { source: `${source.host}/m:moving`, mode: 'Force' });
  assert.deepEqual([done.state, done.digest], ['Succeeded', second.digest]);
  const old = await server.json(`/api/v1/registries/local/repositories/m/images/${first.digest}`);
  assert.deepEqual(old.tags, []);
});

test('a request that cannot be meant is refused with the field that is wrong', async () => {
  for (const [body, status, text] of [
    [{}, 400, /source: is needed/],
    [{ source: 'a b' }, 400, /source/],
    [{ source: 'x/y:1', from: { repository: 'x' } }, 400, /from: source says it already/],
    [{ from: { registry: 'http://x', repository: 'y' } }, 400, /from.registry/],
    [{ from: { registry: 'x', repository: 'y', tag: 'a', digest: `sha256:${'0'.repeat(64)}` } }, 400, /not both/],
    [{ source: 'x.example/y', tags: ['a', 'b c'] }, 400, /tags: \\"b c\\"/],
    [{ source: 'x.example/y', repository: 'UPPER' }, 400, /repository/],
    [{ source: 'x.example/y', platform: 'linux' }, 400, /platform/],
    [{ source: 'x.example/y', platform: 'linux/amd64', all_platforms: true }, 400, /platform/],
    [{ source: 'x.example/y', credentials: { username: 'a' } }, 400, /credentials/],
    [{ source: 'x.example/y', credentials: { token: 'a\r\nHost: b' } }, 400, /credentials.token/],
    [{ source: 'x.example/y', credentials: { pasword: 'a' } }, 400, /credentials.*pasword/],
    [{ source: 'x.example/y', ca_certificates: 'hello' }, 400, /ca_certificates/],
    [{ source: 'x.example/y', insecure: true }, 403, /import-insecure must list x.example/],
    [{ source: '10.0.0.1/y' }, 403, /import-allow/],
    [{ source: '[::ffff:10.0.0.1]:5000/y' }, 403, /import-allow/],
    [{ source: 'x.example/y', mode: 'Perhaps' }, 400, /mode/],
  ]) await refused(server, body, status, text);
  assert.equal((await post(server, { source: 'x/y' }, 'nowhere')).status, 404);
});

test('addresses that are not public are refused, by whichever name and after redirects, too', async () => {
  const closed = await new Server().start();
  try {
    await refused(closed, { source: `${source.host}/base/debian:v1` }, 403, /not a public address/);
    await refused(closed, { source: 'localhost:1/base/debian:v1' }, 403, /not a public address/);
    const before = source.asked.length;
    // Forms that only a resolver reads as 127.0.0.1.
    for (const host of ['127.1', '2130706433', '0x7f.1']) {
      const i = await imported(closed, { from: { registry: `${host}:${source.host.split(':')[1]}`, repository: 'base/debian', tag: 'v1' } });
      assert.equal(i.state, 'Failed', host);
      assert.match(i.reason, /not a public address|import-allow|resolve|Malformed|Bad|URL/, host);
    }
    assert.equal(source.asked.length, before);
  } finally { await closed.stop(); }
  // 127.0.0.1 is listed, its neighbour is not.
  const narrow = await new Server({ args: ['--import-allow', '127.0.0.1'] }).start();
  try {
    source.hook = (request, reply, kind) => kind === 'blobs' &&
      reply.writeHead(307, { location: `http://127.0.0.2:${source.host.split(':')[1]}${request.url}` }).end();
    const i = await imported(narrow, { source: `${source.host}/base/debian:v1` });
    assert.equal(i.state, 'Failed');
    assert.match(i.reason, /127\.0\.0\.2.*not a public address/);
    // Nor may the token service be there.
    source.hook = (request, reply) => reply.writeHead(401, { 'www-authenticate': 'bearer realm="https://127.0.0.2/token",service="x"' }).end();
    const token = await imported(narrow, { source: `${source.host}/base/debian:v1`, credentials: { username: 'ann', password: 'x' } });
    assert.match(`${token.state} ${token.reason}`, /Failed .*127\.0\.0\.2.*not a public address/);
  } finally { source.hook = undefined; await narrow.stop(); }
});

test('credentials: never shown, never sent elsewhere', async () => {
  const layout = source.add(makeLayout([packages('6')]), 'secret');
  const other = await new Source().start();
  other.blobs = source.blobs;
  const basic = `Basic ${Buffer.from('ann:pa:ss wörd').toString('base64')}`;
  source.hook = (request, reply, kind) => {
    if (request.headers.authorization !== basic) return reply.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    return kind === 'blobs' && reply.writeHead(302, { location: `http://${other.host}${request.url}` }).end();
  };
  try {
    const without = await imported(server, { source: `${source.host}/s:secret` });
    assert.match(`${without.state} ${without.reason}`, /Failed .*access denied without credentials/);
    const wrong = await imported(server, { source: `${source.host}/s:secret`, credentials: { username: 'ann', password: 'no' } });
    assert.equal(wrong.state, 'Failed');
    const done = await imported(server, { source: `${source.host}/s:secret`, credentials: { username: 'ann', password: 'pa:ss wörd' } });
    assert.deepEqual([done.state, done.digest], ['Succeeded', layout.digest]);
    assert.ok(other.asked.length >= 2);
    assert.deepEqual(other.asked.filter((a) => a.authorization), []);
    const audit = await (await server.fetch('/api/v1/audit?limit=1000')).text(), shown = await (await server.fetch('/api/v1/imports')).text();
    assert.ok(!/wörd|w\\u00f6rd/.test(audit + shown));
  } finally { source.hook = undefined; other.stop(); }
});

test('tokens: anonymous ones as of public registries, and one that expires in the middle', async () => {
  const layout = source.add(makeLayout([packages('6.1'), packages('6.2')]), 'public');
  const uses = new Map();
  source.hook = (request, reply, kind) => {
    const { pathname, searchParams } = new URL(request.url, 'http://x');
    if (pathname === '/token') {
      assert.equal(searchParams.get('scope'), 'repository:library/p:pull');
      assert.equal(request.headers.authorization, undefined);
      uses.set(`Bearer t${uses.size}`, 0);
      return reply.writeHead(200).end(JSON.stringify({ token: `t${uses.size - 1}`, expires_in: 60 }));
    }
    const used = uses.get(request.headers.authorization); // each is good for one request
    if (used !== undefined) uses.set(request.headers.authorization, used + 1);
    if (kind && used === 0) return false;
    return reply.writeHead(401, { 'www-authenticate': `Bearer realm="http://${source.host}/token",service="s",scope="repository:library/p:pull"` }).end();
  };
  try {
    const done = await imported(server, { source: `${source.host}/library/p:public` });
    assert.deepEqual([done.state, done.digest], ['Succeeded', layout.digest], done.reason);
    assert.ok(uses.size >= 4); // a manifest and three blobs
  } finally { source.hook = undefined; }
});

test('a manifest that does not state its type, from a server that states a general one', async () => {
  const layout = makeLayout([packages('6.3')]);
  const bytes = Buffer.from(JSON.stringify({ ...JSON.parse(layout.manifestBytes), mediaType: undefined }));
  source.add(layout);
  const digest = `sha256:${sha256(bytes)}`;
  for (const [tag, type] of [['plain', 'application/json'], ['typed', `${MANIFEST}; charset=utf-8`]]) {
    for (const name of [tag, digest]) source.manifests.set(name, { type, bytes });
    const done = await imported(server, { source: `${source.host}/${tag}:${tag}` });
    assert.deepEqual([done.state, done.digest], ['Succeeded', digest], done.reason);
    assert.equal((await server.fetch(`/v2/${tag}/manifests/${tag}`)).headers.get('content-type'), MANIFEST);
  }
});

test('broken off: the rest is asked for, and nothing that is here', async () => {
  const big = random(1 << 20, 7);
  const layout = source.add(makeLayout([[...packages('7'), { path: 'big', content: big }], packages('8')]), 'broken');
  const [large, small] = layout.layers.map((l) => l.digest);
  let broken = 0;
  source.hook = (request, reply, kind, name) => {
    if (name !== large || broken >= 2) return false;
    const bytes = source.blobs.get(name), from = Number(/(\d+)-/.exec(request.headers.range ?? '0-')[1]);
    broken++;
    reply.writeHead(from ? 206 : 200, { 'content-length': bytes.length - from });
    reply.write(bytes.subarray(from, from + 300000), () => setTimeout(() => reply.destroy(), 20));
    return true;
  };
  const before = source.asked.length;
  const done = await imported(server, { source: `${source.host}/b:broken` });
  source.hook = undefined;
  assert.equal(done.state, 'Succeeded', done.reason);
  const asked = source.asked.slice(before);
  const of = (digest) => asked.filter((a) => a.name === digest);
  assert.equal(of(large).length, 3);
  assert.deepEqual(of(large).map((a) => !!a.range), [false, true, true]);
  assert.equal(of(small).length, 1);
  assert.equal(asked.filter((a) => a.kind === 'manifests').length, 1, 'the tag was asked for once');
  assert.equal(done.bytes_fetched, layout.layers[0].size + layout.layers[1].size + layout.config.size);
});

test('kill -9 in the middle: it goes on by itself after the start, with its credentials', async () => {
  const victim = await new Server({ args: open }).start();
  const layout = source.add(makeLayout([[...packages('9'), { path: 'big', content: random(1 << 20, 9) }], packages('10')]), 'killed');
  const large = layout.layers[0].digest, bytes = source.blobs.get(large);
  let half, stalled = new Promise((done) => { half = done; });
  source.hook = (request, reply, kind, name) => {
    if (request.headers.authorization !== 'Bearer of-the-source') return reply.writeHead(401).end();
    if (name !== large || request.headers.range) return false;
    reply.writeHead(200, { 'content-length': bytes.length });
    reply.write(bytes.subarray(0, 600000), half);
    return true; // and never more
  };
  try {
    const begun = await ask(victim, { source: `${source.host}/k:killed`, credentials: { token: 'of-the-source' } });
    await stalled;
    await until(victim, begun.id, (i) => i.bytes_done > 500000 && i.blobs_done === 2);
    if (!storeServer)
      for (const file of ['plimsoll.db', 'plimsoll.db-wal'].map((f) => path.join(victim.dataDir, f)).filter((f) => fs.existsSync(f)))
        assert.ok(!fs.readFileSync(file).includes('of-the-source'), `${file} holds the token`);
    await victim.kill();
    const before = source.asked.length;
    await victim.start();
    const done = await until(victim, begun.id);
    assert.deepEqual([done.state, done.digest], ['Succeeded', layout.digest], done.reason);
    const asked = source.asked.slice(before);
    assert.deepEqual(asked.map((a) => a.name), [large], 'nothing else was asked for again');
    assert.match(asked[0].range, /^bytes=[1-9]\d+-$/);
    assert.equal((await victim.scanned('k', layout.digest)).state, 'Unhealthy');
  } finally { source.hook = undefined; await victim.stop(); }
});

test('a source that is busy: tried again when it says, and at last given up', async () => {
  const layout = source.add(makeLayout([packages('17')]), 'busy');
  let answers = 1;
  source.hook = (request, reply, kind) => kind === 'blobs' && answers-- > 0 && reply.writeHead(429, { 'retry-after': '600' }).end();
  const begun = await ask(server, { source: `${source.host}/busy:busy` });
  const waits = await until(server, begun.id, (i) => i.state === 'Queued' && i.reason);
  assert.match(waits.reason, /answered 429/);
  assert.deepEqual([waits.attempts, waits.digest], [1, layout.digest]);
  const wait = Date.parse(waits.next_run_at) - clock.now();
  assert.ok(wait > 580000 && wait <= 600000, `${wait}`);
  clock.advance(600000);
  assert.equal((await until(server, begun.id)).state, 'Succeeded');
  answers = 1000;
  source.add(makeLayout([packages('17.1')]), 'busier');
  const lost = await ask(server, { source: `${source.host}/busy:busier` });
  for (let attempt = 1; attempt < 10; attempt++) {
    await until(server, lost.id, (i) => i.attempts === attempt && i.state === 'Queued');
    clock.advance(600000);
  }
  const failed = await until(server, lost.id);
  source.hook = undefined;
  assert.match(`${failed.state} ${failed.reason}`, /Failed .*answered 429/);
});

test('a registry that is deleted takes its imports along', async () => {
  const made = await server.fetch('/api/v1/subscriptions/default/resource-groups/default/registries', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'short' }) });
  assert.equal(made.status, 201, await made.text());
  const layout = source.add(makeLayout([packages('18')]), 'short');
  let reached; const stalled = new Promise((done) => { reached = done; });
  source.hook = (request, reply, kind, name) => name === layout.layers[0].digest && (reply.writeHead(200).write('x', reached), true);
  const { id } = await ask(server, { source: `${source.host}/a:short` }, 'short');
  await stalled;
  assert.equal((await server.fetch('/api/v1/registries/short', { method: 'DELETE' })).status, 202);
  for (const end = Date.now() + 60000; (await server.fetch(`/api/v1/imports/${id}`)).status !== 404;) {
    assert.ok(Date.now() < end, 'gone');
    await sleep(50);
  }
  source.hook = undefined;
});

test('hostile sources: each ends with its reason, and leaves no tag', async () => {
  const layout = source.add(makeLayout([packages('11')]), 'hostile');
  const layer = layout.layers[0].digest, bytes = source.blobs.get(layer);
  const changed = Buffer.from(bytes); changed[changed.length - 1] ^= 1;
  const endless = (reply) => { const more = () => { while (reply.write(Buffer.alloc(65536))); }; reply.on('drain', more).on('error', () => {}); more(); return true; };
  const cases = {
    'wrong digest of a blob': [(q, r, kind, name) => name === layer && r.writeHead(200).end(changed), /blob sha256:.*the content is sha256/],
    'wrong digest of a manifest': [(q, r, kind) => kind === 'manifests' &&
      r.writeHead(200, { 'content-type': MANIFEST, 'docker-content-digest': `sha256:${'1'.repeat(64)}` }).end(layout.manifestBytes), /different digest/],
    'a huge manifest': [(q, r, kind) => kind === 'manifests' && endless(r.writeHead(200, { 'content-type': MANIFEST })), /larger than 4194304 bytes/],
    'a blob without an end': [(q, r, kind, name) => name === layer && endless(r.writeHead(200)), /larger than/],
    'endless headers': [(q, r, kind) => kind === 'manifests' && q.socket.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100000)}`) | 1, /headers|header/i],
    'a redirect loop': [(q, r, kind) => kind === 'blobs' && r.writeHead(302, { location: q.url }).end(), /redirects/],
    'a redirect to a file': [(q, r, kind) => kind === 'blobs' && r.writeHead(302, { location: 'file:///etc/passwd' }).end(), /not an http/],
    'no manifest': [(q, r, kind) => kind === 'manifests' && r.writeHead(200, { 'content-type': MANIFEST }).end('{"schemaVersion":2'), /manifest/],
    'a page': [(q, r, kind) => kind === 'manifests' && r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), /manifest/],
    'not there': [(q, r, kind) => kind === 'manifests' && r.writeHead(404).end(), /no such manifest/],
    'a blob that is not there': [(q, r, kind) => kind === 'blobs' && r.writeHead(404).end(), /no sha256/],
  };
  let n = 0;
  for (const [name, [hook, reason]] of Object.entries(cases)) {
    source.hook = hook;
    const i = await imported(server, { source: `${source.host}/hostile:hostile`, repository: `h${++n}` });
    source.hook = undefined;
    assert.equal(i.state, 'Failed', `${name}: ${JSON.stringify(i)}`);
    assert.match(i.reason, reason, name);
    assert.equal((await server.fetch(`/v2/h${n}/manifests/hostile`)).status, 404, name);
  }
});

test('cancelled: what was fetched goes, and it stays so', async () => {
  const layout = source.add(makeLayout([[...packages('12'), { path: 'big', content: random(1 << 19, 3) }]]), 'slow');
  const large = layout.layers[0].digest;
  let half, stalled = new Promise((done) => { half = done; });
  source.hook = (request, reply, kind, name) => name === large && (reply.writeHead(200).write(source.blobs.get(large).subarray(0, 300000), half), true);
  const uploads = () => fs.readdirSync(path.join(server.dataDir, 'uploads')).length, others = uploads();
  const begun = await ask(server, { source: `${source.host}/c:slow` });
  await stalled;
  assert.ok(uploads() > others);
  assert.equal((await server.fetch(`/api/v1/imports/${begun.id}`, { method: 'DELETE' })).status, 204);
  const i = await server.json(`/api/v1/imports/${begun.id}`);
  assert.equal(i.state, 'Cancelled');
  assert.equal((await server.fetch(`/api/v1/imports/${begun.id}`, { method: 'DELETE' })).status, 409);
  for (const end = Date.now() + 60000; uploads() > others && Date.now() < end;) await sleep(20);
  source.hook = undefined;
  assert.ok(uploads() <= others);
  assert.equal((await server.fetch('/v2/c/manifests/slow')).status, 404);
});

test('roles: who may not is refused, whose role was taken does not run on', async () => {
  const password = 'long enough, all of them', admin = async (method, target, body) => {
    const r = await server.fetch(target, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.ok(r.ok, `${target}: ${await r.text()}`);
  };
  const as = (name) => ({ fetch: (target, o = {}) => fetch(new URL(target, server.url), { ...o, headers: { ...o.headers,
    authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` } }) });
  for (const [name, role] of [['cora', 'Contributor'], ['rita', 'Reader'], ['paul', 'AcrPush']]) {
    await admin('POST', '/api/v1/users', { name, password });
    await admin('POST', '/api/v1/role-assignments', { user: name, role, scope: '/registries/local' });
  }
  const shared = source.add(makeLayout([packages('13')]), 'roles');
  assert.equal((await post(as('cora'), { source: `${source.host}/r1:roles` })).status, 202);
  for (const name of ['rita', 'paul']) assert.equal((await post(as(name), { source: `${source.host}/r2:roles` })).status, 403, name);
  assert.equal((await as('rita').fetch('/api/v1/imports')).status, 200);
  assert.equal((await as('paul').fetch('/api/v1/imports')).status, 403);
  // Who may import and not pull gets nothing of what others hold: it comes from the source, whose bytes these are.
  await admin('POST', '/api/v1/roles', { name: 'Importer', actions: ['registries/importImage/action', 'registries/read'] });
  await admin('POST', '/api/v1/users', { name: 'ines', password });
  await admin('POST', '/api/v1/role-assignments', { user: 'ines', role: 'Importer', scope: '/registries/local' });
  await until(server, (await (await server.fetch('/api/v1/imports?limit=1')).json()).items[0].id);
  const own = await until(server, (await (await post(as('ines'), { source: `${source.host}/ines:roles` })).json()).id);
  assert.deepEqual([own.state, own.bytes_fetched], ['Succeeded', shared.config.size + shared.layers[0].size], own.reason);
  assert.equal((await imported(server, { source: `${source.host}/linked:roles` })).bytes_fetched, 0);
  // Two runs are held, so that Cora's next one waits in the queue while the role goes.
  let release; const held = new Promise((done) => { release = done; });
  source.hook = async () => { await held; return false; };
  for (const n of [1, 2]) await ask(server, { source: `${source.host}/held${n}:roles` });
  const waiting = await (await post(as('cora'), { source: `${source.host}/r3:roles` })).json();
  await admin('DELETE', `/api/v1/role-assignments?user=cora&role=Contributor&scope=${encodeURIComponent('/registries/local')}`);
  release();
  source.hook = undefined;
  const i = await until(server, waiting.id);
  assert.match(`${i.state} ${i.reason}`, /Failed .*cora.* may not import/);
});

// Or another build of distribution, as by `go install github.com/distribution/distribution/v3/cmd/registry@v3.0.0`.
const distribution = process.env.PLIMSOLL_DISTRIBUTION ?? 'docker-registry';
test(`from ${distribution}, with and without credentials`, { skip: !has(distribution) && `${distribution} is not installed` }, async () => {
  const dir = tempDir('distribution'), layout = makeLayout([packages('14')]);
  const hash = run('python3', ['-W', 'ignore', '-c', 'import crypt; print(crypt.crypt("sesame", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))']).stdout.trim();
  fs.writeFileSync(path.join(dir, 'htpasswd'), `ann:${hash}\n`);
  for (const auth of [false, true]) {
    const port = await freePort();
    fs.writeFileSync(path.join(dir, 'config.yml'), `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${dir}/data}}\n` +
      `http: {addr: "127.0.0.1:${port}"}\n${auth ? `auth: {htpasswd: {realm: x, path: ${dir}/htpasswd}}\n` : ''}`);
    const child = spawn(distribution, ['serve', path.join(dir, 'config.yml')], { stdio: 'ignore' });
    try {
      for (const end = Date.now() + 60000; Date.now() < end;) if (await fetch(`http://127.0.0.1:${port}/v2/`).then(() => true, () => sleep(25))) break;
      const credentials = auth ? { username: 'ann', password: 'sesame' } : undefined;
      run('skopeo', ['copy', '-q', '--dest-tls-verify=false', ...(auth ? ['--dest-creds', 'ann:sesame'] : []), `oci:${layout.dir}:latest`,
        `docker://127.0.0.1:${port}/deb/ian:1`]);
      if (auth) assert.equal((await imported(server, { source: `127.0.0.1:${port}/deb/ian:1`, repository: 'refused' })).state, 'Failed');
      const i = await imported(server, { source: `127.0.0.1:${port}/deb/ian:1`, repository: `distribution${auth ? 2 : 1}`, credentials });
      assert.deepEqual([i.state, i.digest], ['Succeeded', layout.digest], i.reason);
    } finally { child.kill('SIGKILL'); }
  }
});

test('from another Plimsoll by its tokens; into a registry of its own', async () => {
  const other = await new Server().start();
  try {
    const layout = makeLayout([packages('15')]);
    await pushLayout(other, 'own/app', layout, 'v1');
    const made = await server.fetch('/api/v1/subscriptions/default/resource-groups/default/registries', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'second' }) });
    assert.equal(made.status, 201, await made.text());
    const i = await imported(server, { source: `${other.host}/own/app:v1`, credentials: { username: 'admin', password: other.password } }, 'second');
    assert.deepEqual([i.state, i.registry, i.digest], ['Succeeded', 'second', layout.digest], i.reason);
    assert.equal((await server.scanned('own/app', layout.digest, { registry: 'second' })).state, 'Unhealthy');
    await refused(server, { source: `${other.host}/own/app:v1`, repository: 'second/app' }, 409, /in the registry/);
    assert.deepEqual((await server.json('/api/v1/imports?registry=second')).items.map((x) => x.id), [i.id]);
  } finally { await other.stop(); }
});

test('plimsoll import: watched, listed, cancelled', async () => {
  const layout = source.add(makeLayout([packages('16')]), 'cli');
  const cli = (...args) => runAsync(program, ['import', '--server', server.url, '--username', 'admin', ...args],
    { env: { ...clock.env, PLIMSOLL_PASSWORD: server.password, XDG_CACHE_HOME: tempDir('cache') } });
  const watched = await cli(`${source.host}/x/cli:cli`, 'from/cli:1', '--tags', 'latest,1', '--watch');
  assert.deepEqual([watched.status, watched.stdout], [0, `local/from/cli@${layout.digest}\n`], watched.stderr);
  assert.deepEqual((await server.json(`/api/v1/registries/local/repositories/from/cli/images/${layout.digest}`)).tags, ['1', 'latest']);
  const again = await cli(`${source.host}/x/cli:cli`, 'from/cli:1', '--watch');
  assert.equal(again.status, 1);
  assert.match(again.stderr, /the tag "1" exists; mode Force moves it/);
  assert.equal((await cli(`${source.host}/x/cli:cli`, 'from/cli:1', '--watch', '--force')).status, 0);
  const failed = await cli(`${source.host}/x/cli:none`, '--watch');
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /Failed: .*no such manifest/);
  const queued = await cli(`${source.host}/x/cli:cli`, 'from/queued', '--source-username', 'ann', '--source-password', 'x');
  const number = /^import (\d+) is queued/.exec(queued.stdout)[1];
  await until(server, number);
  assert.match((await cli('--list')).stdout, new RegExp(`^${number} +Succeeded .*from/queued`, 'm'));
  const late = await cli('--cancel', number);
  assert.equal(late.status, 1);
  assert.match(late.stderr, /has ended/);
});
