// Trivy beside us, where it is installed (`trivy` on the path; tests/bench/trivy.sh says where it can be had): it reads our reports and bills, and we read its bills. No network and no database of its.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, plimsoll, run, tempDir } from './lib.mjs';

const skip = !has('trivy') && 'trivy is not installed';
const dir = tempDir('trivy'), env = { HOME: dir, TRIVY_CACHE_DIR: path.join(dir, 'cache'), TRIVY_SKIP_VERSION_CHECK: 'true', TRIVY_QUIET: 'true' };
const at = (name) => path.join(dir, name);
const read = (name) => JSON.parse(fs.readFileSync(at(name)));
const site = 'usr/local/lib/python3.11/site-packages/Zope.Interface-5.0.dist-info';
const deps = { runtimeTarget: { name: '.NETCoreApp,Version=v3.1' }, targets: { '.NETCoreApp,Version=v3.1': { 'BouncyCastle/1.8.1': { runtime: { 'lib/BouncyCastle.dll': {} } } } },
  libraries: { 'BouncyCastle/1.8.1': { type: 'package', serviceable: true, sha512: '', path: 'bouncycastle/1.8.1' } } };
// ecosystem and name of its advisory, installed version, as both write it, where its package URL begins
const packages = [
  ['Debian:12', 'openssl', 'libssl3', '1:3.0.1+b1', 'pkg:deb/debian/libssl3'],
  ['npm', '@a/b', '@a/b', '1.0.0', 'pkg:npm/%40a/b'],
  ['npm', 'left', 'left', '1.0.0-rc.1+build', 'pkg:npm/left'],
  ['PyPI', 'zope-interface', 'Zope.Interface', '5.0', 'pkg:pypi/zope'],
  ['NuGet', 'BouncyCastle', 'BouncyCastle', '1.8.1', 'pkg:nuget/BouncyCastle'],
  ['Packagist', 'twig/twig', 'twig/twig', 'v1.20.0', 'pkg:composer/twig/twig'],
  ['RubyGems', 'rack', 'rack', '2.0.1', 'pkg:gem/rack'],
];
const cve = (i) => `CVE-2026-${i + 1}`;
// Names of PyPI are one in all their spellings.
const plain = (name) => name.toLowerCase().replace(/^zope[._-]interface$/, 'zope-interface');
const expected = packages.map(([, , name, version], i) => `${cve(i)} ${plain(name)} ${version}`).sort();
let layout, vdb;
before(() => {
  layout = makeLayout([
    // Without the last file it does not know a Debian.
    [debianRelease(), dpkgStatus([{ name: 'libssl3', source: 'openssl', version: '1:3.0.1+b1' }]), { path: 'etc/debian_version', content: '12.5\n' }],
    [...['@a/b 1.0.0', 'left 1.0.0-rc.1+build'].map((p) => p.split(' ')).map(([name, version]) => ({ path: `srv/app/node_modules/${name}/package.json`, content: JSON.stringify({ name, version }) })),
      { path: `${site}/METADATA`, content: 'Metadata-Version: 2.1\nName: Zope.Interface\nVersion: 5.0\n\n' }, { path: `${site}/RECORD`, content: '' },
      { path: 'opt/net/app.deps.json', content: JSON.stringify(deps) },
      { path: 'srv/shop/vendor/composer/installed.json', content: JSON.stringify({ packages: [{ name: 'twig/twig', version: 'v1.20.0', version_normalized: '1.20.0.0', type: 'library' }], dev: true }) },
      { path: 'usr/local/bundle/specifications/rack-2.0.1.gemspec', content: 'Gem::Specification.new do |s|\n  s.name = "rack".freeze\n  s.version = "2.0.1"\nend\n' }],
  ]);
  vdb = makeVdb(packages.map(([ecosystem, name], i) => osvRecord(cve(i), [{ ecosystem, name, fixed: ecosystem.startsWith('Debian') ? '9:1' : '99999' }], { severity: 'HIGH' })));
  fs.writeFileSync(at('ours.json'), plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'trivy']).stdout);
});
const convert = (format) => { run('trivy', ['convert', '--format', format, '--output', at(`as.${format}`), at('ours.json')], { env }); return fs.readFileSync(at(`as.${format}`), 'utf8'); };

test('trivy convert reads our report: each vulnerability with its package, versions and severity, in every format it writes', { skip }, () => {
  const found = (report) => report.Results.flatMap((r) => r.Vulnerabilities ?? []);
  const report = JSON.parse(convert('json'));
  assert.deepEqual(found(report).map((v) => `${v.VulnerabilityID} ${plain(v.PkgName)} ${v.InstalledVersion}`).sort(), expected);
  for (const v of found(report)) assert.deepEqual([v.Severity, v.Status, v.FixedVersion], ['HIGH', 'fixed', v.PkgName === 'libssl3' ? '9:1' : '99999'], v.PkgName);
  assert.deepEqual(report.Metadata.OS, { Family: 'debian', Name: '12' });
  assert.deepEqual(report.Results.map((r) => r.Class).filter((c) => c === 'os-pkgs').length, 1);
  const table = convert('table');
  for (const [i, [, , name]] of packages.entries()) assert.match(table, new RegExp(`${name.replace(/\W/g, '.')}.*${cve(i)}`, 'i'));
  assert.deepEqual(JSON.parse(convert('sarif')).runs[0].results.map((r) => r.ruleId).sort(), packages.map((_, i) => cve(i)).sort());
  const bill = JSON.parse(convert('cyclonedx'));
  assert.deepEqual(bill.vulnerabilities.map((v) => v.id).sort(), packages.map((_, i) => cve(i)).sort());
  const refs = new Set(bill.components.map((c) => c['bom-ref']));
  for (const v of bill.vulnerabilities) assert.ok(v.affects.length && v.affects.every((a) => refs.has(a.ref)), v.id);
  assert.ok(JSON.parse(convert('spdx-json')).packages.length > packages.length);
  assert.ok(Object.keys(JSON.parse(convert('github')).manifests).length >= 5);
});

test('trivy sbom reads each bill of ours: every package once, with the distribution', { skip }, () => {
  for (const format of ['cyclonedx', 'spdx-json', 'spdx-tv']) {
    fs.writeFileSync(at(format), plimsoll(['inventory', '--input', layout.dir, '--format', format]).stdout);
    run('trivy', ['sbom', '--format', 'json', '--list-all-pkgs', '--scanners', 'license', '--output', at('read.json'), at(format)], { env });
    const r = read('read.json');
    assert.deepEqual(r.Metadata.OS, { Family: 'debian', Name: '12' }, format);
    assert.deepEqual(r.Results.flatMap((x) => x.Packages ?? []).map((p) => p.Identifier.PURL.replace(/[@?][^/]*$/, '').replace('zope-interface', 'zope')).sort(),
      packages.map((p) => p[4]).sort(), format);
  }
});

test("a scan of Trivy's bill has the image's findings", { skip }, () => {
  for (const format of ['cyclonedx', 'spdx-json']) {
    run('trivy', ['image', '--input', layout.dir, '--format', format, '--output', at(`bill.${format}`)], { env });
    const { findings } = JSON.parse(plimsoll(['scan', `sbom:${at(`bill.${format}`)}`, '--vdb', vdb, '--format', 'json']).stdout);
    assert.deepEqual(findings.flatMap((f) => f.matches.map((m) => `${f.cves} ${plain(m.package)} ${m.installed_version}`)).sort(), expected, format);
  }
});
