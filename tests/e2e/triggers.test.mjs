// What makes the server scan, and what an image says of its next scan: pushes, pulls and the weekly recheck, by a clock that the test moves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, filesOnly, makeLayout, makeVdb, osvRecord, pushBlob, pushLayout, run, sha256, sleep, until } from './lib.mjs';

const DAY = 86400000, INDEX = 'application/vnd.oci.image.index.v1+json';
const layoutOf = (version) => makeLayout([[debianRelease(), dpkgStatus([{ name: 'shared', version }])]], { tag: 'v' });
let server;
before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb([osvRecord('CVE-2026-1000', [{ ecosystem: 'Debian:12', name: 'shared' }])])] }).start();
});
after(() => server?.stop());

const image = (repository, digest) => server.json(`/api/v1/registries/local/repositories/${repository}/images/${digest}`);
const triggers = async (repository) => (await server.json(`/api/v1/scans?repository=${repository}`)).items.map((s) => s.trigger);
const pull = async (repository, reference, options) => assert.equal((await server.fetch(`/v2/${repository}/manifests/${reference}`, options)).status, 200);
const scans = (repository, n) => until(`${n} scans of ${repository}`, async () => {
  const { items } = await server.json(`/api/v1/scans?repository=${repository}`);
  return items.length === n && items.every((s) => s.status === 'completed') && items;
});

test('a week after the last check of an image that was pulled, while that was in the last 30 days', async () => {
  const layout = layoutOf('1');
  await pushLayout(server, 'weekly', layout);
  const pushed = await server.scanned('weekly', layout.digest);
  assert.deepEqual([pushed.scan_trigger, pushed.scan_next_at], ['push', undefined]);
  assert.match(pushed.scan_next_reason, /not pulled in the last 30 days/);
  // HEAD is no pull, and neither is a GET of our own programs.
  await pull('weekly', 'v', { method: 'HEAD' });
  await pull('weekly', 'v', { headers: { 'user-agent': 'plimsoll' } });
  await sleep(1200);
  assert.equal((await image('weekly', layout.digest)).pulled_at, undefined);
  await pull('weekly', 'v');
  const pulled = await until('the pull', async () => { const i = await image('weekly', layout.digest); return i.pulled_at && i; });
  assert.equal(Date.parse(pulled.scan_next_at), Date.parse(pulled.scanned_at) + 7 * DAY);
  assert.match(pulled.scan_next_reason, /recheck: .*30 days/);
  assert.deepEqual([pushed.pulls, pulled.pulls], [0, 1]);
  assert.deepEqual(await triggers('weekly'), ['push']);
  for (let week = 1; week <= 4; week++) {
    clock.advance(7 * DAY + 3600000); // it is looked for every hour
    await scans('weekly', week + 1);
    const now = await image('weekly', layout.digest);
    assert.equal(now.scan_trigger, 'recheck');
    assert.ok(Date.parse(now.scanned_at) > Date.parse(pulled.scanned_at) + week * 7 * DAY);
    // The fifth would be after 30 days.
    if (week < 4) assert.equal(Date.parse(now.scan_next_at), Date.parse(now.scanned_at) + 7 * DAY);
    else assert.deepEqual([now.scan_next_at, /not pulled/.test(now.scan_next_reason)], [undefined, true]);
  }
  clock.advance(30 * DAY);
  await pushLayout(server, 'other', layoutOf('other'));
  await scans('other', 1);
  await until('the pull to be too old', async () => (await image('weekly', layout.digest)).pulls === 0);
  assert.deepEqual(await triggers('weekly'), ['recheck', 'recheck', 'recheck', 'recheck', 'push']);
  // A pull of an image that was not checked for so long scans it, and begins 30 days anew.
  await pull('weekly', 'v');
  const [newest] = await scans('weekly', 6);
  assert.equal(newest.trigger, 'pull');
  assert.equal((await image('weekly', layout.digest)).scan_trigger, 'pull');
});

test('a plan that is off: nothing is planned, with the reason', async () => {
  const plan = (tier) => server.fetch('/api/v1/subscriptions/default/plan', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ tier }) });
  const layout = layoutOf('2');
  await pushLayout(server, 'off', layout);
  await server.scanned('off', layout.digest);
  assert.equal((await plan('Free')).status, 200);
  const i = await image('off', layout.digest);
  assert.deepEqual([i.scan_next_at, i.scan_next_reason], [undefined, 'the plan of its subscription is off']);
  assert.equal((await plan('Standard')).status, 200);
});

test('a digest without tags says so; one that a tagged index refers to has none of its own and is fine', async () => {
  const [old, fresh] = [layoutOf('3'), layoutOf('4')];
  await pushLayout(server, 'moved', old);
  await server.scanned('moved', old.digest);
  assert.equal((await image('moved', old.digest)).note, undefined);
  await pushLayout(server, 'moved', fresh);
  const left = await image('moved', old.digest);
  assert.deepEqual([left.tags, left.state], [[], 'Unhealthy']);
  assert.match(left.note, /^This image has no tags\. It still exists in the registry\. If it's pulled by its digest, it'll expose security vulnerabilities\.$/);
  assert.equal((await image('moved', fresh.digest)).note, undefined);
  const list = await server.all('/api/v1/registries/local/repositories/moved/images');
  assert.equal(list.filter((x) => x.note).length, 1);
  const bytes = JSON.stringify({ schemaVersion: 2, mediaType: INDEX,
    manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: old.digest, size: old.manifestBytes.length }] });
  const put = await server.fetch('/v2/moved/manifests/all', { method: 'PUT', headers: { 'content-type': INDEX }, body: bytes });
  assert.equal(put.status, 201, sha256(bytes));
  assert.equal((await image('moved', old.digest)).note, undefined);
});

// The lease of a scan is a minute, and no clock is moved here: nobody takes it meanwhile.
test('a scan whose end cannot be written at once is over when it can', { skip: filesOnly && 'breaks a table of a file' }, async () => {
  const change = (text) => run('python3', ['-c', 'import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], timeout=20)\nc.executescript(sys.argv[2])', `${server.dataDir}/plimsoll.db`, text]);
  const blob = async (content) => ({ mediaType: 'application/vnd.oci.empty.v1+json', size: content.length, digest: await pushBlob(server, 'broken', Buffer.from(content)) });
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', artifactType: 'text/x', config: await blob('{}'), layers: [await blob('{"a":1}')] });
  change("CREATE TRIGGER broken BEFORE UPDATE ON scan WHEN NEW.status = 4 BEGIN SELECT RAISE(ABORT, 'the disk is away'); END");
  try {
    const put = await server.fetch('/v2/broken/manifests/v', { method: 'PUT', headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }, body: manifest });
    assert.equal(put.status, 201, await put.text());
    await until('it is tried again', () => /its end: .*the disk is away; written again/.test(server.output));
    assert.equal((await server.json('/api/v1/scans?repository=broken')).items[0].status, 'running');
  } finally { change('DROP TRIGGER IF EXISTS broken'); }
  await until('its end', async () => (await server.json('/api/v1/scans?repository=broken')).items[0].status === 'unsupported', 20000);
});
