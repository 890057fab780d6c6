// What an image is made of, as the API shows it, and deleting it, its tags and its repository: what goes with it, what stays, who may.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushBlob, pushLayout, sha256, sleep } from './lib.mjs';
import { check, record } from './openapi.mjs';

const packages = (...names) => dpkgStatus(names.map((name) => ({ name, version: '1' })));
const vdb = () => makeVdb(['low', 'top'].map((name, i) => osvRecord(`CVE-2026-100${i}`, [{ ecosystem: 'Debian:12', name, fixed: '2' }], { severity: 'HIGH' })));
const base = makeLayout([[debianRelease(), packages('low', 'quiet')]], { tag: 'base' });
// The upper layer has the whole database again, so what is new in it is "top" alone.
const app = makeLayout([[debianRelease(), packages('low', 'quiet')], [packages('low', 'quiet', 'top')], [{ path: 'srv/app', content: 'x' }]], { tag: 'v1' });
const at = (layout, repository = 'team/app') => `/api/v1/registries/local/repositories/${encodeURIComponent(repository)}/images/${layout.digest}`;
const json = { 'content-type': 'application/json' };
let server, recorded;

before(async () => {
  server = await new Server({ args: ['--vdb', vdb()] }).start();
  recorded = record(server);
  await pushLayout(server, 'team/base', base);
  await server.scanned('team/base', base.digest);
  await pushLayout(server, 'team/app', app);
  await server.scanned('team/app', app.digest);
});
after(() => server?.stop());

const status = async (target, options) => { const r = await server.fetch(target, options); const text = await r.text(); return [r.status, text]; };
const gone = async (target) => assert.equal((await status(target))[0], 404, target);
const remove = async (target, wanted = 204) => { const [code, text] = await status(target, { method: 'DELETE' }); assert.equal(code, wanted, `${target}: ${text}`); return text; };
async function person(name, role) {
  const who = await server.person(name, [[role]]);
  return async (target, method = 'GET') => (await who.fetch(target, { method })).status;
}

test('layers: command, size, packages and findings of each, and which are the base\'s', async () => {
  const { layers, size, annotations } = await server.json(`${at(app)}/layers`);
  assert.deepEqual(annotations, []);
  assert.deepEqual(layers.map((l) => [l.digest, l.size, l.created_by]), app.layers.map((l, i) => [l.digest, l.size, `step ${i + 1}`]));
  assert.equal(size, app.layers.reduce((n, l) => n + l.size, 0));
  assert.deepEqual(layers.map((l) => [l.packages, l.findings, l.base]), [[2, 1, true], [1, 1, false], [0, 0, false]]);
});

test('manifest and config come as they are stored, and are no pull', async () => {
  const manifest = await server.fetch(`${at(app)}/manifest`);
  assert.equal(manifest.headers.get('content-type'), 'application/vnd.oci.image.manifest.v1+json');
  assert.equal(manifest.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(await manifest.text(), String(app.manifestBytes));
  const config = await server.fetch(`${at(app)}/config`);
  assert.equal(`sha256:${sha256(Buffer.from(await config.arrayBuffer()))}`, app.config.digest);
  const blob = await server.fetch(`/api/v1/registries/local/repositories/team%2Fapp/blobs/${app.layers[2].digest}`);
  assert.equal(blob.headers.get('content-disposition'), 'attachment');
  assert.equal(`sha256:${sha256(Buffer.from(await blob.arrayBuffer()))}`, app.layers[2].digest);
  await gone(`/api/v1/registries/local/repositories/team%2Fbase/blobs/${app.layers[2].digest}`); // it is another repository's
  assert.equal((await server.json(at(app))).pulled_at, undefined);
});

test('what is attached: type, size, its files with their names', async () => {
  assert.deepEqual((await server.json(`${at(app)}/referrers`)).items, []);
  const attached = await server.fetch(`${at(app)}/referrers`, { method: 'POST', headers: json, body: '{"format":"cyclonedx"}' });
  assert.equal(attached.status, 201);
  const file = Buffer.from('a note'), empty = await pushBlob(server, 'team/app', Buffer.from('{}')), described = await pushBlob(server, 'team/app', file);
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', artifactType: 'application/vnd.example.note', config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 },
    layers: [{ mediaType: 'text/plain', digest: described, size: file.length, annotations: { 'org.opencontainers.image.title': 'note.txt' } }], subject: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: app.digest, size: app.manifestBytes.length } });
  const put = await server.fetch(`/v2/team/app/manifests/sha256:${sha256(manifest)}`, { method: 'PUT', headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }, body: manifest });
  assert.equal(put.status, 201, await put.text());
  await server.scanned('team/app', `sha256:${sha256(manifest)}`); // from then on it is known to be no image
  const { items, total } = await server.json(`${at(app)}/referrers`);
  assert.equal(total, 2);
  const note = items.find((x) => x.artifact_type === 'application/vnd.example.note'), bill = items.find((x) => x.artifact_type === 'application/vnd.cyclonedx+json');
  assert.deepEqual([note.digest, note.size, note.files], [`sha256:${sha256(manifest)}`, 6, [{ digest: described, media_type: 'text/plain', size: 6, title: 'note.txt' }]]);
  const saved = await server.fetch(`/api/v1/registries/local/repositories/team%2Fapp/blobs/${bill.files[0].digest}`);
  assert.equal((await saved.json()).bomFormat, 'CycloneDX');
});

test('images of all repositories: newest first, by place, state and when they were pulled', async () => {
  const digests = async (query) => (await server.json(`/api/v1/images${query}`)).items.map((i) => i.digest);
  assert.deepEqual(await digests(''), [app.digest, base.digest], 'without what is attached');
  assert.deepEqual(await digests('?registry=local&repository=team/base'), [base.digest]);
  assert.deepEqual(await digests('?state=Healthy'), []);
  assert.deepEqual(await digests('?pulled_days=30'), []);
  await (await server.fetch(`/v2/team/base/manifests/base`)).text();
  for (let i = 0; i < 100 && !(await digests('?pulled_days=30')).length; i++) await sleep(50); // pulls are written within a second
  assert.deepEqual(await digests('?pulled_days=30'), [base.digest]);
});

test('a tag is deleted: the image stays and can be pulled by its digest', async () => {
  const tag = (name) => `/api/v1/registries/local/repositories/team%2Fapp/tags/${name}`;
  await remove(tag('none'), 404);
  await remove(tag('v1'));
  await gone('/v2/team/app/manifests/v1');
  const image = await server.json(at(app));
  assert.deepEqual([image.tags, image.findings.High], [[], 2]);
  assert.match(image.note, /no tags/);
});

test('an image is deleted with its findings; a repository with all that it holds; the audit says who', async () => {
  await remove(at(app));
  await gone(at(app));
  assert.deepEqual((await server.json('/api/v1/findings')).items.map((f) => f.repository), ['team/base']);
  await remove(at(app), 404);
  for (let i = 0; i < 3; i++) await pushLayout(server, 'team/many/a', makeLayout([[debianRelease(), packages('low'), { path: 'mark', content: String(i) }]], { tag: `t${i}` }));
  await pushLayout(server, 'team/many', base);
  await remove('/api/v1/registries/local/repositories/team%2Fmany%2Fa');
  assert.deepEqual((await server.json('/v2/_catalog')).repositories, ['team/app', 'team/base', 'team/many'], 'what is named below it, or above, stays');
  await remove('/api/v1/registries/local/repositories/team%2Fmany%2Fa', 404);
  await remove('/api/v1/registries/local/repositories/team%2Fapp'); // what was attached is still there
  assert.deepEqual((await server.json('/v2/_catalog')).repositories, ['team/base', 'team/many']);
  assert.ok(!(await server.all('/api/v1/repositories')).some((r) => ['team/app', 'team/many/a'].includes(r.name)), 'nor is it listed');
  const entries = (await server.json('/api/v1/audit')).items.filter((x) => x.action === 'repository.delete').map((x) => [x.actor, x.subject]);
  assert.deepEqual(entries, [['admin', '/registries/local/repositories/team/app'], ['admin', '/registries/local/repositories/team/many/a']]);
});

test('deleting takes a role for it, and so does reading what is stored', async () => {
  const reader = await person('reader', 'Security Reader'), puller = await person('puller', 'AcrPull'), cleaner = await person('cleaner', 'AcrDelete');
  const target = at(base, 'team/base');
  assert.deepEqual([await reader(`${target}/layers`), await reader(`${target}/referrers`), await reader(`${target}/manifest`), await reader(`${target}/config`)], [200, 200, 403, 403]);
  assert.deepEqual([await puller(`${target}/manifest`), await puller(`${target}/config`), await puller(`${target}/layers`)], [200, 200, 403]);
  for (const ask of [reader, puller]) assert.deepEqual([await ask(target, 'DELETE'), await ask('/api/v1/registries/local/repositories/team%2Fbase', 'DELETE'), await ask('/api/v1/registries/local/repositories/team%2Fbase/tags/base', 'DELETE')], [403, 403, 403]);
  assert.equal(await cleaner('/api/v1/registries/local/repositories/team%2Fbase', 'DELETE'), 204);
});

test('what was answered is what the OpenAPI document says', async () => {
  await recorded.settled();
  assert.deepEqual((await check(await server.json('/api/v1/openapi.json'), recorded.exchanges)).failures, []);
});

test('who pushed an image, first and last, is said to who sees it; who pulled it, to who may read the audit', async () => {
  const mine = makeLayout([[debianRelease(), packages('quiet')], [{ path: 'mark', content: 'whose' }]], { tag: 'v1' }), manifest = '/v2/team/whose/manifests/v1';
  const ask = {};
  for (const [name, role] of [['cibot', 'AcrPush'], ['lee', 'Security Reader'], ['may', 'Reader']]) { await person(name, role); ask[name] = { authorization: `Basic ${Buffer.from(`${name}:long enough, ${name}`).toString('base64')}` }; }
  for (const d of [...mine.layers, mine.config]) await pushBlob(server, 'team/whose', fs.readFileSync(path.join(mine.dir, 'blobs', d.digest.replace(':', '/'))), d.digest);
  const put = (headers) => fetch(new URL(manifest, server.url), { method: 'PUT', body: mine.manifestBytes, headers: { ...headers, 'content-type': 'application/vnd.oci.image.manifest.v1+json' } });
  assert.equal((await put(ask.cibot)).status, 201);
  await server.scanned('team/whose', mine.digest);
  const first = await server.json(at(mine, 'team/whose'));
  assert.deepEqual([first.pushed_by, first.first_pushed_by, first.first_pushed_at, first.pulled_by], ['cibot', 'cibot', first.pushed_at, undefined]);
  clock.advance(60000);
  await pushLayout(server, 'team/whose', mine); // by admin
  assert.equal((await fetch(new URL(manifest, server.url), { headers: ask.cibot })).status, 200);
  for (let i = 0; !(await server.json(at(mine, 'team/whose'))).pulled_at; i++) { assert.ok(i < 200, 'the pull is noted'); await sleep(50); }
  const again = await server.json(at(mine, 'team/whose'));
  assert.deepEqual([again.pushed_by, again.first_pushed_by, again.first_pushed_at, again.pulled_by], ['admin', 'cibot', first.pushed_at, 'cibot']);
  assert.ok(again.pushed_at > again.first_pushed_at);
  const { items: [listed] } = await server.json('/api/v1/images?repository=team/whose');
  assert.deepEqual([listed.pushed_by, listed.first_pushed_by, listed.pulled_at, listed.pulled_by], ['admin', 'cibot', again.pulled_at, undefined]);
  const seen = async (name) => { const i = await (await fetch(new URL(at(mine, 'team/whose'), server.url), { headers: ask[name] })).json(); return [i.pushed_by, i.first_pushed_by, i.pulled_at, i.pulled_by]; };
  assert.deepEqual(await seen('lee'), ['admin', 'cibot', again.pulled_at, undefined]);
  assert.deepEqual(await seen('may'), ['admin', 'cibot', again.pulled_at, 'cibot']);
  // A user who leaves is still named: it is a fact of then.
  assert.equal((await server.fetch('/api/v1/users/cibot', { method: 'DELETE' })).status, 204);
  assert.equal((await server.json(at(mine, 'team/whose'))).first_pushed_by, 'cibot');
  // Deleted and pushed again it is another image.
  await remove(at(mine, 'team/whose'));
  await pushLayout(server, 'team/whose', mine);
  const anew = await server.json(at(mine, 'team/whose'));
  assert.deepEqual([anew.pushed_by, anew.first_pushed_by, anew.first_pushed_at, anew.pulled_by], ['admin', 'admin', anew.pushed_at, undefined]);
});

test('what its maker says of it: annotations before labels, known names only, no credentials of addresses', async () => {
  const image = (name) => `org.opencontainers.image.${name}`;
  const said = makeLayout([[debianRelease()]], { tag: 'said', annotations: { [image('revision')]: 'abc1234', 'com.example.secret': 'x' },
    config: { Labels: { [image('revision')]: 'older', [image('source')]: 'https://robot:t0ken@git.example/team/app.git', [image('title')]: '', [image('description')]: 'd'.repeat(1025), 'com.gitlab.ci.pipelineurl': 'https://git.example/team/app/-/pipelines/7', other: 'x' } } });
  await pushLayout(server, 'team/said', said);
  const { annotations, annotations_whole } = await server.json(`${at(said, 'team/said')}/layers`);
  assert.deepEqual(annotations, [{ name: image('revision'), value: 'abc1234', label: false }, { name: image('source'), value: 'https://git.example/team/app.git', label: true }, { name: 'com.gitlab.ci.pipelineurl', value: 'https://git.example/team/app/-/pipelines/7', label: true }]);
  assert.equal(annotations_whole, false, 'one is too long');
});
