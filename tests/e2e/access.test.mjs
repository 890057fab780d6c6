// Groups, custom roles and robots: what they allow in the registry and the API, what is refused, what is recorded.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, basic, clock, debianRelease, makeLayout, plimsoll, pushLayout } from './lib.mjs';

let server;
const headers = { 'content-type': 'application/json' };
const send = (...request) => server.send(...request);
const ok = (...request) => server.ask(...request);
const refused = (...request) => server.refused(...request);
const person = async (name) => asking(await server.person(name));
const asking = (who) => ({ authorization: who.headers.authorization, ask: (target, options) => who.fetch(target, options) });
const as = (name, password) => asking(server.as(basic(name, password)));
const status = async (who, target, options) => { const r = await who.ask(target, options); await r.text(); return r.status; };
const tags = (repository) => `/v2/${repository}/tags/list`;

before(async () => {
  server = await new Server().start();
  for (const repository of ['team/app', 'other/app']) await pushLayout(server, repository, makeLayout([[debianRelease()]]));
});
after(() => server?.stop());

test('a role of a group holds for its members, in registry and API, at its scope', async () => {
  const ann = await person('ann'), bob = await person('bob');
  const group = await ok('POST', '/api/v1/groups', { name: 'team' }, 201);
  assert.deepEqual([group.name, group.members, group.roles, group.claim], ['team', 0, [], undefined]);
  const made = await send('POST', '/api/v1/role-assignments', { user: 'team', role: 'AcrPull', scope: '/registries/local/repositories/team' });
  assert.equal(made.headers.get('location'), '/api/v1/groups/team');
  assert.equal((await made.json()).kind, 'group');
  await ok('POST', '/api/v1/role-assignments', { user: 'team', role: 'Security Reader', scope: '/subscriptions/default' }, 201);
  assert.deepEqual([await status(ann, tags('team/app')), await status(ann, '/api/v1/findings')], [403, 403]);
  await ok('PUT', '/api/v1/groups/team/members/ann', undefined, 204);
  await ok('PUT', '/api/v1/groups/team/members/ann', undefined, 204); // again
  assert.deepEqual([await status(ann, tags('team/app')), await status(ann, tags('other/app')), await status(ann, '/api/v1/findings')], [200, 403, 200]);
  assert.equal(await status(bob, tags('team/app')), 403);
  assert.deepEqual((await server.json('/api/v1/groups/team/members')).items.map((m) => [m.name, m.kind, m.by_claim]), [['ann', 'user', false]]);
  assert.deepEqual((await server.json('/api/v1/users/ann')).groups, ['team']);
  // A token of the registry grants what the group does.
  const token = await (await ann.ask('/oauth2/token?service=plimsoll&scope=repository:team/app:pull,push&scope=repository:other/app:pull')).json();
  const { access } = JSON.parse(Buffer.from(token.token.split('.')[1], 'base64url'));
  assert.deepEqual(access, [{ type: 'repository', name: 'team/app', actions: ['pull'] }]);
  await ok('DELETE', '/api/v1/groups/team/members/ann', undefined, 204);
  assert.deepEqual([await status(ann, tags('team/app')), await status(ann, '/api/v1/findings')], [403, 403]);
});

test('a group is no user: it has no password, no tokens, and is in no group', async () => {
  await refused('GET', '/api/v1/users/team', undefined, 404, /team/);
  await refused('PUT', '/api/v1/users/team/password', { password: 'long enough, team' }, 404, /team/);
  await refused('POST', '/api/v1/users/team/tokens', { label: 'x' }, 404, /team/);
  await refused('DELETE', '/api/v1/users/team', undefined, 404, /team/);
  await refused('POST', '/api/v1/users', { name: 'team', kind: 'robot' }, 409, /./);
  await refused('POST', '/api/v1/groups', { name: 'ann' }, 409, /./);
  await refused('POST', '/api/v1/groups', { name: '-x' }, 400, /name/);
  await ok('POST', '/api/v1/groups', { name: 'outer' }, 201);
  await refused('PUT', '/api/v1/groups/outer/members/team', undefined, 404, /team/);
  await refused('PUT', '/api/v1/groups/nothing/members/ann', undefined, 404, /nothing/);
  await refused('DELETE', '/api/v1/groups/outer/members/ann', undefined, 404, /ann/);
  assert.equal((await fetch(new URL('/v2/', server.url), { headers: { authorization: `Basic ${Buffer.from('team:').toString('base64')}` } })).status, 401);
  assert.ok(!(await server.all('/api/v1/users')).some((u) => u.name === 'team'));
  assert.deepEqual((await server.all('/api/v1/role-assignments')).filter((a) => a.user === 'team').map((a) => a.role), ['AcrPull', 'Security Reader']);
});

test('who is owner by a group cannot take that from everybody', async () => {
  const eve = await person('eve');
  await ok('POST', '/api/v1/groups', { name: 'owners' }, 201);
  await ok('POST', '/api/v1/role-assignments', { user: 'owners', role: 'Owner' }, 201);
  await ok('PUT', '/api/v1/groups/owners/members/eve', undefined, 204);
  for (const [method, target] of [['DELETE', '/api/v1/groups/owners'], ['DELETE', '/api/v1/groups/owners/members/eve'], ['DELETE', '/api/v1/role-assignments?user=owners&role=Owner']])
    assert.equal(await status(eve, target, { method }), 409, target);
  assert.equal(await status(eve, '/api/v1/users'), 200);
  await ok('DELETE', '/api/v1/groups/owners', undefined, 204);
  assert.equal(await status(eve, '/api/v1/users'), 403);
});

test('a custom role allows its actions, only where it may be assigned, and changes at once', async () => {
  const cy = await person('cy');
  for (const [actions, why] of [[['*'], /wildcards/], [['*/read'], /wildcards/], [['registries/*'], /wildcards/], [['registries/pull'], /no action/], [[''], /actions/], [[], /actions/],
    [['Microsoft.Security/assessments/read', 'reg*'], /reg/]])
    await refused('POST', '/api/v1/roles', { name: 'Bad', actions }, 400, why);
  await refused('POST', '/api/v1/roles', { name: 'Owner', actions: ['registries/pull/read'] }, 409, /built-in/);
  await refused('POST', '/api/v1/roles', { name: 'Lost', actions: ['registries/pull/read'], scopes: ['/subscriptions/none'] }, 400, /none/);
  const role = await ok('POST', '/api/v1/roles', { name: 'Puller', actions: ['registries/pull/read', 'Microsoft.Security/*/read'], scopes: ['/registries/local/repositories/team'] }, 201);
  assert.match(role.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(role.builtin, false);
  await refused('POST', '/api/v1/roles', { name: 'Puller', actions: ['registries/pull/read'] }, 409, /Puller/);
  for (const scope of ['/', '/registries/local', '/registries/local/repositories/other/app'])
    await refused('POST', '/api/v1/role-assignments', { user: 'cy', role: 'Puller', scope }, 409, /may not be assigned/);
  await ok('POST', '/api/v1/role-assignments', { user: 'cy', role: 'Puller', scope: '/registries/local/repositories/team/app' }, 201);
  assert.deepEqual([await status(cy, tags('team/app')), await status(cy, '/v2/team/app/blobs/uploads/', { method: 'POST' }), await status(cy, tags('other/app'))], [200, 403, 403]);
  assert.equal((await server.json('/api/v1/users/cy')).roles[0].role, 'Puller');
  await ok('PUT', `/api/v1/roles/${role.id}`, { name: 'Pusher', actions: ['registries/push/write'], scopes: ['/'] }, 200);
  assert.deepEqual([await status(cy, tags('team/app')), await status(cy, '/v2/team/app/blobs/uploads/', { method: 'POST' })], [403, 202]);
  await refused('DELETE', '/api/v1/roles/Pusher', undefined, 409, /assigned/);
  await refused('DELETE', '/api/v1/roles/Owner', undefined, 409, /built in/);
  await refused('PUT', '/api/v1/roles/AcrPull', { name: 'AcrPull', actions: ['registries/push/write'] }, 409, /built-in/);
  await refused('PUT', '/api/v1/roles/nothing', { name: 'x', actions: ['registries/push/write'] }, 404, /nothing/);
  await ok('DELETE', `/api/v1/role-assignments?user=cy&role=Pusher&scope=${encodeURIComponent('/registries/local/repositories/team/app')}`, undefined, 204);
  await ok('DELETE', `/api/v1/roles/${role.id}`, undefined, 204);
});

test('every action of a route is one that a custom role may have', async () => {
  const { paths } = await server.json('/api/v1/openapi.json');
  const actions = new Set(Object.values(paths).flatMap((item) => Object.values(item)).map((o) => o['x-plimsoll-action']).filter((a) => a && a !== 'authenticated'));
  assert.ok(actions.size >= 12, `${actions.size}`);
  await ok('POST', '/api/v1/roles', { name: 'Everything', actions: [...actions] }, 201);
  await ok('DELETE', '/api/v1/roles/Everything', undefined, 204);
});

test('a robot\'s token ends when it says, and with the robot', async () => {
  await ok('POST', '/api/v1/users', { name: 'ci', kind: 'robot' }, 201);
  await ok('PUT', '/api/v1/groups/team/members/ci', undefined, 204);
  const { token } = await ok('POST', '/api/v1/users/ci/tokens', { label: 'build', days: 2 }, 201);
  const lasting = (await ok('POST', '/api/v1/users/ci/tokens', {}, 201)).token;
  const bearer = { ask: (target) => fetch(new URL(target, server.url), { headers: { authorization: `Bearer ${token}` } }) };
  assert.deepEqual([await status(bearer, tags('team/app')), await status(as('ci', token), tags('team/app'))], [200, 200]);
  clock.advance(2 * 86400000 - 60000);
  assert.equal(await status(bearer, tags('team/app')), 200);
  clock.advance(61000);
  assert.deepEqual([await status(bearer, tags('team/app')), await status(as('ci', token), tags('team/app')), await status(as('ci', lasting), tags('team/app'))], [401, 401, 200]);
  await ok('DELETE', '/api/v1/users/ci', undefined, 204);
  assert.equal(await status(as('ci', lasting), tags('team/app')), 401);
  assert.equal((await server.json('/api/v1/groups/team')).members, 0);
});

test('the command line', async () => {
  const cli = (...args) => plimsoll([...args, '--server', server.url, '--username', 'admin'], { env: { PLIMSOLL_PASSWORD: server.password } }).stdout;
  cli('group', 'add', 'devs', '--claim', 'developers');
  cli('group', 'join', 'devs', 'ann');
  assert.match(cli('group', 'list'), /^devs +1 +developers$/m);
  assert.match(cli('group', 'list', 'devs'), /^ann +user/m);
  cli('role', 'create', 'Sign and pull', '--actions', 'registries/sign/write,registries/pull/read', '--scopes', '/registries/local');
  cli('role', 'assign', 'devs', 'Sign and pull', '/registries/local');
  assert.match(cli('role', 'list', 'devs'), /^devs +Sign and pull +\/registries\/local$/m);
  cli('role', 'change', 'Sign and pull', '--actions', 'registries/sign/write');
  assert.match(cli('role', 'names'), /^Sign and pull +registries\/sign\/write$/m);
  cli('role', 'remove', 'devs', 'Sign and pull', '/registries/local');
  cli('role', 'delete', 'Sign and pull');
  cli('group', 'claim', 'devs');
  assert.doesNotMatch(cli('group', 'list'), /developers/);
  cli('group', 'leave', 'devs', 'ann');
  cli('group', 'remove', 'devs');
  assert.doesNotMatch(cli('group', 'list'), /devs/);
});

test('each change that is denied is in a log of its own: who, what, where, from where', async () => {
  const before = (await server.json('/api/v1/audit/denials?limit=1')).items[0]?.id ?? 0;
  const dan = await person('dan');
  await ok('POST', '/api/v1/role-assignments', { user: 'dan', role: 'Security Reader', scope: '/registries/local' }, 201);
  await ok('POST', '/api/v1/role-assignments', { user: 'dan', role: 'Security Admin', scope: '/subscriptions/default' }, 201);
  await ok('POST', '/api/v1/subscriptions', { name: 'bank' }, 201);
  const change = { method: 'POST', headers, body: JSON.stringify({ name: 'eva', password: 'long enough, eva' }) };
  assert.equal(await status(dan, '/api/v1/users', change), 403);
  assert.equal(await status(dan, '/api/v1/registries/local', { method: 'DELETE' }), 403);
  assert.equal(await status(dan, '/v2/team/app/manifests/latest', { method: 'DELETE' }), 403);
  // Out of sight is answered as absent, and is denied all the same.
  assert.equal(await status(dan, '/api/v1/subscriptions/bank/plan', { method: 'PUT', headers, body: '{"tier":"Free"}' }), 404);
  // A token of the registry without the push it is used for.
  const { token } = await (await dan.ask('/oauth2/token?service=plimsoll&scope=repository:team/app:push')).json();
  const pushed = await fetch(new URL('/v2/team/app/blobs/uploads/', server.url), { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  assert.equal(pushed.status, 401);
  // Not denials: reading, a client that has not logged in, a token for less than its owner may do.
  assert.equal(await status(dan, '/api/v1/users'), 403);
  assert.equal((await fetch(new URL('/api/v1/users', server.url), { method: 'POST' })).status, 401);
  const less = (await server.json('/oauth2/token?service=plimsoll&scope=repository:team/app:pull')).token;
  assert.equal((await fetch(new URL('/v2/team/app/blobs/uploads/', server.url), { method: 'POST', headers: { authorization: `Bearer ${less}` } })).status, 401);
  const rows = (await server.all('/api/v1/audit/denials')).filter((r) => r.id > before).reverse();
  assert.deepEqual(rows.map((r) => [r.actor, r.peer, r.action, r.subject, r.after.method, r.after.route, r.after.needs, r.after.status]), [
    ['dan', '127.0.0.1', 'denied', '/', 'POST', '/api/v1/users', 'Microsoft.Authorization/roleAssignments/write', 403],
    ['dan', '127.0.0.1', 'denied', '/registries/local', 'DELETE', '/api/v1/registries/{registry}', 'registries/write', 403],
    ['dan', '127.0.0.1', 'denied', '/registries/local/repositories/team/app', 'DELETE', '/v2/{name...}/manifests/{reference}', 'registries/artifacts/delete', 403],
    ['dan', '127.0.0.1', 'denied', '/subscriptions/bank', 'PUT', '/api/v1/subscriptions/{subscription}/plan', 'Microsoft.Security/pricings/write', 404],
    ['dan', '127.0.0.1', 'denied', '/registries/local/repositories/team/app', 'POST', '/v2/{name...}/blobs/uploads/', 'registries/push/write', 401],
  ]);
});

test('a change that fails is there, too: who may make it, what was asked for, and the status', async () => {
  const before = (await server.json('/api/v1/audit/denials?limit=1')).items[0]?.id ?? 0, me = { ask: server.fetch.bind(server) };
  await person('gil');
  const body = (what) => ({ method: 'POST', headers, body: JSON.stringify(what) });
  assert.equal(await status(me, '/api/v1/users', body({ name: 'gil', password: 'long enough, gil' })), 409);
  assert.equal(await status(me, '/api/v1/users/none', { method: 'DELETE' }), 404);
  assert.equal(await status(me, '/api/v1/users/gil?why=secret', { method: 'DELETE' }), 400);
  // No changes: a question, a list, what a registry client tries.
  assert.equal(await status(me, '/api/v1/users/none'), 404);
  assert.equal(await status(me, '/v2/team/app/manifests/none', { method: 'DELETE' }), 404);
  assert.equal((await fetch(new URL('/api/v1/users/none', server.url), { method: 'DELETE' })).status, 401);
  const rows = (await server.all('/api/v1/audit/denials')).filter((r) => r.id > before).reverse();
  assert.deepEqual(rows.map((r) => [r.actor, r.peer, r.action, r.subject, r.after]), [
    ['admin', '127.0.0.1', 'failed', '/', { method: 'POST', route: '/api/v1/users', path: '/api/v1/users', status: 409 }],
    ['admin', '127.0.0.1', 'failed', '/', { method: 'DELETE', route: '/api/v1/users/{user}', path: '/api/v1/users/none', status: 404 }],
    ['admin', '127.0.0.1', 'failed', '/', { method: 'DELETE', route: '/api/v1/users/{user}', path: '/api/v1/users/gil', status: 400 }],
  ]);
});

test('a flood of denied changes is counted, and pushes no change out of the log', async () => {
  const fay = await person('fay');
  for (let i = 0; i < 50; i++) assert.equal(await status(fay, '/api/v1/vulndb:update', { method: 'POST' }), 403);
  const ofFay = async () => (await server.all('/api/v1/audit/denials')).filter((r) => r.actor === 'fay');
  assert.equal((await ofFay()).length, 20);
  clock.advance(61000);
  const rows = await ofFay();
  assert.deepEqual([rows.length, rows[0].action, rows[0].after.count], [21, 'denied.more', 30]);
});

test('the logs say what was done in words, and are filtered by it, by who and by what it was done to', async () => {
  const hal = await person('hal');
  const actions = (await (await hal.ask('/api/v1/actions?limit=1000')).json()).items;
  assert.equal(new Set(actions.map((x) => x.action)).size, actions.length);
  assert.ok(actions.every((x) => x.words && x.words !== x.action));
  const words = (code) => actions.find((x) => x.action === code)?.words;
  assert.deepEqual(['role.assign', 'image.pushed', 'registries/pull/read'].map(words), ['Role assigned', 'Image pushed', 'Pull images']);
  await ok('POST', '/api/v1/role-assignments', { user: 'hal', role: 'AcrPull', scope: '/registries/local' }, 201);
  assert.equal(await status(hal, '/v2/team/app/manifests/latest', { method: 'DELETE' }), 403);
  for (const [log, kind] of [['audit', 'changes'], ['audit/images', 'images'], ['audit/denials', 'denials']]) {
    const rows = await server.all(`/api/v1/${log}`), code = (x) => (x.action === 'denied' ? x.after.needs : x.action), kinds = [...new Set(rows.map(code))];
    assert.ok(rows.length > 0, log);
    for (const x of rows) {
      assert.equal(actions.find((a) => a.action === x.action)?.kind, kind, x.action);
      assert.equal(x.words, words(code(x)), code(x));
    }
    for (const action of kinds) assert.deepEqual(await server.all(`/api/v1/${log}?action=${action}`), rows.filter((x) => code(x) === action), action);
    for (const actor of new Set(rows.map((x) => x.actor).filter(Boolean))) assert.deepEqual(await server.all(`/api/v1/${log}?actor=${encodeURIComponent(actor)}`), rows.filter((x) => x.actor === actor), actor);
    for (const part of ['TEAM/app', 'hal', '_', '/']) assert.deepEqual(await server.all(`/api/v1/${log}?subject=${encodeURIComponent(part)}`), rows.filter((x) => x.subject.toLowerCase().includes(part.toLowerCase())), part);
    const first = await server.json(`/api/v1/${log}?actor=admin&limit=1`);
    assert.deepEqual([first.total, first.total_exact], [rows.filter((x) => x.actor === 'admin').length, true], log);
  }
  const both = await server.all('/api/v1/audit?action=role.assign&subject=hal');
  assert.deepEqual(both.map((x) => [x.actor, x.words, x.after.scope]), [['admin', 'Role assigned', '/registries/local']]);
  const [denial] = await server.all('/api/v1/audit/denials?actor=hal');
  assert.deepEqual([denial.action, denial.words, denial.after.needs], ['denied', 'Delete images, tags and repositories', 'registries/artifacts/delete']);
  // Each log has its own.
  for (const [log, action] of [['audit', 'image.pushed'], ['audit/images', 'role.assign'], ['audit/denials', 'role.assign'], ['audit', 'nonsense']]) await refused('GET', `/api/v1/${log}?action=${action}`, undefined, 400, /action/);
});

test('a role says which actions its patterns come to', async () => {
  const known = (await server.all('/api/v1/actions')).filter((x) => x.kind === 'roles').map((x) => x.action);
  const roles = Object.fromEntries((await server.all('/api/v1/roles')).filter((r) => r.builtin).map((r) => [r.name, r.allows]));
  assert.deepEqual(roles.Owner, known);
  assert.deepEqual(roles.AcrPush.toSorted(), ['registries/catalog/read', 'registries/pull/read', 'registries/push/write']);
  assert.deepEqual(roles.AcrDelete, ['registries/artifacts/delete']);
  assert.ok(roles.Reader.length > 0 && roles.Reader.every((x) => x.endsWith('/read')), String(roles.Reader));
  assert.ok(!roles.Contributor.includes('Microsoft.Authorization/roleAssignments/write') && roles.Contributor.includes('registries/write'));
});

test('the logs are exported as NDJSON and CSV, and their chains verified', async () => {
  const cli = (...args) => plimsoll(['audit', ...args, '--server', server.url, '--username', 'admin'], { env: { PLIMSOLL_PASSWORD: server.password } }).stdout;
  for (const [flags, target] of [[[], '/api/v1/audit'], [['--denials'], '/api/v1/audit/denials'], [['--images'], '/api/v1/audit/images']]) {
    const rows = await server.all(target);
    assert.deepEqual(cli('export', ...flags).trim().split('\n').map((l) => JSON.parse(l)), rows, target);
    const csv = cli('export', '--format', 'csv', ...flags).split('\r\n');
    assert.equal(csv[0], 'id,at,actor,peer,action,subject,before,after,chain');
    assert.equal(csv.length, rows.length + 2, target);
    assert.ok(csv[1].includes(rows[0].chain) && csv[1].startsWith(`${rows[0].id},`), csv[1]);
    assert.match(cli('verify', ...flags), new RegExp(`^${rows.length} entries, whole from the first one`));
  }
});

test('each change is in the audit log', async () => {
  const rows = await server.all('/api/v1/audit'), seen = new Set(rows.map((r) => r.action));
  for (const action of ['group.add', 'group.change', 'group.remove', 'group.member.add', 'group.member.remove', 'role.add', 'role.change', 'role.remove', 'role.assign', 'role.unassign'])
    assert.ok(seen.has(action), action);
  const change = rows.find((r) => r.action === 'role.change' && r.subject === 'Pusher');
  assert.deepEqual([change.before.actions, change.after.actions], ['registries/pull/read\nMicrosoft.Security/*/read', 'registries/push/write']);
});
