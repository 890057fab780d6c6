// What is attached to an image on disk or in a registry, for `plimsoll scan --vex attached`, and attached bills of materials.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { IN_TOTO, OCI, attach, envelope, ofDigest, openvex, put, statement } from './attached.mjs';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout, run, program, runAsync, sha256, tempDir } from './lib.mjs';

const vdb = makeVdb([osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2' }], { severity: 'HIGH' }),
  osvRecord('CVE-2026-3', [{ ecosystem: 'npm', name: 'left', fixed: '2.0.0' }], { severity: 'LOW' })]);
const image = (mark) => makeLayout([[debianRelease(), dpkgStatus([{ name: 'libssl3', source: 'openssl', version: '3.0.1' }]), { path: 'mark', content: mark }]]);
let server;
before(async () => { server = await new Server({ args: ['--vdb', vdb, '--attached-documents', 'apply', '--anonymous-pull', 'true'] }).start(); });
after(() => server?.stop());
const at = (r, l) => `/api/v1/registries/local/repositories/${r}/images/${l.digest}`;
const scan = async (what, ...args) => {
  const r = await runAsync(program, ['scan', what, '--vdb', vdb, '--format', 'json', '--no-cache', ...args]);
  assert.equal(r.status, 0, r.stderr);
  return { ...JSON.parse(r.stdout), stderr: r.stderr };
};

test('a layout: referrers and tags of index.json, of the image and of its index', async () => {
  const l = image('layout'), blobs = path.join(l.dir, 'blobs/sha256'), index = JSON.parse(fs.readFileSync(path.join(l.dir, 'index.json')));
  const write = (bytes) => { fs.writeFileSync(path.join(blobs, sha256(bytes)), bytes); return { digest: `sha256:${sha256(bytes)}`, size: bytes.length }; };
  const add = (document, { subject, tag, type = 'application/vnd.openvex+json' }) => {
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI, artifactType: type, config: { mediaType: 'application/vnd.oci.empty.v1+json', ...write(Buffer.from('{}')) },
      layers: [{ mediaType: type, ...write(Buffer.from(JSON.stringify(document))) }], ...(subject ? { subject: { mediaType: OCI, digest: subject, size: 1 } } : {}) }));
    const d = { mediaType: OCI, artifactType: type, ...write(manifest), ...(tag ? { annotations: { 'org.opencontainers.image.ref.name': tag } } : {}) };
    fs.writeFileSync(path.join(l.dir, 'index.json'), JSON.stringify({ ...index, manifests: [...index.manifests, d] }));
    return d.digest;
  };
  const scanned = (...args) => scan(`${l.dir}:latest`, ...args);
  assert.equal((await scanned('--vex', 'attached')).findings.length, 1, 'nothing is attached');
  const digest = add(openvex(ofDigest(l.digest)), { subject: l.digest });
  assert.equal((await scanned()).findings.length, 1, 'it was not asked for');
  const r = await scanned('--vex', 'attached');
  assert.deepEqual([r.findings.length, r.summary.suppressed_by_vex, r.state], [0, 1, 'Healthy']);
  assert.match(JSON.stringify(r.suppressed), new RegExp(digest));
  const why = plimsoll(['why', 'CVE-2026-1', `${l.dir}:latest`, '--vdb', vdb, '--vex', 'attached'], { check: false }).stdout;
  assert.match(why, new RegExp(`suppressed by VEX document ${digest} \\(attached\\): not_affected`));
  add(envelope(statement(l.digest, openvex(ofDigest(l.digest)))), { tag: `${l.digest.replace(':', '-')}.att`, type: 'application/vnd.dsse.envelope.v1+json' });
  assert.equal((await scanned('--vex', 'attached')).findings.length, 0);
  const keys = path.join(tempDir('keys'), 'k.pem');
  fs.writeFileSync(keys, crypto.generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }));
  const unsigned = await scanned('--vex', 'attached', '--vex-key', keys);
  assert.equal(unsigned.findings.length, 1);
  assert.match(unsigned.stderr, /no signature of a key that is trusted/);
  add(openvex(ofDigest(`sha256:${'1'.repeat(64)}`)), { subject: l.digest });
  const other = await scanned('--vex', 'attached');
  assert.equal(other.findings.length, 1);
  assert.match(other.stderr, /no statement in it is about this image/);
});

test('a registry: its referrers API, and the tag in place of it', async () => {
  const r = 'team/app', l = image('remote');
  await pushLayout(server, r, l);
  const digest = await attach(server, r, openvex(ofDigest(l.digest)), { subject: l.digest });
  await server.scanned(r, l.digest);
  const ref = (host) => `${host}/${r}:latest`, login = ['--username', 'admin', '--password', server.password];
  assert.equal((await scan(ref(server.host), ...login)).findings.length, 1);
  assert.equal((await scan(ref(server.host), '--vex', 'attached', ...login)).findings.length, 0);
  // The same registry as an old one: it has no referrers, and clients keep a list under a tag.
  const listed = await (await server.fetch(`/v2/${r}/referrers/${l.digest}`)).json();
  await put(server, r, listed, l.digest.replace(':', '-'), 'application/vnd.oci.image.index.v1+json');
  const asked = [];
  const old = http.createServer(async (q, a) => {
    asked.push(q.url);
    if (q.url.includes('/referrers/')) return a.writeHead(404).end();
    const got = await server.fetch(q.url, { headers: { accept: q.headers.accept ?? '*/*' } });
    a.writeHead(got.status, { 'content-type': got.headers.get('content-type') ?? '' }).end(Buffer.from(await got.arrayBuffer()));
  });
  await new Promise((done) => old.listen(0, '127.0.0.1', done));
  try {
    assert.equal((await scan(ref(`127.0.0.1:${old.address().port}`), '--vex', 'attached')).findings.length, 0);
    assert.ok(asked.some((u) => u.endsWith(`/manifests/${l.digest.replace(':', '-')}`)) && asked.some((u) => u.endsWith(`/manifests/${digest}`)));
  } finally { old.close(); }
});

test('an attached bill of materials: what the layers do not show is declared, and no finding', async () => {
  const r = 'team/bill', l = image('bill');
  await pushLayout(server, r, l);
  const first = await server.scanned(r, l.digest);
  const bill = { bomFormat: 'CycloneDX', specVersion: '1.5', components: [
    { type: 'library', name: 'libssl3', version: '3.0.1', purl: 'pkg:deb/debian/libssl3@3.0.1?arch=amd64&distro=debian-12' },
    { type: 'library', name: 'left', version: '1.0.0', purl: 'pkg:npm/left@1.0.0' }] };
  for (const [what, document, how] of [['bare', bill, { subject: l.digest, type: 'application/vnd.cyclonedx+json' }], ['a statement', statement(l.digest, bill, 'https://cyclonedx.org/bom'), { subject: l.digest, type: IN_TOTO }],
    ["cosign's tag", bill, { tag: `${l.digest.replace(':', '-')}.sbom`, type: 'application/vnd.cyclonedx+json' }]]) {
    const digest = await attach(server, r, document, how), i = await server.scanned(r, l.digest);
    const row = i.coverage.attached.find((d) => d.digest === digest);
    assert.deepEqual([row.bill_of_materials, row.declared_packages], [true, 1], what);
    assert.deepEqual([i.packages, i.findings, i.state], [first.packages + 1, first.findings, first.state], what);
    const inventory = await server.json(`${at(r, l)}/packages`);
    assert.ok(inventory.items.some((p) => p.name === 'left' && p.class === 'declared'), `${what}: ${JSON.stringify(inventory.items)}`);
    assert.equal((await server.fetch(`/v2/${r}/manifests/${how.tag ?? digest}`, { method: 'DELETE' })).status, 202);
    assert.equal((await server.scanned(r, l.digest)).packages, first.packages, `${what}: deleted`);
  }
});

test('a bill that spells names otherwise than the image does declares nothing again: NuGet, Go, PyPI, Composer', async () => {
  const r = 'team/spelling', libraries = { 'Newtonsoft.Json/12.0.3': { type: 'package' } };
  const l = makeLayout([[debianRelease(), dpkgStatus([{ name: 'libssl3', source: 'openssl', version: '3.0.1' }]),
    { path: 'app/Shop.deps.json', content: JSON.stringify({ runtimeTarget: { name: 'x' }, targets: { x: { 'Newtonsoft.Json/12.0.3': { runtime: { 'a.dll': {} } } } }, libraries }) },
    { path: 'src/go.mod', content: 'module x\n\nrequire github.com/Masterminds/semver v1.5.0\n' },
    { path: 'usr/lib/python3/dist-packages/Zope.Interface-5.0.dist-info/METADATA', content: 'Metadata-Version: 2.1\nName: Zope.Interface\nVersion: 5.0\n' },
    { path: 'srv/vendor/composer/installed.json', content: JSON.stringify({ packages: [{ name: 'Twig/Twig', version: '3.0.0' }] }) }]]);
  await pushLayout(server, r, l);
  const first = await server.scanned(r, l.digest);
  assert.equal(first.packages, 5);
  const purls = ['pkg:nuget/newtonsoft.json@12.0.3', 'pkg:golang/github.com/masterminds/semver@v1.5.0', 'pkg:pypi/zope_interface@5.0', 'pkg:composer/twig/twig@3.0.0',
    // Cargo's names differ in case, and so do these.
    'pkg:cargo/Serde@1.0.0', 'pkg:cargo/serde@1.0.0'];
  await attach(server, r, { bomFormat: 'CycloneDX', specVersion: '1.5', components: purls.map((purl) => ({ type: 'library', name: 'x', purl })) }, { subject: l.digest, type: 'application/vnd.cyclonedx+json' });
  const i = await server.scanned(r, l.digest);
  assert.deepEqual([i.packages, i.coverage.attached[0].declared_packages], [7, 2]);
});

test('of an image whose layers show no packages it is the only source, and the image stays Unverified', async () => {
  const r = 'team/static', l = makeLayout([[{ path: 'app', content: 'static' }]]);
  await pushLayout(server, r, l);
  assert.equal((await server.scanned(r, l.digest)).state, 'Unverified');
  await attach(server, r, { bomFormat: 'CycloneDX', specVersion: '1.5', components: [{ type: 'library', name: 'left', version: '1.0.0', purl: 'pkg:npm/left@1.0.0' }] }, { subject: l.digest, type: 'application/vnd.cyclonedx+json' });
  const i = await server.scanned(r, l.digest);
  assert.deepEqual([i.state, i.packages, i.coverage.attached[0].declared_packages], ['Unverified', 1, 1]);
});
