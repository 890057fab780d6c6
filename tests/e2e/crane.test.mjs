// crane pushes, pulls, copies, changes and deletes; findings follow what it made.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, run, tar, tempDir } from './lib.mjs';

const skip = !has('crane') && 'crane is not installed';
const dpkg = (version, ...more) => dpkgStatus([{ name: 'libssl3', source: 'openssl', version }, ...more]);
const image = (version, architecture) => makeLayout([[debianRelease(), dpkg(version)]], { platform: { os: 'linux', architecture } });
const cwd = tempDir('crane'), env = { DOCKER_CONFIG: cwd };
const crane = (...args) => run('crane', args, { env, cwd }).stdout.trim();
const lines = (...args) => crane(...args).split('\n').sort();
let server, host;

before(async () => {
  if (skip) return;
  const vdb = makeVdb([osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2' }], { severity: 'HIGH' }),
    osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'bash', fixed: '6' }], { severity: 'LOW' })]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
  host = server.host;
  run('crane', ['auth', 'login', host, '-u', 'admin', '--password-stdin'], { env, input: server.password });
});
after(() => server?.stop());
const found = async (r, digest) => {
  await server.scanned(r, digest);
  return (await server.findings(r, digest)).flatMap((f) => f.cves).sort();
};

test('push, pull, copy, tag, list and delete', { skip }, async () => {
  const l = image('3.0.1', 'amd64'), made = `${host}/team/app:1`;
  assert.equal(crane('push', l.dir, made), `${host}/team/app@${l.digest}`);
  assert.equal(crane('digest', made), l.digest);
  assert.deepEqual(await found('team/app', l.digest), ['CVE-2026-1']);
  crane('pull', '--format', 'oci', made, path.join(cwd, 'pulled'));
  assert.equal(JSON.parse(fs.readFileSync(path.join(cwd, 'pulled/index.json'))).manifests[0].digest, l.digest);
  for (const d of [...l.layers, l.config])
    assert.equal(fs.statSync(path.join(cwd, 'pulled/blobs', d.digest.replace(':', '/'))).size, d.size);
  crane('copy', made, `${host}/team/copy:1`);
  assert.deepEqual(await found('team/copy', l.digest), ['CVE-2026-1']);
  crane('tag', made, 'stable');
  assert.deepEqual(lines('ls', `${host}/team/app`), ['1', 'stable']);
  assert.deepEqual(lines('catalog', host), ['team/app', 'team/copy']);
  crane('validate', '--remote', made);
  crane('delete', `${host}/team/copy@${l.digest}`);
  assert.equal((await server.fetch(`/api/v1/registries/local/repositories/team/copy/images/${l.digest}`)).status, 404);
  assert.notEqual(run('crane', ['manifest', `${host}/team/copy:1`], { env, cwd, check: false }).status, 0);
  assert.equal(crane('digest', made), l.digest); // the other repository's stays
});

test('an index of two platforms, made, copied and filtered', { skip }, async () => {
  const amd64 = image('3.0.1', 'amd64'), arm64 = image('3.0.2', 'arm64'), r = 'team/index';
  crane('push', amd64.dir, `${host}/${r}:amd64`);
  crane('push', arm64.dir, `${host}/${r}:arm64`);
  crane('index', 'append', '-m', `${host}/${r}:amd64`, '-m', `${host}/${r}:arm64`, '-t', `${host}/${r}:all`);
  const { manifests } = JSON.parse(crane('manifest', `${host}/${r}:all`));
  assert.deepEqual(manifests.map((m) => [m.digest, m.platform.architecture]).sort(), [[amd64.digest, 'amd64'], [arm64.digest, 'arm64']].sort());
  assert.equal(crane('digest', '--platform', 'linux/arm64', `${host}/${r}:all`), arm64.digest);
  crane('copy', `${host}/${r}:all`, `${host}/team/index-copy:all`);
  for (const to of [r, 'team/index-copy'])
    assert.deepEqual([await found(to, amd64.digest), await found(to, arm64.digest)], [['CVE-2026-1'], []], to);
  crane('index', 'filter', `${host}/${r}:all`, '--platform', 'linux/arm64', '-t', `${host}/${r}:one`);
  assert.deepEqual(JSON.parse(crane('manifest', `${host}/${r}:one`)).manifests.map((m) => m.digest), [arm64.digest]);
});

test('append and mutate: a layer more has its packages, other labels have the same', { skip }, async () => {
  const l = image('3.0.1', 'amd64'), r = 'team/made', layer = path.join(cwd, 'layer.tar');
  crane('push', l.dir, `${host}/${r}:base`);
  fs.writeFileSync(layer, tar([dpkg('3.0.2', { name: 'bash', version: '5.2' })]));
  crane('append', '-b', `${host}/${r}:base`, '-f', layer, '-t', `${host}/${r}:more`);
  const more = crane('digest', `${host}/${r}:more`);
  assert.deepEqual(await found(r, more), ['CVE-2026-2']);
  crane('mutate', `${host}/${r}:base`, '--label', 'a=b', '--entrypoint', '/bin/true', '-t', `${host}/${r}:labelled`);
  const labelled = crane('digest', `${host}/${r}:labelled`);
  assert.notEqual(labelled, l.digest);
  assert.deepEqual(await found(r, labelled), ['CVE-2026-1']);
  crane('flatten', `${host}/${r}:more`, '-t', `${host}/${r}:flat`);
  const flat = crane('digest', `${host}/${r}:flat`);
  assert.equal(JSON.parse(crane('manifest', `${host}/${r}:flat`)).layers.length, 1);
  assert.deepEqual(await found(r, flat), ['CVE-2026-2']);
});
