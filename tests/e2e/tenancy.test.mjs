// Management groups and subscriptions: made, moved, deleted; what holds in them follows. Plans of registries to come. What is billed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout } from './lib.mjs';

const DAY = 86400000, headers = { 'content-type': 'application/json' };
let server;
before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb([osvRecord('CVE-2026-1000', [{ ecosystem: 'Debian:12', name: 'shared' }])])] }).start();
});
after(() => server?.stop());

const send = (method, target, body, ask = (t, o) => server.fetch(t, o)) => ask(target, { method, ...(body ? { headers, body: JSON.stringify(body) } : {}) });
const ok = (...request) => server.ask(...request);
const cli = (...args) => plimsoll([...args, '--server', server.url, '--username', 'admin'], { env: { PLIMSOLL_PASSWORD: server.password } }).stdout;
async function person(name, role, scope) {
  const who = await server.person(name, role ? [[role, scope]] : []);
  return (target, options) => who.fetch(target, options);
}
let marks = 0;
const image = () => makeLayout([[debianRelease(), dpkgStatus([{ name: 'shared', version: '1' }]), { path: 'mark', content: String(marks++) }]]);
async function push(registry, repository, layout, wait = true) {
  await pushLayout(server, registry === 'local' ? repository : `${registry}/${repository}`, layout);
  return wait ? server.scanned(repository, layout.digest, { registry }) : undefined;
}

test('groups and subscriptions are made, moved and deleted; roles of a group hold where its members are', async () => {
  for (const name of ['world', 'europe', 'asia']) await ok('POST', '/api/v1/management-groups', { name }, 201);
  await ok('POST', '/api/v1/subscriptions', { name: 'shop', parent: '/managementGroups/europe' }, 201);
  await ok('POST', '/api/v1/subscriptions/shop/resource-groups', { name: 'web' }, 201);
  await ok('POST', '/api/v1/subscriptions/shop/resource-groups/web/registries', { name: 'front' }, 201);
  const world = await person('of-world', 'Security Reader', '/managementGroups/world');
  const asia = await person('of-asia', 'Security Reader', '/managementGroups/asia');
  const sees = async (ask) => { const r = await ask('/api/v1/registries/front'); await r.text(); return r.status; };
  assert.deepEqual([await sees(world), await sees(asia)], [404, 404]);
  const moved = await ok('PUT', '/api/v1/management-groups/europe', { parent: '/managementGroups/world' }, 200);
  assert.equal(moved.parent, '/managementGroups/world');
  assert.deepEqual([await sees(world), await sees(asia)], [200, 404]);
  await ok('PUT', '/api/v1/subscriptions/shop', { parent: '/managementGroups/asia', title: 'The shop' }, 200);
  assert.deepEqual([await sees(world), await sees(asia)], [404, 200]);
  assert.deepEqual((await (await asia('/api/v1/subscriptions')).json()).items.map((s) => [s.name, s.title, s.parent]), [['shop', 'The shop', '/managementGroups/asia']]);
  // Who sees the subscription alone is not told what it is in.
  const shop = await person('of-shop', 'Security Reader', '/subscriptions/shop');
  assert.deepEqual((await (await shop('/api/v1/subscriptions')).json()).items.map((s) => [s.name, s.parent]), [['shop', undefined]]);
  await ok('PUT', '/api/v1/subscriptions/shop', { parent: '/' }, 200);
  assert.deepEqual([await sees(world), await sees(asia), await sees(shop)], [404, 404, 200]);
  await ok('PUT', '/api/v1/subscriptions/shop', { parent: '/managementGroups/europe' }, 200);
  assert.deepEqual([await sees(world), await sees(asia)], [200, 404]);
});

test('a move that would be a circle, or of what does not exist, is refused', async () => {
  for (const parent of ['/managementGroups/europe', '/managementGroups/world'])
    await ok('PUT', '/api/v1/management-groups/world', { parent }, 409);
  await ok('PUT', '/api/v1/management-groups/world', { parent: '/managementGroups/none' }, 404);
  await ok('PUT', '/api/v1/management-groups/none', { parent: '/' }, 404);
  await ok('PUT', '/api/v1/management-groups/world', { parent: '/subscriptions/shop' }, 400);
  await ok('PUT', '/api/v1/management-groups/world', { parent: 'world' }, 400);
  await ok('DELETE', '/api/v1/management-groups/europe', undefined, 409);
  await ok('DELETE', '/api/v1/subscriptions/shop', undefined, 409);
  // Nested no deeper than 16: what would be is refused whole.
  let parent = '/';
  for (let i = 0; i < 16; i++) { await ok('POST', '/api/v1/management-groups', { name: `deep${i}`, parent }, 201); parent = `/managementGroups/deep${i}`; }
  await ok('POST', '/api/v1/management-groups', { name: 'deep16', parent }, 409);
  await ok('PUT', '/api/v1/management-groups/deep0', { parent: '/managementGroups/asia' }, 409);
  for (let i = 15; i >= 0; i--) await ok('DELETE', `/api/v1/management-groups/deep${i}`, undefined, 204);
});

test('who moves must be allowed to, where it is, where it goes, and to assign roles at it', async () => {
  const ask = await person('mover', 'Contributor', '/managementGroups/europe');
  const move = async () => { const r = await send('PUT', '/api/v1/subscriptions/shop', { parent: '/managementGroups/asia' }, ask); return [r.status, (await r.json()).detail]; };
  assert.match((await move()).join(), /^403,this needs the action registries\/write at \/managementGroups\/asia/);
  await ok('POST', '/api/v1/role-assignments', { user: 'mover', role: 'Contributor', scope: '/managementGroups/asia' }, 201);
  assert.match((await move()).join(), /^403,this needs the action Microsoft.Authorization\/roleAssignments\/write at \/subscriptions\/shop/);
  await ok('POST', '/api/v1/role-assignments', { user: 'mover', role: 'User Access Administrator', scope: '/managementGroups/europe' }, 201);
  assert.equal((await move())[0], 200);
  await ok('PUT', '/api/v1/subscriptions/shop', { parent: '/managementGroups/europe' }, 200);
  const rows = (await server.all('/api/v1/audit')).filter((r) => r.action === 'scope.move' && r.actor === 'mover');
  assert.deepEqual(rows.map((r) => [r.subject, r.before.parent, r.after.parent]), [['/subscriptions/shop', '/managementGroups/europe', '/managementGroups/asia']]);
});

test('the command line has scopes', () => {
  cli('scope', 'create', '/managementGroups/africa', '--parent', '/managementGroups/world', '--title', 'Africa');
  cli('scope', 'create', '/subscriptions/kiosk', '--parent', '/managementGroups/africa');
  cli('scope', 'create', '/subscriptions/kiosk/resourceGroups/till');
  assert.match(cli('scope', 'list'), /^\/subscriptions\/kiosk +\/managementGroups\/africa/m);
  assert.match(cli('scope', 'list', '/subscriptions/kiosk'), /resourceGroups\/till/);
  cli('scope', 'move', '/subscriptions/kiosk', '/');
  assert.match(cli('scope', 'list'), /^\/subscriptions\/kiosk +\/ /m);
  for (const scope of ['/subscriptions/kiosk/resourceGroups/till', '/subscriptions/kiosk', '/managementGroups/africa']) cli('scope', 'delete', scope);
  assert.doesNotMatch(cli('scope', 'list'), /kiosk|africa/);
});

test('a plan holds for registries to come', async () => {
  await ok('POST', '/api/v1/subscriptions', { name: 'later' }, 201);
  await ok('POST', '/api/v1/subscriptions/later/resource-groups', { name: 'g' }, 201);
  await ok('PUT', '/api/v1/subscriptions/later/plan', { tier: 'Free' }, 200);
  await ok('POST', '/api/v1/subscriptions/later/resource-groups/g/registries', { name: 'newcomer' }, 201);
  const layout = image();
  await push('newcomer', 'app', layout, false);
  const state = async () => (await server.json('/api/v1/recommendations/dbd0cb49-b563-45e7-9724-889e799fa648/registries')).items.find((r) => r.registry === 'newcomer').state;
  assert.equal(await state(), 'NotApplicable');
  await ok('PUT', '/api/v1/subscriptions/later/plan', { tier: 'Standard' }, 200);
  await server.scanned('app', layout.digest, { registry: 'newcomer' });
  assert.equal(await state(), 'Unhealthy');
});

const month = () => new Date(clock.now()).toISOString().slice(0, 7);
const usage = async (subscription, of = month()) => {
  const item = (await server.json(`/api/v1/usage?month=${of}&subscription=${subscription}`)).items[0];
  return item && [item.images, item.trial_images, item.billable_images];
};

test('an image is billed once: by digest and subscription, not again for a scan, a tag or another repository', async () => {
  await ok('POST', '/api/v1/subscriptions', { name: 'billed' }, 201);
  await ok('POST', '/api/v1/subscriptions/billed/resource-groups', { name: 'g' }, 201);
  for (const name of ['till', 'store']) await ok('POST', '/api/v1/subscriptions/billed/resource-groups/g/registries', { name }, 201);
  assert.equal(await usage('billed'), undefined);
  const layout = image();
  await push('till', 'app', layout);
  assert.deepEqual(await usage('billed'), [1, 0, 1]); // no plan was set: on, and no trial
  await push('till', 'again/app', layout);
  await push('store', 'app', layout); // another registry of the subscription
  const scan = await ok('POST', '/api/v1/scans', { registry: 'till', repository: 'app', digest: layout.digest }, 202);
  for (const until = Date.now() + 60000; (await server.json(`/api/v1/scans/${scan.id}`)).status !== 'completed';) assert.ok(Date.now() < until);
  assert.deepEqual(await usage('billed'), [1, 0, 1]);
  await push('front', 'app', layout); // another subscription
  assert.deepEqual([await usage('billed'), await usage('shop')], [[1, 0, 1], [1, 0, 1]]);
  // What could not be assessed is not billed.
  const odd = makeLayout([[{ path: 'etc/motd', content: 'no distribution here' }]]);
  assert.equal((await push('till', 'odd', odd)).state, 'Unverified');
  assert.deepEqual(await usage('billed'), [1, 0, 1]);
});

test('only while the plan is on; days of the trial are marked; a month has its own', async () => {
  await ok('PUT', '/api/v1/subscriptions/billed/plan', { tier: 'Free' }, 200);
  const off = image();
  await push('till', 'off', off, false);
  assert.deepEqual(await usage('billed'), [1, 0, 1]);
  const { trial_until: until } = await ok('PUT', '/api/v1/subscriptions/billed/plan', { tier: 'Standard' }, 200);
  assert.equal(Date.parse(until) - clock.now() > 29 * DAY, true);
  await server.scanned('off', off.digest, { registry: 'till' });
  assert.deepEqual(await usage('billed'), [2, 1, 1]);
  const then = month();
  clock.advance(31 * DAY); // the trial is over, and it is another month
  assert.notEqual(month(), then);
  await push('till', 'app', image());
  assert.deepEqual([await usage('billed', then), await usage('billed')], [[2, 1, 1], [1, 0, 1]]);
});

test('what was billed stays when images, registries and subscriptions go', async () => {
  const before = await server.json(`/api/v1/usage/images?month=2026-11&subscription=billed`);
  assert.deepEqual(before.items.map((i) => [i.registry, i.repository, i.trial]), [['till', 'app', false], ['till', 'off', true]]);
  for (const registry of ['till', 'store']) {
    await ok('DELETE', `/api/v1/registries/${registry}`, undefined, 202);
    for (const until = Date.now() + 60000; (await send('GET', `/api/v1/registries/${registry}`)).status !== 404;) assert.ok(Date.now() < until);
  }
  assert.deepEqual(await server.json('/api/v1/usage/images?month=2026-11&subscription=billed'), before);
  await ok('DELETE', '/api/v1/subscriptions/billed/resource-groups/g', undefined, 204);
  await ok('DELETE', '/api/v1/subscriptions/billed', undefined, 204);
  assert.deepEqual(await usage('billed', '2026-11'), [2, 1, 1]);
});

test('the report: months, CSV, the command line, and only what the caller may see', async () => {
  for (const bad of ['2026', '2026-13', '2026-00', '26-11', '2026-1', '2026-11-01', '9999-12', '2026-1x', '%202026-11'])
    await ok('GET', `/api/v1/usage?month=${bad}`, undefined, 400);
  assert.deepEqual((await server.json('/api/v1/usage?month=2020-12')).items, []);
  const csv = await (await server.fetch('/api/v1/usage.csv?month=2026-11')).text();
  assert.deepEqual(csv.split('\r\n').slice(0, 3), ['month,subscription,images,trial_images,billable_images', '"2026-11","billed",2,1,1', '"2026-11","later",1,1,0']);
  assert.equal(cli('usage', '--month', '2026-11', '--format', 'csv'), csv);
  assert.match(cli('usage', '--month', '2026-11'), /^2026-11 +billed +2 +1 +1$/m);
  assert.match(cli('usage', '--month', '2026-11', '--images', '--subscription', 'shop'), /shop +front +app +no +sha256:/);
  const ask = await person('of-one', 'Security Reader', '/subscriptions/shop'), none = await person('of-none');
  assert.deepEqual((await (await ask('/api/v1/usage?month=2026-11')).json()).items.map((i) => i.subscription), ['shop']);
  assert.deepEqual((await (await ask('/api/v1/usage/images?month=2026-11')).json()).items.map((i) => i.subscription), ['shop']);
  assert.equal((await (await ask('/api/v1/usage.csv?month=2026-11')).text()).split('\r\n').length, 3);
  for (const leaf of ['', '/images', '.csv']) assert.equal((await none(`/api/v1/usage${leaf}`)).status, 403);
  // Page by page, images of one moment and digest in two subscriptions included.
  const whole = (await server.json('/api/v1/usage/images?month=2026-11')).items, paged = [];
  for (let cursor = ''; cursor !== undefined;) {
    const page = await server.json(`/api/v1/usage/images?month=2026-11&limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    paged.push(...page.items);
    cursor = page.next;
  }
  assert.deepEqual(paged, whole);
});
