// Images whose findings hit hundreds or thousands of packages each: lists end their pages before their memory, and every list that such an image is in goes on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout } from './lib.mjs';

const CVES = 300, PACKAGES = 200, MANY = 17000;
const vdb = makeVdb([...Array.from({ length: CVES }, (_, n) => osvRecord(`CVE-2026-${1000 + n}`, [{ ecosystem: 'Debian:12', name: 'linux', fixed: '7' }], { severity: 'HIGH' })),
  osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'gcc', fixed: '7' }], { severity: 'CRITICAL' }), osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'bash', fixed: '7' }], { severity: 'LOW' })]);
const image = (source, count) => makeLayout([[debianRelease(), dpkgStatus(Array.from({ length: count }, (_, n) => ({ name: `${source}-part${n}`, source, version: '6' })))]]);
const images = { linux: image('linux', PACKAGES), gcc: image('gcc', MANY), bash: image('bash', 1) };
let server;
before(async () => {
  server = await new Server({ args: ['--vdb', vdb] }).start();
  for (const [name, l] of Object.entries(images)) await pushLayout(server, `team/${name}`, l);
  for (const [name, l] of Object.entries(images)) await server.scanned(`team/${name}`, l.digest, { timeout: 60000 });
});
after(() => server?.stop());

test("one image's findings, all of them", async () => {
  const found = await server.findings('team/linux', images.linux.digest);
  assert.equal(new Set(found.map((f) => f.id)).size, CVES);
  assert.deepEqual([...new Set(found.map((f) => `${f.match_count} ${f.matches.length}`))], [`${PACKAGES} ${PACKAGES}`]);
});

test('a finding of more packages than are read together says how many there are', async () => {
  const [f, ...more] = await server.findings('team/gcc', images.gcc.digest);
  assert.deepEqual([more.length, f.match_count, f.matches.length, f.fixed_version], [0, MANY, 1000, '7']);
});

test('lists over all images, by whatever order and filter', async () => {
  const all = await server.all('/api/v1/findings?');
  assert.equal(all.length, CVES + 2);
  assert.deepEqual([all[0].cves, all[0].repository, all.at(-1).cves], [['CVE-2026-1'], 'team/gcc', ['CVE-2026-2']]);
  assert.equal((await server.all('/api/v1/findings?fixed=true')).length, CVES + 2);
  assert.equal((await server.all('/api/v1/checks?')).length, CVES + 2);
  assert.equal((await server.json('/api/v1/findings?limit=1')).total, CVES + 2);
});

test('what is shown of such an image by itself', async () => {
  const at = `/api/v1/registries/local/repositories/team`;
  const [f] = await server.findings('team/gcc', images.gcc.digest);
  const alone = await server.json(`${at}/gcc/images/${images.gcc.digest}/findings/${f.id}`);
  assert.deepEqual([alone.match_count, alone.matches.length], [MANY, 5000]);
  for (const [name, findings] of [['linux', CVES], ['gcc', 1]])
    assert.deepEqual((await server.json(`${at}/${name}/images/${images[name].digest}/layers`)).layers.map((l) => l.findings), [findings]);
});
