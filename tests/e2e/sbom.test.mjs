// Bills of materials as input: what an image says of itself is scanned as the image is; those of other tools; what is not read of one is told.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, plimsoll, program, root, run, tempDir } from './lib.mjs';

const dir = tempDir('sbom');
const file = (name, content) => { fs.writeFileSync(path.join(dir, name), content); return path.join(dir, name); };
const golden = (id, name) => fs.readFileSync(path.join(root, 'tests/golden', id, name, 'input'));
const release = (id, version, name) => ({ path: 'etc/os-release', content: `ID=${id}\nVERSION_ID=${version}\nPRETTY_NAME="${name}"\n` });

const languages = () => [
  { path: 'app/node_modules/@a/b/package.json', content: '{"name":"@a/b","version":"1.0.0"}' },
  { path: 'old/node_modules/@a/b/package.json', content: '{"name":"@a/b","version":"1.0.0"}' },
  { path: 'app/yarn.lock', content: '# yarn lockfile v1\n\n\nleft-pad@^1.0.0:\n  version "1.3.0"\n' },
  { path: 'usr/lib/python3/dist-packages/django-3.2.0.dist-info/METADATA', content: 'Metadata-Version: 2.1\nName: Django\nVersion: 3.2.0\n' },
  { path: 'usr/bin/go-program', content: golden('go', 'replaced') },
  { path: 'usr/bin/rust-program', content: golden('rust', 'elf') },
  { path: 'app/lib/log4j-core-2.14.0.jar', content: golden('java', 'maven') },
  { path: 'app/app.deps.json', content: golden('nuget', 'program') },
  { path: 'app/vendor/composer/installed.json', content: golden('php', 'two') },
  { path: 'usr/share/gems/specifications/rack-2.0.0.gemspec', content: golden('ruby', 'installed') },
];
const images = {
  debian: () => [[debianRelease(), { path: 'etc/debian_version', content: '12\n' }, dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'libssl3', version: '3.0', source: 'openssl' }, { name: 'bash', version: '5' }])], languages()],
  alpine: () => [[release('alpine', '3.18.2', 'Alpine Linux v3.18'), { path: 'lib/apk/db/installed', content: golden('apk', 'installed') }], languages()],
  photon: () => [[release('photon', '4.0', 'VMware Photon OS/Linux'), { path: 'var/lib/rpmmanifest/container-manifest-2', content: golden('rpm', 'container-manifest-2') }]],
  arch: () => [[release('arch', '', 'Arch Linux'), { path: 'var/lib/pacman/local/x-1/desc', content: golden('arch', 'desc') }]],
  scratch: () => [[{ path: 'app', content: 'x' }]],
};
const ecosystems = { deb: 'Debian:12', apk: 'Alpine:v3.18', rpm: 'Photon OS:4.0', npm: 'npm', pypi: 'PyPI', golang: 'Go', cargo: 'crates.io', maven: 'Maven', nuget: 'NuGet', composer: 'Packagist', gem: 'RubyGems' };

const layouts = {};
let vdb;
before(() => {
  const records = new Map();
  let next = 0;
  for (const [name, make] of Object.entries(images)) {
    layouts[name] = makeLayout(make());
    const packages = JSON.parse(plimsoll(['inventory', '--input', layouts[name].dir, '--format', 'json']).stdout).packages;
    for (const p of packages.filter((x) => ecosystems[x.type])) {
      const id = `CVE-2026-${1000 + next++}`;
      records.set(`${p.type} ${p.source_name}`, osvRecord(id, [{ ecosystem: ecosystems[p.type], name: p.source_name }], { severity: 'HIGH' }));
    }
  }
  vdb = makeVdb([...records.values()]);
});

const scan = (input, ...more) => plimsoll(['scan', '--vdb', vdb, input, '--format', 'json', ...more], { check: false });
/** What must be the same; a history line is no bill's. */
const said = (text) => {
  const r = JSON.parse(text);
  const bare = r.findings.map((f) => ({ ...f, matches: f.matches.map((m) => ({ ...m, layer_created_by: undefined })) }));
  return { state: r.state, findings: bare, packages: [r.coverage.packages, r.coverage.packages_assessed, r.coverage.packages_third_party], distro: r.image.distro };
};

for (const name of Object.keys(images))
  for (const format of ['cyclonedx', 'spdx-json', 'spdx-tv'])
    test(`${name}: its bill as ${format} gives what the image gives`, () => {
      const whole = scan(layouts[name].dir), written = plimsoll(['inventory', '--input', layouts[name].dir, '--format', format]).stdout;
      assert.equal(whole.status, 0, whole.stderr);
      const again = scan(file(`${name}.${format}`, written));
      assert.equal(again.status, 0, again.stderr);
      assert.deepEqual(said(again.stdout), said(whole.stdout));
      if (['debian', 'alpine', 'photon'].includes(name)) assert.ok(said(whole.stdout).findings.length >= 1, name);
      // The bill of the bill is the same bill.
      const bare = (t) => t.replace(/^.*(timestamp|created"|Created:|amespace|"name": "\/|DocumentName: \/|PackageName: \/).*$/gm, '');
      if (name !== 'scratch') // of which a bill says less
        assert.equal(bare(plimsoll(['inventory', file(`${name}.${format}`, written), '--format', format]).stdout), bare(written));
    });

test('declared packages are looked up only when asked for, as in an image', () => {
  const bill = file('declared', plimsoll(['inventory', '--input', layouts.debian.dir, '--format', 'cyclonedx']).stdout);
  const lock = (r) => JSON.parse(r.stdout).findings.filter((f) => f.package === 'left-pad').length;
  assert.deepEqual([lock(scan(bill)), lock(scan(bill, '--declared'))], [0, 1]);
});

test('standard input, a scheme, and what is none', () => {
  const bill = plimsoll(['inventory', '--input', layouts.debian.dir, '--format', 'spdx-json']).stdout;
  const piped = plimsoll(['scan', '--vdb', vdb, '-', '--format', 'json'], { input: bill });
  assert.deepEqual(said(piped.stdout).findings, said(scan(layouts.debian.dir).stdout).findings);
  assert.equal(scan(`sbom:${file('named', bill)}`).status, 0);
  for (const [content, says] of [['{"a":1}', /no bill of materials: neither CycloneDX/], ['<bom/>', /XML are not read/], ['{"bomFormat":"CycloneDX","specVersion":"1.6","components":[', /ends early|truncated|at byte/i]]) {
    const r = scan(file('bad', content));
    assert.equal(r.status, 1);
    assert.match(r.stderr, says);
  }
});

test('what is not read of a bill leaves it Unverified, with the reason', () => {
  const bom = { bomFormat: 'CycloneDX', specVersion: '1.5', components: [{ type: 'library', name: 'nothing known' }, { type: 'library', name: 'zz', purl: 'pkg:npm/zz@1.0.0' }] };
  const r = JSON.parse(scan(file('gap.json', JSON.stringify(bom))).stdout);
  assert.equal(r.state, 'Unverified');
  assert.match(r.reason, /1 component without a package URL \(nothing known\)/);
  const list = JSON.parse(scan(file('purls', 'pkg:npm/%40a/b@1.0.0\npkg:npm/zz@1.0.0\n')).stdout);
  assert.equal(list.findings.length, 1);
  assert.equal(JSON.parse(scan(file('purls', 'pkg:npm/zz@1.0.0\n')).stdout).state, 'Healthy');
  assert.equal(JSON.parse(scan(file('purls', 'pkg:deb/debian/zz@1?distro=debian-12\n')).stdout).state, 'Healthy');
  assert.match(JSON.parse(scan(file('purls', 'pkg:deb/zz@1\n')).stdout).reason, /does not say which distribution/);
});

test("Trivy's bills give the findings of the image", { skip: !has('trivy') && 'trivy is not installed' }, () => {
  const key = (t) => JSON.parse(t).findings.flatMap((f) => f.matches.map((m) => `${f.id} ${m.package} ${m.installed_version}`)).sort();
  for (const name of ['debian', 'alpine'])
    for (const format of ['cyclonedx', 'spdx-json', 'spdx']) {
      const out = path.join(dir, `trivy.${format}`);
      run('trivy', ['image', '--quiet', '--offline-scan', '--skip-version-check', '--disable-telemetry', '--skip-files', '**/*.jar', '--cache-dir', path.join(dir, 'cache'), '--format', format, '--output', out, '--input', layouts[name].dir]);
      const theirs = key(scan(out).stdout), mine = key(scan(layouts[name].dir).stdout);
      // Trivy reads neither this jar nor installed.json of these samples as we do: compare the distribution's and node's.
      const wanted = mine.filter((x) => /openssl|libssl3|bash|@a\/b|musl|busybox/.test(x));
      assert.deepEqual(wanted.filter((x) => !theirs.includes(x)), [], `${name} ${format}`);
    }
});
