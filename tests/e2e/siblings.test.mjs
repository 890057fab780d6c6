// The recommendations besides that about findings: which registries and images they concern, switched off per subscription, exempt; what a recommendation leaves out is in none of its numbers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout } from './lib.mjs';

const KEYS = { findings: 'dbd0cb49-b563-45e7-9724-889e799fa648', release: 'bbce726f-4112-43f8-873b-80dde15643dc', secrets: 'e7ffd48e-1153-4973-b8a0-13c45733d093',
  root: 'c8fa5b48-f096-4670-956f-661144ece1ac', base: 'b2e7ae81-8ebe-493e-9571-63a71a222c35', pushes: '6b363b1b-a8f5-4fc1-a7b9-f496d2c48fea' };
const token = `gh${'p_'}zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17`;
const os = (version, codename) => [debianRelease(version, codename), dpkgStatus([{ name: 'bash', version: '5.2' }])];
const user = { config: { User: '10001:10001' } };
const base = makeLayout([os('12', 'bookworm')], user);
const good = makeLayout([os('12', 'bookworm'), [{ path: 'app/a', content: 'a' }]], user);
const old = makeLayout([os('9', 'stretch'), [{ path: 'app/b', content: 'b' }]], { config: { User: 'root' } });
const secret = makeLayout([os('12', 'bookworm'), [{ path: 'app/.env', content: `T=${token}\n` }]]);
const vdb = makeVdb([osvRecord('DEBIAN-CVE-2026-1', [{ ecosystem: 'Debian:9', name: 'bash' }], { severity: 'HIGH' })]);

let server, env;
const post = (target, body, status, method = 'POST') => server.ask(method, target, body, status);
const one = (key) => server.json(`/api/v1/recommendations/${key}`);
const registry = async (key, name = 'local') => (await server.all(`/api/v1/recommendations/${key}/registries`)).find((x) => x.registry === name);
const images = async (key, query = '') => (await server.all(`/api/v1/recommendations/${key}/images?${query}`)).map((x) => `${x.repository} ${x.state}`).sort();
const cli = (...args) => plimsoll(['recommendation', ...args], { env }).stdout;
const push = async (target, repository, layout, name) => { await pushLayout(server, target, layout); await server.scanned(repository, layout.digest, { registry: name }); };

before(async () => {
  server = await new Server({ args: ['--vdb', vdb] }).start();
  env = { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password };
  for (const [repository, layout] of [['base', base], ['good', good], ['old', old], ['secret', secret]]) await push(repository, repository, layout, 'local');
});
after(() => server?.stop());

test('each says which registries and images it concerns, and why', async () => {
  const list = (await server.json('/api/v1/recommendations')).items;
  assert.deepEqual(list.map((x) => x.key), Object.values(KEYS));
  assert.ok(list.every((x) => x.name && x.description && x.remediation_steps.length > 1));
  assert.deepEqual(list.map((x) => 'max_score' in x), [true, false, false, false, false, false]);
  const says = async (key, state, unhealthy) => {
    const x = await one(key), r = await registry(key);
    assert.deepEqual([x.state, x.unhealthy_images, r.state, r.unhealthy], [state, unhealthy, state, unhealthy], key);
  };
  await says(KEYS.release, 'Unhealthy', 1);
  await says(KEYS.secrets, 'Unhealthy', 1);
  await says(KEYS.root, 'Unhealthy', 2);
  await says(KEYS.base, 'Unhealthy', 1);
  await says(KEYS.pushes, 'Healthy', 0);
  assert.deepEqual(await images(KEYS.release), ['base Healthy', 'good Healthy', 'old Unhealthy', 'secret Healthy']);
  assert.deepEqual(await images(KEYS.root), ['base Healthy', 'good Healthy', 'old Unhealthy', 'secret Unhealthy']);
  assert.deepEqual(await images(KEYS.base, 'state=Unhealthy'), ['old Unhealthy']);
  assert.deepEqual(await images(KEYS.secrets, 'state=Unhealthy&registry=local'), ['secret Unhealthy']);
  assert.deepEqual(await images(KEYS.findings, 'state=Unhealthy'), ['old Unhealthy', 'secret Unhealthy']);
  assert.deepEqual(await images(KEYS.pushes), []);
  const [reason] = (await server.json(`/api/v1/recommendations/${KEYS.root}/images?state=Unhealthy`)).items.map((x) => x.reason);
  assert.equal(reason, 'its config names the user root');
  const paged = await server.json(`/api/v1/recommendations/${KEYS.root}/images?limit=1`);
  assert.equal(paged.items.length, 1);
  assert.ok(paged.next);
});

test('the command line says the same', () => {
  assert.match(cli('--all'), new RegExp(`^${KEYS.root} +Unhealthy +1 +2 +Images should not run as root`, 'm'));
  assert.match(cli(KEYS.release), /^local +default +Unhealthy +1 +4 /m);
  assert.match(cli(KEYS.root, '--images'), /^local +old +sha256:\S+ +Unhealthy +its config names the user root/m);
  assert.match(plimsoll(['recommendation', 'x'], { env, check: false }).stderr, /not the key of a recommendation/);
});

test('a rule about a secret holds here, too', async () => {
  const rule = await post('/api/v1/rules', { name: 'known', scope: '/registries/local', criteria: { category: ['Secrets'] } }, 201);
  assert.equal((await one(KEYS.secrets)).state, 'Healthy');
  assert.deepEqual(await images(KEYS.secrets, 'state=Unhealthy'), []);
  await server.fetch(`/api/v1/rules/${rule.id}`, { method: 'DELETE' });
  assert.equal((await one(KEYS.secrets)).unhealthy_images, 1);
});

test('switched off for a subscription, with an audit; the first goes with the plan', async () => {
  const score = await server.json('/api/v1/secure-score');
  const off = await post(`/api/v1/subscriptions/default/recommendations/${KEYS.root}`, { state: 'Off' }, 200, 'PUT');
  assert.deepEqual([off.state, off.changed_by], ['Off', 'admin']);
  const r = await registry(KEYS.root);
  assert.deepEqual([r.state, r.cause, r.reason], ['NotApplicable', 'SwitchedOff', 'the recommendation is switched off for subscription "default"']);
  assert.deepEqual([(await one(KEYS.root)).state, (await one(KEYS.root)).images, await images(KEYS.root)], ['NotApplicable', 0, []]);
  assert.equal((await one(KEYS.release)).state, 'Unhealthy', 'others are as they were');
  assert.deepEqual(await server.json('/api/v1/secure-score'), score);
  assert.deepEqual((await server.json('/api/v1/subscriptions/default/recommendations')).items.map((x) => x.state), ['On', 'On', 'On', 'Off', 'On', 'On']);
  assert.match(cli(KEYS.root, '--on', 'default'), /^state: On$/m);
  assert.equal((await registry(KEYS.root)).state, 'Unhealthy');
  const audit = (await server.json('/api/v1/audit')).items.filter((x) => x.action === 'recommendation.switch');
  assert.equal(audit.length, 2);
  await post(`/api/v1/subscriptions/default/recommendations/${KEYS.findings}`, { state: 'Off' }, 400, 'PUT');
  await post('/api/v1/subscriptions/default/recommendations/none', { state: 'Off' }, 404, 'PUT');
  await post(`/api/v1/subscriptions/none/recommendations/${KEYS.root}`, { state: 'Off' }, 404, 'PUT');
});

test('images of an exempt registry are in no number of a recommendation: tiles, images, checks', async () => {
  await post('/api/v1/subscriptions/default/resource-groups/default/registries', { name: 'second' }, 201);
  await push('second/app', 'app', old, 'second');
  const numbers = async () => {
    const x = await one(KEYS.findings);
    const of = `recommendation=${KEYS.findings}`;
    const checks = await server.all(`/api/v1/checks?${of}`), findings = await server.all(`/api/v1/findings?${of}`);
    return [x.unhealthy_images, (await images(KEYS.findings, 'state=Unhealthy')).length, checks.find((c) => c.advisory === 'CVE-2026-1')?.images ?? 0,
      findings.filter((f) => f.advisory === 'CVE-2026-1').length];
  };
  assert.deepEqual(await numbers(), [3, 3, 2, 2]);
  const exempt = await post('/api/v1/exemptions', { name: 'known', scope: '/registries/second', category: 'Waiver' }, 201);
  assert.deepEqual(await numbers(), [2, 2, 1, 1]);
  assert.equal((await server.all('/api/v1/findings')).filter((f) => f.advisory === 'CVE-2026-1').length, 2, 'all findings are another list');
  const other = await post('/api/v1/exemptions', { name: 'known', scope: '/registries/local', category: 'Waiver', recommendation: KEYS.root }, 201);
  assert.equal((await registry(KEYS.root)).cause, 'Exempt');
  assert.deepEqual(await images(KEYS.root), ['app Unhealthy']);
  assert.deepEqual(await numbers(), [2, 2, 1, 1]);
  for (const x of [exempt, other]) await server.fetch(`/api/v1/exemptions/${x.id}`, { method: 'DELETE' });
  assert.deepEqual(await numbers(), [3, 3, 2, 2]);
  assert.equal((await server.fetch('/api/v1/findings?recommendation=none')).status, 404);
});

test('a server that does not look for secrets says so, and not that there are none', async () => {
  const blind = await new Server({ args: ['--vdb', vdb, '--content-checks', 'none'] }).start();
  try {
    await pushLayout(blind, 'base', base);
    await blind.scanned('base', base.digest);
    const [r] = (await blind.json(`/api/v1/recommendations/${KEYS.secrets}/registries`)).items;
    assert.deepEqual([r.state, r.cause], ['NotApplicable', 'NotAssessed']);
    assert.match(r.reason, /content-checks/);
  } finally { await blind.stop(); }
});
