// Licences of packages: read from an image, listed by command and server, written into bills of materials, denied by a gate.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout, tempDir } from './lib.mjs';

const copyright = (name, ...licenses) => ({
  path: `usr/share/doc/${name}/copyright`,
  content: 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n' + licenses.map((l) => `\nFiles: *\nCopyright: x\nLicense: ${l}\n`).join(''),
});
const npm = (name, license) => ({ path: `app/node_modules/${name}/package.json`, content: JSON.stringify({ name, version: '1.0.0', license }) });
const wanted = { bash: 'GPL-3.0-or-later', libssl3: 'Apache-2.0', openssl: 'Apache-2.0', silent: undefined, left: 'MIT', choice: '(MIT OR AGPL-3.0-only)', own: 'SEE LICENSE IN x' };

const nuspec = (id, version, license) => ({ path: `root/.nuget/packages/${id.toLowerCase()}/${version}/${id.toLowerCase()}.nuspec`,
  content: `<package><metadata><id>${id}</id><version>${version}</version><license type="expression">${license}</license></metadata></package>` });

let vdb, image, server;
before(async () => {
  vdb = makeVdb([osvRecord('DSA-2026-1', [{ ecosystem: 'Debian:12', name: 'nothing', fixed: '1' }])]);
  const packages = [{ name: 'bash', version: '5' }, { name: 'libssl3', version: '3', source: 'openssl' }, { name: 'openssl', version: '3' }, { name: 'silent', version: '1' }];
  image = makeLayout([
    // the second statement of a path counts, and an upper layer's that takes the documentation away changes nothing
    [debianRelease(), dpkgStatus(packages), copyright('bash', 'MIT'), copyright('libssl3', 'Apache-2.0')],
    [copyright('bash', 'GPL-3+'), { path: 'usr/share/doc/.wh.libssl3', content: '' }, npm('left', 'MIT'), npm('choice', '(MIT OR AGPL-3.0-only)'), npm('own', 'SEE LICENSE IN x')],
  ]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
});
after(() => server?.stop());
const licenses = (packages) => Object.fromEntries(packages.map((p) => [p.name, p.license]));

test('each package has the licence that its metadata states', () => {
  const { packages } = JSON.parse(plimsoll(['inventory', '--input', image.dir, '--format', 'json']).stdout);
  assert.deepEqual(licenses(packages), wanted);
});

test('a server lists them', async () => {
  await pushLayout(server, 'shop', image);
  await server.scanned('shop', image.digest);
  assert.deepEqual(licenses(await server.all(`/api/v1/registries/local/repositories/shop/images/${image.digest}/packages`)), wanted);
  const gate = plimsoll(['push-status', 'shop', '--deny-license', 'GPL-3.0-*'], { check: false,
    env: { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password } });
  assert.equal(gate.status, 2, gate.stderr);
  assert.match(gate.stderr, /--deny-license: bash 5: GPL-3\.0-or-later/);
});

test("a NuGet package has that of its own version's .nuspec, in whatever layer and spelling of the version", () => {
  const deps = { libraries: { 'Acme.Json/2.0.0': { type: 'package' }, 'Acme.Json.Schema/2.0.0': { type: 'package' }, 'Acme/2.0.0': { type: 'package' } } };
  const { dir } = makeLayout([
    [nuspec('Acme.Json', '1.0.0', 'GPL-3.0-only'), nuspec('Acme.Json', '2.0', 'MIT'), nuspec('Acme-Log', '2.0.0', 'ISC')],
    [{ path: 'app/app.deps.json', content: JSON.stringify(deps) }, nuspec('Acme', '3.0.0', 'ISC'), nuspec('Acme', '2.0.0', 'Apache-2.0')],
  ]);
  const { packages } = JSON.parse(plimsoll(['inventory', '--input', dir, '--format', 'json']).stdout);
  assert.deepEqual(licenses(packages), { Acme: 'Apache-2.0', 'Acme.Json': 'MIT', 'Acme.Json.Schema': undefined });
});

test('bills of materials state them, and are read back', () => {
  const cyclonedx = JSON.parse(plimsoll(['inventory', '--input', image.dir, '--format', 'cyclonedx']).stdout);
  const of = (name) => cyclonedx.components.find((c) => c.name === name).licenses;
  assert.deepEqual(of('bash'), [{ expression: 'GPL-3.0-or-later' }]);
  assert.deepEqual(of('own'), [{ license: { name: 'SEE LICENSE IN x' } }]);
  assert.equal(of('silent'), undefined);
  const spdx = JSON.parse(plimsoll(['inventory', '--input', image.dir, '--format', 'spdx-json']).stdout);
  const declared = Object.fromEntries(spdx.packages.map((p) => [p.name, p.licenseDeclared]));
  assert.deepEqual([declared.bash, declared.own, declared.silent], ['GPL-3.0-or-later', 'LicenseRef-SEE-LICENSE-IN-x', 'NOASSERTION']);
  assert.deepEqual(spdx.hasExtractedLicensingInfos, [{ licenseId: 'LicenseRef-SEE-LICENSE-IN-x', extractedText: 'SEE LICENSE IN x' }]);
  for (const format of ['cyclonedx', 'spdx-json', 'spdx-tv']) {
    const file = path.join(tempDir(), 'bill');
    fs.writeFileSync(file, plimsoll(['inventory', '--input', image.dir, '--format', format]).stdout);
    assert.deepEqual(licenses(JSON.parse(plimsoll(['inventory', '--input', file, '--format', 'json']).stdout).packages), wanted, format);
  }
  // other tools' bills
  const file = path.join(tempDir(), 'other.cdx.json');
  fs.writeFileSync(file, JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', components: [
    { type: 'library', name: 'x', version: '1', purl: 'pkg:npm/x@1', licenses: [{ license: { id: 'MIT' } }, { license: { name: 'Apache License 2.0' } }] }] }));
  assert.deepEqual(licenses(JSON.parse(plimsoll(['inventory', '--input', file, '--format', 'json']).stdout).packages), { x: 'MIT AND Apache-2.0' });
});

test('a gate denies licences', () => {
  const scan = (list) => { const r = plimsoll(['scan', '--input', image.dir, '--vdb', vdb, '--deny-license', list], { check: false }); return [r.status, r.stderr]; };
  for (const [list, status, says] of [
    ['GPL-3.0-*', 2, /--deny-license: bash 5: GPL-3\.0-or-later\n.*--deny-license: 1 package\n/], ['agpl-*', 0, /1 package states no licence/],
    ['AGPL-*,MIT', 2, /2 packages/], ['SSPL-1.0', 0, /warning: --deny-license: 1 package states no licence/], ['SEE*', 2, /own 1\.0\.0/],
  ]) {
    const [have, text] = scan(list);
    assert.equal(have, status, `${list}: ${text}`);
    assert.match(text, says, list);
  }
});
