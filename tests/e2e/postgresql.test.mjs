// A store on PostgreSQL: server and database are killed while images are pushed and while generations are switched; two folders and one database; what is
// said of a database that cannot be used. With a PostgreSQL of its own, which syncs its files.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, findingLines, makeLayout, makeVdb, osvRecord, plimsoll, program, pushLayout, root, run, runAsync, sleep, tempDir, until } from './lib.mjs';

const script = path.join(root, 'tests/postgresql');
const dir = tempDir('postgresql');
const pg = (what, ...args) => run(script, [what, dir, ...args]).stdout.trim();
const settings = ['fsync=on', 'recovery_init_sync_method=syncfs'];
const started = run(script, ['start', dir, ...settings], { check: false });
const skip = started.status === 77 ? 'no PostgreSQL here' : false;
if (!skip) assert.equal(started.status, 0, started.stderr);
after(() => { if (!skip) pg('stop'); });

const names = ['openssl', 'bash', 'zlib', 'curl', 'tar', 'gzip', 'sed', 'perl'];
const records = (year, some) => some.map((name, i) => osvRecord(`CVE-${year}-1${i}`, [{ ecosystem: 'Debian:12', name, fixed: `1.${3 + i}` }], { severity: i % 2 ? 'HIGH' : 'LOW' }));
let vdbs, made = 0;
before(() => { if (!skip) vdbs = [makeVdb(records(2024, names.slice(0, 5))), makeVdb(records(2025, names.slice(2)))]; });
const makeImage = () => {
  const n = ++made;
  return makeLayout([[debianRelease(), dpkgStatus(names.map((name, i) => ({ name, version: `1.${(n + i) % 9}` }))), { path: 'opt/n', content: `${n}` }]], { tag: `t${n}` });
};
const expected = (layout, vdb) =>
  findingLines(JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'json', '--no-cache', '--quiet']).stdout).findings);
const freePort = () => new Promise((done) => {
  const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); });
});
const ready = async (server) => (await server.fetch('/readyz').catch(() => ({}))).status === 200;

/** Push until told to stop; what was acknowledged is in images. A request may fail: then its reply says that it is not the client's fault. An upload
 * session that had begun may be gone (docs/decisions/durability.md): the blob is uploaded again. */
async function pushOn(server, repository, images, state) {
  while (!state.stop) {
    const layout = makeImage();
    try {
      await pushLayout(server, repository, layout);
      images.push({ repository, layout });
    } catch (e) {
      assert.match(`${e.message} ${e.cause?.code ?? ''}`, /: 503 |: 404 .*BLOB_UPLOAD_UNKNOWN|fetch failed|ECONN|terminated|socket/, server.output);
      await sleep(50);
    }
  }
}
async function check(server, images, vdb) {
  for (const { repository, layout } of images) {
    const r = await server.fetch(`/v2/${repository}/manifests/${layout.digest}`, { headers: { accept: '*/*' } });
    assert.deepEqual(Buffer.from(await r.arrayBuffer()), layout.manifestBytes, `${repository}@${layout.digest} was acknowledged`);
    for (const { digest, size } of [...layout.layers, layout.config])
      assert.equal((await (await server.fetch(`/v2/${repository}/blobs/${digest}`)).arrayBuffer()).byteLength, size);
    await server.scanned(repository, layout.digest);
  }
  // A switch that was interrupted is tried again after a while.
  const { repository, layout } = images[0], want = JSON.stringify(expected(layout, vdb));
  await until('the findings', async () => {
    if (JSON.stringify(findingLines(await server.findings(repository, layout.digest))) === want) return true;
    clock.advance(500);
    return false;
  });
}

test('killed while images are pushed: nothing acknowledged is lost, and all goes on by itself', { skip }, async () => {
  const server = await new Server({ args: ['--store', pg('create', 'pushes'), '--vdb', vdbs[0]] }).start();
  const images = [], state = { stop: false };
  const clients = ['a/one', 'a/two', 'b/three'].map((repository) => pushOn(server, repository, images, state));
  try {
    for (let kill = 0; kill < 3; kill++) {
      const had = images.length;
      await until('an image more', () => images.length > had + 3);
      await sleep((kill * 37) % 100);
      if (kill % 2 === 0) {
        pg('kill');
        await sleep(kill === 0 ? 1500 : 100);
        if (kill === 0) assert.equal((await server.fetch('/readyz')).status, 503, 'no database');
        pg('again', ...settings);
        await until('ready again by itself', () => ready(server));
      } else {
        await server.kill();
        await server.start();
      }
    }
    state.stop = true;
    await Promise.all(clients);
    await check(server, images, vdbs[0]);
  } finally {
    state.stop = true;
    await server.stop();
  }
});

test('killed while generations are switched: the next one is whole', { skip }, async () => {
  const server = await new Server({ args: ['--store', pg('create', 'switches'), '--vdb', vdbs[0]] }).start();
  const images = [];
  try {
    for (let i = 0; i < 12; i++) {
      images.push({ repository: `s/r${i % 3}`, layout: makeImage() });
      await pushLayout(server, `s/r${i % 3}`, images.at(-1).layout);
    }
    for (const { repository, layout } of images) await server.scanned(repository, layout.digest);
    await server.stop();
    for (let i = 1; i <= 2; i++) {
      // The database dies while a start switches to another generation, and then the server, too.
      server.options.args[3] = vdbs[i % 2];
      const port = await freePort();
      const starting = server.start(['--listen', `127.0.0.1:${port}`]).catch(() => null);
      while ((await fetch(`http://127.0.0.1:${port}/livez`).catch(() => ({}))).status !== 200) await sleep(1);
      await sleep(10 * (i - 1));
      pg('kill');
      if (i % 2) await server.kill();
      pg('again', ...settings);
      await starting;
      if (i % 2) await server.start();
      await until('ready', () => ready(server));
      await check(server, images, vdbs[i % 2]);
      await server.stop();
    }
  } finally { await server.stop(); }
});

test('a database belongs to one folder, and a folder to one database', { skip }, async () => {
  const store = pg('create', 'first'), other = pg('create', 'second');
  const serve = (data, ...args) => runAsync(program, ['serve', '--data-dir', data, '--listen', '127.0.0.1:0', '--feeds-every', '0', ...args], { env: clock.env });
  const server = await new Server({ args: ['--store', store] }).start();
  const layout = makeImage(), stranger = tempDir('stranger');
  await pushLayout(server, 'kept/a', layout);
  let r = await serve(stranger, '--store', store);
  assert.equal(r.status, 1);
  assert.match(r.stderr, /postgresql:.*first.*another data folder: .*plimsoll-data.* on host .*this one is .*plimsoll-stranger/);
  assert.ok(!fs.existsSync(path.join(stranger, 'store')), 'it is not remembered');
  await server.stop();
  r = await serve(server.dataDir, '--store', other);
  assert.equal(r.status, 1);
  assert.match(r.stderr, /second.*knows nothing of the data folder .*restore a dump/);
  // Moved whole, both are found again; so are a folder's copy and a dump's.
  r = await runAsync(program, ['backup', path.join(stranger, 'b'), '--data-dir', server.dataDir]);
  assert.match(r.stderr, /pg_dump --format=custom --dbname='postgresql:/);
  const dump = path.join(stranger, 'dump'), command = /(pg_dump .*'), then/.exec(r.stderr)[1];
  run('sh', ['-c', `${command} --file=${dump}`]);
  const moved = path.join(tempDir('moved'), 'data');
  fs.cpSync(server.dataDir, moved, { recursive: true });
  run('pg_restore', ['--dbname', other, '--exit-on-error', '--no-owner', dump]);
  const again = await new Server({ dataDir: moved, password: server.password, args: ['--store', other] }).start();
  assert.deepEqual((await again.json('/api/v1/registries/local/repositories/kept/a/images')).items.map((x) => x.digest), [layout.digest]);
  assert.equal((await again.fetch('/v2/kept/a/manifests/' + layout.tag)).status, 200);
  await again.stop();
  // fsck works on either.
  r = await runAsync(program, ['fsck', moved]);
  assert.equal(r.status, 0, r.stdout + r.stderr);
  const [file] = run('find', [path.join(moved, 'blobs'), '-type', 'f', '-size', '+0']).stdout.trim().split('\n');
  fs.appendFileSync(file, 'x');
  r = await runAsync(program, ['fsck', moved]);
  assert.equal(r.status, 2);
  assert.match(r.stdout, /another length/);
  r = plimsoll(['user', 'passwd', 'admin', '--data-dir', moved, '--generate'], { check: false });
  assert.equal(r.status, 0, r.stderr);
});

test('a folder moves to a server and back: nothing is lost, whenever it is killed', { skip }, async () => {
  const address = pg('create', 'moving'), dataDir = tempDir('moving'), images = [];
  const move = (to, options = {}) => runAsync(program, ['database', 'move', to, '--data-dir', dataDir], options);
  const begin = async (password) => new Server({ dataDir, password, args: ['--vdb', vdbs[0]] }).start();
  let server = await begin(), r = await move(address);
  assert.equal(r.status, 1);
  assert.match(r.stderr, /in use by a running server: stop it first/);
  made = 9 * Math.ceil(made / 9); // versions go round by nine, and the tests before made as many images as they had time for: two of the next three have findings
  for (let i = 0; i < 3; i++) {
    images.push({ repository: `moving/${i}`, layout: makeImage() });
    await pushLayout(server, images[i].repository, images[i].layout);
    await server.scanned(images[i].repository, images[i].layout.digest);
  }
  const users = await server.json('/api/v1/users'), { password } = server;
  const lists = async () => ({
    users: await server.json('/api/v1/users'), findings: await server.json('/api/v1/findings?limit=500'), registries: await server.json('/api/v1/registries'),
    checks: await server.json('/api/v1/checks?limit=200'), scans: (await server.json('/api/v1/scans')).items.map((s) => s.id),
  });
  // A denial whose scope is no text: the logs' chains are over what either engine keeps.
  await server.json('/api/v1/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'guest', password: 'long enough, guest' }) });
  const guest = { authorization: `Basic ${Buffer.from('guest:long enough, guest').toString('base64')}` };
  const denied = await fetch(new URL('/api/v1/registries/%ff%c3%28', server.url), { method: 'DELETE', headers: guest });
  assert.equal(denied.status, 403, await denied.text());
  const chains = () => {
    for (const log of [[], ['--denials']]) {
      const said = plimsoll(['audit', 'verify', ...log, '--server', server.url, '--username', 'admin'], { env: { PLIMSOLL_PASSWORD: password } }).stdout;
      assert.match(said, /^[1-9]\d* entr.*, whole from the first one/);
    }
  };
  chains();
  const before = await lists();
  assert.equal(before.findings.items.length, 10);
  assert.equal(users.items.length, 1);
  await server.stop();
  // Killed at any time: the next one does it all.
  for (const ms of [5, 40, 120]) {
    const child = runAsync(program, ['database', 'move', address, '--data-dir', dataDir], { timeout: ms, killSignal: 'SIGKILL' });
    await child.catch(() => {});
    if (fs.existsSync(path.join(dataDir, 'store'))) break; // it was done before
  }
  if (fs.existsSync(path.join(dataDir, 'plimsoll.db'))) {
    r = await move(address);
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stderr, /manifest: 3 rows[^]*rows of \d+ tables are at postgresql:.*plimsoll\.db\.moved/);
  }
  assert.ok(!fs.existsSync(path.join(dataDir, 'plimsoll.db')) && fs.existsSync(path.join(dataDir, 'plimsoll.db.moved')));
  server = await begin(password);
  assert.deepEqual(await lists(), before);
  chains();
  images.push({ repository: 'moving/later', layout: makeImage() });
  await pushLayout(server, 'moving/later', images[3].layout);
  await check(server, images, vdbs[0]);
  const later = await lists();
  await server.stop();
  r = await move(address);
  assert.match(r.stderr, /its database is on a server already/);
  // Back, from between its two last steps.
  r = await move('file');
  assert.equal(r.status, 0, r.stderr);
  assert.ok(!fs.existsSync(path.join(dataDir, 'store')));
  fs.writeFileSync(path.join(dataDir, 'store'), address);
  r = await runAsync(program, ['serve', '--data-dir', dataDir, '--listen', '127.0.0.1:0']);
  assert.match(r.stderr, /has a database of its own .*plimsoll database move/);
  r = await move('file');
  assert.equal(r.status, 0, r.stderr);
  server = await begin(password);
  assert.deepEqual(await lists(), later);
  chains();
  await check(server, images, vdbs[0]);
  await server.stop();
  r = await move('file');
  assert.match(r.stderr, /its database is its file already/);
  const others = pg('create', 'others');
  r = await move(others);
  assert.equal(r.status, 0, r.stderr);
  // The first reads need not look at each row whether they may see it.
  assert.equal(run('psql', ['-X', '-q', '-A', '-t', '-d', others, '-c',
    "SELECT relallvisible = relpages AND relpages > 0 FROM pg_class WHERE relname = 'scope'"]).stdout.trim(), 't');
});

test('a database that cannot be used: said where and what', { skip }, async () => {
  const address = pg('create', 'third'), at = (name) => address.replace('/third?', `/${name}?`);
  run('psql', ['-X', '-q', '-d', address, '-c', `CREATE DATABASE german TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'`]);
  for (const [store, says] of [
    [at('none'), /postgresql:.*none.*database "none" does not exist/],
    [at('german'), /german.*CREATE DATABASE NAME TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'/],
    [address.replace('plimsoll@', 'nobody:secret@'), /^(?!.*secret).*role "nobody" does not exist/],
    ['postgresql://a@127.0.0.1:1/b', /127\.0\.0\.1.*port 1 .*refused/i],
    ['mysql://a/b', /store: postgresql:\/\/USER@HOST\/NAME/],
  ]) {
    const r = await runAsync(program, ['serve', '--data-dir', tempDir('x'), '--listen', '127.0.0.1:0', '--feeds-every', '0', '--store', store]);
    assert.equal(r.status, 1, store);
    assert.match(r.stderr, says);
  }
});
