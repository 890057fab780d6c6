// Every role × every route of the OpenAPI document: allowed or denied, against tables written from the described system's roles, not from the program. A
// route that is in no table fails the first test. And who reads findings without the registry's read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout } from './lib.mjs';

// What a route is about, and the roles that may. Owner is everywhere; Contributor does all but access, policies and plans; Reader reads all.
const kinds = {
  pull: ['Owner', 'Contributor', 'Reader', 'AcrPush', 'AcrPull'],
  push: ['Owner', 'Contributor', 'AcrPush'],
  deleteData: ['Owner', 'Contributor', 'AcrDelete'],
  manageRegistry: ['Owner', 'Contributor'],
  importImage: ['Owner', 'Contributor'],
  readRegistry: ['Owner', 'Contributor', 'Reader', 'Security Reader', 'Security Admin', 'Resource Policy Contributor', 'User Access Administrator'],
  readSecurity: ['Owner', 'Contributor', 'Reader', 'Security Reader', 'Security Admin', 'Resource Policy Contributor', 'User Access Administrator'],
  scan: ['Owner', 'Contributor', 'Security Admin'],
  changePlan: ['Owner', 'Security Admin'],
  // User Access Administrator is Microsoft.Authorization/*, which policies are below; who has it can assign itself any role.
  changePolicy: ['Owner', 'Security Admin', 'Resource Policy Contributor', 'User Access Administrator'],
  readAccess: ['Owner', 'Contributor', 'Reader', 'Resource Policy Contributor', 'User Access Administrator'],
  changeAccess: ['Owner', 'User Access Administrator'],
  readSystem: ['Owner', 'Contributor', 'Reader', 'Resource Policy Contributor', 'User Access Administrator'],
  anyone: 'every role and none', // with an account
  open: 'without an account, too',
};
const routes = {
  pull: ['getBlob', 'getManifest', 'listReferrers', 'listTags', 'listCatalog', 'getImageManifest', 'getImageConfig', 'downloadBlob'],
  push: ['openUpload', 'getUpload', 'appendUpload', 'completeUpload', 'cancelUpload', 'putManifest', 'attachReport'],
  deleteData: ['deleteManifest', 'deleteBlob', 'deleteImage', 'deleteTag', 'deleteRepository'],
  manageRegistry: ['createRegistry', 'changeRegistry', 'deleteRegistry', 'createManagementGroup', 'changeManagementGroup', 'deleteManagementGroup', 'createSubscription', 'changeSubscription', 'deleteSubscription',
    'createResourceGroup', 'deleteResourceGroup'],
  importImage: ['createImport', 'cancelImport'],
  readRegistry: ['listImports', 'getImport'],
  readSecurity: ['listAssessedImages', 'listRecommendationSwitches',
    'listRegistries', 'getRegistry', 'listRepositories', 'listAllRepositories', 'listManagementGroups', 'listSubscriptions', 'listResourceGroups', 'listImages', 'listAllImages', 'listLayers', 'listImageReferrers', 'getImage', 'listPackages', 'listImageFindings', 'getFinding', 'listImageScans',
    'compareImages', 'getReport', 'getImageRemediation', 'getRemediation', 'listFindings', 'listChecks', 'getCheck', 'listCheckImages', 'getCve', 'listCveImages', 'searchPackages', 'listScans', 'getScan', 'streamEvents',
    'getVulndb', 'listRecommendations', 'getRecommendation', 'listAssessedRegistries', 'listExemptions', 'getExemption', 'getSecureScore', 'listSecureScoreDays', 'getPlan', 'getWhy', 'getWhyNot', 'listRules', 'getRule', 'exportRules', 'listNotifications', 'getNotification', 'listNotificationDeliveries', 'getScansSummary', 'getOverview', 'listUsage', 'listBilledImages', 'getUsageCsv'],
  scan: ['createScan', 'updateVulndb'],
  changePlan: ['setPlan', 'setRecommendationSwitch'],
  changePolicy: ['createExemption', 'changeExemption', 'deleteExemption', 'createRule', 'changeRule', 'deleteRule', 'previewRule', 'importRules', 'createNotification', 'changeNotification', 'deleteNotification', 'testNotification'],
  readAccess: ['listUsers', 'getUser', 'listTokens', 'listGroups', 'getGroup', 'listGroupMembers', 'listRoles', 'getRole', 'listRoleAssignments', 'listAudit', 'listImageAudit', 'listDenials'],
  changeAccess: ['createUser', 'deleteUser', 'setPassword' /* of somebody else */, 'createToken', 'deleteToken', 'createGroup', 'changeGroup', 'deleteGroup', 'addGroupMember', 'removeGroupMember', 'createRole', 'changeRole', 'deleteRole',
    'createRoleAssignment', 'deleteRoleAssignment'],
  readSystem: ['getMetrics'],
  anyone: ['getSession', 'deleteSession', 'listActions', 'getRegistryRoot', 'getRegistryRootWithoutSlash'],
  open: ['createSession', 'getSignInWays', 'beginProviderSignIn', 'endProviderSignIn', 'getOpenapi', 'getHealthz', 'getLivez', 'getReadyz', 'getVersion', 'getHome', 'getPortal', 'getPortalShort', 'getPortalFile',
    'getRegistryToken', 'postRegistryToken'],
};
const names = ['Owner', 'Contributor', 'Reader', 'AcrPush', 'AcrPull', 'AcrDelete', 'AcrImageSigner', 'AcrQuarantineReader', 'AcrQuarantineWriter', 'Security Reader', 'Security Admin', 'Resource Policy Contributor',
  'User Access Administrator'];

let server, openapi;
const json = { 'content-type': 'application/json' };
const send = async (...request) => { const r = await server.send(...request); assert.ok(r.ok, `${request}: ${await r.text()}`); };
let people = 0;
/** Somebody with these roles ([role, scope], …). */
async function person(roles) {
  const who = await server.person(`p${people++}`, roles);
  return (target, options = {}) => who.fetch(target, { redirect: 'manual', ...options });
}
/** What is not there, so that asking changes nothing. */
const targetOf = (path) => path.replace(/\{(\w+)\}/g, (_, n) => ({ registry: 'local', repository: 'no%2Fsuch', name: 'no/such', digest: `sha256:${'0'.repeat(64)}`, subscription: 'default', resource_group: 'default' })[n] ?? '999999');
const operations = () => Object.entries(openapi.paths).flatMap(([path, item]) => Object.entries(item).map(([method, o]) => ({ id: o.operationId, method: method.toUpperCase(), target: targetOf(path), isPublic: o.security?.length === 0 })));

before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb([osvRecord('CVE-2026-1000', [{ ecosystem: 'Debian:12', name: 'shared' }])])] }).start();
  openapi = await server.json('/api/v1/openapi.json');
  await send('POST', '/api/v1/subscriptions/default/resource-groups/default/registries', { name: 'second' });
  for (const [registry, at] of [['local', 'app'], ['second', 'second/app']]) {
    const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'shared', version: '1' }]), { path: 'mark', content: registry }]]);
    await pushLayout(server, at, layout);
    await server.scanned('app', layout.digest, { registry });
  }
});
after(() => server?.stop());

test('every route is in one table, every role is known', async () => {
  const known = Object.values(routes).flat(), asked = operations().map((o) => o.id);
  assert.deepEqual(asked.filter((id) => !known.includes(id)), [], 'routes in no table: say who may, from the described system');
  assert.equal(new Set(known).size, known.length);
  assert.deepEqual((await server.json('/api/v1/roles')).items.map((r) => r.name).sort(), [...names].sort());
});

test('every role × every route: allowed or denied', async () => {
  const wrong = [];
  let count = 0;
  for (const role of [...names, undefined]) {
    const ask = await person(role ? [[role, '/']] : []);
    for (const o of operations()) {
      const kind = Object.keys(routes).find((k) => routes[k].includes(o.id)), stop = new AbortController();
      const may = kind === 'anyone' || kind === 'open' || kinds[kind].includes(role);
      // A body that says nothing: what is allowed is refused for that (400), not for who asks.
      const body = o.id === 'setPassword' ? JSON.stringify({ password: 'long enough, too' }) : o.method === 'GET' || o.method === 'DELETE' ? undefined : '{}';
      const r = await ask(o.target, { method: o.method, signal: stop.signal, ...(body && { headers: o.target.startsWith('/api/') ? json : {}, body }) });
      const denied = o.id === 'createSession' || o.id === 'getRegistryToken' || o.id === 'postRegistryToken' ? r.status === 403 : [401, 403].includes(r.status);
      if (denied === may) wrong.push(`${o.id} as ${role ?? 'nobody in particular'}: ${r.status}, should be ${may ? 'allowed' : 'denied'}`);
      stop.abort();
      count++;
    }
  }
  assert.deepEqual(wrong, []);
  assert.equal(count, (names.length + 1) * operations().length);
});

test('without an account only what is open', async () => {
  for (const o of operations()) {
    const r = await fetch(new URL(o.target, server.url), { method: o.method, redirect: 'manual' });
    await r.body?.cancel();
    assert.equal(routes.open.includes(o.id), o.isPublic, o.id);
    if (!o.isPublic) assert.equal(r.status, 401, o.id);
  }
});

test('a Security Reader without the registry\'s read sees no findings', async () => {
  await send('POST', '/api/v1/roles', { name: 'Findings', actions: ['Microsoft.Security/*/read'] });
  await send('POST', '/api/v1/roles', { name: 'Registries', actions: ['registries/read'] });
  const security = ['/api/v1/findings', '/api/v1/registries/local/repositories', '/api/v1/registries', '/api/v1/packages?name=shared', '/api/v1/cves/CVE-2026-1000', '/api/v1/scans', '/api/v1/events', '/api/v1/secure-score'];
  const statuses = async (ask) => { const seen = new Set(); for (const t of security) { const stop = new AbortController(); seen.add((await ask(t, { signal: stop.signal })).status); stop.abort(); } return [...seen]; };
  const findings = async (ask) => { const r = await ask('/api/v1/findings'); return r.status === 200 ? (await r.json()).items.map((f) => f.registry).sort() : r.status; };
  for (const roles of [[['Findings', '/']], [['Registries', '/']], [['Findings', '/'], ['AcrPull', '/'], ['AcrPush', '/']]]) {
    const ask = await person(roles);
    assert.deepEqual(await statuses(ask), [403], JSON.stringify(roles));
    assert.ok(!(await (await ask('/api/v1/session')).json()).actions.includes('Microsoft.Security/assessments/read'));
  }
  // Both, by two roles: where both hold, whichever scope is the narrower one.
  const cases = [
    [[['Findings', '/'], ['Registries', '/']], ['local', 'second']],
    [[['Findings', '/'], ['Registries', '/registries/second']], ['second']],
    [[['Findings', '/registries/second'], ['Registries', '/subscriptions/default']], ['second']],
    [[['Findings', '/subscriptions/default'], ['Registries', '/registries/local/repositories/app']], ['local']],
    [[['Findings', '/registries/local'], ['Registries', '/registries/second']], 403],
  ];
  for (const [roles, wanted] of cases) assert.deepEqual(await findings(await person(roles)), wanted, JSON.stringify(roles));
  // The built-in role has both, so that one assignment is enough.
  assert.deepEqual(await findings(await person([['Security Reader', '/registries/second']])), ['second']);
});

test('who owns a scope assigns roles and defines roles there and below, and nowhere else', async () => {
  await send('POST', '/api/v1/subscriptions', { name: 'shop' });
  await send('POST', '/api/v1/subscriptions/shop/resource-groups', { name: 'web' });
  await send('POST', '/api/v1/subscriptions/shop/resource-groups/web/registries', { name: 'third' });
  await send('POST', '/api/v1/users', { name: 'target', password: 'long enough, target' });
  const scopes = ['/', '/subscriptions/default', '/subscriptions/default/resourceGroups/default', '/registries/local', '/registries/local/repositories/app', '/registries/local/repositories/new', '/registries/second',
    '/subscriptions/shop', '/registries/third', '/registries/none', '/subscriptions/none'];
  const below = { '/': scopes.slice(0, 9), '/subscriptions/default': scopes.slice(1, 7), '/registries/local': scopes.slice(3, 6), '/registries/local/repositories/app': scopes.slice(4, 5) };
  // Owner and User Access Administrator assign any role, as in the described system; nobody else any.
  for (const [role, may] of [['Owner', true], ['User Access Administrator', true], ['Contributor', false], ['Security Admin', false], ['Resource Policy Contributor', false], ['Reader', false]])
    for (const at of Object.keys(below)) {
      const ask = await person([[role, at]]);
      const post = (target, body) => ask(target, { method: 'POST', headers: json, body: JSON.stringify(body) });
      for (const scope of scopes) {
        const allowed = may && below[at].includes(scope), what = `${role} at ${at}, assigning at ${scope}`;
        const there = !scope.endsWith('none');
        const r = await post('/api/v1/role-assignments', { user: 'target', role: 'Owner', scope }), said = await r.json();
        assert.equal(r.status, allowed ? 201 : may && at === '/' && !there ? 404 : 403, `${what}: ${JSON.stringify(said)}`);
        if (allowed) {
          assert.ok(said.roles.some((x) => x.role === 'Owner' && x.scope === scope), what);
          assert.ok(said.roles.every((x) => below[at].includes(x.scope)), `${what}: shows what is elsewhere`);
        }
        const gone = await ask(`/api/v1/role-assignments?user=target&role=Owner&scope=${encodeURIComponent(scope)}`, { method: 'DELETE' });
        assert.equal(gone.status, allowed ? 204 : r.status, `${what}: taken`);
        // What is not there and what is somebody else's look alike, be the user and the role there or not.
        if (!allowed && at !== '/') assert.match((await (await post('/api/v1/role-assignments', { user: 'no-such', role: 'no-such', scope })).json()).detail, /needs the action/);
      }
    }
  // Lists hold what is at and below.
  await send('POST', '/api/v1/role-assignments', { user: 'target', role: 'AcrPull', scope: '/registries/local' });
  await send('POST', '/api/v1/role-assignments', { user: 'target', role: 'AcrPush', scope: '/registries/third' });
  const owner = await person([['Owner', '/subscriptions/default']]), me = `p${people - 1}`;
  const list = async (ask, target) => { const r = await ask(target); assert.equal(r.status, 200, target); return r.json(); };
  const mine = await list(owner, '/api/v1/role-assignments');
  assert.ok(mine.items.every((x) => below['/subscriptions/default'].includes(x.scope)), JSON.stringify(mine.items));
  assert.deepEqual(mine.items.filter((x) => ['target', me].includes(x.user)).map((x) => [x.user, x.role]), [[me, 'Owner'], ['target', 'AcrPull']]);
  assert.equal(mine.total, mine.items.length);
  assert.deepEqual((await list(owner, '/api/v1/role-assignments?user=target')).items.map((x) => x.role), ['AcrPull']);
  for (const target of ['/api/v1/users', '/api/v1/users/target', '/api/v1/groups', '/api/v1/audit']) assert.equal((await owner(target)).status, 403, target);
  // Own roles stay.
  assert.equal((await owner(`/api/v1/role-assignments?user=${me}&role=Owner&scope=/subscriptions/default`, { method: 'DELETE' })).status, 409);
  // Custom roles: only with scopes that are theirs, and changed only by who may wherever they hold.
  const role = (method, name, scopes, actions = ['registries/pull/read']) => owner(`/api/v1/roles${method === 'POST' ? '' : `/${name}`}`, { method, ...(method !== 'DELETE' && { headers: json, body: JSON.stringify({ name, actions, scopes }) }) });
  assert.equal((await role('POST', 'Ours', ['/registries/local', '/registries/second'])).status, 201);
  for (const where of [['/'], undefined, ['/registries/local', '/registries/third'], ['/registries/none']]) assert.equal((await role('POST', 'Wide', where)).status, 403, JSON.stringify(where));
  assert.equal((await role('PUT', 'Ours', ['/registries/local'])).status, 200);
  assert.equal((await role('PUT', 'Ours', ['/registries/third'])).status, 403);
  await send('POST', '/api/v1/roles', { name: 'Theirs', actions: ['registries/pull/read'], scopes: ['/registries/third'] });
  await send('POST', '/api/v1/roles', { name: 'Common', actions: ['registries/pull/read'], scopes: ['/'] });
  const custom = (await list(owner, '/api/v1/roles')).items.filter((x) => !x.builtin).map((x) => x.name).sort();
  assert.ok(custom.includes('Ours') && custom.includes('Common') && !custom.includes('Theirs'), custom.join());
  assert.equal((await owner('/api/v1/roles/Theirs')).status, 404);
  for (const name of ['Theirs', 'Common']) for (const method of ['PUT', 'DELETE']) assert.equal((await role(method, name, ['/registries/local'])).status, 403, `${method} ${name}`);
  // Narrowed since: it is still assigned elsewhere, where a change would count.
  await send('POST', '/api/v1/role-assignments', { user: 'target', role: 'Common', scope: '/registries/third' });
  await send('PUT', '/api/v1/roles/Common', { name: 'Common', actions: ['registries/pull/read'], scopes: ['/registries/local'] });
  assert.equal((await role('PUT', 'Common', ['/registries/local'], ['registries/push/write'])).status, 403);
  assert.equal((await role('DELETE', 'Ours')).status, 204);
});
