// A whole Debian image of 300 and more packages, made by debootstrap, pushed by podman's and skopeo's ways; findings by API and by scan are the same ones,
// and which packages they name is reasoned from the inventory that dpkg itself states.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, findingLines, has, makeVdb, osvRecord, plimsoll, run, tempDir, matchRows } from './lib.mjs';

const mirror = (() => {
  const out = run('apt-get', ['indextargets', '--format', '$(SITE)'], { check: false }).stdout ?? '';
  return out.split('\n').find((l) => /^https?:/.test(l) && !/security/.test(l));
})();
const why = process.getuid() !== 0 ? 'needs root' : !has('debootstrap') ? 'debootstrap is not installed' : !mirror ? 'no Debian mirror is configured' : false;
// In memory where there is space: dpkg syncs every file that it unpacks.
const inMemory = fs.existsSync('/dev/shm') && fs.statfsSync('/dev/shm').bavail * fs.statfsSync('/dev/shm').bsize > 2 ** 31;
const folder = process.env.DEBIAN_ROOTFS ? null : inMemory ? fs.mkdtempSync('/dev/shm/plimsoll-debian-') : tempDir('debian');
const image = process.env.DEBIAN_ROOTFS ?? path.join(folder, 'root');
let server, layout, packages, vdb;

before(() => {
  if (why) return;
  if (!process.env.DEBIAN_ROOTFS)
    run('debootstrap', ['--variant=minbase', '--include=ffmpeg,curl,git', 'bookworm', image, mirror], { timeout: 900000 });
  const dir = tempDir('debian-oci');
  const storage = ['--root', `${dir}/root`, '--runroot', `${dir}/run`, '--storage-driver', 'vfs'];
  const env = { BUILDAH_ISOLATION: 'chroot' };
  const container = run('buildah', [...storage, 'from', 'scratch'], { env }).stdout.trim();
  run('buildah', [...storage, 'add', '-q', container, `${image}/`, '/'], { env, timeout: 600000 });
  layout = `${dir}/layout`;
  run('buildah', [...storage, 'commit', '-q', '-D=false', '--format', 'oci', container, `oci:${layout}:1`], { env, timeout: 600000 });
  packages = run('dpkg-query', ['--admindir', `${image}/var/lib/dpkg`, '-W', '-f', '${Package}\t${Version}\t${source:Package}\t${source:Version}\n'])
    .stdout.trim().split('\n').map((l) => l.split('\t'));
  // Every second source package has an advisory: every fourth fixed later than what is installed, the others fixed by it.
  const sources = [...new Map(packages.map((p) => [p[2], p[3]]))].sort();
  vdb = makeVdb(sources.filter((_, i) => i % 2 === 0).map(([name, version], i) =>
    osvRecord(`CVE-2026-${10000 + i}`, [{ ecosystem: 'Debian:12', name, fixed: i % 2 === 0 ? `${version}+later` : version }])));
});
after(async () => {
  await server?.stop();
  if (folder) fs.rmSync(folder, { recursive: true, force: true });
});

test('300 packages and more: inventory, push, findings', { skip: why }, async () => {
  assert.ok(packages.length >= 300, `${packages.length} packages`);
  const inventory = JSON.parse(plimsoll(['inventory', '--input', layout, '--format', 'json']).stdout);
  assert.deepEqual(inventory.packages.map((p) => [p.name, p.version, p.source_name, p.source_version].join(' ')).sort(),
    packages.map((p) => p.join(' ')).sort());

  const sources = [...new Map(packages.map((p) => [p[2], p[3]]))].sort();
  const vulnerable = new Set(sources.filter((_, i) => i % 4 === 0).map(([name]) => name));
  const want = packages.filter((p) => vulnerable.has(p[2])).map((p) => p[0]).sort();
  const scan = JSON.parse(plimsoll(['scan', '--input', layout, '--vdb', vdb, '--format', 'json']).stdout);
  assert.deepEqual(matchRows(scan.findings).map((f) => f.package).sort(), want);

  server = await new Server({ args: ['--vdb', vdb] }).start();
  run('skopeo', ['copy', '-q', '--insecure-policy', '--dest-tls-verify=false', '--dest-creds', `admin:${server.password}`, `oci:${layout}:1`,
    `docker://${server.host}/debian/whole:1`], { timeout: 300000 });
  const digest = JSON.parse(fs.readFileSync(path.join(layout, 'index.json'))).manifests[0].digest;
  const state = await server.scanned('debian/whole', digest);
  assert.equal(state.packages, packages.length);
  assert.deepEqual(findingLines(await server.findings('debian/whole', digest)), findingLines(scan.findings));
});
