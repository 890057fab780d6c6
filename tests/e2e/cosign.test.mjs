// cosign signs and attests to images of the registry, in tags as it did first and in bundles that refer to the image. What it attached is read, verified and never an image.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { BUNDLE, BUNDLE_TYPE, attest, bill, cosign, cwd, declared, pushed, rows, sign, skip, startServer, write } from './cosign.mjs';

const spdx = (name) => ({ spdxVersion: 'SPDX-2.3', dataLicense: 'CC0-1.0', SPDXID: 'SPDXRef-DOCUMENT', name: 'app', documentNamespace: 'https://example.com/app',
  creationInfo: { created: '2026-01-01T00:00:00Z', creators: ['Tool: test'] },
  packages: [{ SPDXID: 'SPDXRef-1', name, versionInfo: '1.0.0', downloadLocation: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: `pkg:npm/${name}@1.0.0` }] }] });
const vuln = { invocation: { uri: '', event_id: '', 'builder.id': '' }, scanner: { uri: 'https://example.com', version: '1', db: { uri: '', version: '' }, result: {} },
  metadata: { scanStartedOn: '2026-01-01T00:00:00Z', scanFinishedOn: '2026-01-01T00:00:00Z' } };
let server;

before(async () => {
  if (skip) return;
  for (const name of ['ours', 'theirs']) cosign('generate-key-pair', '--output-key-prefix', name);
  server = await startServer('--attached-documents', 'apply', '--attached-keys', path.join(cwd, 'ours.pub'));
});
after(() => server?.stop());

async function isTheOnlyImage({ r, l }) {
  const of = (kind) => server.all(`/api/v1/registries/local/repositories/${encodeURIComponent(r)}/images?kind=${kind}`);
  assert.deepEqual((await of('image')).map((i) => i.digest), [l.digest]);
  for (const artifact of await of('artifact')) {
    assert.match(artifact.reason, /^an artifact of type /);
    assert.deepEqual(await server.findings(r, artifact.digest), []);
  }
}

test('tags: a signature, attestations of four types in one manifest; another key shows only', { skip }, async () => {
  const x = await pushed(server, 'team/tags'), { r, l, name } = x;
  sign('ours', 'sign', name);
  cosign('verify', '--key', 'ours.pub', '--insecure-ignore-tlog=true', name);
  attest('theirs', 'openvex', x.vex, name);
  const shown = await server.scanned(r, l.digest);
  assert.deepEqual([shown.findings.High, rows(shown)], [1, ['shown unverified 1 0']]);
  assert.equal(shown.coverage.attached[0].note, 'no signature of a key that is trusted, so it changes nothing');
  attest('ours', 'openvex', x.vex, name);
  attest('ours', 'cyclonedx', write('bill.json', bill('left')), name);
  attest('ours', 'spdxjson', write('spdx.json', spdx('right')), name);
  attest('ours', 'vuln', write('vuln.json', vuln), name);
  const i = await server.scanned(r, l.digest);
  assert.deepEqual([i.findings.High, rows(i)], [0, ['applied verified 0 1', 'applied verified 0 1', 'applied verified 1 0', 'shown unverified 1 0']]);
  assert.deepEqual(await declared(server, x), ['left', 'right']);
  for (const type of ['openvex', 'cyclonedx', 'spdxjson', 'vuln'])
    cosign('verify-attestation', '--key', 'ours.pub', '--insecure-ignore-tlog=true', '--type', type, name);
  assert.equal(cosign('triangulate', '--type', 'attestation', name).stdout.trim(), `${server.host}/${r}:${l.digest.replace(':', '-')}.att`);
  assert.match(cosign('tree', name).stdout, /\.att[^]*\.sig|\.sig[^]*\.att/);
  await isTheOnlyImage(x);
  cosign('clean', '--type', 'all', '--force', name);
  const last = await server.scanned(r, l.digest);
  assert.deepEqual([last.findings.High, last.coverage.attached, await declared(server, x)], [1, undefined, []]);
  await isTheOnlyImage(x);
});

test('a bill of materials without a signature: keys are set, so it lists nothing', { skip }, async () => {
  const x = await pushed(server, 'team/bill'), { r, l, name } = x;
  cosign('attach', 'sbom', '--sbom', write('bill.json', bill('left')), '--type', 'cyclonedx', '--input-format', 'json', name);
  const i = await server.scanned(r, l.digest);
  assert.deepEqual(i.coverage.attached.map((d) => [d.state, d.signature, d.bill_of_materials, d.declared_packages, d.note]),
    [['shown', 'unsigned', true, undefined, 'no signature of a key that is trusted, so it changes nothing']]);
  assert.deepEqual([i.packages, await declared(server, x)], [1, []]);
  await isTheOnlyImage(x);
  cosign('clean', '--type', 'sbom', '--force', name);
  assert.equal((await server.scanned(r, l.digest)).coverage.attached, undefined);
});

test('bundles that refer to the image: attestations of four types; another key shows only', { skip }, async () => {
  const x = await pushed(server, 'team/bundles'), { r, l, name } = x;
  attest('theirs', 'openvex', x.vex, BUNDLE, name);
  const shown = await server.scanned(r, l.digest);
  assert.deepEqual([shown.findings.High, rows(shown)], [1, ['shown unverified 1 0']]);
  attest('ours', 'openvex', x.vex, BUNDLE, name);
  attest('ours', 'cyclonedx', write('bill.json', bill('left')), BUNDLE, name);
  attest('ours', 'spdxjson', write('spdx.json', spdx('right')), BUNDLE, name);
  attest('ours', 'vuln', write('vuln.json', vuln), BUNDLE, name);
  const i = await server.scanned(r, l.digest);
  assert.deepEqual([i.findings.High, rows(i)], [0, ['applied verified 0 1', 'applied verified 0 1', 'applied verified 1 0', 'shown unverified 1 0']]);
  assert.deepEqual(await declared(server, x), ['left', 'right']);
  const { manifests } = await server.json(`/v2/${r}/referrers/${l.digest}`);
  assert.equal(manifests.filter((m) => m.artifactType === BUNDLE_TYPE).length, 5);
  sign('ours', 'sign', BUNDLE, name);
  const root = write('root.json', { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' }); // of no authority: the key alone counts
  const trusted = ['--insecure-ignore-tlog=true', '--trusted-root', root, BUNDLE, name];
  cosign('verify', '--key', 'ours.pub', ...trusted);
  for (const type of ['openvex', 'cyclonedx', 'spdxjson', 'vuln'])
    cosign('verify-attestation', '--key', 'ours.pub', '--type', type, ...trusted);
  assert.deepEqual(rows(await server.scanned(r, l.digest)), rows(i)); // a signature is no document
  await isTheOnlyImage(x);
});
