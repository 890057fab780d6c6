// CycloneDX: what scan and inventory say of one image, and the published schema where it is at hand.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { debianRelease, dpkgStatus, hasShared, makeLayout, makeVdb, osvRecord, plimsoll, run, shared, tempDir } from './lib.mjs';

const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N'; // 7.5
let vdb, layout;
before(() => {
  vdb = makeVdb([
    osvRecord('DSA-1-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.1' }], { severity: 'LOW', cvss: vector, aliases: ['CVE-2026-1', 'CVE-2026-2'] }),
    osvRecord('CVE-2026-3', [{ ecosystem: 'Debian:12', name: 'bash' }]),
  ]);
  layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'libssl3', version: '3.0', source: 'openssl' },
    { name: 'bash', version: '5' }])]]);
});
const bom = (verb, ...more) => JSON.parse(plimsoll([verb, '--input', layout.dir, '--format', 'cyclonedx', ...more]).stdout);
// What the published schema says against it.
const schemas = path.join(shared, 'corpus/spec/cyclonedx/schema');
const valid = (b) => (hasShared ? run('python3', ['-c', `
import glob, json, sys, warnings
warnings.simplefilter("ignore")
from jsonschema import Draft7Validator, RefResolver
store = {}
for f in glob.glob(sys.argv[1] + "/*.json"):
    j = json.load(open(f))
    store[j.get("$id", f)] = j
schema = json.load(open(sys.argv[1] + "/bom-1.6.schema.json"))
validator = Draft7Validator(schema, resolver=RefResolver(schema["$id"], schema, store=store))
for e in validator.iter_errors(json.load(sys.stdin)):
    print(list(e.path), e.message[:300])`, schemas], { input: JSON.stringify(b) }).stdout : '');

test('each security check is one vulnerability that affects the packages it hits', () => {
  const b = bom('scan', '--vdb', vdb);
  assert.deepEqual([b.bomFormat, b.specVersion, b.metadata.component.type], ['CycloneDX', '1.6', 'container']);
  assert.deepEqual(b.components.map((c) => [c.type, c.name, c.version]), [['operating-system', 'debian', '12'],
    ['library', 'bash', '5'], ['library', 'libssl3', '3.0'], ['library', 'openssl', '3.0']]);
  const refs = new Map(b.components.map((c) => [c['bom-ref'], c.name]));
  assert.equal(refs.size, b.components.length);
  const rows = b.vulnerabilities.map((v) => ({ id: v.id, others: (v.references ?? []).map((r) => r.id), affects: v.affects.map((a) => refs.get(a.ref)),
    ratings: v.ratings.map((r) => [r.severity, r.score, r.method]) })).sort((x, y) => (x.id < y.id ? -1 : 1));
  assert.deepEqual(rows, [
    { id: 'CVE-2026-1', others: ['CVE-2026-2', 'DSA-1-1'], affects: ['libssl3', 'openssl'], ratings: [['low', undefined, undefined], ['high', 7.5, 'CVSSv31']] },
    { id: 'CVE-2026-3', others: [], affects: ['bash'], ratings: [['unknown', undefined, undefined]] },
  ]);
  const state = b.metadata.properties.filter((p) => p.name === 'plimsoll:state').map((p) => p.value);
  assert.deepEqual(state, ['Unhealthy']);
});

test('an inventory is the same list without vulnerabilities', () => {
  const b = bom('inventory');
  assert.equal(b.vulnerabilities, undefined);
  assert.deepEqual(b.components, bom('scan', '--vdb', vdb).components);
});

// As Trivy (Maven, npm) and the writers that CycloneDX itself publishes (cyclonedx-npm, cyclonedx-php-composer, cyclonedx-gomod) do it.
test('group and name: Maven, npm and Composer have a group, Go and packages without one have none; read back, they are the same packages', () => {
  const at = tempDir('groups'), npm = (name) => ({ path: `app/node_modules/${name}/package.json`, content: JSON.stringify({ name, version: '1.0.0' }) });
  const jar = path.join(at, 'lib.jar'), folder = 'META-INF/maven/org.acme/lib';
  run('python3', ['-c', 'import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1], "w")\nz.writestr(sys.argv[2], "groupId=org.acme\\nartifactId=lib\\nversion=2.0\\n")\nz.close()', jar, `${folder}/pom.properties`]);
  const image = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }]), npm('@a/b'), npm('plain'), { path: 'app/lib.jar', content: fs.readFileSync(jar) },
    { path: 'srv/vendor/composer/installed.json', content: JSON.stringify({ packages: [{ name: 'twig/twig', version: '3.0.0' }] }) },
    { path: 'src/go.mod', content: 'module x\n\nrequire github.com/Acme/lib v1.0.0\n' }]]);
  const ask = (...what) => JSON.parse(plimsoll(['inventory', ...what, '--format', 'cyclonedx']).stdout), b = ask('--input', image.dir);
  const rows = (bill) => bill.components.filter((c) => c.type === 'library').map((c) => [c.group, c.name, c.purl.split('?')[0]]).sort((x, y) => (x[2] < y[2] ? -1 : 1));
  assert.deepEqual(rows(b), [['twig', 'twig', 'pkg:composer/twig/twig@3.0.0'], [undefined, 'bash', 'pkg:deb/debian/bash@5'], [undefined, 'github.com/Acme/lib', 'pkg:golang/github.com/Acme/lib@v1.0.0'],
    ['org.acme', 'lib', 'pkg:maven/org.acme/lib@2.0'], ['@a', 'b', 'pkg:npm/%40a/b@1.0.0'], [undefined, 'plain', 'pkg:npm/plain@1.0.0']]);
  assert.equal(valid(b), '');
  fs.writeFileSync(path.join(at, 'b.cdx.json'), JSON.stringify(b));
  assert.deepEqual(rows(ask(`sbom:${path.join(at, 'b.cdx.json')}`)), rows(b));
});

test('both are valid by the schema of CycloneDX 1.6', { skip: !hasShared && '../shared is absent' }, () => {
  assert.ok(fs.existsSync(path.join(schemas, 'bom-1.6.schema.json')));
  for (const b of [bom('scan', '--vdb', vdb), bom('inventory')])
    assert.equal(valid(b), '');
  assert.notEqual(valid({ ...bom('inventory'), components: [{ type: 'nonsense', name: 'x' }] }), '');
});
