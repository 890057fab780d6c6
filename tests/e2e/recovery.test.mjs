// Every fault ends with the server well and no hand: a database that is not found at one start, a folder that moves, feeds out of reach, a switch or a download that is
// interrupted, programs that are replaced, images that want more than their share.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { Server, build, built, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout, sha256, tempDir, until } from './lib.mjs';

const vdb = makeVdb(['p1', 'p7'].map((name) => osvRecord(`CVE-2026-${name.slice(1)}`, [{ ecosystem: 'Debian:12', name, fixed: '2.0' }], { severity: 'HIGH' })));
const image = (name, more = '') => makeLayout([[debianRelease(), dpkgStatus([{ name, version: '1.0' }]), { path: 'opt/x', content: `${name}${more}` }]], { tag: 'v1' });
const imageOf = (server, repository, layout) => server.json(`/api/v1/registries/local/repositories/${repository}/images/${layout.digest}`);
const generationFile = (dataDir) => {
  const names = fs.readdirSync(path.join(dataDir, 'vdb')).filter((n) => /^vdb-.*\.vdb$/.test(n));
  assert.equal(names.length, 1, `${names}`);
  return path.join(dataDir, 'vdb', names[0]);
};

test('a database that one start does not find: packages that came meanwhile are matched when it is back, or when another comes', async () => {
  for (const back of ['the file comes back', 'it is given again', 'it is damaged, and given again']) {
    const server = new Server(), first = image('p1'), meanwhile = image('p7'), later = image('p7', 'later');
    try {
      await server.start(['--vdb', vdb]);
      await pushLayout(server, 'a/first', first);
      assert.equal((await server.scanned('a/first', first.digest)).state, 'Unhealthy');
      await server.stop();
      const file = generationFile(server.dataDir);
      if (back.startsWith('it is damaged')) fs.truncateSync(file, 5000);
      else fs.renameSync(file, `${file}.away`);
      await server.start();
      assert.equal((await server.json('/api/v1/vulndb')).present, false);
      await pushLayout(server, 'a/meanwhile', meanwhile);
      const unverified = await server.scanned('a/meanwhile', meanwhile.digest);
      assert.equal(unverified.state, 'Unverified');
      assert.match(unverified.reason, /no vulnerability database/);
      await server.stop();
      if (back === 'the file comes back') fs.renameSync(`${file}.away`, file);
      await server.start(back === 'the file comes back' ? [] : ['--vdb', vdb]);
      await pushLayout(server, 'a/later', later);
      for (const [repository, layout] of [['a/later', later], ['a/first', first], ['a/meanwhile', meanwhile]]) {
        const got = await until(`${back}: ${repository}`, async () => {
          const i = await server.scanned(repository, layout.digest);
          return i.reason ? null : i;
        });
        assert.equal(got.state, 'Unhealthy', `${back}: ${repository}`);
        assert.equal((await server.findings(repository, layout.digest)).length, 1, `${back}: ${repository}`);
        assert.equal(got.coverage.packages?.assessed ?? got.coverage.assessed ?? 1, 1);
      }
    } finally { await server.stop(); }
  }
});

test('a folder that is moved keeps its database, and a copy opens its own', async () => {
  const place = tempDir('moved'), before = path.join(place, 'before'), after = path.join(place, 'after'), copy = path.join(place, 'copy');
  const server = await new Server({ dataDir: before, args: ['--vdb', vdb] }).start();
  const { digest } = await server.json('/api/v1/vulndb');
  await server.stop();
  fs.cpSync(before, copy, { recursive: true });
  fs.renameSync(before, after);
  for (const dataDir of [after, copy]) {
    const other = await new Server({ dataDir, password: server.password }).start();
    try {
      assert.equal((await other.json('/api/v1/vulndb')).digest, digest);
      const open = fs.readFileSync(`/proc/${other.child.pid}/maps`, 'utf8').split('\n').filter((l) => l.includes('.vdb'));
      assert.ok(open.length > 0 && open.every((l) => l.includes(dataDir)), open.join('\n'));
      const layout = image('p7', dataDir);
      await pushLayout(other, 'a/b', layout);
      assert.equal((await other.scanned('a/b', layout.digest)).state, 'Unhealthy');
    } finally { await other.stop(); }
  }
});

const feedServer = (answer) => new Promise((done) => {
  const server = http.createServer(answer);
  server.listen(0, '127.0.0.1', () => done(server));
});
const freePort = async () => {
  const s = net.createServer();
  await new Promise((done) => s.listen(0, '127.0.0.1', done));
  const { port } = s.address();
  await new Promise((done) => s.close(done));
  return port;
};

test('feeds out of reach: said once, tried again within seconds; images that came before the first database are assessed wholly', { timeout: 60000 }, async () => {
  const port = await freePort();
  const names = ['one', 'two', 'three', 'four', 'five'];
  const server = new Server({ args: ['--feeds-every', '6h', '--feeds', names.map((n) => `osv=http://127.0.0.1:${port}/${n}.json`).join(' ')] });
  const layout = image('p7');
  let feeds;
  try {
    await server.start();
    assert.match(server.output, /no vulnerability database yet.*feeds/);
    await pushLayout(server, 'early/bird', layout);
    const early = await server.scanned('early/bird', layout.digest);
    assert.match(early.reason, /no vulnerability database/);
    await until('the first try', () => /could not be fetched/.test(server.output));
    assert.match(server.output, /feeds: 5 of 5 could not be fetched/);
    assert.equal(server.output.match(/Connection refused|Could not connect|connect to server/g).length, 1, server.output);
    feeds = http.createServer((req, res) => {
      const i = names.findIndex((n) => req.url === `/${n}.json`);
      res.end(JSON.stringify(osvRecord(`CVE-2026-100${i}`, [{ ecosystem: 'Debian:12', name: i ? `other${i}` : 'p7', fixed: '2.0' }])));
    });
    await new Promise((done) => feeds.listen(port, '127.0.0.1', done));
    await until('a database', async () => (await server.json('/api/v1/vulndb')).present, 60000);
    const got = await until('the image', async () => {
      const i = await imageOf(server, 'early/bird', layout);
      return i.reason ? null : i;
    });
    assert.equal(got.state, 'Unhealthy');
    assert.equal((await server.findings('early/bird', layout.digest)).length, 1);
  } finally {
    await server.stop();
    feeds?.close();
  }
});

test('SIGTERM ends a server whose feed comes in slowly', { timeout: 40000 }, async () => {
  let begun = false;
  const feeds = await feedServer((req, res) => {
    begun = true;
    res.writeHead(200, { 'content-length': 2000000 });
    const timer = setInterval(() => res.write(Buffer.alloc(1000, 32)), 100);
    res.on('close', () => clearInterval(timer));
  });
  const server = new Server({ args: ['--feeds-every', '6h', '--feeds', `osv=http://127.0.0.1:${feeds.address().port}/slow.json`] });
  try {
    await server.start();
    await until('the download', () => begun);
    assert.equal((await server.stop()).status, 0); // the feed takes 200 s
  } finally {
    await server.kill();
    feeds.close();
    feeds.closeAllConnections();
  }
});

/** A database of n packages of Alpine that are all vulnerable, and an image that has them. */
function makeAlpine(n) {
  const feed = path.join(tempDir('secdb'), 'main.json'), out = path.join(tempDir('vdb'), 'alpine.vdb');
  const names = Array.from({ length: n }, (_, i) => `lib-number-${i}`);
  fs.writeFileSync(feed, JSON.stringify({ apkurl: '{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk', archs: ['x86_64'], reponame: 'main',
    urlprefix: 'https://dl-cdn.alpinelinux.org/alpine', distroversion: 'v3.18',
    packages: names.map((name, i) => ({ pkg: { name, secfixes: { '2.0-r0': [`CVE-2026-${10000 + i}`] } } })) }));
  plimsoll(['vdb', 'build', '--out', out, `alpine-secdb=${feed}`]);
  const layout = makeLayout([[{ path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME="Alpine Linux v3.18"\n' },
    { path: 'etc/apk/repositories', content: 'https://dl-cdn.alpinelinux.org/alpine/v3.18/main\n' },
    { path: 'lib/apk/db/installed', content: names.map((name) => `P:${name}\nV:1.0-r0\nA:x86_64\nT:x\n\n`).join('') }]]);
  return { vdb: out, layout };
}

test('a start that switches generations answers at once; SIGTERM ends it; the next one makes the switch', { timeout: 90000 }, async () => {
  const count = 12000, { vdb: big, layout } = makeAlpine(count);
  const server = new Server({ args: ['--vdb', big] });
  const before = await new Server({ dataDir: server.dataDir }).start();
  server.password = before.password;
  await pushLayout(before, 'many/packages', layout);
  assert.equal((await before.scanned('many/packages', layout.digest)).state, 'Unverified');
  await before.stop();
  const ready = async () => {
    const r = await server.fetch('/readyz');
    return { status: r.status, text: await r.text() };
  };
  try {
    let interrupted = 0;
    for (let i = 0; i < 2; i++) {
      const port = await freePort();
      const started = server.start(['--listen', `127.0.0.1:${port}`]).catch(() => null); // it prints when it is ready, or after a while
      server.url = `http://127.0.0.1:${port}/`;
      await until('listening', async () => (await fetch(new URL('/livez', server.url)).catch(() => ({}))).status === 200);
      const at = await ready();
      assert.equal((await server.stop()).status, 0);
      if (at.status === 503) {
        assert.match(at.text, /switched to/);
        interrupted++;
      }
      await started;
    }
    await server.start();
    await until('the switch', async () => (await ready()).status === 200, 60000);
    const got = await until('the image', async () => {
      const i = await imageOf(server, 'many/packages', layout);
      return /no vulnerability database/.test(i.reason) ? null : i; // it may say that the release has ended
    }, 30000);
    assert.equal(got.state, 'Unhealthy');
    assert.equal(Object.values(got.findings).reduce((a, b) => a + b, 0), count);
    assert.ok(interrupted > 0, 'no start was caught in its switch');
  } finally { await server.stop(); }
});

test('programs that are replaced under a running server: it goes on with its own worker', async () => {
  const dir = tempDir('programs'), worker = path.join(dir, 'plimsoll-worker');
  fs.copyFileSync(path.join(build, 'plimsoll-worker'), worker);
  const server = await new Server({ args: ['--vdb', vdb, '--worker', worker] }).start();
  try {
    fs.writeFileSync(path.join(dir, 'new'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    fs.renameSync(path.join(dir, 'new'), worker);
    const layout = image('p7', 'replaced');
    await pushLayout(server, 'up/grade', layout);
    assert.equal((await server.scanned('up/grade', layout.digest)).state, 'Unhealthy');
  } finally { await server.stop(); }
});

test('workers that do not start: readiness says so, and scans are done when they do, without a hand', { timeout: 60000 }, async () => {
  const dir = tempDir('programs'), worker = path.join(dir, 'plimsoll-worker'), broken = path.join(dir, 'broken');
  fs.writeFileSync(worker, `#!/bin/sh\n[ -e ${broken} ] && exit 1\nexec ${path.join(build, 'plimsoll-worker')} "$@"\n`, { mode: 0o755 });
  const server = await new Server({ args: ['--vdb', vdb, '--worker', worker] }).start();
  const workers = async () => (await server.json('/readyz')).checks.find((c) => c.name === 'workers');
  try {
    assert.equal((await workers()).ok, true);
    fs.writeFileSync(broken, '');
    const layout = image('p7', 'broken');
    await pushLayout(server, 'no/worker', layout);
    await until('the trouble', async () => !(await workers()).ok);
    assert.match((await workers()).reason, /worker/);
    const general = 'the last worker did not become ready';
    for (const headers of [{}, { authorization: `Basic ${Buffer.from('admin:wrong').toString('base64')}` }]) {
      const seen = (await (await fetch(new URL('/readyz', server.url), { headers })).json()).checks.find((c) => c.name === 'workers');
      assert.deepEqual([seen.ok, seen.reason], [false, general]);
    }
    assert.notEqual((await workers()).reason, general, 'who may read the system gets the details');
    fs.unlinkSync(broken);
    const got = await until('the image', async () => {
      const i = await imageOf(server, 'no/worker', layout).catch(() => ({})); // it is not listed at once
      return i.state === 'Unhealthy' ? i : null;
    }, 20000);
    assert.equal(got.reason ?? '', '');
    assert.equal((await workers()).ok, true);
  } finally { await server.stop(); }
});

test('a layer that is named 512 times is read once', { timeout: 60000 }, async () => {
  const server = await new Server({ args: ['--vdb', vdb] }).start();
  try {
    const packages = Array.from({ length: 2600 }, (_, i) => ({ name: `p${i}`, version: `1.0+${'x'.repeat(900)}${i}` }));
    const layout = makeLayout([[debianRelease(), dpkgStatus(packages)]]);
    const manifest = JSON.parse(layout.manifestBytes);
    manifest.layers = Array(512).fill(manifest.layers[0]);
    layout.manifestBytes = Buffer.from(JSON.stringify(manifest));
    layout.digest = `sha256:${sha256(layout.manifestBytes)}`;
    await pushLayout(server, 'big/one', layout);
    const got = await server.scanned('big/one', layout.digest, { timeout: 50000 });
    assert.notEqual(got.state, 'Pending');
    // And so when its inventory is kept already.
    const asked = await (await server.fetch('/api/v1/scans', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ repository: 'big/one', digest: layout.digest }) })).json();
    await until('the second scan', async () => (await server.json(`/api/v1/scans/${asked.id}`)).status === 'completed', 60000);
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]);
    assert.ok(peak < 256 * 1024, `${peak} KiB`);
  } finally { await server.stop(); }
});

test('an image whose scan takes the server with it is given up after a few times, until somebody asks', { timeout: 60000 }, async () => {
  const liar = built('tests/modules/jail/lying_worker'), fake = path.join(tempDir('worker'), 'plimsoll-worker');
  fs.writeFileSync(fake, `#!/bin/sh\nexec ${liar} "$@" hang\n`, { mode: 0o755 });
  const server = new Server({ args: ['--vdb', vdb] }), layout = image('p7', 'deadly');
  const scans = async () => (await server.json(`/api/v1/registries/local/repositories/dead/ly/images/${layout.digest}/scans`).catch(() => ({ items: [] }))).items;
  try {
    for (let death = 1; death <= 5; death++) {
      await server.start(['--worker', fake, '--worker-timeout', '1h']);
      if (death === 1) await pushLayout(server, 'dead/ly', layout);
      await until('the scan', async () => (await scans())[0]?.status === 'running');
      await server.kill();
    }
    await server.start();
    const given = await until('the end', async () => {
      const i = await imageOf(server, 'dead/ly', layout);
      return i.state === 'Unverified' ? i : null;
    });
    assert.match(given.reason, /given up: the server ended 5 times/);
    assert.deepEqual((await scans()).map((s) => s.status), ['failed']);
    const r = await server.fetch('/api/v1/scans', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ repository: 'dead/ly', digest: layout.digest }) });
    assert.ok(r.ok, `${r.status} ${await r.text()}`);
    assert.equal((await server.scanned('dead/ly', layout.digest)).state, 'Unhealthy');
  } finally { await server.stop(); }
});

test('our own looking at an image is no pull, nor is HEAD', async () => {
  const server = await new Server({ args: ['--vdb', vdb] }).start();
  try {
    const ours = image('p7'), theirs = image('p7', 'theirs');
    for (const [repository, layout] of [['look/ours', ours], ['look/theirs', theirs]]) {
      await pushLayout(server, repository, layout);
      await server.scanned(repository, layout.digest);
    }
    const look = async (repository, agent, method = 'GET') => (await server.fetch(`/v2/${repository}/manifests/v1`, { method,
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json', 'user-agent': agent } })).text();
    await look('look/ours', 'containerd/2', 'HEAD');
    await look('look/ours', 'plimsoll');
    await look('look/theirs', 'containerd/2'); // pulls are kept in their order
    await until('the pull is kept', async () => (await imageOf(server, 'look/theirs', theirs)).pulled_at);
    assert.ok(!(await imageOf(server, 'look/ours', ours)).pulled_at);
  } finally { await server.stop(); }
});
