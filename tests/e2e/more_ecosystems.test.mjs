// Packages of Portage, Bottlerocket, Haskell, Dart, Homebrew and snaps, and what XML files and bills of materials in an image declare.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll } from './lib.mjs';

const release = (id, version) => ({ path: 'etc/os-release', content: `ID=${id}\nVERSION_ID=${version}\n` });
const record = (id, ecosystem, name, fixed) => ({ ...osvRecord(id, []), affected: [{ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }] }] });
let vdb;
before(() => {
  vdb = makeVdb([record('HSEC-2026-1', 'Hackage', 'text', '2.0.3'), record('GHSA-7777-7777-7777', 'Pub', 'http', '1.3.0'), record('CVE-2026-7', 'ConanCenter', 'zlib', '1.2.14'), record('BIT-nginx-2026-1', 'Bitnami', 'nginx', '1.26.0'), record('GHSA-8888-8888-8888', 'npm', 'lodash', '4.17.21'),
    record('GHSA-9999-9999-9999', 'Maven', 'org.apache.logging.log4j:log4j-core', '2.17.1'), osvRecord('CVE-2026-9', [{ ecosystem: 'Debian:12', name: 'other', fixed: '2' }]),
    osvRecord('BRSA-1', [{ ecosystem: 'Bottlerocket', name: 'kernel-5.15', fixed: '5.15.161-1' }])]);
});
const ask = (verb, layout, ...args) => JSON.parse(plimsoll([verb, '--input', layout.dir, ...(verb === 'scan' ? ['--vdb', vdb] : []), '--format', 'json', ...args], { check: false }).stdout);
const purls = (layout, kind) => ask('inventory', layout).packages.filter((p) => p.class === kind).map((p) => p.purl).sort();
const hits = (report) => report.findings.flatMap((f) => f.matches.map((m) => [f.advisory ?? f.id, m.package, m.installed_version])).sort();

test('Gentoo: packages with licences; a file that one owns is part of it; not assessed, and said so', () => {
  const at = 'usr/lib/python3.11/site-packages/six-1.16.dist-info/METADATA', folder = 'var/db/pkg/dev-python/six-1.16.0-r1';
  const layout = makeLayout([[release('gentoo', '2.15'), { path: `${folder}/CONTENTS`, content: `dir /usr\nobj /${at} 0 0\n` }, { path: `${folder}/LICENSE`, content: 'MIT\n' },
    { path: at, content: 'Name: six\nVersion: 1.16\n' }, { path: 'var/db/pkg/app-shells/bash-5.1_p16/CONTENTS', content: '' }],
  [{ path: 'var/db/pkg/app-shells/.wh.bash-5.1_p16', content: '' }]]);
  const { packages } = ask('inventory', layout);
  assert.deepEqual(packages.map((p) => [p.name, p.version, p.license, p.class]), [['dev-python/six', '1.16.0-r1', 'MIT', 'os']]);
  assert.match(packages[0].purl, /^pkg:ebuild\/dev-python\/six@1\.16\.0-r1/);
  const report = ask('scan', layout);
  assert.equal(report.state, 'Unverified');
  assert.match(report.reason, /gentoo/i);
});

test('Bottlerocket: its own inventory', () => {
  const layout = makeLayout([[release('bottlerocket', '1.20.1'), { path: 'usr/share/bottlerocket/application-inventory.json',
    content: JSON.stringify({ Content: [{ Name: 'kernel-5.15', Version: '5.15.160', Release: '1', Epoch: '0', Architecture: 'x86_64' }] }) }]]);
  assert.deepEqual(hits(ask('scan', layout)), [['BRSA-1', 'kernel-5.15', '5.15.160-1']]);
});

test('installed packages of languages are looked up, those without advisories are listed as not assessed', () => {
  const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }]),
    { path: 'opt/ghc/lib/package.conf.d/text-2.0.2.conf', content: 'name: text\nversion: 2.0.2\nlicense: BSD-2-Clause\n' },
    { path: 'root/.pub-cache/hosted/pub.dev/http-1.2.1/pubspec.yaml', content: 'name: http\nversion: 1.2.1\n' },
    { path: 'home/linuxbrew/.linuxbrew/Cellar/jq/1.7.1/INSTALL_RECEIPT.json', content: '{}' },
    { path: 'snap/core22/1122/meta/snap.yaml', content: "name: core22\nversion: '20240111'\n" }]]);
  assert.deepEqual(purls(layout, 'language'), ['pkg:brew/jq@1.7.1', 'pkg:hackage/text@2.0.2', 'pkg:pub/http@1.2.1', 'pkg:snap/core22@20240111']);
  const report = ask('scan', layout);
  assert.deepEqual(hits(report), [['GHSA-7777-7777-7777', 'http', '1.2.1'], ['HSEC-2026-1', 'text', '2.0.2']]);
  assert.deepEqual(report.coverage.gaps.map((g) => [g.packages, g.examples]), [[2, ['jq', 'core22']]]);
});

test('Conan, PEAR and Nix', () => {
  const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }]), { path: 'opt/app/conaninfo.txt', content: '[full_requires]\n    zlib/1.2.13:2dec3996\n' },
    { path: 'usr/local/lib/php/.registry/.channel.pecl.php.net/redis.reg', content: 'a:3:{s:4:"name";s:5:"redis";s:7:"channel";s:12:"pecl.php.net";s:7:"version";a:1:{s:7:"release";s:5:"5.3.7";}}' },
    { path: 'nix/store/0123456789abcdfghijklmnpqrsvwxyz-jq-1.7/bin/jq', content: 'x' }]]);
  assert.deepEqual(purls(layout, 'language'), ['pkg:conan/zlib@1.2.13', 'pkg:nix/jq@1.7', 'pkg:pear/pecl.php.net/redis@5.3.7']);
  const report = ask('scan', layout);
  assert.deepEqual(hits(report), [['CVE-2026-7', 'zlib', '1.2.13']]);
  assert.deepEqual(report.coverage.gaps.map((g) => [g.packages, [...g.examples].sort()]), [[2, ['jq', 'pecl.php.net/redis']]]);
});

test('programs known by a text: looked up, and not assessed where no advisories are about them', () => {
  const program = (text) => Buffer.from(`\x7fELF\x02\x01\x01\0${'\0'.repeat(64)}${text}\0${'\0'.repeat(64)}`, 'latin1');
  const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }]), { path: 'opt/nginx', content: program('nginx/1.25.3') }, { path: 'opt/lighttpd', content: program('lighttpd/1.4.69') }]]);
  assert.deepEqual(purls(layout, 'binary'), ['pkg:generic/lighttpd@1.4.69?evidence=text', 'pkg:generic/nginx@1.25.3?evidence=text']);
  const report = ask('scan', layout);
  assert.deepEqual(hits(report), [['BIT-nginx-2026-1', 'nginx', '1.25.3']]);
  assert.deepEqual(report.coverage.gaps.map((g) => [g.packages, g.examples]), [[1, ['lighttpd']]]);
  assert.match(report.coverage.gaps[0].reason ?? report.coverage.gaps[0].text, /holds no advisories/);
});

test('what XML files and bills of materials declare is listed, and looked up when asked for', () => {
  const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }]),
    { path: 'app/pom.xml', content: '<project><dependencies><dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.14.1</version></dependency></dependencies></project>' },
    { path: 'app/packages.config', content: '<packages><package id="Newtonsoft.Json" version="9.0.1"/></packages>' },
    { path: 'opt/app/app.cdx.json', content: JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', components: [{ type: 'library', name: 'lodash', purl: 'pkg:npm/lodash@4.17.20' }, { type: 'library', name: 'bash', purl: 'pkg:deb/debian/bash@5' }] }) }]]);
  assert.deepEqual(purls(layout, 'declared'), ['pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1', 'pkg:npm/lodash@4.17.20', 'pkg:nuget/Newtonsoft.Json@9.0.1']);
  assert.deepEqual(hits(ask('scan', layout)), []);
  assert.deepEqual(hits(ask('scan', layout, '--declared')).map((h) => h[1]), ['org.apache.logging.log4j:log4j-core', 'lodash'].sort((a, b) => (a === 'lodash' ? -1 : 1)).sort());
});
