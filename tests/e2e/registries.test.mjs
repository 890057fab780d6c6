// Several registries of one server, by host name and by the first component of a name: what a real client pushes to one is in no other, and goes with it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, run, sleep } from './lib.mjs';

const missing = has('skopeo') ? false : 'skopeo is not installed';
const packages = { local: 'alpha', second: 'beta', third: 'gamma' };
let server, port;
const where = { local: () => `127.0.0.1:${port}`, second: () => `localhost:${port}`, third: () => `127.0.0.1:${port}/third` };
const layouts = Object.fromEntries(Object.entries(packages).map(([registry, name]) =>
  [registry, makeLayout([[debianRelease(), dpkgStatus([{ name, version: '1' }])]])]));
const creds = (who = 'admin', secret = server.password) => `${who}:${secret}`;
const push = (layout, to, as = creds(), options = {}) => run('skopeo', ['copy', '-q', '--insecure-policy', '--dest-tls-verify=false',
  '--dest-creds', as, `oci:${layout.dir}:${layout.tag}`, `docker://${to}/team/app:1`], options);
const digestAt = (at) => JSON.parse(run('skopeo', ['inspect', '--tls-verify=false', '--creds', creds(), `docker://${at}/team/app:1`]).stdout).Digest;
const send = (...request) => server.send(...request);
const create = (target, body, status = 201) => server.ask('POST', target, body, status);

const scanned = (registry, digest) => server.scanned('team/app', digest, { registry });

before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb(Object.values(packages).map((name, i) =>
    osvRecord(`CVE-2026-200${i}`, [{ ecosystem: 'Debian:12', name }])))] }).start();
  port = new URL(server.url).port;
  await create('/api/v1/subscriptions', { name: 'shop' });
  await create('/api/v1/subscriptions/shop/resource-groups', { name: 'web' });
});
after(() => server?.stop());

test('registries are created in a resource group and listed by subscription', async () => {
  const in_web = '/api/v1/subscriptions/shop/resource-groups/web/registries';
  const second = await create(in_web, { name: 'second', title: 'The second', hosts: [`localhost:${port}`] });
  assert.deepEqual([second.name, second.title, second.subscription, second.resource_group, second.hosts, second.state],
    ['second', 'The second', 'shop', 'web', [`localhost:${port}`], 'NotApplicable']);
  await create(in_web, { name: 'third' });
  await create(in_web, { name: 'third' }, 409);
  await create(in_web, { name: 'other', hosts: [`LOCALHOST:${port}`] }, 409);
  await create(in_web, { name: 'A/b' }, 400);
  await create('/api/v1/subscriptions/shop/resource-groups/none/registries', { name: 'x' }, 404);
  const names = async (q) => (await server.json(`/api/v1/registries${q}`)).items.map((g) => g.name);
  assert.deepEqual(await names(''), ['local', 'second', 'third']);
  assert.deepEqual(await names('?subscription=shop'), ['second', 'third']);
  assert.deepEqual(await names('?subscription=default'), ['local']);
  assert.deepEqual(await names('?subscription=shop&resource_group=none'), []);
});

test('a client pushes the same name to each and pulls from each what it pushed there', { skip: missing }, async () => {
  for (const [registry, layout] of Object.entries(layouts)) push(layout, where[registry]());
  for (const [registry, layout] of Object.entries(layouts)) {
    assert.equal(digestAt(where[registry]()), layout.digest, registry);
    const image = await scanned(registry, layout.digest);
    assert.deepEqual([image.registry, image.subscription, image.tags], [registry, registry === 'local' ? 'default' : 'shop', ['1']]);
    for (const other of Object.keys(layouts)) {
      const r = await server.fetch(`/api/v1/registries/${other}/repositories/team/app/images/${layout.digest}`);
      assert.equal(r.status, other === registry ? 200 : 404);
      await r.arrayBuffer();
    }
  }
  const catalog = async (host) => (await (await fetch(`http://${host}/v2/_catalog`, { headers: server.headers })).json()).repositories;
  assert.deepEqual(await catalog(where.local()), ['second/team/app', 'team/app', 'third/team/app']);
  assert.deepEqual(await catalog(where.second()), ['team/app']);
});


test('a repository without its registry: of all that have one of this name, or which one must be said', { skip: missing }, async () => {
  const findings = (await server.json('/api/v1/findings?repository=team/app')).items.map((f) => f.registry).sort();
  assert.deepEqual(findings, ['local', 'second', 'third']);
  assert.deepEqual((await server.json('/api/v1/findings?repository=team/app&registry=third')).items.map((f) => f.registry), ['third']);
  for (const target of ['/api/v1/scans?repository=team/app', '/api/v1/packages?name=alpha&repository=team/app', '/api/v1/images?repository=team/app']) {
    const r = await server.fetch(target);
    assert.deepEqual([r.status, /in several registries \(local, second/.test((await r.json()).detail)], [400, true], target);
    assert.equal((await server.fetch(`${target}&registry=second`)).status, 200, target);
  }
  assert.equal((await server.fetch('/api/v1/findings?repository=no/such')).status, 404);
});

test('rows of lists say where they are, and a registry narrows them', { skip: missing }, async () => {
  const rows = await server.all('/api/v1/findings');
  assert.deepEqual(rows.map((f) => [f.subscription, f.registry, f.repository, f.package]).sort(),
    [['default', 'local', 'team/app', 'alpha'], ['shop', 'second', 'team/app', 'beta'], ['shop', 'third', 'team/app', 'gamma']]);
  for (const [registry, name] of Object.entries(packages)) {
    const of = await server.all(`/api/v1/findings?registry=${registry}&repository=team/app`);
    assert.deepEqual(of.map((f) => f.package), [name]);
    const image = await server.all(`/api/v1/registries/${registry}/repositories/team/app/images/${layouts[registry].digest}/findings`);
    assert.deepEqual(image.map((f) => f.package), [name]);
    const scans = await server.all(`/api/v1/scans?registry=${registry}&repository=team/app`);
    assert.deepEqual(scans.map((s) => [s.registry, s.digest]), [[registry, layouts[registry].digest]]);
    const sums = (await server.json(`/api/v1/registries/${registry}/repositories`)).items;
    assert.deepEqual(sums.map((s) => [s.registry, s.name, s.images, s.unhealthy]), [[registry, 'team/app', 1, 1]]);
  }
});

test('a role at one registry is none at another', { skip: missing }, async () => {
  await create('/api/v1/users', { name: 'sue', password: 'a good one sue' });
  await create('/api/v1/role-assignments', { user: 'sue', role: 'AcrPush', scope: '/registries/second' });
  const sue = creds('sue', 'a good one sue');
  assert.equal(push(layouts.second, where.second(), sue).status, 0);
  for (const registry of ['local', 'third'])
    assert.notEqual(push(layouts.second, where[registry](), sue, { check: false }).status, 0, registry);
  const own = await fetch(new URL('/api/v1/registries', server.url),
    { headers: { authorization: `Basic ${Buffer.from(sue).toString('base64')}` } });
  assert.equal(own.status, 403);
  await own.arrayBuffer();
});

test('a registry that is deleted takes all it held along, and nothing else', { skip: missing }, async () => {
  assert.equal((await send('DELETE', '/api/v1/registries/local')).status, 409);
  assert.equal((await send('DELETE', '/api/v1/registries/none')).status, 404);
  assert.equal((await send('DELETE', '/api/v1/registries/third')).status, 202);
  // At once nothing of it is there for clients: its name is one of the first registry again.
  assert.equal((await fetch(`http://${where.third()}`.replace('/third', '/v2/third/team/app/manifests/1'), { headers: server.headers })).status, 404);
  for (const until = Date.now() + 60000; ; await sleep(50)) {
    const r = await server.fetch('/api/v1/registries/third');
    if (r.status === 404) break;
    assert.equal((await r.json()).state, 'Deleting');
    assert.ok(Date.now() < until);
  }
  assert.deepEqual((await server.all('/api/v1/findings')).map((f) => f.registry).sort(), ['local', 'second']);
  assert.deepEqual((await server.all('/api/v1/scans')).filter((s) => s.registry === 'third'), []);
  for (const registry of ['local', 'second']) assert.equal(digestAt(where[registry]()), layouts[registry].digest);
  const audit = (await server.all('/api/v1/audit')).filter((a) => a.subject === '/registries/third');
  assert.deepEqual(audit.map((a) => [a.action, a.actor]).sort(), [['registry.create', 'admin'], ['registry.delete', 'admin']]);
});
