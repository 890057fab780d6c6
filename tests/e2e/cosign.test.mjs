// cosign signs and attests to images of the registry, in tags as it did first and in bundles that refer to the image. What it attached is read, verified and never an image.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ofDigest, openvex } from './attached.mjs';
import { Server, debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, pushLayout, run, tempDir } from './lib.mjs';

const skip = !has('cosign') && 'cosign is not installed';
const cwd = tempDir('cosign'), env = { DOCKER_CONFIG: cwd, HOME: cwd, COSIGN_PASSWORD: '', COSIGN_YES: 'true' };
const cosign = (...args) => run('cosign', args, { env, cwd });
const write = (name, document) => { fs.writeFileSync(path.join(cwd, name), JSON.stringify(document)); return name; };
const bill = (name) => ({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, components: [{ type: 'library', name, version: '1.0.0', purl: `pkg:npm/${name}@1.0.0` }] });
const spdx = (name) => ({ spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT', name: 'app', documentNamespace: 'https://example.com/app',
  creationInfo: { created: '2026-01-01T00:00:00Z', creators: ['Tool: test'] },
  packages: [{ SPDXID: 'SPDXRef-1', name, versionInfo: '1.0.0', downloadLocation: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: `pkg:npm/${name}@1.0.0` }] }] });
const vuln = { invocation: { uri: '', event_id: '', 'builder.id': '' }, scanner: { uri: 'https://example.com', version: '1', db: { uri: '', version: '' }, result: {} },
  metadata: { scanStartedOn: '2026-01-01T00:00:00Z', scanFinishedOn: '2026-01-01T00:00:00Z' } };
const image = (mark) => makeLayout([[debianRelease(), dpkgStatus([{ name: 'libssl3', source: 'openssl', version: '3.0.1' }]), { path: 'mark', content: mark }]]);
const at = (r, l) => `/api/v1/registries/local/repositories/${encodeURIComponent(r)}/images/${l.digest}`;
const sign = (key, ...args) => cosign(...args.slice(0, 1), '--key', `${key}.key`, '--tlog-upload=false', ...args.slice(1));
const attest = (key, type, file, ...more) => sign(key, 'attest', '--type', type, '--predicate', file, ...more);
const BUNDLE = '--new-bundle-format';
let server;

before(async () => {
  if (skip) return;
  for (const name of ['ours', 'theirs']) cosign('generate-key-pair', '--output-key-prefix', name);
  const vdb = makeVdb([osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2' }], { severity: 'HIGH' })]);
  server = await new Server({ args: ['--vdb', vdb, '--attached-documents', 'apply', '--attached-keys', path.join(cwd, 'ours.pub')] }).start();
  fs.writeFileSync(path.join(cwd, 'config.json'), JSON.stringify({ auths: { [server.host]: { auth: Buffer.from(`admin:${server.password}`).toString('base64') } } }));
});
after(() => server?.stop());

/** A repository with one image that has one finding; how cosign is to call the image. */
async function pushed(r) {
  const l = image(r);
  await pushLayout(server, r, l);
  assert.equal((await server.scanned(r, l.digest)).findings.High, 1);
  return { r, l, name: `${server.host}/${r}@${l.digest}`, vex: write(`${r.replace('/', '-')}.json`, openvex(ofDigest(l.digest))) };
}
const rows = (i) => i.coverage.attached.map((d) => [d.state, d.signature, d.statements, d.declared_packages ?? 0].join(' ')).sort();
const declared = async ({ r, l }) => (await server.all(`${at(r, l)}/packages`)).filter((p) => p.class === 'declared').map((p) => p.name).sort();
async function isTheOnlyImage({ r, l }) {
  const of = (kind) => server.all(`/api/v1/registries/local/repositories/${encodeURIComponent(r)}/images?kind=${kind}`);
  assert.deepEqual((await of('image')).map((i) => i.digest), [l.digest]);
  for (const artifact of await of('artifact')) {
    assert.match(artifact.reason, /^an artifact of type /);
    assert.deepEqual(await server.findings(r, artifact.digest), []);
  }
}

test('tags: a signature, attestations of four types in one manifest; another key shows only', { skip }, async () => {
  const x = await pushed('team/tags'), { r, l, name } = x;
  sign('ours', 'sign', name);
  cosign('verify', '--key', 'ours.pub', '--insecure-ignore-tlog=true', name);
  attest('theirs', 'openvex', x.vex, name);
  const shown = await server.scanned(r, l.digest);
  assert.deepEqual([shown.findings.High, rows(shown)], [1, ['shown unverified 1 0']]);
  assert.equal(shown.coverage.attached[0].note, 'no signature of a key that is trusted');
  attest('ours', 'openvex', x.vex, name);
  attest('ours', 'cyclonedx', write('bill.json', bill('left')), name);
  attest('ours', 'spdxjson', write('spdx.json', spdx('right')), name);
  attest('ours', 'vuln', write('vuln.json', vuln), name);
  const i = await server.scanned(r, l.digest);
  assert.deepEqual([i.findings.High, rows(i)], [0, ['applied verified 0 1', 'applied verified 0 1', 'applied verified 1 0', 'shown unverified 1 0']]);
  assert.deepEqual(await declared(x), ['left', 'right']);
  for (const type of ['openvex', 'cyclonedx', 'spdxjson', 'vuln'])
    cosign('verify-attestation', '--key', 'ours.pub', '--insecure-ignore-tlog=true', '--type', type, name);
  assert.equal(cosign('triangulate', '--type', 'attestation', name).stdout.trim(), `${server.host}/${r}:${l.digest.replace(':', '-')}.att`);
  assert.match(cosign('tree', name).stdout, /\.att[^]*\.sig|\.sig[^]*\.att/);
  await isTheOnlyImage(x);
  cosign('clean', '--type', 'all', '--force', name);
  const last = await server.scanned(r, l.digest);
  assert.deepEqual([last.findings.High, last.coverage.attached, await declared(x)], [1, undefined, []]);
  await isTheOnlyImage(x);
});

test('a bill of materials that is attached without a signature', { skip }, async () => {
  const x = await pushed('team/bill'), { r, l, name } = x;
  cosign('attach', 'sbom', '--sbom', write('bill.json', bill('left')), '--type', 'cyclonedx', '--input-format', 'json', name);
  const i = await server.scanned(r, l.digest);
  assert.deepEqual(i.coverage.attached.map((d) => [d.signature, d.bill_of_materials, d.declared_packages]), [['unsigned', true, 1]]);
  assert.deepEqual(await declared(x), ['left']);
  await isTheOnlyImage(x);
  cosign('clean', '--type', 'sbom', '--force', name);
  assert.equal((await server.scanned(r, l.digest)).coverage.attached, undefined);
});

test('bundles that refer to the image: attestations of four types; another key shows only', { skip }, async () => {
  const x = await pushed('team/bundles'), { r, l, name } = x;
  attest('theirs', 'openvex', x.vex, BUNDLE, name);
  const shown = await server.scanned(r, l.digest);
  assert.deepEqual([shown.findings.High, rows(shown)], [1, ['shown unverified 1 0']]);
  attest('ours', 'openvex', x.vex, BUNDLE, name);
  attest('ours', 'cyclonedx', write('bill.json', bill('left')), BUNDLE, name);
  attest('ours', 'spdxjson', write('spdx.json', spdx('right')), BUNDLE, name);
  attest('ours', 'vuln', write('vuln.json', vuln), BUNDLE, name);
  const i = await server.scanned(r, l.digest);
  assert.deepEqual([i.findings.High, rows(i)], [0, ['applied verified 0 1', 'applied verified 0 1', 'applied verified 1 0', 'shown unverified 1 0']]);
  assert.deepEqual(await declared(x), ['left', 'right']);
  const { manifests } = await server.json(`/v2/${r}/referrers/${l.digest}`);
  assert.equal(manifests.filter((m) => m.artifactType === 'application/vnd.dev.sigstore.bundle.v0.3+json').length, 5);
  sign('ours', 'sign', BUNDLE, name);
  const root = write('root.json', { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' }); // of no authority: the key alone counts
  const trusted = ['--insecure-ignore-tlog=true', '--trusted-root', root, BUNDLE, name];
  cosign('verify', '--key', 'ours.pub', ...trusted);
  for (const type of ['openvex', 'cyclonedx', 'spdxjson', 'vuln'])
    cosign('verify-attestation', '--key', 'ours.pub', '--type', type, ...trusted);
  assert.deepEqual(rows(await server.scanned(r, l.digest)), rows(i)); // a signature is no document
  await isTheOnlyImage(x);
});
