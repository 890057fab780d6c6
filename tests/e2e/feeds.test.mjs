// From a vendor's feed, in its own format, to the finding in an image of its distribution: the names that importers give
// ecosystems are those that packages are looked up by.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { osvRecord, plimsoll, root, tempDir } from './lib.mjs';

const golden = (feed, name) => `${feed}=${path.join(root, 'tests/golden', `feed-${feed}`, name, 'input')}`;
let vdb, dir;
before(() => {
  dir = tempDir('feeds');
  vdb = path.join(dir, 'feeds.vdb');
  const photon = path.join(dir, 'cve_data_photon5.0.json'); // the release is in the name alone
  fs.copyFileSync(path.join(root, 'tests/golden/feed-photon-cve/release/input'), photon);
  plimsoll(['vdb', 'build', '--quiet', '--out', vdb, golden('oval', 'oracle'), golden('oval', 'suse'), golden('csaf', 'redhat-vex'),
    golden('updateinfo', 'amazon'), golden('updateinfo', 'modules'), golden('updateinfo', 'bottlerocket'), golden('bodhi', 'page'), golden('apollo', 'page'), golden('arch-tracker', 'groups'),
    golden('ubuntu-tracker', 'esm'), golden('nvd', 'page'), `photon-cve=${photon}`]);
});

const put = (rootfs, file, text) => {
  fs.mkdirSync(path.dirname(path.join(rootfs, file)), { recursive: true });
  fs.writeFileSync(path.join(rootfs, file), text);
};
// One package: of rpm by the manifest that Microsoft's images have, of dpkg and pacman by their databases.
function rootfs(id, version, p) {
  const at = fs.mkdtempSync(path.join(dir, 'root-'));
  put(at, 'etc/os-release', `ID=${id}\n${version ? `VERSION_ID="${version}"\n` : ''}`);
  if (p.vendor) {
    const row = [p.name, p.version, 1, 1, p.vendor, '(none)', 10, 'x86_64', p.epoch ?? 0, `${p.source ?? p.name}-${p.version}.src.rpm`];
    put(at, 'var/lib/rpmmanifest/container-manifest-2', `${row.join('\t')}\n`);
  } else if (id === 'arch') {
    put(at, `var/lib/pacman/local/${p.name}-${p.version}/desc`, `%NAME%\n${p.name}\n\n%VERSION%\n${p.version}\n\n%ARCH%\nx86_64\n\n`);
  } else {
    put(at, 'var/lib/dpkg/status', `Package: ${p.name}\nStatus: install ok installed\nSource: ${p.source}\nVersion: ${p.version}\n` +
      'Architecture: amd64\nMaintainer: Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>\n\n');
  }
  return at;
}

const amazon = 'Amazon Linux', ubuntu = { name: 'libanchor1', source: 'anchor', version: '1.0-1' };
const images = [
  ['amzn', '2023', { vendor: amazon, name: 'anchor', version: '1.9-1.amzn2023', epoch: 1 }, ['ALAS2023-2031-002', 'fixed', '1:2.0-3.amzn2023.0.2']],
  // an extra's erratum is about its versions, not about the core's
  ['amzn', '2', { vendor: amazon, name: 'kernel', version: '5.15.40-1.amzn2' }, ['ALAS2KERNEL-5.15-2031-001', 'fixed', '5.15.43-20.123.amzn2']],
  ['amzn', '2', { vendor: amazon, name: 'kernel', version: '4.14.1-1.amzn2' }, null],
  ['sles', '15.4', { vendor: 'SUSE LLC <https://www.suse.com/>', name: 'anchor', version: '1.9-1' }, ['CVE-2031-7', 'fixed', '2.0-150400.3.1']],
  ['fedora', '43', { vendor: 'Fedora Project', name: 'anchor-libs', source: 'anchor', version: '1.9-1.fc43', epoch: 1 },
    ['FEDORA-2031-59e474cd5c', 'fixed', '1:2.0-1.fc43']],
  ['rhel', '9.4', { vendor: 'Red Hat, Inc.', name: 'anchor', version: '2.0-1.el9', epoch: 1 }, ['CVE-2031-7', 'fixed', '1:2.0-3.el9']],
  ['rhel', '7.9', { vendor: 'Red Hat, Inc.', name: 'keel-libs', source: 'keel', version: '1.0-1.el7' }, ['CVE-2031-7', 'end_of_life', '']],
  ['photon', '5.0', { vendor: 'VMware, Inc.', name: 'anchor-libs', source: 'anchor', version: '1-1.ph5' }, ['CVE-2031-7', 'fixed', '2-1.ph5']],
  ['rocky', '8.9', { vendor: 'Rocky', name: 'anchor', version: '1.0-1.el8' }, ['RLSA-2031:0007', 'fixed', '2.0-3.el8_9']],
  ['rocky', '10.1', { vendor: 'Rocky', name: 'anchor', version: '1.2-1.el10' }, ['RLSA-2031:0107', 'fixed', '1.2-3.el10_1']],
  ['bottlerocket', '1.20.0', { vendor: 'Bottlerocket', name: 'glibc', version: '2.40-1.br1', epoch: 1 }, ['GHSA-2222-3333-4444', 'fixed', '1:2.43-1.1773716061.e2e9d7a9.br1']],
  ['arch', '', { name: 'anchor', version: '1.0-1' }, ['AVG-1', 'fixed', '2.0-1']],
  ['ubuntu', '22.04', ubuntu, ['CVE-2031-7', 'fixed', '1.9-1ubuntu0.2']],
  ['ubuntu', '24.04', ubuntu, null],
  ['ubuntu', '16.04', ubuntu, ['CVE-2031-7', 'end_of_life', '']],
  ['ubuntu', '14.04', ubuntu, ['CVE-2031-7', 'affected', '', /1\.0-2ubuntu1\+esm1, requires Ubuntu Pro \(esm-infra\)/]],
];

test('each feed gives the finding of its distribution', () => {
  for (const [id, version, p, want] of images) {
    const { findings } = JSON.parse(plimsoll(['scan', `rootfs:${rootfs(id, version, p)}`, '--no-cache', '--vdb', vdb, '--format', 'json']).stdout);
    const about = `${id} ${version} ${p.name} ${p.version}`;
    assert.deepEqual(findings.map((f) => [f.advisory, f.status, f.fixed_version ?? '']), want ? [want.slice(0, 3)] : [], about);
    if (want?.[3])
      assert.match(findings[0].remediation, want[3], about);
  }
});

test('what its source took back is not reported, and why-not says so; dates of releases come from a feed', () => {
  const at = tempDir('withdrawn'), file = (name, text) => (fs.writeFileSync(path.join(at, name), typeof text === 'string' ? text : JSON.stringify(text)), path.join(at, name));
  const entry = (id) => osvRecord(id, [{ ecosystem: 'Debian:12', name: 'anchor', fixed: '2.0-1' }]);
  const rejected = { dataType: 'CVE_RECORD', cveMetadata: { cveId: 'CVE-2031-2', state: 'REJECTED', dateRejected: '2031-02-03T00:00:00Z' },
    containers: { cna: { rejectedReasons: [{ lang: 'en', value: 'Not a security issue.' }] } } };
  const gone = { ...entry('DSA-9-1'), withdrawn: '2031-03-04T00:00:00Z' };
  const db = path.join(at, 'x.vdb');
  plimsoll(['vdb', 'build', '--quiet', '--out', db, `cve5=${file('CVE-2031-2.json', rejected)}`, `osv=${file('osv.json', [entry('CVE-2031-1'), entry('CVE-2031-2'), gone])}`,
    `end-of-life=${file('debian.csv', 'version,codename,series,created,release,eol,eol-lts\n12,Bookworm,bookworm,,,2020-01-01,2020-01-02\n')}`]);
  const dirs = rootfs('debian', '12', { name: 'anchor', source: 'anchor', version: '1.0-1' });
  const status = path.join(dirs, 'var/lib/dpkg/status');
  fs.writeFileSync(status, fs.readFileSync(status, 'utf8').replace(/Maintainer: .*/, 'Maintainer: Debian Keel <keel@debian.org>'));
  const scan = JSON.parse(plimsoll(['scan', `rootfs:${dirs}`, '--no-cache', '--vdb', db, '--format', 'json']).stdout);
  assert.deepEqual(scan.findings.map((f) => f.advisory), ['CVE-2031-1']);
  const support = scan.coverage.support;
  assert.deepEqual([support.state, support.standard_end, support.extended, support.source], ['ended', '2020-01-01', 'LTS', 'distro-info-data']);
  const whyNot = (id) => plimsoll(['why-not', id, `rootfs:${dirs}`, '--vdb', db], { check: false }).stdout;
  assert.match(whyNot('CVE-2031-2'), /is in the range of CVE-2031-2, but CVE-2031-2 was rejected on 2031-02-03 \(cve5\): Not a security issue\.[^]*reason: withdrawn: /);
  assert.match(whyNot('DSA-9-1'), /DSA-9-1: withdrawn on 2031-03-04[^]*reason: withdrawn: /);
  assert.match(whyNot('CVE-2031-1'), / IS reported/);
});
