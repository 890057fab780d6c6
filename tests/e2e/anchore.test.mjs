// Syft and Grype beside us, where they are installed: they read what we write, we read what Syft writes, and both find the same packages in an image. No network and no database of theirs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, plimsoll, run, tempDir } from './lib.mjs';

const skipSyft = !has('syft') && 'syft is not installed', skipGrype = !has('grype') && 'grype is not installed';
const dir = tempDir('anchore'), env = { HOME: dir, XDG_CACHE_HOME: dir, SYFT_CHECK_FOR_APP_UPDATE: 'false', GRYPE_CHECK_FOR_APP_UPDATE: 'false' };
const at = (name) => path.join(dir, name);
const wheel = (name, version, folder = 'usr/local/lib/python3.11/site-packages') => [
  { path: `${folder}/${name}-${version}.dist-info/METADATA`, content: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\n` },
  { path: `${folder}/${name}-${version}.dist-info/RECORD`, content: '' }];
const npm = (name, version, folder = 'srv/app/node_modules') => ({ path: `${folder}/${name}/package.json`, content: JSON.stringify({ name, version }) });
const deps = (...pairs) => JSON.stringify({ runtimeTarget: { name: '.NETCoreApp,Version=v3.1' },
  targets: { '.NETCoreApp,Version=v3.1': Object.fromEntries(pairs.map(([n, v]) => [`${n}/${v}`, { runtime: { [`lib/${n}.dll`]: {} } }])) },
  libraries: Object.fromEntries(pairs.map(([n, v]) => [`${n}/${v}`, { type: 'package', serviceable: true, sha512: '', path: `${n}/${v}`.toLowerCase() }])) });
const installed = JSON.stringify({ packages: [{ name: 'twig/twig', version: 'v1.20.0', version_normalized: '1.20.0.0', type: 'library' }], dev: true });
const owned = 'usr/lib/python3/dist-packages';
let layout, vdb, bills;
before(() => {
  layout = makeLayout([
    [debianRelease(), dpkgStatus([{ name: 'libssl3', source: 'openssl', version: '1:3.0.1+b1' }, { name: 'python3-six', source: 'six', version: '1.16.0-4', arch: 'all' }]),
      { path: 'var/lib/dpkg/info/python3-six.list', content: `/.\n/${owned}\n${wheel('six', '1.16.0', owned).map((f) => `/${f.path}\n`).join('')}` }, ...wheel('six', '1.16.0', owned)],
    [npm('@a/b', '1.0.0'), npm('left', '1.0.0-rc.1+build'), ...wheel('Zope.Interface', '5.0'),
      { path: 'opt/net/app.deps.json', content: deps(['BouncyCastle', '1.8.1']) }, { path: 'srv/shop/vendor/composer/installed.json', content: installed },
      { path: 'usr/local/bundle/specifications/rack-2.0.1.gemspec', content: 'Gem::Specification.new do |s|\n  s.name = "rack".freeze\n  s.version = "2.0.1"\nend\n' },
      // Without a version: Syft calls it UNKNOWN.
      { path: 'srv/nameless/node_modules/bare/package.json', content: '{"name":"bare"}' }],
  ]);
  const about = [['Debian:12', 'openssl'], ['Debian:12', 'six'], ['npm', '@a/b'], ['npm', 'left'], ['npm', 'bare'], ['PyPI', 'zope-interface'], ['PyPI', 'six'], ['NuGet', 'BouncyCastle'], ['Packagist', 'twig/twig'],
    ['RubyGems', 'rack']];
  vdb = makeVdb(about.map(([ecosystem, name], i) => osvRecord(`CVE-2026-${i + 1}`, [{ ecosystem, name, fixed: ecosystem.startsWith('Debian') ? '9:1' : '99999' }], { severity: 'HIGH' })));
  if (skipSyft) return;
  bills = { 'cyclonedx-json': 'syft.cdx.json', 'spdx-json': 'syft.spdx.json', 'spdx-tag-value': 'syft.spdx', 'syft-json': 'syft.json' };
  run('syft', ['scan', '-q', `oci-dir:${layout.dir}`, ...Object.entries(bills).flatMap(([form, name]) => ['-o', `${form}=${at(name)}`])], { env });
});

const ours = (format) => plimsoll(['inventory', '--input', layout.dir, '--format', format]).stdout;
const ourPackages = () => JSON.parse(ours('json')).packages;
const artifacts = (name) => JSON.parse(fs.readFileSync(at(name))).artifacts;
// As the specification compares: "%3A" and ":" in a version are the same, names of NuGet differ in case alone.
const plain = (purl) => decodeURIComponent(purl).toLowerCase();
const set = (list) => [...new Set(list)].sort();
const findings = (...what) => set(JSON.parse(plimsoll(['scan', ...what, '--vdb', vdb, '--format', 'json']).stdout).findings
  .flatMap((f) => f.matches.map((m) => `${f.cves} ${m.package} ${m.installed_version}`)));

test('Syft reads each bill of ours: the same package URLs, the distribution, nothing twice', { skip: skipSyft }, () => {
  const want = set(ourPackages().map((p) => plain(p.purl)));
  assert.equal(want.length, 8);
  for (const format of ['cyclonedx', 'spdx-json', 'spdx-tv']) {
    fs.writeFileSync(at(format), ours(format));
    run('syft', ['convert', '-q', at(format), '-o', `syft-json=${at('converted.json')}`], { env });
    const { distro } = JSON.parse(fs.readFileSync(at('converted.json')));
    assert.deepEqual([distro.id, distro.versionID], ['debian', '12'], format);
    // Of SPDX it keeps the distribution as a package without a package URL.
    assert.deepEqual(artifacts('converted.json').filter((a) => a.purl).map((a) => plain(a.purl)).sort(), want, format);
    assert.deepEqual(artifacts('converted.json').filter((a) => !a.purl).map((a) => a.name), format === 'cyclonedx' ? [] : ['debian'], format);
  }
});

test("what Syft finds in an image, we find: but a file that the distribution's package owns is that package's, and what has no version is no package", { skip: skipSyft }, () => {
  const name = (purl) => plain(purl).split('?')[0], theirs = set(artifacts('syft.json').map((a) => name(a.purl))), us = set(ourPackages().map((p) => name(p.purl)));
  assert.deepEqual(us.filter((p) => !theirs.includes(p)), []);
  assert.deepEqual(theirs.filter((p) => !us.includes(p)), ['pkg:npm/bare', 'pkg:pypi/six@1.16.0']);
});

test("a scan of Syft's bill has the image's findings, and those of files that a package of the distribution owns: a bill does not say that", { skip: skipSyft }, () => {
  const image = findings('--input', layout.dir);
  assert.equal(image.length, 8);
  for (const form of ['cyclonedx-json', 'spdx-json', 'spdx-tag-value']) {
    const bill = findings(`sbom:${at(bills[form])}`);
    assert.deepEqual(image.filter((f) => !bill.includes(f)), [], form);
    assert.deepEqual(bill.filter((f) => !image.includes(f)), ['CVE-2026-7 six 1.16.0'], form);
    const { coverage } = JSON.parse(plimsoll(['scan', `sbom:${at(bills[form])}`, '--vdb', vdb, '--format', 'json']).stdout);
    assert.deepEqual([coverage.packages, coverage.gaps.map((g) => g.examples).flat()], [10, ['bare']], form);
  }
});

test("grype explain reads a report in Grype's format: each vulnerability, its package and file", { skip: skipGrype }, () => {
  const report = plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'grype']).stdout, { matches } = JSON.parse(report);
  assert.equal(matches.length, 8);
  fs.writeFileSync(at('report.json'), report);
  for (const m of matches) {
    const { stdout } = run('sh', ['-c', 'cat "$1" | grype explain --id "$2"', 'sh', at('report.json'), m.vulnerability.id], { env }); // it looks for a pipe
    for (const text of [m.vulnerability.id, `Package: ${m.artifact.name}, version: ${m.artifact.version}`, m.artifact.purl, m.artifact.locations[0].path])
      assert.ok(stdout.includes(text), `${text}: ${stdout}`);
  }
});
