// Product streams, with records as the vendors publish them: whose fixes an image gets by what its own files say.
import assert from 'node:assert/strict';
import path from 'node:path';
import { before, test } from 'node:test';
import { dpkgStatus, hasShared, makeLayout, plimsoll, shared, tempDir, matchRows } from './lib.mjs';

const skip = !hasShared && '../shared is absent';
let vdb;
before(() => {
  if (skip) return;
  vdb = path.join(tempDir('streams'), 'streams.vdb');
  const of = ['Ubuntu', 'Red Hat', 'openEuler', 'Alpaquita', 'BellSoft Hardened Containers', 'Mageia'];
  plimsoll(['vdb', 'build', '--out', vdb, ...of.map((e) => `osv=${path.join(shared, 'feeds/osv-fragments', e, 'all.zip')}`)]);
});

const release = (lines) => ({ path: 'etc/os-release', content: Object.entries(lines).map(([k, v]) => `${k}="${v}"\n`).join('') });
const ubuntu = (version) => release({ ID: 'ubuntu', VERSION_ID: version });
const rhel = (version) => release({ ID: 'rhel', VERSION_ID: version, CPE_NAME: `cpe:/o:redhat:enterprise_linux:${version.split('.')[0]}::baseos` });
const pro = (...names) => ({ path: 'var/lib/ubuntu-advantage/status.json',
  content: JSON.stringify({ attached: true, services: names.map((name) => ({ name, status: 'enabled', entitled: 'yes' })) }) });
const sets = (...names) => ({ path: 'root/buildinfo/content_manifests/x.json', content: JSON.stringify({ content_sets: names }) });
// the text form of an rpm database: name, version-release, two times, vendor, epoch, size, architecture, epoch number, source
const rpms = (vendor, list) => ({ path: 'var/lib/rpmmanifest/container-manifest-2',
  content: list.map(([name, version, epoch]) => `${name}\t${version}\t1\t1\t${vendor}\t(none)\t1\tx86_64\t${epoch ?? 0}\t${name}-${version}.src.rpm\n`).join('') });
const apk = (list) => ({ path: 'lib/apk/db/installed', content: list.map(([name, version]) => `P:${name}\nV:${version}\n\n`).join('') });
const findings = (...files) => matchRows(JSON.parse(plimsoll(['scan', '--input', makeLayout([files]).dir, '--vdb', vdb, '--format', 'json'], { check: false }).stdout).findings);
const lines = (...files) => findings(...files).map((f) => [f.advisory, f.package, f.fixed_version, f.status, f.patchable].join(' ')).sort();

test('Ubuntu Pro: only who is attached gets its fixes', { skip }, () => {
  const wayland = dpkgStatus([{ name: 'libwayland-bin', version: '1.12.0-1~ubuntu16.04.3', source: 'wayland' }]);
  const fix = '1.12.0-1~ubuntu16.04.3+esm1';
  assert.deepEqual(lines(ubuntu('16.04'), wayland), ['CVE-2021-3782 libwayland-bin  affected false']);
  assert.match(findings(ubuntu('16.04'), wayland)[0].remediation, new RegExp(`version ${fix.replace(/[+.]/g, '\\$&')}, requires Ubuntu Pro`));
  assert.deepEqual(lines(ubuntu('16.04'), wayland, pro('esm-infra')), [`CVE-2021-3782 libwayland-bin ${fix} fixed true`]);
  assert.deepEqual(lines(ubuntu('16.04'), wayland, pro('esm-apps')), ['CVE-2021-3782 libwayland-bin  affected false']);
  assert.deepEqual(lines(ubuntu('16.04'), dpkgStatus([{ name: 'libwayland-bin', version: fix, source: 'wayland' }])), []);
  // what the release itself fixed is everybody's, and its notice stands for the CVE
  assert.deepEqual(lines(ubuntu('22.04'), dpkgStatus([{ name: 'libwayland-bin', version: '1.20.0-1', source: 'wayland' }])),
    ['USN-5614-1 libwayland-bin 1.20.0-1ubuntu0.1 fixed true']);
});

test('Ubuntu Pro: a package that only a Pro record speaks of is affected all the same', { skip }, () => {
  const glibc = dpkgStatus([{ name: 'libc6', version: '2.23-0ubuntu11.3', source: 'glibc' }, { name: 'zabbix-agent', version: '1:2.4.7+dfsg-2ubuntu2.1', source: 'zabbix' }]);
  const want = ['CVE-2016-20013 libc6  affected false', 'CVE-2016-20013 zabbix-agent  affected false'];
  assert.deepEqual(lines(ubuntu('16.04'), glibc), want);
  assert.deepEqual(lines(ubuntu('16.04'), glibc, pro('esm-infra', 'esm-apps')), want);
});

test('Red Hat: an image is of the stream that its content sets name', { skip }, () => {
  const podman = rpms('Red Hat, Inc.', [['podman', '4.4.1-3.el9', 2]]);
  const eus = sets('rhel-9-for-x86_64-appstream-eus-rpms__9_DOT_2', 'rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2');
  assert.deepEqual(lines(rhel('9.2'), podman), [], 'an EUS fix says nothing of the release itself');
  assert.deepEqual(lines(rhel('9.2'), podman, sets('rhel-9-for-x86_64-appstream-rpms', 'ubi-9-baseos-rpms')), []);
  assert.deepEqual(lines(rhel('9.2'), podman, eus), ['RHSA-2024:8709 podman 2:4.4.1-21.el9_2 fixed true']);
  assert.deepEqual(lines(rhel('9.2'), podman, sets('rhel-9-for-x86_64-appstream-eus-rpms__9_DOT_4')), []);
  assert.deepEqual(lines(rhel('9.2'), rpms('Red Hat, Inc.', [['podman', '4.4.1-21.el9_2', 2]]), eus), []);
  const firmware = rpms('Red Hat, Inc.', [['iwl100-firmware', '39.31.5.1-100.el8']]);
  assert.deepEqual(lines(rhel('8.8'), firmware), []);
  assert.deepEqual(lines(rhel('8.8'), firmware, sets('rhel-8-for-x86_64-baseos-eus-rpms__8_DOT_8')),
    ['RHBA-2024:6202 iwl100-firmware 0:39.31.5.1-118.2.el8_8.1 fixed true']);
});

test('Red Hat: layered products are for images that hold them', { skip }, () => {
  const helm = rpms('Red Hat, Inc.', [['helm', '3.12.1-1.el9']]);
  assert.deepEqual(lines(rhel('9.4'), helm), []);
  assert.deepEqual(lines(rhel('9.4'), helm, sets('rhel-9-for-x86_64-baseos-rpms', 'ocp-tools-4.15-for-rhel-9-x86_64-rpms')),
    ['RHEA-2024:1870 helm 0:3.13.2-35.el9 fixed true']);
  assert.deepEqual(lines(rhel('9.4'), helm, sets('ocp-tools-4.14-for-rhel-9-x86_64-rpms')), []);
});

test('releases of other distributions by the names that OSV gives them', { skip }, () => {
  const euler = (version) => release({ ID: 'openEuler', VERSION_ID: '20.03', VERSION: version });
  const dnsmasq = rpms('http://openeuler.org', [['dnsmasq', '2.82-1.oe1']]);
  assert.deepEqual(lines(euler('20.03 (LTS)'), dnsmasq), ['OESA-2021-1001 dnsmasq 2.82-5.oe1 fixed true']);
  assert.deepEqual(lines(euler('20.03 (LTS-SP1)'), dnsmasq), ['OESA-2021-1001 dnsmasq 2.82-5.oe1 fixed true']);
  assert.deepEqual(lines(euler('20.03 (LTS-SP3)'), dnsmasq), []);
  const libxml = apk([['libxml2', '2.10.4-r1']]);
  for (const id of ['alpaquita', 'bellsoft-hardened-containers']) {
    assert.deepEqual(lines(release({ ID: id, VERSION_ID: '23' }), libxml), ['CVE-2025-49796 libxml2 2.10.4-r5 fixed true']);
    assert.deepEqual(lines(release({ ID: id, VERSION_ID: '23' }), apk([['libxml2', '2.10.4-r5']])), [], 'the rolling stream has its own fix');
    assert.deepEqual(lines(release({ ID: id, VERSION_ID: 'stream' }), libxml), ['CVE-2025-49796 libxml2 2.13.8-r1 fixed true']);
  }
  const microcode = rpms('Mageia.Org', [['microcode', '0.20240101-1.mga9.nonfree']]);
  assert.deepEqual(lines(release({ ID: 'mageia', VERSION_ID: '9' }), microcode), ['MGASA-2025-0124 microcode 0.20250211-2.mga9.nonfree fixed true']);
  assert.deepEqual(lines(release({ ID: 'mageia', VERSION_ID: '8' }), microcode), []);
});
