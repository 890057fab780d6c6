// Who sees what: every list and every single thing that the OpenAPI document has to read × callers. A route that is in no table below fails the first test.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout } from './lib.mjs';

// A further registry is a further row: its subscription, and its repositories.
const registries = [
  { name: 'local', subscription: 'default', repositories: ['team/app', 'team/app/inner', 'other'] },
  { name: 'second', subscription: 'shop', repositories: ['team/app', 'own'] }, // one name in both
];
const all = registries.flatMap((r) => r.repositories.map((repository) => ({ registry: r.name, repository })));
const at = (registry, repository) => `/registries/${registry}/repositories/${repository}`;
// Role and scope of each, and the repositories that are at or below it. No scope: no role at all.
const callers = [
  { name: 'owner', scope: '/', sees: all },
  ...registries.map((r) => ({ name: `sub-${r.subscription}`, scope: `/subscriptions/${r.subscription}`, sees: all.filter((x) => x.registry === r.name) })),
  ...registries.map((r) => ({ name: `registry-${r.name}`, scope: `/registries/${r.name}`, sees: all.filter((x) => x.registry === r.name) })),
  { name: 'team', scope: at('local', 'team'), sees: all.filter((x) => x.registry === 'local' && x.repository.startsWith('team/')) },
  { name: 'inner', scope: at('local', 'team/app/inner'), sees: all.filter((x) => x.registry === 'local' && x.repository === 'team/app/inner') },
  { name: 'elsewhere', scope: '/subscriptions/bank', sees: [] },
  { name: 'nobody', sees: [] },
];
const text = (x) => `${x.registry}/${x.repository ?? x.name}`;
const seen = (c) => c.sees.map(text).sort();

let server, openapi, check;
const made = {}; // "registry/repository": {digest, scan}

before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb([osvRecord('CVE-2026-1000', [{ ecosystem: 'Debian:12', name: 'shared' }])])] }).start();
  const post = (target, body) => server.ask('POST', target, body, 201);
  await post('/api/v1/subscriptions', { name: 'shop' });
  await post('/api/v1/subscriptions/shop/resource-groups', { name: 'web' });
  await post('/api/v1/subscriptions/shop/resource-groups/web/registries', { name: 'second' });
  await post('/api/v1/subscriptions', { name: 'bank' });
  await post('/api/v1/management-groups', { name: 'europe' });
  await post('/api/v1/groups', { name: 'crew' });
  for (const [i, x] of all.entries()) {
    const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'shared', version: '1' }]), { path: 'mark', content: String(i) }]]);
    await pushLayout(server, x.registry === 'local' ? x.repository : `${x.registry}/${x.repository}`, layout);
    await server.scanned(x.repository, layout.digest, { registry: x.registry });
    made[text(x)] = { digest: layout.digest, scan: (await server.json(`/api/v1/scans?registry=${x.registry}&repository=${x.repository}`)).items[0].id };
  }
  for (const c of callers) {
    const password = `long enough, ${c.name}`;
    await post('/api/v1/users', { name: c.name, password });
    if (c.scope) await post('/api/v1/role-assignments', { user: c.name, role: c.name === 'owner' ? 'Owner' : 'Security Reader', scope: c.scope });
    const authorization = `Basic ${Buffer.from(`${c.name}:${password}`).toString('base64')}`;
    c.ask = (target, options = {}) => fetch(new URL(target, server.url), { ...options, headers: { ...options.headers, authorization } });
  }
  check = (await server.json('/api/v1/findings')).items[0].id;
  openapi = await server.json('/api/v1/openapi.json');
});
after(() => server?.stop());

// Lists over repositories: where, and what of an item says which repository it is of.
const lists = {
  listRepositories: () => registries.map((r) => `/api/v1/registries/${r.name}/repositories`),
  listAllRepositories: () => ['/api/v1/repositories'],
  listAllImages: () => ['/api/v1/images'],
  listFindings: () => ['/api/v1/findings'],
  listScans: () => ['/api/v1/scans'],
  listAssessedImages: () => ['/api/v1/recommendations/dbd0cb49-b563-45e7-9724-889e799fa648/images'],
  listCheckImages: () => [`/api/v1/checks/${check}/images`],
  listCveImages: () => ['/api/v1/cves/cve-2026-1000/images'],
  searchPackages: () => ['/api/v1/packages?name=shared&version_below=2'],
};
// Below one repository: 200 for who sees it, 404 for who sees others, 403 for who may read nowhere.
const image = (x) => `/api/v1/registries/${x.registry}/repositories/${x.repository}/images/${made[text(x)].digest}`;
const ofRepository = {
  listImages: (x) => `/api/v1/registries/${x.registry}/repositories/${x.repository}/images`,
  getImage: image,
  listImageFindings: (x) => `${image(x)}/findings`,
  getFinding: (x) => `${image(x)}/findings/${check}`,
  getReport: (x) => `${image(x)}/report?format=trivy`,
  listPackages: (x) => `${image(x)}/packages`,
  listLayers: (x) => `${image(x)}/layers`,
  listImageReferrers: (x) => `${image(x)}/referrers`,
  getWhy: (x) => `${image(x)}/why?cve=CVE-2026-1000`,
  getWhyNot: (x) => `${image(x)}/why-not?cve=CVE-2026-1001`,
  compareImages: (x) => `${image(x)}/compare?from=${made[text(x)].digest}`,
  getImageRemediation: (x) => `${image(x)}/remediation`,
  listImageScans: (x) => `${image(x)}/scans`,
  getScan: (x) => `/api/v1/scans/${made[text(x)].scan}`,
};
// One thing that everybody who may read may know, with the number of images that he sees.
// A list of such things: each with the number of images that the caller sees.
const countedLists = { listChecks: () => '/api/v1/checks' };
const counted = { getCheck: () => `/api/v1/checks/${check}`, getCve: () => '/api/v1/cves/CVE-2026-1000', getOverview: () => '/api/v1/overview' };
// Scopes: the names that a caller sees.
const scopes = {
  listRegistries: ['/api/v1/registries', (c) => [...new Set(c.sees.map((x) => x.registry))]],
  listManagementGroups: ['/api/v1/management-groups', (c) => (c.scope === '/' ? ['europe'] : [])],
  listSubscriptions: ['/api/v1/subscriptions', (c) => (c.scope === '/' ? ['bank', 'default', 'shop'] : [c.scope?.match(/^\/subscriptions\/(.*)/)?.[1]].filter(Boolean))],
  listResourceGroups: ['/api/v1/subscriptions/shop/resource-groups', (c) => (['/', '/subscriptions/shop'].includes(c.scope) ? ['web'] : [])],
};
// Of the server as a whole: for who may read it at "/".
const ofServer = {
  listUsers: '/api/v1/users', getUser: '/api/v1/users/owner', listTokens: '/api/v1/users/owner/tokens', listRoles: '/api/v1/roles', getRole: '/api/v1/roles/Owner',
  listGroups: '/api/v1/groups', getGroup: '/api/v1/groups/crew', listGroupMembers: '/api/v1/groups/crew/members',
  listRoleAssignments: '/api/v1/role-assignments', listAudit: '/api/v1/audit', listImageAudit: '/api/v1/audit/images', listDenials: '/api/v1/audit/denials',
};
// Tested by name below, or nothing of repositories in them; what recommendations, plans, exemptions and the score show is tested beside them.
const others = new Set(['listRecommendationSwitches', 'listActions',
  'getRegistry', 'streamEvents', 'getOpenapi', 'getVulndb', 'getSession', 'getPlan', 'listUsage', 'listBilledImages', 'getUsageCsv', 'getSignInWays', 'beginProviderSignIn', 'endProviderSignIn', 'listRecommendations', 'getRecommendation',
  'listAssessedRegistries', 'listImports', 'getImport', 'listExemptions', 'getExemption', 'listRules', 'getRule', 'exportRules', 'listNotifications', 'getNotification', 'listNotificationDeliveries' /* by scope: notifications.test.mjs */, 'getSecureScore', 'listSecureScoreDays', 'getRemediation', 'getScansSummary',
  'getImageManifest', 'getImageConfig', 'downloadBlob' /* by the right to pull: image_contents.test.mjs */]);

test('every route that reads is in a table', () => {
  const known = new Set([lists, ofRepository, counted, countedLists, scopes, ofServer].flatMap(Object.keys).concat(...others));
  const missing = Object.entries(openapi.paths).filter(([path, item]) => path.startsWith('/api/v1/') && item.get).map(([, item]) => item.get.operationId);
  assert.deepEqual(missing.filter((id) => !known.has(id)), []);
  assert.deepEqual([...known].filter((id) => !missing.includes(id)), [], 'routes that are gone');
});

test('lists show what is at or below a scope where the caller may read', async () => {
  for (const [id, targets] of Object.entries(lists))
    for (const c of callers) {
      const rows = [];
      for (const target of targets()) {
        const r = await c.ask(target);
        assert.equal(r.status, c.scope ? 200 : 403, `${id} as ${c.name}`);
        if (r.status !== 200) continue;
        const { items, total, total_exact: exact } = await r.json();
        assert.deepEqual([total, exact], [items.length, true], `${id} as ${c.name}`);
        rows.push(...items.map(text));
      }
      assert.deepEqual([...new Set(rows)].sort(), seen(c), `${id} as ${c.name}`);
    }
});

test('a list is narrowed to a scope: never to more than the caller sees, and a scope out of sight is not there', async () => {
  const scoped = Object.values(openapi.paths).flatMap((x) => (x.get?.['x-plimsoll-scoped'] ? [x.get.operationId] : []));
  for (const id of ['listRepositories', 'listFindings', 'listChecks', 'listScans', 'searchPackages', 'getCve', 'listRecommendations', 'getSecureScore', 'getRemediation', 'listRegistries', 'listExemptions']) assert.ok(scoped.includes(id), id);
  for (const [id, targets] of Object.entries(lists).filter(([id]) => id !== 'listRepositories'))
    for (const c of callers.filter((x) => x.scope))
      for (const d of callers.filter((x) => x.scope && x.scope !== '/')) {
        const both = seen(c).filter((x) => seen(d).includes(x));
        const [target] = targets();
        const r = await c.ask(`${target}${target.includes('?') ? '&' : '?'}scope=${d.scope}`);
        assert.equal(r.status, both.length || c.scope === '/' || c.scope === d.scope ? 200 : 404, `${id} as ${c.name} at ${d.scope}`);
        if (r.status === 200) assert.deepEqual([...new Set((await r.json()).items.map(text))].sort(), both, `${id} as ${c.name} at ${d.scope}`);
      }
  const owner = callers.find((c) => c.scope === '/');
  for (const [query, status] of [['/subscriptions/none', 404], ['nonsense', 400], ['', 400]]) assert.equal((await owner.ask(`/api/v1/findings?scope=${query}`)).status, status, query);
  assert.equal((await owner.ask(`/api/v1/registries/local?scope=/subscriptions/bank`)).status, 404, 'a registry outside of it');
});

test('what is out of sight is answered as what is not there', async () => {
  const none = `sha256:${'0'.repeat(64)}`;
  for (const c of callers) {
    for (const x of all)
      for (const [id, target] of Object.entries(ofRepository)) {
        const wanted = !c.scope ? 403 : seen(c).includes(text(x)) ? 200 : 404;
        const r = await c.ask(target(x));
        assert.equal(r.status, wanted, `${id} of ${text(x)} as ${c.name}: ${await r.text()}`);
      }
    const missing = await c.ask(`/api/v1/registries/local/repositories/no/such/images/${none}`);
    assert.equal(missing.status, c.scope ? 404 : 403, c.name);
    await missing.text();
  }
});

test('two images are compared by who sees both, whatever repository and registry they are in', async () => {
  for (const c of callers)
    for (const x of all)
      for (const y of all) {
        const both = [x, y].every((z) => seen(c).includes(text(z)));
        const r = await c.ask(`${image(x)}/compare?from=${made[text(y)].digest}&from_registry=${y.registry}&from_repository=${y.repository}`), said = await r.text();
        assert.equal(r.status, !c.scope ? 403 : both ? 200 : 404, `${text(x)} with ${text(y)} as ${c.name}: ${said}`);
        if (both) assert.deepEqual([JSON.parse(said).to.digest, JSON.parse(said).from.digest], [made[text(x)].digest, made[text(y)].digest]);
      }
});

test('images are searched by name, tag and digest among those that the caller sees', async () => {
  const found = async (c, search) => {
    const { items, total, total_exact: exact } = await (await c.ask(`/api/v1/images?search=${encodeURIComponent(search)}`)).json();
    assert.deepEqual([total, exact], [items.length, true], search);
    return items.map(text).sort();
  };
  for (const c of callers.filter((x) => x.scope)) {
    const among = (fits) => all.filter((x) => fits(text(x)) && seen(c).includes(text(x))).map(text).sort();
    for (const part of ['team/app', 'local/', 'TEAM', 'second/own', 'own:latest', 'n:LA', ':lat', 'app:', 'test', 'er'])
      assert.deepEqual(await found(c, part), among((name) => `${name}:latest`.includes(part.toLowerCase())), `${part} as ${c.name}`);
    for (const none of ['te_m', 't%m', 'team/app:late!', 'team/app@']) assert.deepEqual(await found(c, none), [], none);
    for (const x of all) {
      const { digest } = made[text(x)], hex = digest.slice(7);
      for (const part of [digest, hex, hex.slice(0, 12), digest.slice(0, 20)]) assert.deepEqual(await found(c, part), among((name) => name === text(x)), `${part} as ${c.name}`);
    }
  }
});

test('what everybody may know counts the images that the caller sees', async () => {
  for (const [id, target] of Object.entries(counted))
    for (const c of callers) {
      const r = await c.ask(target());
      assert.equal(r.status, c.scope ? 200 : 403, `${id} as ${c.name}`);
      if (r.status === 200) assert.equal((await r.json()).images, c.sees.length, `${id} as ${c.name}`);
    }
  for (const [id, target] of Object.entries(countedLists))
    for (const c of callers) {
      const r = await c.ask(target());
      assert.equal(r.status, c.scope ? 200 : 403, `${id} as ${c.name}`);
      if (r.status === 200) assert.deepEqual((await r.json()).items.map((i) => i.images), c.sees.length ? [c.sees.length] : [], `${id} as ${c.name}`);
    }
});

test('the overview is of what the caller sees, and no more than a scope has', async () => {
  for (const c of callers.filter((x) => x.scope)) {
    const o = await (await c.ask('/api/v1/overview')).json(), n = c.sees.length;
    assert.deepEqual([...new Set(o.riskiest.map(text))].sort(), seen(c), c.name);
    assert.deepEqual(o.ages.map((x) => [x.severity, x.open, x.week]).filter(([, open]) => open), n ? [['Unknown', n, n]] : [], c.name);
    assert.deepEqual([o.new_day.by_image.Unknown, o.new_day.by_advisory.Unknown, o.unique_cves, o.ages_complete, o.newly_exploited], [n, 0, n ? 1 : 0, true, []], c.name);
  }
  const owner = callers.find((c) => c.scope === '/');
  assert.deepEqual((await (await owner.ask('/api/v1/overview?scope=/subscriptions/shop')).json()).riskiest.map(text).sort(), ['second/own', 'second/team/app']);
});

test('scopes, and a registry of which something is seen', async () => {
  for (const [id, [target, names]] of Object.entries(scopes))
    for (const c of callers) {
      const r = await c.ask(target);
      assert.equal(r.status, c.scope ? 200 : 403, `${id} as ${c.name}`);
      if (r.status === 200) assert.deepEqual((await r.json()).items.map((i) => i.name).sort(), names(c).sort(), `${id} as ${c.name}`);
    }
  for (const r of registries)
    for (const c of callers) {
      const reply = await c.ask(`/api/v1/registries/${r.name}`);
      const has = c.sees.filter((x) => x.registry === r.name).length;
      assert.equal(reply.status, !c.scope ? 403 : has || c.scope === '/' ? 200 : 404, `${r.name} as ${c.name}`);
      if (reply.status === 200) assert.equal((await reply.json()).images, has, c.name);
    }
});

test('what is of the server as a whole is for who may read it as a whole', async () => {
  for (const [id, target] of Object.entries(ofServer))
    for (const c of callers) assert.equal((await c.ask(target)).status, c.scope === '/' ? 200 : 403, `${id} as ${c.name}`);
});

/** "registry/repository" of the events so far; stops when there are as many as wanted, or after a while without. */
async function events(c, wanted) {
  const stop = new AbortController(), found = new Set();
  const r = await c.ask('/api/v1/events', { headers: { 'last-event-id': '0' }, signal: stop.signal });
  assert.equal(r.status, 200, c.name);
  const timer = setTimeout(() => stop.abort(), wanted.length ? 10000 : 1500);
  let body = '';
  try {
    for await (const chunk of r.body) {
      body += Buffer.from(chunk).toString();
      for (const m of body.matchAll(/^data: (\{.*\})$/gm)) found.add(text(JSON.parse(m[1])));
      if (wanted.length && found.size >= wanted.length) break;
    }
  } catch (e) {
    if (e.name !== 'AbortError') throw e;
  }
  clearTimeout(timer);
  stop.abort();
  return [...found].sort();
}

test('events are those of repositories that the caller sees', async () => {
  for (const c of callers.filter((x) => x.scope)) {
    const wanted = seen(c);
    assert.deepEqual(await events(c, wanted), wanted, c.name);
  }
  assert.equal((await callers.at(-1).ask('/api/v1/events')).status, 403);
});

test('a stream of events follows its reader\'s roles', async () => {
  const c = callers.find((x) => x.name === 'inner');
  const stop = new AbortController();
  const r = await c.ask('/api/v1/events', { signal: stop.signal });
  const taken = `user=inner&role=Security+Reader&scope=${encodeURIComponent(c.scope)}`;
  assert.equal((await server.fetch(`/api/v1/role-assignments?${taken}`, { method: 'DELETE' })).status, 204);
  const layout = makeLayout([[debianRelease(), { path: 'mark', content: 'later' }]]);
  await pushLayout(server, 'team/app/inner', layout);
  let body = '';
  const timer = setTimeout(() => stop.abort(), 10000);
  for await (const chunk of r.body) body += Buffer.from(chunk).toString(); // it ends by itself
  clearTimeout(timer);
  assert.doesNotMatch(body, /"repository"/);
});
