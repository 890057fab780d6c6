// The defender: what is recommended, how registries stand by it, exemptions, plans, the secure score. Scores are reckoned by hand.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, program, pushLayout, runAsync, sleep } from './lib.mjs';
import { check, record } from './openapi.mjs';

const KEY = 'dbd0cb49-b563-45e7-9724-889e799fa648';
let server, recorded;
const send = (...request) => server.send(...request), ask = (...request) => server.ask(...request);
const image = (version, mark) => makeLayout([[debianRelease(), dpkgStatus([{ name: 'alpha', version }]), { path: 'mark', content: mark }]]);
async function push(repository, layout) {
  await pushLayout(server, repository, layout);
  return server.scanned(repository, layout.digest);
}
const only = async (state = '') => {
  const { items } = await ask('GET', `/api/v1/recommendations/${KEY}/registries${state ? `?state=${state}` : ''}`);
  return items.find((x) => x.registry === 'local');
};
const score = async () => (await ask('GET', '/api/v1/secure-score')).all;
const person = async (name, role, scope) => (await server.person(name, [[role, scope]])).headers;

before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb([osvRecord('CVE-2026-1000', [{ ecosystem: 'Debian:12', name: 'alpha', fixed: '2' }], { severity: 'HIGH' })])] }).start();
  recorded = record(server);
  await ask('POST', '/api/v1/subscriptions', { name: 'edge' }, 201);
});
after(() => server?.stop());

test('a registry without images is not applicable, and nothing is scored', async () => {
  assert.deepEqual([(await only()).state, (await only()).cause], ['NotApplicable', 'NoImages']);
  const s = await score();
  assert.deepEqual([s.healthy, s.unhealthy, s.not_applicable, s.percentage], [0, 0, 1, undefined]);
  assert.equal((await only()).scanned_at, undefined);
});

test('a vulnerable image makes the registry unhealthy; the fix and its deletion make it healthy', async () => {
  const old = image('1', 'old');
  const first = await push('app', old);
  const r = await only('Unhealthy');
  assert.equal(r.scanned_at, first.scanned_at);
  assert.deepEqual([r.subscription, r.images, r.unhealthy, r.findings.High, r.reason], ['default', 1, 1, 1, '']);
  const [all] = (await ask('GET', '/api/v1/recommendations')).items;
  assert.deepEqual([all.key, all.state, all.unhealthy_registries, all.unhealthy_images, all.findings.High, all.max_score, all.current_score, all.potential_increase],
    [KEY, 'Unhealthy', 1, 1, 1, 6, 0, 6]);
  assert.equal((await score()).percentage, 0);
  const fixed = image('2', 'fixed');
  clock.advance(60e3);
  const second = await push('elsewhere', fixed);
  await push('app', fixed);
  assert.ok(Date.parse(second.scanned_at) >= Date.parse(first.scanned_at) + 60e3);
  assert.equal((await only()).state, 'Unhealthy', 'the old digest can still be pulled');
  await ask('DELETE', `/v2/app/manifests/${old.digest}`, undefined, 202);
  assert.equal((await only()).state, 'Healthy');
  assert.ok(Date.parse((await only()).scanned_at) >= Date.parse(second.scanned_at), 'of all repositories the newest');
  await ask('DELETE', `/v2/elsewhere/manifests/${fixed.digest}`, undefined, 202);
  assert.deepEqual([(await score()).percentage, (await score()).current], [100, 6]);
  await push('app', old);
});

test('an exemption takes a registry out until it expires, is changed or deleted', async () => {
  const soon = new Date(clock.now() + 3600e3).toISOString();
  const made = await ask('POST', '/api/v1/exemptions', { name: 'gateway', scope: '/subscriptions/default', category: 'Mitigated', description: 'behind one', expires_at: soon }, 201);
  assert.deepEqual([made.scope, made.category, made.author, made.expired], ['/subscriptions/default', 'Mitigated', 'admin', false]);
  const r = await only('NotApplicable');
  assert.deepEqual([r.cause, r.exemption, r.category], ['Exempt', 'gateway', 'Mitigated']);
  assert.match(r.reason, /exempt: Mitigated, "gateway"/);
  const [all] = (await ask('GET', '/api/v1/recommendations')).items;
  assert.deepEqual([all.state, all.unhealthy_images], ['NotApplicable', 0], 'what is exempt counts nowhere');
  assert.equal((await score()).not_applicable, 1);
  await ask('POST', '/api/v1/exemptions', { name: 'gateway', scope: '/subscriptions/default', category: 'Waiver' }, 409);
  const changed = await ask('PUT', `/api/v1/exemptions/${made.id}`, { name: 'gateway', category: 'Waiver', expires_at: soon });
  assert.deepEqual([changed.category, changed.expired], ['Waiver', false]);
  assert.equal((await only()).cause, 'Exempt');
  clock.advance(3601e3);
  assert.equal((await only()).state, 'Unhealthy', 'one that expired is kept and does not hold');
  assert.deepEqual((await ask('GET', '/api/v1/exemptions')).items.map((x) => x.id), [made.id]);
  await ask('DELETE', `/api/v1/exemptions/${made.id}`, undefined, 204);
  await ask('DELETE', `/api/v1/exemptions/${made.id}`, undefined, 404);
  for (const [body, what] of [[{ name: 'x', scope: '/registries/none', category: 'Waiver' }, /scope/],
    [{ name: 'x', scope: '/registries/local', category: 'Maybe' }, /category/], [{ name: 'x', scope: '/registries/local', category: 'Waiver', expires_at: 'soon' }, /expires_at/],
    [{ scope: '/registries/local', category: 'Waiver' }, /name/]])
    assert.match((await ask('POST', '/api/v1/exemptions', body, 400)).detail, what);
});

test('an exemption of a repository or of one image takes those images out of the registry, and out of nothing else', async () => {
  const before = await only(), repositories = '/registries/local/repositories', whole = await score();
  assert.equal(before.state, 'Unhealthy');
  const bad = (await server.all('/api/v1/registries/local/repositories/app/images')).filter((x) => x.state === 'Unhealthy');
  const other = image('1', 'exempt elsewhere'), made = [];
  await push('aside/nested', other);
  const exempt = async (body, status = 201) => { const x = await ask('POST', '/api/v1/exemptions', { category: 'Waiver', ...body }, status); if (status === 201) made.push(x); return x; };
  const at = (x) => ask('GET', `/api/v1/registries/local/repositories/${x.repository}/images/${x.digest}`);
  assert.equal((await only()).unhealthy, bad.length + 1);
  // One image: the registry is still Unhealthy by the others; the image keeps its own state and says that it is exempt.
  const one = await exempt({ name: 'one image', scope: `${repositories}/aside/nested`, digest: other.digest });
  assert.equal(one.digest, other.digest);
  let r = await only();
  assert.deepEqual([r.state, r.unhealthy, r.exempt_images, r.images], ['Unhealthy', bad.length, 1, before.images]);
  assert.deepEqual(r.findings, before.findings);
  const shown = await at({ repository: 'aside/nested', digest: other.digest });
  assert.deepEqual([shown.state, shown.exemption], ['Unhealthy', 'one image']);
  assert.equal((await at(bad[0])).exemption, undefined);
  // A repository, with those named below it.
  await ask('DELETE', `/api/v1/exemptions/${one.id}`, undefined, 204);
  assert.equal((await only()).exempt_images, 0);
  await exempt({ name: 'a folder', scope: `${repositories}/aside/nested`, category: 'Mitigated' });
  assert.equal((await only()).exempt_images, 1);
  const names = [...new Set((await server.all('/api/v1/registries/local/repositories')).filter((x) => x.unhealthy).map((x) => x.repository ?? x.name))].filter((x) => x !== 'aside/nested');
  for (const name of names) await exempt({ name: 'this one', scope: `${repositories}/${name}`, expires_at: new Date(clock.now() + 3600e3).toISOString() });
  // Nothing unhealthy is left: recommendation, registry and score say so.
  r = await only();
  assert.equal(r.unhealthy, 0);
  assert.notEqual(r.state, 'Unhealthy');
  assert.equal((await ask('GET', '/api/v1/registries/local')).state, r.state);
  const [all] = (await ask('GET', '/api/v1/recommendations')).items;
  assert.deepEqual([all.unhealthy_images, all.unhealthy_registries], [0, 0]);
  assert.ok(!((await score()).unhealthy > 0));
  // When they end, everything is back.
  clock.advance(3601e3);
  r = await only();
  assert.deepEqual([r.state, r.unhealthy, (await score()).unhealthy], ['Unhealthy', bad.length, whole.unhealthy]);
  for (const [body, what] of [[{ name: 'x', scope: '/registries/local', digest: other.digest }, /digest: .*repository/], [{ name: 'x', scope: `${repositories}/aside/nested`, digest: `sha256:${'0'.repeat(64)}` }, /digest: there is no such image/],
    [{ name: 'x', scope: `${repositories}/aside/nested`, digest: 'latest' }, /digest/], [{ name: 'x', scope: '/' }, /scope/]])
    assert.match((await exempt(body, 400)).detail, what);
  for (const x of made.slice(1)) await ask('DELETE', `/api/v1/exemptions/${x.id}`, undefined, 204);
  const env = { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password };
  plimsoll(['exemption', 'add', `${repositories}/aside/nested`, 'by hand', '--digest', other.digest], { env });
  const [last] = (await ask('GET', '/api/v1/exemptions')).items.slice(-1);
  assert.deepEqual([last.name, last.digest, last.scope], ['by hand', other.digest, `${repositories}/aside/nested`]);
  plimsoll(['exemption', 'remove', String(last.id)], { env });
  await ask('DELETE', `/v2/aside/nested/manifests/${other.digest}`, undefined, 202);
});

test('a plan that is off takes the registries of its subscription out; switching is audited', async () => {
  assert.deepEqual(await ask('GET', '/api/v1/subscriptions/default/plan'), { subscription: 'default', tier: 'Standard' });
  const off = await ask('PUT', '/api/v1/subscriptions/default/plan', { tier: 'Free' });
  assert.deepEqual([off.tier, off.changed_by], ['Free', 'admin']);
  assert.deepEqual([(await only()).state, (await only()).cause], ['NotApplicable', 'PlanOff']);
  assert.match((await only()).reason, /the plan of subscription "default" is off/);
  const state = async (what) => (await ask('GET', `/api/v1/registries/local/repositories/${what.repository}/images/${what.digest}`));
  // What is pushed now is not scanned and says so; what was scanned before keeps its verdict.
  const late = { repository: 'late', ...image('1', 'late') };
  await push('late', late);
  assert.deepEqual([(await state(late)).state, (await state(late)).reason], ['Unverified', 'the plan of subscription "default" is off']);
  const [scan] = (await ask('GET', `/api/v1/scans?digest=${late.digest}`)).items;
  assert.deepEqual([scan.status, scan.reason], ['unsupported', 'the plan of subscription "default" is off']);
  // What is no image says so, plan or not.
  const index = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: late.digest, size: late.manifestBytes.length, platform: { os: 'linux', architecture: 'amd64' } }] });
  const put = await server.fetch('/v2/late/manifests/index', { method: 'PUT', headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' }, body: index });
  assert.equal(put.status, 201);
  const ofIndex = async () => (await ask('GET', `/api/v1/scans?digest=${put.headers.get('docker-content-digest')}`)).items[0];
  for (let i = 0; i < 100 && (await ofIndex()).status !== 'unsupported'; i++) await sleep(50);
  assert.match((await ofIndex()).reason, /^an index/);
  assert.deepEqual([(await ask('GET', '/api/v1/registries/local')).state, (await ask('GET', '/api/v1/registries/local')).reason],
    ['NotApplicable', 'the plan of subscription "default" is off']);
  const again = (await ask('GET', '/api/v1/registries/local/repositories/app/images?state=Unhealthy')).items[0];
  const asked = await ask('POST', '/api/v1/scans', { repository: 'app', digest: again.digest }, 202);
  for (let i = 0; i < 100 && (await ask('GET', `/api/v1/scans/${asked.id}`)).status !== 'unsupported'; i++) await sleep(50);
  assert.equal((await state({ repository: 'app', digest: again.digest })).state, 'Unhealthy');
  const on = await ask('PUT', '/api/v1/subscriptions/default/plan', { tier: 'Standard' });
  for (let i = 0; i < 200 && (await state(late)).state !== 'Unhealthy'; i++) await sleep(50);
  assert.deepEqual([(await state(late)).state, (await ask('GET', `/api/v1/scans?digest=${late.digest}`)).items[0].trigger], ['Unhealthy', 'plan']);
  const days = (Date.parse(on.trial_until) - Date.parse(on.changed_at)) / 864e5;
  assert.equal(days, 30);
  assert.equal((await only()).state, 'Unhealthy');
  const audit = (await ask('GET', '/api/v1/audit')).items.filter((x) => x.action === 'plan.change');
  assert.equal(audit.length, 2);
  await ask('GET', '/api/v1/subscriptions/none/plan', undefined, 404);
});

test('who reads cannot change; who may change one scope changes that scope only', async () => {
  const reader = await person('reader', 'Security Reader', '/');
  const admin = await person('edge', 'Security Admin', '/subscriptions/edge');
  await ask('GET', '/api/v1/recommendations', undefined, 200, reader);
  await ask('PUT', '/api/v1/subscriptions/default/plan', { tier: 'Free' }, 403, reader);
  await ask('POST', '/api/v1/exemptions', { name: 'x', scope: '/registries/local', category: 'Waiver' }, 403, reader);
  await ask('PUT', '/api/v1/subscriptions/edge/plan', { tier: 'Free' }, 200, admin);
  await ask('PUT', '/api/v1/subscriptions/default/plan', { tier: 'Free' }, 404, admin);
  await ask('POST', '/api/v1/exemptions', { name: 'x', scope: '/registries/local', category: 'Waiver' }, 403, admin);
  await ask('POST', '/api/v1/exemptions', { name: 'x', scope: '/subscriptions/edge', category: 'Waiver' }, 201, admin);
  assert.deepEqual((await ask('GET', `/api/v1/recommendations/${KEY}/registries`, undefined, 200, admin)).items, []);
});

test('the same on the command line', () => {
  const as = { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password };
  const ok = (...args) => plimsoll(args, { env: as }).stdout;
  assert.match(ok('plan', 'set', 'default', 'standard'), /plan: Standard\n(.*\n)*changed by: admin/);
  assert.match(ok('recommendation'), /^local +default +Unhealthy +2 +3 +0 +2 /m);
  assert.match(ok('score'), /^percent: 0\.00\npoints: 0\.00\nof: 6\.00\nremediating everything adds: 6\.00/m);
  ok('exemption', 'add', '/registries/local', 'by hand', '--category', 'mitigated', '--expires', '2100-01-01T00:00:00Z');
  const [, number] = ok('exemption', 'list').match(/^(\d+) +\/registries\/local +by hand +Mitigated +admin +no +2100-01-01/m);
  assert.match(ok('recommendation'), /NotApplicable.*exempt: Mitigated, "by hand"/);
  ok('exemption', 'remove', number);
  assert.match(plimsoll(['exemption', 'remove', number], { env: as, check: false }).stderr, /there is no exemption/);
});

test('the audit log is a chain: it is verified where it is read, and an old head is found again', async () => {
  const as = { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password };
  const ok = (...args) => plimsoll(args, { env: as }).stdout;
  const [, head] = ok('audit', 'verify').match(/^\d+ entries, whole from the first one\. Head: ([0-9a-f]{64})$/m);
  ok('plan', 'set', 'edge', 'standard');
  const [, later] = ok('audit', 'verify', '--head', head).match(/Head: ([0-9a-f]{64})$/m);
  assert.notEqual(later, head);
  assert.match(plimsoll(['audit', 'verify', '--head', 'f'.repeat(64)], { env: as, check: false }).stderr, /no entry has the head/);
  assert.match(ok('audit', 'verify', '--images'), /whole from the first one/);
  // A log that somebody emptied is none that a server has.
  const emptied = http.createServer((_, reply) => reply.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[],"total":0,"total_exact":true}'));
  await new Promise((done) => { emptied.listen(0, '127.0.0.1', done); });
  const said = await runAsync(program, ['audit', 'verify'], { env: { ...as, PLIMSOLL_SERVER: `http://127.0.0.1:${emptied.address().port}` } });
  emptied.close();
  assert.deepEqual([said.status, /no entry, not even the first start's/.test(said.stderr)], [1, true], said.stderr);
  assert.match(ok('audit', 'list'), /^\S+ +admin +plan\.change +\/subscriptions\/edge$/m);
  assert.equal(JSON.parse(ok('audit', 'list', '--json').split('\n')[0]).chain, later);
});

test('the score of today is kept', async () => {
  const { items } = await ask('GET', '/api/v1/secure-score/days?days=2');
  assert.deepEqual(items.map((x) => [x.day, x.subscription]), [[`${new Date(clock.now()).toISOString().slice(0, 10)}T00:00:00.000Z`, 'default']]);
});

test('what was answered is what the OpenAPI document says', async () => {
  await recorded.settled();
  assert.deepEqual((await check(await server.json('/api/v1/openapi.json'), recorded.exchanges)).failures, []);
});
