// Real clients push real images; the findings read by API are those of `plimsoll scan`.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, findingLines, has, hasShared, makeLayout, makeVdb, osvRecord, plimsoll, program, pushLayout, run, runAsync, sha256,
  shared, tar, tempDir, matchRows } from './lib.mjs';

const packages = [
  { name: 'libssl3', version: '3.0.9-1', source: 'openssl' },
  { name: 'openssl', version: '3.0.9-1' },
  { name: 'bash', version: '5.2.15-2+b2', source: 'bash', sourceVersion: '5.2.15-2' },
  { name: 'zlib1g', version: '1:1.2.13.dfsg-1', source: 'zlib' },
];
const records = [
  osvRecord('DSA-5678-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.11-1~deb12u2' }],
    { aliases: ['CVE-2023-5363'], cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' }),
  osvRecord('CVE-2024-0001', [{ ecosystem: 'Debian:12', name: 'bash' }], { severity: 'LOW' }),
  osvRecord('CVE-2024-0002', [{ ecosystem: 'Debian:11', name: 'bash', fixed: '9' }], { severity: 'HIGH' }),
  osvRecord('CVE-2024-0003', [{ ecosystem: 'Debian:12', name: 'zlib', fixed: '1:1.2.12-1' }], { severity: 'HIGH' }),
];
let server, vdb, layout;

before(async () => {
  vdb = makeVdb(records);
  layout = makeLayout([[debianRelease(), dpkgStatus(packages.slice(1))], [dpkgStatus(packages)]]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
});
after(() => server?.stop());

function scanned(input, database = vdb) {
  return JSON.parse(plimsoll(['scan', '--input', input, '--vdb', database, '--format', 'json']).stdout);
}
const creds = () => `admin:${server.password}`;

test('the plainest client: findings are right and equal to scan', async () => {
  await pushLayout(server, 'plain/image', layout);
  const image = await server.scanned('plain/image', layout.digest);
  const findings = await server.findings('plain/image', layout.digest);
  // Reasoned by hand: openssl's two binaries are older than the fix, bash is unfixed in 12, zlib is newer than its fix, Debian 11 does not count.
  const matches = matchRows(findings);
  assert.deepEqual([findings.length, scanned(layout.dir).summary.total, findings.find((f) => f.advisory === 'DSA-5678-1').match_count], [2, 2, 2]);
  assert.deepEqual(matches.map((f) => [f.package, f.advisory, f.fixed_version, f.severity]).sort(), [
    ['bash', 'CVE-2024-0001', '', 'Low'],
    ['libssl3', 'DSA-5678-1', '3.0.11-1~deb12u2', 'High'],
    ['openssl', 'DSA-5678-1', '3.0.11-1~deb12u2', 'High'],
  ]);
  assert.equal(image.state, 'Unhealthy');
  assert.deepEqual([image.findings.High, image.findings.Low, image.findings.Critical], [1, 1, 0]); // checks, not packages
  const libssl = matches.find((f) => f.package === 'libssl3');
  assert.equal(libssl.layer, layout.layers[1].digest); // the second layer brought it in
  assert.equal(matches.find((f) => f.package === 'openssl').layer, layout.layers[0].digest);
  assert.equal(libssl.check, 'Debian Security Update for openssl (DSA-5678-1)');
  assert.deepEqual(libssl.cves, ['CVE-2023-5363']);
  assert.deepEqual(findingLines(findings), findingLines(scanned(layout.dir).findings));
});

test('skopeo, OCI', async () => {
  run('skopeo', ['copy', '-q', '--insecure-policy', '--dest-tls-verify=false', '--dest-creds', creds(), `oci:${layout.dir}:${layout.tag}`,
    `docker://${server.host}/skopeo/oci:1`]);
  await server.scanned('skopeo/oci', layout.digest);
  assert.deepEqual(findingLines(await server.findings('skopeo/oci', layout.digest)), findingLines(scanned(layout.dir).findings));
});

test('skopeo, Docker schema 2', async () => {
  run('skopeo', ['copy', '-q', '--insecure-policy', '--format', 'v2s2', '--dest-tls-verify=false', '--dest-creds', creds(),
    `oci:${layout.dir}:${layout.tag}`, `docker://${server.host}/skopeo/docker:1`]);
  const digest = JSON.parse(run('skopeo', ['inspect', '--tls-verify=false', '--creds', creds(), `docker://${server.host}/skopeo/docker:1`]).stdout).Digest;
  await server.scanned('skopeo/docker', digest);
  assert.deepEqual(findingLines(await server.findings('skopeo/docker', digest)), findingLines(scanned(layout.dir).findings));
});

test('skopeo, zstd layers', async () => {
  const out = path.join(tempDir('zst'), 'l');
  run('skopeo', ['copy', '-q', '--insecure-policy', '--dest-compress', '--dest-compress-format', 'zstd', '--format', 'oci',
    `oci:${layout.dir}:${layout.tag}`, `oci:${out}:z`]);
  const digest = JSON.parse(fs.readFileSync(path.join(out, 'index.json'))).manifests[0].digest;
  run('skopeo', ['copy', '-q', '--insecure-policy', '--dest-tls-verify=false', '--dest-creds', creds(), `oci:${out}:z`,
    `docker://${server.host}/skopeo/zstd:1`]);
  await server.scanned('skopeo/zstd', digest);
  assert.deepEqual(findingLines(await server.findings('skopeo/zstd', digest)), findingLines(scanned(out).findings));
});

test('buildah and podman push, podman pulls back', async () => {
  const dir = tempDir('buildah');
  const storage = ['--root', `${dir}/root`, '--runroot', `${dir}/run`, '--storage-driver', 'vfs'];
  const archive = path.join(dir, 'a.tar');
  run('skopeo', ['copy', '-q', '--insecure-policy', `oci:${layout.dir}:${layout.tag}`, `docker-archive:${archive}:localhost/x:1`]);
  const env = { BUILDAH_ISOLATION: 'chroot' };
  run('buildah', [...storage, 'pull', '-q', `docker-archive:${archive}`], { env });
  run('buildah', [...storage, 'push', '-q', '--tls-verify=false', '--creds', creds(), 'localhost/x:1', `docker://${server.host}/buildah/x:1`], { env });
  const podman = [...storage, '--cgroup-manager', 'cgroupfs', '--events-backend', 'file'];
  run('podman', [...podman, 'push', '-q', '--tls-verify=false', '--creds', creds(), 'localhost/x:1', `${server.host}/podman/x:1`]);
  const want = matchRows(scanned(archive).findings).map((f) => [f.package, f.advisory, f.fixed_version]).sort();
  assert.equal(want.length, 3);
  for (const repository of ['buildah/x', 'podman/x']) {
    const tags = await server.json(`/v2/${repository}/tags/list`);
    assert.deepEqual(tags.tags, ['1']);
    const head = await server.fetch(`/v2/${repository}/manifests/1`, { method: 'HEAD', headers: {
      accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' } });
    const digest = head.headers.get('docker-content-digest');
    await server.scanned(repository, digest);
    assert.deepEqual(matchRows(await server.findings(repository, digest)).map((f) => [f.package, f.advisory, f.fixed_version]).sort(), want);
  }
  run('podman', [...podman, 'pull', '-q', '--tls-verify=false', '--creds', creds(), `${server.host}/podman/x:1`]);
});

test('an index: every platform is its own image', async () => {
  const arm = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5.2.15-2', arch: 'arm64' }])]],
    { platform: { os: 'linux', architecture: 'arm64' } });
  await pushLayout(server, 'multi/arch', layout, layout.digest);
  await pushLayout(server, 'multi/arch', arm, arm.digest);
  const index = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [
    { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: layout.digest, size: layout.manifestBytes.length, platform: { os: 'linux', architecture: 'amd64' } },
    { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: arm.digest, size: arm.manifestBytes.length, platform: { os: 'linux', architecture: 'arm64' } }] });
  const r = await server.fetch('/v2/multi/arch/manifests/1', { method: 'PUT', body: index, headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' } });
  assert.equal(r.status, 201);
  assert.equal((await server.scanned('multi/arch', layout.digest)).platform, 'linux/amd64');
  assert.equal((await server.scanned('multi/arch', arm.digest)).platform, 'linux/arm64');
  const images = await server.all('/api/v1/registries/local/repositories/multi/arch/images');
  assert.equal(images.length, 2); // the index itself is no image
  const status = await runAsync(program, ['push-status', '--server', server.url, '--username', 'admin', '--password', server.password, '--timeout', '60s', 'multi/arch:1']);
  assert.equal(status.status, 0, status.stderr);
  const heads = status.stdout.split('\n').filter((line) => line.startsWith('multi/arch@'));
  assert.match(heads[0] ?? '', /unsupported, an index/, status.stdout);
  assert.deepEqual(heads.slice(1).map((line) => line.slice('multi/arch@'.length).split(/: | \(/)[0]).sort(), images.map((i) => i.digest).sort());
});

test('scan of a reference pulls from the registry and says the same', async () => {
  await pushLayout(server, 'pull/me', layout, 'v1');
  const r = plimsoll(['scan', `${server.host}/pull/me:v1`, '--username', 'admin', '--password', server.password, '--insecure', '--vdb', vdb,
    '--format', 'json', '--no-cache']);
  assert.deepEqual(findingLines(JSON.parse(r.stdout).findings), findingLines(scanned(layout.dir).findings));
});

test('an image without packages is Unverified, with the reason', async () => {
  const empty = makeLayout([[{ path: 'hello', content: 'static' }]]);
  await pushLayout(server, 'no/packages', empty);
  const image = await server.scanned('no/packages', empty.digest);
  assert.equal(image.state, 'Unverified');
  assert.match(image.reason, /no package database/);
});

/** The layout's manifest with its layers changed, as another layout beside the same blobs. */
function withLayers(from, layers) {
  const manifest = JSON.parse(from.manifestBytes);
  const manifestBytes = Buffer.from(JSON.stringify({ ...manifest, layers }));
  const digest = `sha256:${sha256(manifestBytes)}`;
  const dir = path.join(tempDir('layout'), 'l');
  fs.cpSync(from.dir, dir, { recursive: true });
  fs.writeFileSync(path.join(dir, 'blobs/sha256', digest.slice(7)), manifestBytes);
  fs.writeFileSync(path.join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2,
    manifests: [{ mediaType: manifest.mediaType, digest, size: manifestBytes.length }] }));
  return { ...from, dir, manifestBytes, digest };
}

test('a layer that is kept elsewhere: the others are assessed; server, layout and pull name it in the same words', async () => {
  const full = makeLayout([[{ path: 'elsewhere', content: 'x' }], [debianRelease(), dpkgStatus(packages)]]);
  const foreign = { ...full.layers[0], mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' };
  const cases = [
    ['away/found', withLayers(full, [foreign, full.layers[1]]), 'Unhealthy', 2],
    ['away/nothing', withLayers(full, [foreign]), 'Unverified', 0],
    ['away/two', withLayers(full, [foreign, { ...foreign, digest: `sha256:${'1'.repeat(64)}` }, full.layers[1]]), 'Unhealthy', 2],
  ];
  for (const [repository, image, state, count] of cases) {
    fs.rmSync(path.join(image.dir, 'blobs', foreign.digest.replace(':', '/')));
    await pushLayout(server, repository, { ...image, layers: [full.layers[1]] });
    const kept = await server.scanned(repository, image.digest);
    assert.equal(kept.state, state);
    const text = `layer ${foreign.digest} is not in the image`;
    assert.ok(kept.reason.startsWith(text), kept.reason);
    assert.equal(/; 1 other is not there either/.test(kept.reason), repository === 'away/two', kept.reason);
    const findings = await server.findings(repository, image.digest);
    assert.equal(findings.length, count);
    const pulled = JSON.parse(plimsoll(['scan', `${server.host}/${repository}:latest`, '--username', 'admin', '--password', server.password,
      '--insecure', '--vdb', vdb, '--format', 'json', '--no-cache']).stdout);
    for (const report of [scanned(image.dir), pulled]) {
      assert.deepEqual([report.state, report.reason, findingLines(report.findings)], [kept.state, kept.reason, findingLines(findings)]);
      assert.deepEqual(report.coverage.notes, kept.coverage.notes);
      assert.deepEqual(report.image.layers.map((l) => l.complete), JSON.parse(image.manifestBytes).layers.map((l) => l.mediaType !== foreign.mediaType));
    }
    assert.ok(kept.coverage.notes.some((n) => n.layer === foreign.digest && n.text === text), JSON.stringify(kept.coverage.notes));
    assert.equal(kept.coverage.state, count ? 'partial' : 'nothing');
  }
  // The layer comes after all: the next scan has it.
  const [repository, image] = cases[0];
  await pushLayout(server, repository, { ...image, dir: full.dir, layers: full.layers });
  const until = Date.now() + 60000;
  let whole;
  do {
    whole = await server.scanned(repository, image.digest); // of the scan before, until the push is seen
  } while (whole.reason && Date.now() < until);
  assert.deepEqual([whole.state, whole.reason, whole.coverage.state], ['Unhealthy', '', 'assessed']);
});

test('a blob that the registry holds and cannot read: no manifest is taken over it, and the next push brings it back', async () => {
  // No tar: what begins like JSON is not looked at while it is uploaded, only when an image needs it.
  const bytes = Buffer.from(`{ no layer ${Date.now()}`);
  const image = makeLayout([bytes, [debianRelease(), dpkgStatus(packages)]], { codec: 'none' });
  await pushLayout(server, 'blob/gone', { ...image, manifestBytes: Buffer.from('{}') }).catch(() => {});
  const blobs = path.join(server.dataDir, 'blobs');
  const file = fs.readdirSync(blobs, { recursive: true }).map((name) => path.join(blobs, name))
    .find((name) => fs.statSync(name).isFile() && fs.readFileSync(name).equals(bytes));
  fs.rmSync(file);
  await assert.rejects(pushLayout(server, 'blob/gone', { ...image, layers: [] }), /404.*MANIFEST_BLOB_UNKNOWN/);
  assert.equal((await server.fetch(`/v2/blob/gone/blobs/${image.layers[0].digest}`, { method: 'HEAD' })).status, 404);
  await pushLayout(server, 'blob/gone', image);
  const kept = await server.scanned('blob/gone', image.digest);
  assert.equal(kept.state, 'Unhealthy');
  assert.doesNotMatch(kept.reason, /not in the image/);
});

test('an image whose only layer cannot be read is not one without packages', async () => {
  const cut = makeLayout([Buffer.concat([tar([{ path: 'hello', content: 'static' }]).subarray(0, 1024), Buffer.alloc(512, 'x')])]);
  await pushLayout(server, 'cut/short', cut);
  const image = await server.scanned('cut/short', cut.digest), report = scanned(cut.dir);
  assert.deepEqual([image.state, image.reason], ['Unverified', 'part of the image could not be read']);
  assert.deepEqual([report.state, report.reason], [image.state, image.reason]);
  assert.ok(image.coverage.notes.some((n) => n.layer === cut.layers[0].digest), JSON.stringify(image.coverage.notes));
});

test('package URLs of the longest fields are whole, in the API and in reports', async () => {
  const long = (c) => c.repeat(1000);
  const p = { name: `a${long('%')}`, version: `1${long('<')}`, arch: long('>'), source: `s${long('"')}`, sourceVersion: `2${long('^')}` };
  const image = makeLayout([[debianRelease(), dpkgStatus([p])]]);
  await pushLayout(server, 'long/purl', image);
  await server.scanned('long/purl', image.digest);
  // purl-spec: everything but letters, digits and "-._~" is a percent-encoded byte.
  const coded = (text) => text.replace(/[^A-Za-z0-9._~-]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  const [kept] = await server.all(`/api/v1/registries/local/repositories/long/purl/images/${image.digest}/packages`);
  const [listed] = JSON.parse(plimsoll(['inventory', '--input', image.dir, '--format', 'json']).stdout).packages;
  assert.equal(kept.purl, listed.purl);
  assert.ok(kept.purl.length > 15000, `${kept.purl.length}`);
  assert.ok(kept.purl.startsWith(`pkg:deb/debian/${coded(p.name)}@${coded(p.version)}?arch=${coded(p.arch)}&`), kept.purl.slice(0, 100));
  for (const part of [coded(p.source), coded(p.sourceVersion)]) assert.ok(kept.purl.includes(part));
});

test('deleting the manifest takes the findings away', async () => {
  await pushLayout(server, 'delete/me', layout);
  await server.scanned('delete/me', layout.digest);
  const listed = async () => (await server.all('/api/v1/findings')).filter((f) => f.repository === 'delete/me').length;
  const counted = async () => (await server.json('/api/v1/registries/local')).findings.High;
  const before = await counted();
  assert.equal(await listed(), 2);
  assert.equal((await server.fetch(`/v2/delete/me/manifests/${layout.digest}`, { method: 'DELETE' })).status, 202);
  assert.deepEqual([await listed(), await counted()], [0, before - 1]);
  for (let i = 0; i < 200; i++) {
    if ((await server.fetch(`/api/v1/registries/local/repositories/delete/me/images/${layout.digest}`)).status === 404) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  assert.fail('the image is still there after 2 s');
});

test('images of the corpus: API and scan agree, and with what is expected', { skip: !hasShared && '../shared is absent' }, async (t) => {
  const dir = path.join(shared, 'corpus/images');
  for (const file of fs.readdirSync(dir).filter((f) => f.endsWith('.tar') && !f.startsWith('trivy-lang-'))) {
    await t.test(file, async () => {
      const name = file.slice(0, -4);
      const database = path.join(tempDir('vdb'), 'x.vdb');
      plimsoll(['vdb', 'build', '--out', database, `osv=${path.join(dir, `${name}.osv`)}`]);
      const findings = matchRows(scanned(path.join(dir, file), database).findings);
      const got = findings.map((f) => `${f.package} ${f.installed_version} ${f.cves[0] ?? f.advisory} ${f.fixed_version}`).sort();
      const want = fs.readFileSync(path.join(dir, `${name}.expected.tsv`), 'utf8').split('\n').filter((l) => l && !l.startsWith('#'))
        .map((l) => l.split('\t').slice(0, 4).join(' ')).sort();
      assert.deepEqual(got, want);

      const other = await new Server({ args: ['--vdb', database] }).start();
      try {
        const format = fs.readFileSync(path.join(dir, file)).includes('oci-layout') ? 'oci-archive' : 'docker-archive';
        run('skopeo', ['copy', '-q', '--insecure-policy', '--dest-tls-verify=false', '--dest-creds', `admin:${other.password}`,
          `${format}:${path.join(dir, file)}`, `docker://${other.host}/corpus/${name}:1`]);
        const repository = `corpus/${name}`;
        let images = [];
        for (let i = 0; i < 500 && !images.length; i++) {
          images = await other.all(`/api/v1/registries/local/repositories/${repository}/images`);
          await new Promise((done) => setTimeout(done, 10));
        }
        const image = await other.scanned(repository, images[0].digest);
        const api = matchRows(await other.findings(repository, image.digest)).map((f) => `${f.id} ${f.package} ${f.installed_version} ${f.fixed_version} ${f.severity}`).sort();
        assert.deepEqual(api, findings.map((f) => `${f.id} ${f.package} ${f.installed_version} ${f.fixed_version} ${f.severity}`).sort());
      } finally { await other.stop(); }
    });
  }
});
