// Scopes: the tree above registries, roles at each level, and lists cut to what their caller may see.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './lib.mjs';

let server;
const basic = (name, secret) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
const send = (method, target, body, headers) => server.fetch(target, {
  method, body: body && JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers },
});
async function ok(method, target, body, status = 201) {
  const r = await send(method, target, body);
  const text = await r.text();
  assert.equal(r.status, status, `${method} ${target}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}
async function refused(method, target, body, status, pattern) {
  const r = await send(method, target, body);
  const text = await r.text();
  assert.equal(r.status, status, text);
  assert.match(JSON.parse(text).detail, pattern);
}
/** A user with one role at one scope; what fetches as him. */
async function person(name, role, scope) {
  await ok('POST', '/api/v1/users', { name, password: `a good one ${name}` });
  if (role) await ok('POST', '/api/v1/role-assignments', { user: name, role, scope });
  return { authorization: basic(name, `a good one ${name}`) };
}
const names = async (target, headers) => {
  const r = await server.fetch(target, { headers });
  return r.status === 200 ? (await r.json()).items.map((s) => s.name) : r.status;
};

before(async () => {
  server = await new Server().start();
  await ok('POST', '/api/v1/management-groups', { name: 'europe', title: 'Europe' });
  await ok('POST', '/api/v1/management-groups', { name: 'north', parent: '/managementGroups/europe' });
  await ok('POST', '/api/v1/subscriptions', { name: 'shop', parent: '/managementGroups/north' });
  await ok('POST', '/api/v1/subscriptions', { name: 'bank' });
  await ok('POST', '/api/v1/subscriptions/shop/resource-groups', { name: 'web' });
});
after(() => server?.stop());

test('a new server has a subscription with a resource group', async () => {
  const all = await server.json('/api/v1/subscriptions');
  assert.deepEqual(all.items.map((s) => [s.name, s.scope]), [['bank', '/subscriptions/bank'], ['default', '/subscriptions/default'],
    ['shop', '/subscriptions/shop']]);
  assert.deepEqual(await names('/api/v1/subscriptions/default/resource-groups'), ['default']);
  assert.deepEqual(await names('/api/v1/subscriptions/shop/resource-groups'), ['web']);
  assert.deepEqual(await names('/api/v1/subscriptions?limit=1'), ['bank']);
});

test('a role holds at and below its scope, and a list shows nothing else', async () => {
  const cases = [
    ['root', 'Security Reader', '/', ['bank', 'default', 'shop'], ['europe', 'north'], ['web']],
    ['europe', 'Security Reader', '/managementGroups/europe', ['shop'], ['europe', 'north'], ['web']],
    ['shop', 'Security Reader', '/subscriptions/shop', ['shop'], [], ['web']],
    ['web', 'Security Reader', '/subscriptions/shop/resourceGroups/web', [], [], ['web']],
    ['bank', 'Security Reader', '/subscriptions/bank', ['bank'], [], []],
    ['puller', 'AcrPull', '/', 403, 403, 403],
    ['nothing', null, null, 403, 403, 403],
  ];
  for (const [name, role, scope, subscriptions, groups, resources] of cases) {
    const headers = await person(name, role, scope);
    assert.deepEqual(await names('/api/v1/subscriptions', headers), subscriptions, name);
    assert.deepEqual(await names('/api/v1/management-groups', headers), groups, name);
    assert.deepEqual(await names('/api/v1/subscriptions/shop/resource-groups', headers), resources, name);
  }
});

test('who may write at a management group may create in its subscriptions, and nowhere else', async () => {
  const headers = await person('north', 'Contributor', '/managementGroups/north');
  const create = (target, name) => send('POST', target, { name }, headers).then((r) => r.status);
  assert.equal(await create('/api/v1/subscriptions/shop/resource-groups', 'extra'), 201);
  assert.equal(await create('/api/v1/subscriptions/bank/resource-groups', 'extra'), 403);
  assert.equal(await create('/api/v1/subscriptions', 'extra'), 403);
  await ok('DELETE', '/api/v1/subscriptions/shop/resource-groups/extra', undefined, 204);
});

test('what cannot be is refused with the reason', async () => {
  await refused('POST', '/api/v1/subscriptions', { name: 'shop' }, 409, /"shop" is taken/);
  await refused('POST', '/api/v1/subscriptions', { name: 'a/b' }, 400, /not a valid name/);
  await refused('POST', '/api/v1/subscriptions', { name: 'x', parent: '/managementGroups/asia' }, 404, /no scope "\/managementGroups\/asia"/);
  await refused('POST', '/api/v1/subscriptions', { name: 'x', parent: '/subscriptions/shop' }, 400, /cannot be below/);
  await refused('POST', '/api/v1/subscriptions', { name: 'x', parent: 'shop' }, 400, /not a valid scope/);
  await refused('POST', '/api/v1/subscriptions/none/resource-groups', { name: 'x' }, 404, /no scope "none"/);
  await refused('DELETE', '/api/v1/management-groups/europe', undefined, 409, /is not empty/);
  await refused('DELETE', '/api/v1/subscriptions/default', undefined, 409, /is not empty/);
  await refused('POST', '/api/v1/role-assignments', { user: 'nothing', role: 'Reader', scope: '/subscriptions/none' }, 404, /no scope/);
  await refused('POST', '/api/v1/role-assignments', { user: 'nothing', role: 'Reader', scope: '/nowhere' }, 400, /not a valid scope/);
});

test('a scope that goes takes the roles at it along, and each change is audited', async () => {
  await ok('POST', '/api/v1/subscriptions', { name: 'brief' });
  await person('brief', 'Reader', '/subscriptions/brief');
  await ok('DELETE', '/api/v1/subscriptions/brief', undefined, 204);
  assert.deepEqual((await server.json('/api/v1/role-assignments?user=brief')).items, []);
  const audit = (await server.all('/api/v1/audit')).filter((a) => a.subject === '/subscriptions/brief');
  assert.deepEqual(audit.map((a) => [a.action, a.actor]).sort(), [['scope.create', 'admin'], ['scope.delete', 'admin']]);
});
