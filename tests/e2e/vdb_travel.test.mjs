// Databases travel: signed, pushed to a registry, pulled from it by a delta or whole, kept, and asked for as of a day.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, has, makeLayout, osvRecord, plimsoll, program, pushLayout, root, runAsync, sha256, sleep, tempDir } from './lib.mjs';

/** A database of feeds that were fetched that day: records are [id, package, fixed]. */
function vdbOf(day, records) {
  const dir = tempDir('osv'), out = path.join(tempDir('vdb'), 'test.vdb'), at = new Date(`${day}T12:00:00Z`);
  for (const [id, name, fixed] of records) {
    const r = { ...osvRecord(id, [{ ecosystem: 'Debian:12', name, fixed }], { severity: 'HIGH' }), modified: '2026-10-01T00:00:00Z' };
    fs.writeFileSync(path.join(dir, `${id}.json`), JSON.stringify(r));
    fs.utimesSync(path.join(dir, `${id}.json`), at, at);
  }
  plimsoll(['vdb', 'build', '-q', '--out', out, `osv=${dir}`]);
  return out;
}
const many = (n) => Array.from({ length: n }, (_, i) => [`CVE-2025-${i}`, `lib${i}`, `${i}.1`]);
const days = ['2026-11-01', '2026-11-02', '2026-11-03'];
const bytes = (file) => fs.readFileSync(file);
let server, env, keys, old, now, newest;
before(async () => {
  server = await new Server().start();
  env = { PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password };
  keys = path.join(tempDir('keys'), 'db');
  plimsoll(['vdb', 'keygen', '--out', keys]);
  [old, now, newest] = [vdbOf(days[0], many(300)), vdbOf(days[1], [...many(300), ['CVE-2026-1', 'bash', '6']]),
    vdbOf(days[2], [...many(299), ['CVE-2026-1', 'bash', '6']])];
  for (const file of [old, now, newest]) {
    plimsoll(['vdb', 'sign', file, '--key', `${keys}.key`]);
    clock.advance(1000);
  }
});
after(() => server?.stop());
const ref = (name, tag = 'latest') => `${server.host}/${name}:${tag}`;
const push = (name, file, ...bases) => plimsoll(['vdb', 'push', ref(name), file, ...bases], { env }).stdout.trim();
const pull = (name, to, args = [], options = {}) => plimsoll(['vdb', 'pull', ref(name), '--to', to, ...args], { env: { ...env, ...options.env }, check: options.check });
const refused = (name, to, args, says) => {
  const before = bytes(to), r = pull(name, to, args, { check: false });
  assert.equal(r.status, 1);
  assert.match(r.stderr, says);
  assert.deepEqual(bytes(to), before, 'the file stays');
};

test('keys and signatures are ones that others read, and a key is not overwritten', () => {
  assert.equal(fs.statSync(`${keys}.key`).mode & 0o777, 0o600);
  assert.match(plimsoll(['vdb', 'keygen', '--out', keys], { check: false }).stderr, /exists/);
  const text = fs.readFileSync(`${old}.sig`, 'utf8'), at = text.indexOf('signature: ');
  assert.ok(text.includes(`file: ${sha256(bytes(old))}\n`) && text.includes('name: plimsoll\n'));
  assert.ok(verify(null, Buffer.from(text.slice(0, at)), createPublicKey(bytes(`${keys}.pub`)), Buffer.from(text.slice(at + 11), 'base64')));
  assert.match(plimsoll(['vdb', 'verify', old, '--vdb-key', `${keys}.pub`]).stdout, /signed as "plimsoll" at 2026-/);
});

test('a database without a good signature is not used where a key is configured', () => {
  const dir = tempDir(), copy = path.join(dir, 'copy.vdb'), other = path.join(dir, 'other');
  const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }])]]);
  plimsoll(['vdb', 'keygen', '--out', other]);
  const scan = (...args) => plimsoll(['scan', '--input', layout.dir, '--vdb', copy, '--vdb-key', `${keys}.pub`, ...args], { check: false });
  fs.copyFileSync(now, copy);
  assert.match(scan().stderr, /copy\.vdb: not signed/);
  fs.copyFileSync(`${old}.sig`, `${copy}.sig`);
  assert.match(scan().stderr, /of another file/);
  fs.copyFileSync(`${now}.sig`, `${copy}.sig`);
  assert.match(scan('--vdb-name', 'other').stderr, /named "plimsoll", not of "other"/);
  assert.match(scan('--vdb-key', `${other}.pub`).stderr, /not of a key that is trusted/);
  assert.match(scan('--vdb-key', path.join(dir, 'nothing')).stderr, /--vdb-key.*no such file/i);
  assert.match(scan().stdout, /CVE-2026-1/);
  fs.appendFileSync(copy, 'x');
  assert.equal(scan().status, 1);
});

test('pushed, it is an artifact of one layer, and never an image', async () => {
  const digest = push('team/vdb', now, old);
  const m = await (await server.fetch(`/v2/team/vdb/manifests/${digest}`, { headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } })).json();
  assert.equal(m.artifactType, 'application/vnd.plimsoll.vdb.v1');
  assert.deepEqual(m.layers.map((l) => l.mediaType), ['application/vnd.plimsoll.vdb.v1+zstd']);
  assert.deepEqual([m.annotations['vnd.plimsoll.vdb.file'], m.annotations['vnd.plimsoll.vdb.length']], [sha256(bytes(now)), `${bytes(now).length}`]);
  const packed = Buffer.from(await (await server.fetch(`/v2/team/vdb/blobs/${m.layers[0].digest}`)).arrayBuffer());
  if (has('zstd')) assert.deepEqual(spawnSync('zstd', ['-d', '-c'], { input: packed, maxBuffer: 1 << 26 }).stdout, bytes(now), 'by the program of others');
  assert.equal(m.config.mediaType, 'application/vnd.oci.empty.v1+json');
  assert.equal(m.annotations['vnd.plimsoll.vdb.signature'], fs.readFileSync(`${now}.sig`, 'utf8'));
  assert.match(m.annotations['vnd.plimsoll.vdb.feed.osv'], /^2026-11-02T12:00:00/);
  const { tags } = await (await server.fetch('/v2/team/vdb/tags/list')).json();
  assert.deepEqual(tags.map((t) => t.replace(/[0-9a-f]{20}/g, 'X')), ['delta-X-X', 'latest']);
  const delta = (await server.fetch(`/v2/team/vdb/manifests/${tags[0]}`, { method: 'HEAD' })).headers.get('docker-content-digest');
  for (const pushed of [digest, delta]) await server.scanned('team/vdb', pushed); // its row says what it is
  const rows = await server.all('/api/v1/registries/local/repositories/team%2Fvdb/images');
  assert.deepEqual([...new Set(rows.map((i) => i.kind))], ['artifact']);
  assert.deepEqual(await server.all('/api/v1/registries/local/repositories/team%2Fvdb/images?kind=image'), []);
});

test('pulled whole, then by a delta, bit for bit, and then not at all', () => {
  const to = path.join(tempDir(), 'a/b/local.vdb'), signed = ['--vdb-key', `${keys}.pub`];
  push('team/steps', old);
  assert.match(pull('team/steps', to, signed).stdout, /replaced \(\d+ bytes, the whole file\)/);
  assert.deepEqual([bytes(to), bytes(`${to}.sig`)], [bytes(old), bytes(`${old}.sig`)]);
  push('team/steps', now, old);
  const said = /replaced \((\d+) bytes, a delta\)/.exec(pull('team/steps', to, signed).stdout);
  assert.ok(Number(said[1]) < bytes(now).length / 10);
  assert.deepEqual([bytes(to), bytes(`${to}.sig`)], [bytes(now), bytes(`${now}.sig`)]);
  fs.rmSync(`${to}.sig`);
  assert.match(pull('team/steps', to, signed).stdout, /up to date/);
  assert.deepEqual(bytes(`${to}.sig`), bytes(`${now}.sig`), 'a crash before the signature was written');
  assert.deepEqual(fs.readdirSync(path.dirname(to)).sort(), ['local.vdb', 'local.vdb.sig']);
});

test('an older database, an unsigned one and one of another key or name are refused', () => {
  const to = path.join(tempDir(), 'local.vdb'), signed = ['--vdb-key', `${keys}.pub`], other = path.join(tempDir(), 'other');
  plimsoll(['vdb', 'keygen', '--out', other]);
  push('team/back', now);
  pull('team/back', to, signed);
  push('team/back', old);
  refused('team/back', to, signed, /older than the one in use.*--allow-older/);
  refused('team/back', to, [], /older than the one in use/);
  const bare = path.join(tempDir(), 'bare.vdb');
  fs.copyFileSync(newest, bare);
  push('team/bare', bare);
  refused('team/bare', to, signed, /has no signature/);
  refused('team/steps', to, ['--vdb-key', `${other}.pub`], /not of a key that is trusted/);
  refused('team/steps', to, [...signed, '--vdb-name', 'other'], /named "plimsoll"/);
  assert.match(pull('team/back', to, [...signed, '--allow-older']).stdout, /replaced/);
  assert.deepEqual(bytes(to), bytes(old));
  // What was signed later is newer, whatever the feeds say of their times.
  const layout = makeLayout([[debianRelease()]]);
  plimsoll(['scan', '--input', layout.dir, '--vdb', to, ...signed]);
});

test('an image and a damaged push are no databases', async () => {
  const to = path.join(tempDir(), 'local.vdb');
  fs.copyFileSync(old, to);
  const layout = makeLayout([[debianRelease()]]);
  await pushLayout(server, 'team/app', layout);
  refused('team/app', to, [], /not a vulnerability database: an artifact of type/);
  refused('team/nothing', to, [], /no such manifest|denied/);
  const bad = path.join(tempDir(), 'bad.vdb');
  fs.writeFileSync(bad, bytes(now).subarray(0, -1));
  assert.match(plimsoll(['vdb', 'push', ref('team/bad'), bad], { env, check: false }).stderr, /truncated/);
  fs.copyFileSync(now, bad);
  fs.copyFileSync(`${old}.sig`, `${bad}.sig`);
  assert.match(plimsoll(['vdb', 'push', ref('team/bad'), bad], { env, check: false }).stderr, /of another file/);
});

test('an artifact that says other things than its layer is refused', async () => {
  const to = path.join(tempDir(), 'local.vdb');
  fs.copyFileSync(old, to);
  const type = 'application/vnd.oci.image.manifest.v1+json', digest = push('team/false', now);
  const said = await (await server.fetch(`/v2/team/false/manifests/${digest}`)).json();
  const note = (key, value) => ({ ...said, annotations: { ...said.annotations, [`vnd.plimsoll.vdb.${key}`]: value } });
  for (const [m, says] of [[note('length', '1000'), /more than was stated/], [note('length', `${2 ** 40}`), /more than 4294967296/], [note('file', sha256('x')), /different digest/], [note('file', 'x'), /does not say/],
    [note('length', `${bytes(now).length + 1}`), /different digest/], [{ ...said, layers: [{ ...said.layers[0], mediaType: 'application/x' }] }, /a newer Plimsoll/], [{ ...said, layers: [] }, /not a vulnerability database/]]) {
    const r = await server.fetch('/v2/team/false/manifests/latest', { method: 'PUT', headers: { 'content-type': type }, body: JSON.stringify(m) });
    assert.equal(r.status, 201, await r.text());
    refused('team/false', to, [], says);
    if (m !== said && m.layers[0]?.mediaType.endsWith('zstd')) refused('team/false', to, ['--vdb-key', `${keys}.pub`], /./);
    assert.deepEqual(fs.readdirSync(path.dirname(to)), ['local.vdb'], 'nothing is left');
  }
});

/** A registry between the client and ours: change(request, its reply's body) may alter or cut what is sent. */
async function between(change) {
  const proxy = http.createServer((request, reply) => {
    const onward = http.request(new URL(request.url, server.url), { method: request.method, headers: { ...request.headers, host: new URL(server.url).host } }, (from) => {
      const parts = [];
      from.on('data', (d) => parts.push(d));
      from.on('end', () => {
        const { body = Buffer.concat(parts), cut, hang, status = from.statusCode } = change(request, Buffer.concat(parts)) ?? {};
        const headers = { ...from.headers, 'content-length': body.length };
        reply.writeHead(status, headers);
        if (cut === undefined) return reply.end(body);
        reply.write(body.subarray(0, cut), () => hang || setImmediate(() => reply.destroy()));
      });
    });
    request.pipe(onward);
  });
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  return { host: `127.0.0.1:${proxy.address().port}`, close: () => { proxy.closeAllConnections(); proxy.close(); } };
}
const isBlob = (request, size) => (body) => request.method === 'GET' && request.url.includes('/blobs/') && body.length > size;

test('a delta that lies or is gone costs a whole download and no more; one that breaks off is continued', async () => {
  const to = path.join(tempDir(), 'local.vdb');
  push('team/lies', now, old);
  for (const change of [(body) => ({ body: Buffer.from(body.map((b, i) => (i === 200 ? b ^ 1 : b))) }), (body) => ({ body, status: 404 }), (body) => ({ body, cut: 100 })]) {
    const proxy = await between((request, body) => (request.url.includes('/blobs/') && body.subarray(0, 7).equals(Buffer.from('PLIMVDD')) ? change(body) : undefined));
    try {
      fs.copyFileSync(old, to);
      const r = await runAsync(program, ['vdb', 'pull', `${proxy.host}/team/lies:latest`, '--to', to], { env: { ...clock.env, ...env } });
      assert.match(r.stdout, change(Buffer.alloc(0)).cut ? /a delta\)/ : /the whole file\)/);
      assert.match(r.stderr, change(Buffer.alloc(0)).cut || change(Buffer.alloc(0)).status ? /^$/ : /the whole file was fetched: .*different digest/);
      assert.deepEqual(bytes(to), bytes(now));
    } finally { proxy.close(); }
  }
});

test('cut off or killed in the middle, the old file stays, and the rest is fetched later', async () => {
  const to = path.join(tempDir(), 'local.vdb'), digest = push('team/cut', now);
  const half = Math.floor((await (await server.fetch(`/v2/team/cut/manifests/${digest}`)).json()).layers[0].size / 2);
  for (const hang of [false, true]) {
    let asked = 0, ranges = 0;
    const proxy = await between((request, body) => {
      if (!isBlob(request, half / 2)(body)) return undefined;
      ranges += Number(Boolean(request.headers.range));
      return asked++ < (hang ? 1 : 4) ? { body, cut: request.headers.range ? 0 : half, hang } : undefined;
    });
    try {
      fs.copyFileSync(old, to);
      const args = ['vdb', 'pull', `${proxy.host}/team/cut:latest`, '--to', to];
      const part = () => fs.readdirSync(path.dirname(to)).find((name) => name.startsWith('local.vdb.part-'));
      if (hang) {
        const child = spawn(program, args, { env: { ...process.env, ...clock.env, ...env }, stdio: 'ignore' });
        const ended = new Promise((done) => child.on('exit', done));
        for (const until = Date.now() + 60000; Date.now() < until && !(part() && fs.statSync(path.join(path.dirname(to), part())).size === half);) await sleep(20);
        child.kill('SIGKILL');
        await ended;
      } else {
        const r = await runAsync(program, args, { env: { ...clock.env, ...env } });
        assert.equal(r.status, 1, r.stderr);
      }
      assert.deepEqual(bytes(to), bytes(old));
      assert.ok(part(), 'what was fetched is there');
      const r = await runAsync(program, args, { env: { ...clock.env, ...env } });
      assert.equal(r.status, 0, r.stderr);
      assert.ok(ranges > 0, 'only the rest was asked for');
      assert.deepEqual(bytes(to), bytes(now));
      assert.equal(part(), undefined);
    } finally { proxy.close(); }
  }
});

test('a delta by hand, for a file that is carried', () => {
  const dir = tempDir(), delta = path.join(dir, 'delta'), out = path.join(dir, 'out.vdb');
  assert.match(plimsoll(['vdb', 'delta', old, newest, '--out', delta]).stdout, /% of the file/);
  plimsoll(['vdb', 'apply', old, delta, '--out', out]);
  assert.deepEqual(bytes(out), bytes(newest));
  assert.match(plimsoll(['vdb', 'apply', now, delta, '--out', out], { check: false }).stderr, /delta: the delta is for generation/);
});

test('another make of registry holds it as well', { skip: has('docker-registry') ? false : 'docker-registry is absent' }, async () => {
  const dir = tempDir('distribution'), to = path.join(dir, 'local.vdb');
  fs.writeFileSync(path.join(dir, 'config.yml'), JSON.stringify({ version: 0.1, log: { level: 'error' }, storage: { filesystem: { rootdirectory: path.join(dir, 'data') } }, http: { addr: '127.0.0.1:0' } }));
  const port = await new Promise((done) => { const s = http.createServer().listen(0, '127.0.0.1', () => { const { port: free } = s.address(); s.close(() => done(free)); }); });
  fs.writeFileSync(path.join(dir, 'config.yml'), fs.readFileSync(path.join(dir, 'config.yml'), 'utf8').replace('127.0.0.1:0', `127.0.0.1:${port}`));
  const child = spawn('docker-registry', ['serve', path.join(dir, 'config.yml')], { stdio: 'ignore' });
  try {
    for (const until = Date.now() + 60000; Date.now() < until; await sleep(50))
      if ((await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => null))?.ok) break;
    const at = `127.0.0.1:${port}/vdb:latest`;
    plimsoll(['vdb', 'push', at, old]);
    plimsoll(['vdb', 'pull', at, '--to', to, '--vdb-key', `${keys}.pub`]);
    plimsoll(['vdb', 'push', at, now, old]);
    assert.match(plimsoll(['vdb', 'pull', at, '--to', to, '--vdb-key', `${keys}.pub`]).stdout, /a delta/);
    assert.deepEqual(bytes(to), bytes(now));
  } finally { child.kill(); }
});

test('replaced databases are kept: as of a day, and since when', () => {
  const to = path.join(tempDir(), 'local.vdb'), layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }, { name: 'lib299', version: '1' }])]]);
  const scan = (...args) => plimsoll(['scan', '--input', layout.dir, '--format', 'json', ...args], { check: false });
  const ids = (...args) => JSON.parse(scan(...args).stdout).findings.map((f) => f.advisory).sort();
  for (const file of [old, now, newest]) {
    push('team/kept', file);
    pull('team/kept', to, ['--keep', '5', '--vdb-key', `${keys}.pub`]);
  }
  const rows = JSON.parse(plimsoll(['vdb', 'list', to, '--format', 'json']).stdout);
  assert.deepEqual(rows.map((r) => [r.built_at.slice(0, 10), r.signed]), days.toReversed().map((day) => [day, true]));
  assert.deepEqual(ids('--vdb', to), ['CVE-2026-1']);
  assert.deepEqual(ids('--vdb', to, '--as-of', '2026-11-02', '--vdb-key', `${keys}.pub`), ['CVE-2025-299', 'CVE-2026-1']);
  assert.deepEqual(ids('--vdb', to, '--as-of', '2026-11-02T11:59:59Z'), ['CVE-2025-299']);
  assert.deepEqual(ids('--vdb', `${to}.kept`), ['CVE-2025-299', 'CVE-2026-1'], 'the newest of a folder');
  assert.match(scan('--vdb', to, '--as-of', '2026-10-31').stderr, /no database is so old: the oldest is of 2026-11-01T12:00:00/);
  assert.match(scan('--vdb', to, '--as-of', 'yesterday').stderr, /--as-of: "yesterday" is not a day/);
  const why = (id, ...args) => plimsoll(['why', id, '--input', layout.dir, '--vdb', to, ...args]).stdout;
  assert.match(why('CVE-2026-1'), /known since: 2026-11-02T12:00:00[^\n]*the first of 3 databases[^\n]*\nreported since: 2026-11-02/);
  assert.match(why('CVE-2025-1'), /known since: 2026-11-01T12:00:00[^\n]*the oldest of 3/);
  assert.doesNotMatch(why('CVE-2025-1'), /reported since/);
  assert.doesNotMatch(why('CVE-2026-1', '--as-of', '2026-11-01'), /since/);
  push('team/kept', vdbOf('2026-11-04', many(2)));
  pull('team/kept', to, ['--keep', '1']);
  assert.deepEqual(JSON.parse(plimsoll(['vdb', 'list', to, '--format', 'json']).stdout).map((r) => r.built_at.slice(0, 10)), ['2026-11-04', '2026-11-03']);
});

test('a server follows a reference, keeps older databases, and stays with what it has when the next one is refused', async () => {
  const config = tempDir('docker');
  fs.writeFileSync(path.join(config, 'config.json'), JSON.stringify({ auths: { [server.host]: { auth: Buffer.from(`admin:${server.password}`).toString('base64') } } }));
  const follower = new Server({ env: { DOCKER_CONFIG: config, REGISTRY_AUTH_FILE: '' }, args: ['--vdb-source', `oci://${ref('team/follow')}`, '--vdb-key', `${keys}.pub`] });
  const current = async () => (await (await follower.fetch('/api/v1/vulndb')).json()).digest;
  const generation = (file) => JSON.parse(plimsoll(['vdb', 'info', file, '--format', 'json']).stdout).digest;
  const says = async (what) => {
    await follower.fetch('/api/v1/vulndb:update', { method: 'POST' });
    for (const until = Date.now() + 60000; !(await what()); await sleep(20)) assert.ok(Date.now() < until, follower.output);
  };
  push('team/follow', old);
  await follower.start();
  try {
    for (const file of [old, now]) {
      push('team/follow', file, old);
      await says(async () => await current() === generation(file));
    }
    push('team/follow', old);
    await says(() => /older than the one in use[^\n]*; the one in use stays, it is of \d+ hours ago/.test(follower.output));
    const bare = path.join(tempDir(), 'bare.vdb');
    fs.copyFileSync(newest, bare);
    push('team/follow', bare);
    await says(() => /has no signature; the one in use stays/.test(follower.output));
    assert.equal(await current(), generation(now));
    push('team/follow', newest, now);
    await says(async () => await current() === generation(newest));
    const rows = JSON.parse(plimsoll(['vdb', 'list', follower.dataDir, '--format', 'json']).stdout);
    assert.deepEqual(rows.map((r) => [r.digest, r.signed]), [newest, now, old].map((file) => [generation(file), true]));
    const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }])]]);
    assert.doesNotMatch(plimsoll(['scan', '--input', layout.dir, '--vdb', follower.dataDir, '--as-of', days[0]]).stdout, /CVE-2026-1/);
    await follower.stop();
    assert.match((await runAsync(program, ['serve', '--data-dir', tempDir('data'), '--listen', '127.0.0.1:0', '--vdb', bare, '--vdb-key', `${keys}.pub`], { env: clock.env })).stderr, /bare\.vdb: not signed/);
  } finally { await follower.stop(); }
});

test('the script that publishes: built of feeds, signed, pushed, pulled by others', async () => {
  const feed = http.createServer((request, reply) => reply.end(JSON.stringify(osvRecord('CVE-2026-7', [{ ecosystem: 'Debian:12', name: 'bash' }]))));
  await new Promise((done) => feed.listen(0, '127.0.0.1', done));
  const folder = tempDir('publish'), to = path.join(tempDir(), 'local.vdb');
  try {
    const r = await runAsync(path.join(root, 'tools/publish-vdb'), [`${server.host}/team/published`, `${keys}.key`, folder],
      { env: { ...env, PLIMSOLL: program, FEEDS: `osv=http://127.0.0.1:${feed.address().port}/one.json`, XDG_CACHE_HOME: tempDir('cache') } });
    assert.equal(r.status, 0, r.stderr);
    pull('team/published', to, ['--vdb-key', `${keys}.pub`]);
    assert.match(plimsoll(['vdb', 'query', to, '--id', 'CVE-2026-7']).stdout, /CVE-2026-7/);
    const { tags } = await (await server.fetch('/v2/team/published/tags/list')).json();
    assert.ok(tags.length === 2 && /^\d{8}-(00|06|12|18)$/.test(tags[0]) && tags[1] === 'latest', `${tags}`);
  } finally { feed.close(); }
});
