// Scopes: the tree above registries, roles at each level, and lists cut to what their caller may see.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout } from './lib.mjs';

let server;
const send = (...request) => server.send(...request), refused = (...request) => server.refused(...request);
const ok = (method, target, body, status = 201) => server.ask(method, target, body, status);
/** A user with one role at one scope; what authorises as him. */
const person = async (name, role, scope) => (await server.person(name, role ? [[role, scope]] : [])).headers;
const names = async (target, headers) => {
  const r = await server.fetch(target, { headers });
  return r.status === 200 ? (await r.json()).items.map((s) => s.name) : r.status;
};

before(async () => {
  // Each repository's package has a finding.
  server = await new Server({ args: ['--vdb', makeVdb(['alpha', 'beta', 'gamma'].map((name, i) =>
    osvRecord(`CVE-2026-100${i}`, [{ ecosystem: 'Debian:12', name }])))] }).start();
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
    // What is not there is as what is out of sight.
    assert.deepEqual(await names('/api/v1/subscriptions/none/resource-groups', headers), scope === '/' && role !== 'AcrPull' ? 404 : role === null || role === 'AcrPull' ? 403 : [], name);
  }
});

test('who may write at a management group may create in its subscriptions, and nowhere else', async () => {
  const headers = await person('north', 'Contributor', '/managementGroups/north');
  const create = (target, name) => send('POST', target, { name }, headers).then((r) => r.status);
  assert.equal(await create('/api/v1/subscriptions/shop/resource-groups', 'extra'), 201);
  assert.equal(await create('/api/v1/subscriptions/bank/resource-groups', 'extra'), 404); // out of his sight
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

test('a reader of one repository sees its rows in every list and nothing else', async () => {
  const layout = (text) => makeLayout([[debianRelease(), dpkgStatus([{ name: text, version: '1' }])]]);
  const layouts = { 'team/app': layout('alpha'), 'team/app/inner': layout('beta'), other: layout('gamma') };
  for (const [repository, l] of Object.entries(layouts)) {
    await pushLayout(server, repository, l);
    await server.scanned(repository, l.digest);
  }
  const cases = [
    [await person('all', 'Security Reader', '/subscriptions/default'), ['other', 'team/app', 'team/app/inner']],
    [await person('team', 'Security Reader', '/registries/local/repositories/team'), ['team/app', 'team/app/inner']],
    [await person('inner', 'Security Reader', '/registries/local/repositories/team/app/inner'), ['team/app/inner']],
    [await person('elsewhere', 'Security Reader', '/subscriptions/shop'), []],
  ];
  for (const [headers, seen] of cases) {
    const items = async (target) => {
      const r = await server.fetch(target, { headers });
      assert.equal(r.status, 200, target);
      return (await r.json()).items;
    };
    const of = async (target, field) => [...new Set((await items(target)).map((i) => i[field]))].sort();
    assert.deepEqual(await of('/api/v1/registries/local/repositories', 'name'), seen);
    assert.deepEqual(await of('/api/v1/scans', 'repository'), seen);
    assert.deepEqual(await of('/api/v1/findings', 'repository'), seen);
    assert.equal((await server.fetch('/api/v1/findings?repository=other', { headers })).status, seen.includes('other') ? 200 : 404);
    // Who sees nothing of a registry does not see that it is there.
    assert.deepEqual((await items('/api/v1/registries')).map((r) => [r.images, r.stored_bytes > 0]), seen.length ? [[seen.length, true]] : []);
    assert.equal((await server.fetch('/api/v1/registries/local', { headers })).status, seen.length ? 200 : 404);
    for (const target of ['/api/v1/registries/local/repositories', '/api/v1/findings']) {
      const { total, total_exact: exact } = await (await server.fetch(target, { headers })).json();
      assert.deepEqual([total, exact], [seen.length, true], target);
    }
    for (const repository of Object.keys(layouts)) {
      const r = await server.fetch(`/api/v1/registries/local/repositories/${repository}/images`, { headers });
      assert.equal(r.status, seen.includes(repository) ? 200 : 404, repository);
    }
    const scan = (await server.json('/api/v1/scans?repository=other')).items[0].id;
    assert.equal((await server.fetch(`/api/v1/scans/${scan}`, { headers })).status, seen.includes('other') ? 200 : 404);
    assert.deepEqual(await events(headers), seen);
  }
});

/** Repositories of all events so far, as the stream gives them; it ends with the push that all may see. */
async function events(headers) {
  const stop = new AbortController();
  const r = await server.fetch('/api/v1/events', { headers: { ...headers, 'last-event-id': '0' }, signal: stop.signal });
  assert.equal(r.status, 200);
  const seen = new Set();
  let text = '';
  const timer = setTimeout(() => stop.abort(), 1500);
  try {
    for await (const chunk of r.body) {
      text += Buffer.from(chunk).toString();
      for (const m of text.matchAll(/"repository":"([^"]+)"/g)) seen.add(m[1]);
      if (seen.size === 3) break;
    }
  } catch (e) {
    if (e.name !== 'AbortError') throw e;
  }
  clearTimeout(timer);
  stop.abort();
  return [...seen].sort();
}
