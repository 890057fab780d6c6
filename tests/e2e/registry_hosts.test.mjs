// Registries by command line and configuration: created, their hosts changed, roles in them; what a page of many costs the database.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, makeLayout, plimsoll, pushBlob, pushLayout } from './lib.mjs';

let server;
const layout = makeLayout([[{ path: 'hello', content: 'static' }]]);
before(async () => { server = await new Server().start(); });
after(() => server?.stop());

const ask = (args) => plimsoll(args, { check: false, env: { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password,
  XDG_RUNTIME_DIR: '/nonexistent', HOME: '/nonexistent' } });
const ok = (args) => { const r = ask(args); assert.equal(r.status, 0, `${args.join(' ')}: ${r.stderr}`); return r.stdout; };
const hosts = async (name) => (await server.json(`/api/v1/registries/${name}`)).hosts;

test('registries from the command line', async () => {
  assert.match(ok(['registry', 'create', 'shop', '--host', 'shop.example.com, shop.example.com:5443', '--title', 'The shop']), /^hosts: shop\.example\.com, shop\.example\.com:5443$/m);
  assert.match(ok(['registry', 'list']), /^NAME .*\n.*local.*\nshop +default +default +NotApplicable +0 +0 +shop\.example\.com, shop\.example\.com:5443$/m);
  assert.match(ok(['registry', 'show', 'shop']), /^title: The shop$/m);
  ok(['registry', 'set', 'shop', '--host', 'new.example.com']);
  assert.deepEqual(await hosts('shop'), ['new.example.com']);
  ok(['registry', 'set', 'shop', '--title', 'A shop']); // the hosts stay
  assert.deepEqual(await hosts('shop'), ['new.example.com']);
  ok(['registry', 'set', 'shop', '--host', '']);
  assert.deepEqual(await hosts('shop'), []);
  for (const [args, says] of [
    [['registry', 'create', 'shop'], /shop/], [['registry', 'create', 'A/b'], /not a valid name/], [['registry', 'set', 'none', '--host', 'x.example.com'], /there is no registry "none"/],
    [['registry', 'set', 'shop', '--host', 'not a host'], /not the name of a host/], [['registry', 'delete', 'local'], /cannot be deleted/], [['registry', 'show'], /missing operand/],
    [['role', 'assign', 'ci', 'push', '--registry', 'shop', '/subscriptions/default'], /--registry goes with/],
  ]) {
    const r = ask(args);
    assert.equal(r.status, 1, args.join(' '));
    assert.match(r.stderr, says, args.join(' '));
  }
});

test('a role in another registry, by its name', async () => {
  ok(['user', 'add', 'ci', '--robot']);
  ok(['role', 'assign', 'ci', 'push', '--registry', 'shop', 'team']);
  ok(['role', 'assign', 'ci', 'pull', '--registry', 'shop']);
  ok(['role', 'assign', 'ci', 'pull', 'team']);
  const scopes = () => ok(['role', 'list', 'ci']).trim().split('\n').slice(1).map((l) => l.split(/ +/).at(-1)).sort();
  assert.deepEqual(scopes(), ['/registries/local/repositories/team', '/registries/shop', '/registries/shop/repositories/team']);
  ok(['role', 'remove', 'ci', 'pull', '--registry', 'shop']);
  assert.deepEqual(scopes(), ['/registries/local/repositories/team', '/registries/shop/repositories/team']);
});

test('hosts are the whole server\'s: who may change a registry alone takes none', async () => {
  const password = 'a good one of the shop';
  const send = async (method, path, body, headers = {}) => {
    const r = await server.fetch(path, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
    return [r.status, (await r.json()).detail];
  };
  await send('POST', '/api/v1/users', { name: 'keeper', password });
  for (const scope of ['/registries/shop', '/subscriptions/default/resourceGroups/default']) await send('POST', '/api/v1/role-assignments', { user: 'keeper', role: 'Contributor', scope });
  const keeper = { authorization: `Basic ${Buffer.from(`keeper:${password}`).toString('base64')}` };
  const own = new URL(server.url).host;
  const change = (body, who) => send('PATCH', '/api/v1/registries/shop', body, who);
  for (const body of [{ hosts: [own] }, { title: 'Mine', hosts: ['any.example.com'] }]) {
    const [status, why] = await change(body, keeper);
    assert.deepEqual([status, /hosts: .* at \//.test(why)], [403, true], why);
  }
  const group = '/api/v1/subscriptions/default/resource-groups/default/registries';
  assert.equal((await send('POST', group, { name: 'taker', hosts: [own] }, keeper))[0], 403);
  assert.equal((await send('POST', group, { name: 'taker' }, keeper))[0], 201);
  assert.equal((await server.fetch('/api/v1/registries/taker', { method: 'DELETE' })).status, 202);
  assert.equal((await change({ title: 'Our shop' }, keeper))[0], 200);
  assert.equal((await change({ hosts: ['shop.example.com'] }))[0], 200);
  assert.equal((await change({ title: 'The shop', hosts: ['shop.example.com'] }, keeper))[0], 200, 'those that it has');
  assert.equal((await change({ hosts: [] }, keeper))[0], 200);
});

const statements = async () => Number(/^plimsoll_store_statements_total (\d+)$/m.exec(await (await server.fetch('/metrics')).text())[1]);
// What a request asks, with what its caller's login asks; housekeeping asks now and then, so the least of some.
async function cost(target) {
  let least = Infinity, own = Infinity;
  for (let i = 0; i < 6; i++) {
    const before = await statements(), between = await statements();
    own = Math.min(own, between - before);
    assert.equal((await server.json(target)).items.length > 0, true, target);
    least = Math.min(least, await statements() - between);
  }
  return least - own;
}

test('a page of many registries or repositories asks few statements, whatever it holds', async () => {
  for (let i = 0; i < 50; i++) {
    const r = await server.fetch('/api/v1/subscriptions/default/resource-groups/default/registries', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: `r${i}`, hosts: [`r${i}.example.com`] }) });
    assert.equal(r.status, 201, await r.text());
  }
  for (let i = 0; i < 100; i++) await pushLayout(server, `many/n${i}`, layout);
  await pushLayout(server, 'r7/team/app', layout);
  await pushBlob(server, 'r7/team/app', Buffer.from('another'));
  await server.scanned('team/app', layout.digest, { registry: 'r7', timeout: 60000 }); // behind the hundred before it
  const r7 = await server.json('/api/v1/registries/r7');
  const sizes = layout.config.size + layout.layers[0].size;
  assert.deepEqual([r7.hosts, r7.images, r7.stored_blobs, r7.stored_bytes], [['r7.example.com'], 1, 3, sizes + 7]);
  const all = (await server.json('/api/v1/registries?limit=100')).items;
  assert.equal(all.length, 52);
  assert.deepEqual(all.find((g) => g.name === 'r7'), r7);
  const repositories = (await server.json('/api/v1/registries/local/repositories?limit=100')).items;
  assert.deepEqual([repositories.length, repositories[0].stored_blobs, repositories[0].stored_bytes], [100, 2, sizes]);
  const key = (await server.json('/api/v1/recommendations')).items[0].key;
  for (let i = 0; i < 30; i++) await pushLayout(server, 'many/of', makeLayout([[{ path: `f${i}`, content: 'x' }]]), `t${i}`);
  const images = '/api/v1/registries/local/repositories/many/of/images?limit=100';
  assert.deepEqual((await server.json(images)).items.map((i) => i.tags.length), Array(30).fill(1));
  for (let i = 0; i < 20; i++)
    for (const [target, body] of [['/api/v1/subscriptions', { name: `s${i}` }], ['/api/v1/exemptions', { name: `e${i}`, scope: `/registries/r${i}`, category: 'Waiver' }]])
      assert.equal((await server.fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status, 201, target);
  for (const [target, most] of [[images, 15], ['/api/v1/subscriptions?limit=100', 15], ['/api/v1/exemptions?limit=100', 15], ['/api/v1/registries?limit=100', 15], ['/api/v1/registries?subscription=default', 15], ['/api/v1/registries/local/repositories?limit=100', 15],
    ['/api/v1/recommendations', 60], [`/api/v1/recommendations/${key}/registries?limit=1`, 15], [`/api/v1/recommendations/${key}/registries?limit=100`, 15]]) {
    const n = await cost(target);
    assert.ok(n >= 1 && n <= most, `${target}: ${n} statements`);
  }
  const metrics = await (await server.fetch('/metrics')).text();
  assert.match(metrics, new RegExp(`^plimsoll_registry_stored_bytes\\{registry="r7"\\} ${sizes + 7}$`, 'm'));
  assert.match(metrics, /^plimsoll_registry_images\{registry="local"\} 130$/m);
});

test('an event names the subscription of its registry', async () => {
  const r = await server.fetch('/api/v1/events', { headers: { 'last-event-id': '0' } });
  let text = '';
  for await (const piece of r.body) {
    text += Buffer.from(piece);
    if (text.includes('"registry":"r7"')) break;
  }
  const data = text.slice(0, text.lastIndexOf('\n')).split('\n').filter((l) => l.startsWith('data: ')).map((l) => JSON.parse(l.slice(6)));
  assert.deepEqual([...new Set(data.map((d) => `${d.subscription} ${d.registry}`))].sort(), ['default local', 'default r7']);
});

test('hosts by configuration, at each start', async () => {
  const setting = ['--registry-hosts', 'r1=r2.example.com,r2=r1.example.com r2=other.example.com none=x.example.com'];
  await server.stop();
  await server.start(setting);
  assert.deepEqual([await hosts('r1'), await hosts('r2'), await hosts('r3')], [['r2.example.com'], ['other.example.com', 'r1.example.com'], ['r3.example.com']]);
  const audit = (await server.all('/api/v1/audit')).filter((a) => a.actor === 'configuration');
  assert.ok(audit.length >= 2 && audit.every((a) => a.action === 'registry.change'));
  // The same again changes nothing.
  await server.stop();
  await server.start(setting);
  assert.match(server.output, /there is no registry .*none/);
  assert.equal((await server.all('/api/v1/audit')).filter((a) => a.actor === 'configuration').length, audit.length);
  assert.match(plimsoll(['serve', '--registry-hosts', 'r1'], { check: false }).stderr, /"r1" is not NAME=HOST/);
});
