// VEX documents and ignore files: what they take out of a report, that it is said, and what `why` says.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, hasShared, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout, shared, tempDir } from './lib.mjs';

const dir = tempDir('exceptions');
const file = (name, content) => { fs.writeFileSync(path.join(dir, name), typeof content === 'string' ? content : JSON.stringify(content)); return path.join(dir, name); };
let vdb, layout;
before(() => {
  vdb = makeVdb([
    osvRecord('DSA-1-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.1' }], { severity: 'HIGH', aliases: ['CVE-2026-1', 'CVE-2026-2'] }),
    osvRecord('CVE-2026-3', [{ ecosystem: 'Debian:12', name: 'bash' }], { severity: 'LOW' }),
    osvRecord('GHSA-aaaa-bbbb-cccc', [{ ecosystem: 'npm', name: 'b', fixed: '2.0.0' }], { severity: 'HIGH', aliases: ['CVE-2026-5'] }),
  ]);
  layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'libssl3', version: '3.0', source: 'openssl' }, { name: 'bash', version: '5' }])],
    [{ path: 'app/node_modules/b/package.json', content: '{"name":"b","version":"1.0.0"}' }]]);
});
const scan = (...more) => plimsoll(['scan', '--vdb', vdb, layout.dir, ...more], { check: false });
const json = (...more) => { const r = scan('--format', 'json', ...more); assert.equal(r.status, 0, r.stderr); return { ...JSON.parse(r.stdout), stderr: r.stderr }; };
const left = (r) => r.findings.map((f) => f.advisory).sort();
const openvex = (statements, more = {}) => ({ '@context': 'https://openvex.dev/ns/v0.2.0', timestamp: '2026-01-01T00:00:00Z', statements, ...more });
const says = (name, products, status, more = {}) => ({ vulnerability: { name }, products, status, ...more });

test('a statement on a package, on a part of the image by its digest, and on another image', () => {
  const bash = file('bash.json', openvex([says('CVE-2026-3', [{ '@id': 'pkg:deb/debian/bash' }], 'not_affected', { justification: 'vulnerable_code_not_present', impact_statement: 'built without' })]));
  const one = json('--vex', bash);
  assert.deepEqual(left(one), ['CVE-2026-5', 'DSA-1-1']);
  assert.deepEqual([one.summary.total, one.summary.suppressed_by_vex, one.summary.suppressed_by_ignore_files], [2, 1, 0]);
  assert.deepEqual(one.suppressed.map((s) => [s.by, s.source, s.status, s.justification, s.statement, s.advisory, s.package]),
    [['vex', bash, 'not_affected', 'vulnerable_code_not_present', 'built without', 'CVE-2026-3', 'bash']]);
  assert.match(scan('--vex', bash).stdout, /^1 finding suppressed by VEX\.$/m);
  // What was decided goes on as VEX, and is read again alike.
  const said = JSON.parse(scan('--vex', bash, '--format', 'openvex').stdout).statements;
  assert.deepEqual(said.filter((s) => s.status !== 'affected').map((s) => [s.vulnerability.name, s.status, s.justification, s.impact_statement]),
    [['CVE-2026-3', 'not_affected', 'vulnerable_code_not_present', 'built without']]);
  assert.deepEqual(left(json('--vex', file('again.json', scan('--vex', bash, '--format', 'openvex').stdout))), ['CVE-2026-5', 'DSA-1-1']);
  const part = [{ '@id': `pkg:oci/any@${encodeURIComponent(layout.digest)}`, subcomponents: [{ '@id': 'pkg:npm/b@1.0.0' }] }];
  assert.deepEqual(left(json('--vex', file('part.json', openvex([says('CVE-2026-5', part, 'fixed')])))), ['CVE-2026-3', 'DSA-1-1']);
  const other = [{ '@id': 'pkg:oci/any@sha256:00', subcomponents: [{ '@id': 'pkg:npm/b@1.0.0' }] }];
  assert.equal(json('--vex', file('other.json', openvex([says('CVE-2026-5', other, 'fixed')]))).findings.length, 3);
});

test('an advisory about two CVEs goes when both do, and a package at a time', () => {
  const ssl = (cves, products) => file('ssl.json', openvex(cves.map((c) => says(c, products.map((p) => `pkg:deb/debian/${p}`), 'not_affected'))));
  const whole = (r) => r.findings.find((f) => f.advisory === 'DSA-1-1')?.matches.map((m) => m.package);
  assert.deepEqual(whole(json('--vex', ssl(['CVE-2026-1'], ['openssl', 'libssl3']))), ['libssl3', 'openssl']);
  const half = json('--vex', ssl(['CVE-2026-1', 'CVE-2026-2'], ['openssl']));
  assert.deepEqual(whole(half), ['libssl3']);
  assert.deepEqual([half.summary.total, half.summary.suppressed_by_vex, half.suppressed.length], [3, 0, 1]);
  assert.equal(whole(json('--vex', ssl(['CVE-2026-1', 'CVE-2026-2'], ['openssl', 'libssl3']))), undefined);
});

test('ignore files, with expiry; what is left decides state and gate', () => {
  const lines = file('.trivyignore', '# known\nDSA-1-1\nCVE-2026-3 exp:2026-12-31\nCVE-2026-5 exp:2026-01-01\n');
  const r = json('--ignore-file', lines);
  assert.deepEqual(left(r), ['CVE-2026-5']);
  assert.equal(r.summary.suppressed_by_ignore_files, 2);
  assert.match(r.stderr, /1 rule of ignore files has expired/);
  const yaml = file('.trivyignore.yaml', 'vulnerabilities:\n  - id: CVE-2026-5\n    paths: ["app/**"]\n    statement: not reachable\n');
  const grype = file('grype.yaml', 'ignore:\n  - vulnerability: CVE-2026-3\n    package: {name: bash, type: deb}\n  - vulnerability: DSA-1-1\n    unknown: x\n');
  const two = json('--ignore-file', `${yaml},${grype}`);
  assert.deepEqual(left(two), ['DSA-1-1']);
  assert.match(two.stderr, /the rule is not applied: this is not known: "unknown"/);
  const all = file('all', 'DSA-1-1\nCVE-2026-3\nCVE-2026-5\n');
  assert.equal(scan('--fail-on', 'any').status, 2);
  assert.equal(scan('--fail-on', 'any', '--ignore-file', all).status, 0);
  assert.equal(json('--ignore-file', all).state, 'Healthy');
});

test('CSAF and CycloneDX', () => {
  const branches = [{ branches: [{ category: 'product_version', name: '5', product: { product_id: 'B', name: 'b', product_identification_helper: { purl: 'pkg:deb/debian/bash@5' } } }] }];
  const csaf = { document: { category: 'csaf_vex', csaf_version: '2.0', tracking: { current_release_date: '2026-01-01T00:00:00Z' } }, product_tree: { branches },
    vulnerabilities: [{ cve: 'CVE-2026-3', product_status: { known_not_affected: ['B', 'unknown'] }, threats: [{ category: 'impact', details: 'no' }] }] };
  const r = json('--vex', file('csaf.json', csaf));
  assert.deepEqual(left(r), ['CVE-2026-5', 'DSA-1-1']);
  assert.match(r.stderr, /1 products? without a package URL/);
  // Our own bill with an analysis added, as people write it.
  const bom = JSON.parse(scan('--format', 'cyclonedx').stdout);
  for (const v of bom.vulnerabilities) v.analysis = { state: v.id === 'CVE-2026-3' ? 'exploitable' : 'false_positive' };
  assert.deepEqual(left(json('--vex', file('cdx.json', bom))), ['CVE-2026-3', 'DSA-1-1']); // DSA-1-1 has a CVE that the analysis does not name
});

test('why says which document takes a match out', () => {
  const vex = file('why.json', openvex([says('CVE-2026-3', ['pkg:deb/debian/bash'], 'not_affected', { justification: 'component_not_present' })]));
  const said = plimsoll(['why', '--vdb', vdb, '--vex', vex, 'CVE-2026-3', layout.dir]).stdout;
  assert.match(said, /suppressed by VEX document .*why\.json: not_affected \(component_not_present\)/);
  assert.doesNotMatch(plimsoll(['why', '--vdb', vdb, 'CVE-2026-3', layout.dir]).stdout, /suppressed/);
});

test('push-status takes the same', async () => {
  const server = await new Server({ args: ['--vdb', vdb] }).start();
  try {
    await pushLayout(server, 'team/app', layout);
    await server.scanned('team/app', layout.digest);
    const host = new URL(server.url).host;
    const vex = file('pushed.json', openvex([says('CVE-2026-3', [{ '@id': `pkg:oci/app?repository_url=${host}/team/app` }], 'fixed')]));
    const r = server.plimsoll ? server.plimsoll(['push-status']) : plimsoll(['push-status', '--server', server.url, '--username', 'admin', `${host}/team/app:latest`, '--vex', vex, '--format', 'json'],
      { env: { PLIMSOLL_PASSWORD: server.password }, check: false });
    if (r.status === 0) assert.equal(JSON.parse(r.stdout).summary.suppressed_by_vex, 1);
    else assert.fail(r.stderr);
  } finally {
    await server.stop();
  }
});

test('the samples of Trivy and Grype are read', { skip: !hasShared && '../shared is absent' }, () => {
  const samples = path.join(shared, 'corpus/spec/vex');
  for (const name of ['trivy/openvex.json', 'trivy/openvex-oci.json', 'trivy/openvex-nested.json', 'trivy/openvex-multiple.json', 'trivy/csaf.json', 'trivy/csaf-relationships.json', 'trivy/cyclonedx.json',
    'grype/vex-docs/openvex-debian.json', 'grype/vex-docs/openvex-demo1.json', 'grype/vex-docs/csaf-demo1.json', 'grype/vex-docs/csaf-demo2.json', 'claircore/cve-2023-38545.json'])
    assert.equal(json('--vex', path.join(samples, name)).findings.length, 3, name);
  assert.match(scan('--vex', path.join(samples, 'trivy/unknown.json')).stderr, /no VEX document/);
});
