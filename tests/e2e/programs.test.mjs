// Compiled programs in a Debian image: Go's modules (old and new form) and Rust's crates are looked up, those of the distribution's programs are not; the same by command and by push.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, findingLines, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout, root, tempDir } from './lib.mjs';

const program = (id, name) => fs.readFileSync(path.join(root, 'tests/golden', id, name, 'input'));
const base = [
  debianRelease(), dpkgStatus([{ name: 'app', version: '1' }]), { path: 'var/lib/dpkg/info/app.list', content: '/usr\n/usr/bin/app\n' },
  { path: 'usr/bin/app', content: program('go', 'pointers') },
];
const app = [{ path: 'opt/old', content: program('go', 'pointers') }, { path: 'opt/rust', content: program('rust', 'elf') }];
const records = [
  osvRecord('GO-2021-0113', [{ ecosystem: 'Go', name: 'golang.org/x/text', fixed: '0.3.7' }], { aliases: ['CVE-2021-38561'] }),
  osvRecord('GO-2021-0069', [{ ecosystem: 'Go', name: 'stdlib', fixed: '1.16.1' }], { aliases: ['CVE-2021-27918'] }),
  osvRecord('RUSTSEC-2026-1', [{ ecosystem: 'crates.io', name: 'mio', fixed: '0.8.6' }]),
  osvRecord('RUSTSEC-2026-2', [{ ecosystem: 'crates.io', name: 'cc', fixed: '2.0.0' }]),
  osvRecord('CVE-2026-9', [{ ecosystem: 'Debian:12', name: 'other', fixed: '2' }]),
];
const scan = (layout, db) => JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', db, '--format', 'json']).stdout);
let server, vdb, layout;
before(async () => {
  vdb = makeVdb(records);
  layout = makeLayout([base, app]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
});
after(() => server?.stop());

test('findings name the program; what a package owns and what only built it are left out', async () => {
  const r = scan(layout, vdb);
  assert.deepEqual(r.findings.flatMap((f) => f.matches.map((m) => [m.package, m.installed_version, m.fixed_version, m.path])).sort(), [
    ['golang.org/x/text', 'v0.3.5', '0.3.7', 'opt/old'], ['mio', '0.8.5', '0.8.6', 'opt/rust'], ['stdlib', '1.16', '1.16.1', 'opt/old'],
  ]);
  await pushLayout(server, 'programs/image', layout);
  const image = await server.scanned('programs/image', layout.digest);
  assert.equal(image.state, 'Unhealthy');
  assert.deepEqual(findingLines(await server.findings('programs/image', layout.digest)), findingLines(r.findings));
});

test('a module of no stated version is not assessed when advisories are about it', () => {
  const about = osvRecord('GO-2026-1', [{ ecosystem: 'Go', name: 'example.com/demo', fixed: '1.0.0' }]);
  const newer = makeLayout([base, [{ path: 'opt/new', content: program('go', 'in-place') }]]);
  const quiet = records.filter((r) => r.id !== 'GO-2021-0113');
  assert.equal(scan(newer, makeVdb(quiet)).state, 'Healthy');
  const r = scan(newer, makeVdb([...quiet, about]));
  assert.equal(r.state, 'Unverified');
  assert.match(JSON.stringify(r.coverage), /of a version that is not stated, and advisories are about them/);
});

test('packages in a program or an archive that nothing reads leave an image not assessed; those of Yarn and zipapps are looked up', async () => {
  const head = 'PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x1b\0\0\0', packed = Buffer.concat([program('go', 'in-place').subarray(0, 232), Buffer.alloc(1024)]);
  packed.write('UPX!', 236, 'latin1'); // where UPX has it in 64-bit ELF, behind three segments' headers
  const hidden = makeLayout([[...base, { path: 'opt/deps', content: Buffer.from(`#!/usr/bin/python3\n${head}requests-2.20.0.dist-info/METADATA${' '.repeat(64)}`, 'latin1') }, { path: 'opt/packed', content: packed }]]);
  const r = scan(hidden, vdb);
  assert.equal(r.state, 'Unverified');
  assert.match(r.reason, /1 file of PyPI packages, which are not read \(opt\/deps\)/);
  assert.match(r.reason, /1 file of packed programs' packages, which are not read \(opt\/packed\)/);
  await pushLayout(server, 'programs/hidden', hidden);
  assert.equal((await server.scanned('programs/hidden', hidden.digest)).state, 'Unverified');

  const golden = (id, name) => fs.readFileSync(path.join(root, 'tests/golden', id, name, 'input'));
  const eco = (id, ecosystem, name) => ({ ...osvRecord(id, []), affected: [{ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '99' }] }] }] });
  const db = makeVdb([...records, eco('GHSA-1111-1111-1111', 'npm', 'lodash'), eco('GHSA-2222-2222-2222', 'PyPI', 'requests'), eco('GHSA-3333-3333-3333', 'Maven', 'org.apache.logging.log4j:log4j-core')]);
  const read = makeLayout([[...base, { path: 'app/.yarn/cache/lodash-npm-4.17.20-c1a8-10.zip', content: golden('node', 'yarn-cache') }, { path: 'opt/app.pyz', content: golden('python', 'zipapp') },
    { path: 'app/META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties', content: golden('java', 'unpacked') }]]);
  assert.deepEqual(scan(read, db).findings.flatMap((f) => f.matches.map((m) => [m.package, m.installed_version])).sort(), [
    ['lodash', '4.17.20'], ['org.apache.logging.log4j:log4j-core', '2.14.1'], ['requests', '2.20.0'],
  ]);
});

test('a Go record that names packages counts for programs that have something of them, unless that is switched off', async () => {
  const about = (id, path) => osvRecord(id, [{ ecosystem: 'Go', name: 'golang.org/x/text', fixed: '0.3.7', ecosystem_specific: { imports: [{ path, symbols: ['F'] }] } }]);
  const db = makeVdb([about('GO-2026-1', 'golang.org/x/text/language'), about('GO-2026-2', 'golang.org/x/text/unicode/norm')]);
  const image = makeLayout([base, [{ path: 'opt/app', content: program('go', 'linked-program') }]]);
  const found = (...args) => JSON.parse(plimsoll(['scan', '--vdb', db, '--format', 'json', ...args]).stdout).findings.map((f) => f.advisory).sort();
  assert.deepEqual(found('--input', image.dir), ['GO-2026-1']);
  assert.deepEqual(found('--input', image.dir, '--assume-linked'), ['GO-2026-1', 'GO-2026-2']);
  const why = plimsoll(['why-not', 'GO-2026-2', '--input', image.dir, '--vdb', db]).stdout;
  assert.match(why, /none of the vulnerable functions is linked: the program has nothing of golang\.org\/x\/text\/unicode\/norm/);
  assert.match(why, /reason: not_linked/);
  // the same of the image's bill of materials
  for (const format of ['cyclonedx', 'spdx-json', 'spdx-tv']) {
    const bill = path.join(tempDir(), 'bill');
    fs.writeFileSync(bill, plimsoll(['inventory', '--input', image.dir, '--format', format]).stdout);
    assert.deepEqual(found('--input', bill), ['GO-2026-1'], format);
    assert.deepEqual(found('--input', bill, '--assume-linked'), ['GO-2026-1', 'GO-2026-2'], format);
  }
  for (const [args, want] of [[[], 1], [['--assume-linked', 'true'], 2]]) {
    const s = await new Server({ args: ['--vdb', db, ...args] }).start();
    try {
      await pushLayout(s, 'linked', image);
      await s.scanned('linked', image.digest);
      assert.equal((await s.findings('linked', image.digest)).length, want);
    } finally {
      await s.stop();
    }
  }
});
