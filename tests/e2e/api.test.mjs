// API v1: every route of the OpenAPI document answers as it says; lists filter, sort and page; errors are problems in clear words; roles decide; events stream.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { check, record } from './openapi.mjs';
import { Server, basic, clock, debianRelease, dpkgStatus, findingLines, makeLayout, makeVdb, osvRecord, pushBlob, pushLayout, sleep } from './lib.mjs';

const packages = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].flatMap((source) => [
  { name: source, version: '1.0-1' }, { name: `lib${source}`, version: '1.0-1+b1', source, sourceVersion: '1.0-1' }]);
const cvss = { high: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N', medium: 'CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:L' };
const records = [
  osvRecord('CVE-2026-0001', [{ ecosystem: 'Debian:12', name: 'alpha', fixed: '1.1-1' }], { cvss: cvss.high }), // 7.5
  osvRecord('CVE-2026-0002', [{ ecosystem: 'Debian:12', name: 'beta' }], { severity: 'LOW' }),
  osvRecord('CVE-2026-0003', [{ ecosystem: 'Debian:12', name: 'gamma', fixed: '2' }], { severity: 'CRITICAL' }),
  osvRecord('DSA-1-1', [{ ecosystem: 'Debian:12', name: 'delta', fixed: '1.0-2' }], { aliases: ['CVE-2026-0004', 'CVE-2026-0005'], cvss: cvss.medium }), // 5.3
  osvRecord('CVE-2026-0006', [{ ecosystem: 'Debian:12', name: 'alpha' }]),
];
// By hand: each source's two binaries are found by each of its records.
const total = 5;
let server, layout, openapi, recorded;
const streamed = []; // data of events

before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb(records)] }).start();
  recorded = record(server);
  layout = makeLayout([[debianRelease(), dpkgStatus(packages)]], { tag: 'v1' });
  await pushLayout(server, 'team/app', layout);
  await server.scanned('team/app', layout.digest);
  openapi = await server.json('/api/v1/openapi.json');
});
after(() => server?.stop());

const image = () => `/api/v1/registries/local/repositories/team/app/images/${layout.digest}`;
const send = (method, target, body, headers) => server.fetch(target, { method, body: body === undefined ? undefined : JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers } });
async function problem(r, status, pattern) {
  const text = await r.text();
  assert.equal(r.status, status, text);
  assert.match(r.headers.get('content-type'), /^application\/problem\+json/);
  const p = JSON.parse(text);
  assert.equal(p.status, status);
  assert.ok(p.title && p.detail && p.type, text);
  if (pattern) assert.match(p.detail, pattern);
  return p;
}

test('the coverage of an image says until when its release is supported', async () => {
  const { coverage } = await server.json(image());
  assert.deepEqual([coverage.support.standard_end, coverage.support.extended, coverage.support.extended_end], ['2026-07-11', 'LTS', '2028-06-30']);
  assert.equal(coverage.support.state, 'extended');
  assert.ok(Array.isArray(coverage.notes));
});

test('kernel headers are a category of their own', async () => {
  const records = [osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl' }]), osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'linux' }])];
  const own = await new Server({ args: ['--vdb', makeVdb(records)] }).start();
  try {
    const headers = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'linux-libc-dev', version: '6.1', source: 'linux' }])]]);
    await pushLayout(own, 'team/headers', headers);
    await own.scanned('team/headers', headers.digest);
    const of = async (category) => (await own.json(`/api/v1/findings?category=${encodeURIComponent(category)}`)).items.map((f) => [f.advisory, f.package, f.category]);
    assert.deepEqual(await of('Kernel headers'), [['CVE-2026-2', 'linux', 'Kernel headers']]);
    assert.deepEqual(await of('Debian'), [['CVE-2026-1', 'openssl', 'Debian']]);
  } finally {
    await own.stop();
  }
});

test('every operation of the OpenAPI document answers, and not with 404 or 405 where things are there', async () => {
  const scan = (await server.json('/api/v1/scans')).items[0];
  const check = (await server.findings('team/app', layout.digest))[0].id;
  const values = { registry: 'local', subscription: 'default', resource_group: 'default', management_group: 'none', repository: 'team/app', name: 'team/app', digest: layout.digest, user: 'admin', reference: 'v1', id: '1', key: 'dbd0cb49-b563-45e7-9724-889e799fa648', upload: 'none', session: 'none', group: 'people', role: 'Looker' };
  // At a scope without registries: nothing else is changed by it.
  const post = (target, body) => server.fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal((await post('/api/v1/subscriptions/default/resource-groups', { name: 'aside' })).status, 201);
  assert.equal((await post('/api/v1/exemptions', { name: 'x', scope: '/subscriptions/default/resourceGroups/aside', category: 'Waiver' })).status, 201);
  assert.equal((await post('/api/v1/rules', { name: 'x', scope: '/subscriptions/default/resourceGroups/aside', criteria: { kev: false } })).status, 201);
  assert.equal((await post('/api/v1/notifications', { name: 'x', scope: '/subscriptions/default/resourceGroups/aside', kind: 'webhook', url: 'https://hooks.invalid/x', events: ['weekly'], enabled: false })).status, 201);
  assert.equal((await post('/api/v1/registries/local/imports', { source: 'nowhere.invalid/x' })).status, 202);
  assert.equal((await server.fetch('/api/v1/imports/1', { method: 'DELETE' })).status, 204);
  assert.equal((await post('/api/v1/groups', { name: 'people' })).status, 201);
  const made = await post('/api/v1/roles', { name: 'Looker', actions: ['registries/pull/read'] });
  assert.equal(made.status, 201, await made.text());
  let count = 0;
  for (const [pattern, operations] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      count++;
      assert.ok(operation.summary && operation.responses, `${method} ${pattern}`);
      const id = /\/(checks|findings)\//.test(pattern) ? check : pattern.includes('/scans/') ? scan.id : pattern.includes('/cves/') ? 'CVE-2026-0001' : values.id;
      const query = method === 'get' ? operation.parameters.filter((p) => p.in === 'query' && p.required).map((p) => `${p.name}=${p.name === 'from' ? layout.digest : 'bash'}`).join('&') : '';
      const digest = pattern.includes('/blobs/') ? layout.config.digest : values.digest;
      const target = pattern.replace(/\{(\w+)\}/g, (_, n) => (n === 'id' ? id : n === 'digest' ? digest :
        n === 'repository' && pattern.endsWith('{repository}') ? encodeURIComponent(values[n]) : values[n] ?? 'none')) + (query && `?${query}`);
      const anonymous = await fetch(new URL(target, server.url), { method: method.toUpperCase(), redirect: 'manual' }).then(async (r) => { await r.body?.cancel(); return r; });
      if (pattern === '/oauth2/token') continue; // asks for a name and password itself
      if (operation.security?.length === 0 || (operation.security && !operation.security.some((s) => Object.keys(s).length)))
        assert.notEqual(anonymous.status, 401, `${method} ${pattern} is public`);
      else
        assert.equal(anonymous.status, 401, `${method} ${pattern} needs an account`);
      assert.notEqual(anonymous.status, 405, `${method} ${pattern}`);
      if (method !== 'get' || pattern.startsWith('/v2/') || pattern === '/api/v1/events' || /\/session\/oidc/.test(pattern)) continue; // oidc.test.mjs signs in by a provider
      const r = await server.fetch(target);
      const text = await r.text();
      assert.equal(r.status, 200, `${target}: ${r.status} ${text}`);
      if (/json/.test(r.headers.get('content-type')) && !pattern.endsWith('.json')) assert.equal(typeof JSON.parse(text), 'object');
    }
  }
  assert.ok(count >= 40, `${count} operations`);
  // The other way round: what is not in the document is not there.
  for (const target of ['/api/v1', '/api/v1/nothing', '/api/v2/findings', '/api/v1/findings/x/y', '/admin', '/api/v1/registries/local/repositories/team/app'])
    await problem(await server.fetch(target), 404);
});

test('a wrong method gets 405 and Allow', async () => {
  const r = await server.fetch('/api/v1/findings', { method: 'DELETE' });
  await problem(r, 405);
  assert.match(r.headers.get('allow'), /GET/);
});

test('paging by one gives what one page gives, in every order', async () => {
  for (const sort of ['severity', 'package', 'cvss', 'epss']) {
    const whole = await server.json(`${image()}/findings?sort=${sort}&limit=1000`);
    assert.equal(whole.items.length, total);
    assert.equal(whole.next, undefined);
    const one = [];
    for (let cursor = '', i = 0; ; i++) {
      assert.ok(i <= total, 'paging ends');
      const page = await server.json(`${image()}/findings?sort=${sort}&limit=1${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      assert.ok(page.items.length <= 1);
      one.push(...page.items);
      if (!page.next) break;
      cursor = page.next;
    }
    assert.deepEqual(one, whole.items, sort);
    assert.deepEqual(findingLines(one), findingLines(await server.all('/api/v1/findings')));
  }
  const order = (await server.json(`${image()}/findings?sort=severity`)).items.map((f) => f.severity);
  const rank = ['Critical', 'High', 'Unknown', 'Medium', 'Low', 'Negligible'];
  assert.deepEqual(order, [...order].sort((a, b) => rank.indexOf(a) - rank.indexOf(b)));
  const byName = (await server.json(`${image()}/findings?sort=package`)).items.map((f) => f.package);
  assert.deepEqual(byName, [...byName].sort());
});

test('filters', async () => {
  const ask = async (query) => (await server.json(`/api/v1/findings?${query}`)).items;
  const names = async (query) => [...new Set((await ask(query)).map((f) => f.advisory))].sort();
  assert.deepEqual(await names('severity=Critical'), ['CVE-2026-0003']);
  assert.deepEqual(await names('severity=critical,LOW'), ['CVE-2026-0002', 'CVE-2026-0003']);
  assert.deepEqual(await names('severity=Medium'), ['DSA-1-1']);
  assert.deepEqual(await names('severity=Unknown'), ['CVE-2026-0006']);
  assert.deepEqual(await names('fixed=true'), ['CVE-2026-0001', 'CVE-2026-0003', 'DSA-1-1']);
  assert.deepEqual(await names('status=affected'), ['CVE-2026-0002', 'CVE-2026-0006']);
  assert.deepEqual(await names('cve=CVE-2026-0005'), ['DSA-1-1']);
  assert.deepEqual(await names('cve=DSA-1-1'), ['DSA-1-1']);
  assert.deepEqual(await names('cvss_gte=7.5'), ['CVE-2026-0001']);
  assert.deepEqual(await names('cvss_gte=7.6'), []);
  assert.deepEqual(await names('kev=true'), []);
  assert.equal((await ask('kev=false')).length, total);
  assert.deepEqual(await names('fixed=false'), ['CVE-2026-0002', 'CVE-2026-0006']);
  const patchable = await ask('patchable=true'), rest = await ask('patchable=false');
  assert.ok(patchable.every((f) => f.patchable) && rest.every((f) => !f.patchable));
  assert.equal(patchable.length + rest.length, total);
  assert.equal((await ask('category=Debian')).length, total);
  assert.deepEqual(await ask('category=Alpine'), []);
  assert.deepEqual(await names('search=DELTA'), ['DSA-1-1']);
  assert.equal((await ask('package=libalpha')).length, 2);
  assert.equal((await ask('package=alpha')).length, 2); // by binary or source name, once
  assert.equal((await ask('repository=team/app')).length, total);
  assert.equal((await server.fetch('/api/v1/findings?repository=team/none')).status, 404);
  assert.equal((await ask(`repository=team/app&digest=${layout.digest}`)).length, total);
  const id = (await ask('cve=DSA-1-1'))[0].id;
  assert.deepEqual(await names(`check_id=${id}`), ['DSA-1-1']);
  const check = await server.json(`/api/v1/checks/${id}`);
  assert.deepEqual([check.id, check.title, check.severity, check.images], [id, 'Debian Security Update for delta (DSA-1-1)', 'Medium', 1]);
  assert.deepEqual(check.cves.sort(), ['CVE-2026-0004', 'CVE-2026-0005']);
  assert.deepEqual([check.patchable, check.remediations.sort()], [true, (await ask(`check_id=${id}`)).flatMap((f) => f.matches.map((m) => m.remediation)).sort()]);
  assert.deepEqual(check.remediations.map((text) => /--only-upgrade (\w+)/.exec(text)[1]), ['delta', 'libdelta']);
});

test('what is wrong with a request is said', async () => {
  const none = `sha256:${'0'.repeat(64)}`;
  for (const [target, status, pattern] of [
    ['/api/v1/findings?severity=Awful', 400, /Awful.*Critical/],
    ['/api/v1/findings?status=broken', 400, /broken/],
    ['/api/v1/findings?sort=colour', 400, /colour.*severity/],
    ['/api/v1/findings?limit=0', 400, /limit.*1 to 1000/],
    ['/api/v1/findings?limit=1001', 400, /limit/],
    ['/api/v1/findings?limit=x', 400, /limit/],
    ['/api/v1/findings?cursor=x', 400, /cursor/],
    ['/api/v1/findings?check_id=x', 400, /check_id/],
    ['/api/v1/findings?cvss_gte=x', 400, /cvss_gte/],
    ['/api/v1/findings?digest=sha256:abc', 400, /digest/],
    ['/api/v1/findings?check_id=1,', 400, /check_id/],
    ['/api/v1/findings?category=Debain', 400, /category.*Debain.*Debian/],
    ['/api/v1/registries/local/repositories/team/app/images?state=Sick', 400, /Sick.*Healthy/],
    ['/api/v1/scans?cursor=x', 400, /cursor/],
    ['/api/v1/findings?severtiy=High', 400, /severtiy/],
    ['/api/v1/findings?kev=true&kev=false', 400, /kev.*twice/],
    ['/api/v1/findings?repository=', 400, /repository.*empty/],
    ['/api/v1/findings?patchable=yes', 400, /patchable.*true/],
    ['/api/v1/findings?cvss_gte=10.1', 400, /cvss_gte.*0 to 10/],
    ['/api/v1/findings?epss_gte=2', 400, /epss_gte.*0 to 1/],
    [`/api/v1/registries/local/repositories/team/app/images/${none}`, 404, /no image/],
    [`/api/v1/registries/local/repositories/team/app/images/${none}/findings`, 404, /no image/],
    [`/api/v1/registries/local/repositories/team/app/images/${none}/packages`, 404, /no image/],
    ['/api/v1/checks/1', 404, /no security check 1/],
    ['/api/v1/checks/x', 404, /no security check/],
    ['/api/v1/scans/999999', 404, /no scan/],
    ['/api/v1/users/nobody', 404, /no user "nobody"/],
  ]) await problem(await server.fetch(target), status, pattern).catch((e) => { e.message = `${target}: ${e.message}`; throw e; });
  for (const [target, body, pattern] of [
    ['/api/v1/scans', '{"repository":"team/app","digset":"x"}', /digset/],
    ['/api/v1/scans', '{', /body/], ['/api/v1/scans', '{}', /repository is needed/], ['/api/v1/scans', '{"repository":"a"}', /digest is needed/],
    ['/api/v1/scans', '{"repository":7,"digest":"x"}', /repository.*string/], ['/api/v1/scans', '[]', /body/],
    ['/api/v1/users', '{"name":"x","password":"long enough it is","shoe":"9"}', /shoe/],
    ['/api/v1/users', '{"name":"../x","password":"long enough it is"}', /user name/],
    ['/api/v1/users', '{"name":"x","password":"short"}', /12/],
    ['/api/v1/users', '{"name":"x","kind":"cat"}', /cat/],
    ['/api/v1/role-assignments', '{"user":"admin","role":"AcrPull","scope":"nope"}', /scope/],
  ]) await problem(await server.fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } }), 400, pattern);
  await problem(await send('POST', '/api/v1/scans', { repository: 'team/app', digest: none }), 404, /image/);
  await problem(await send('POST', '/api/v1/role-assignments', { user: 'admin', role: 'King' }), 404, /King/);
});

test('images, packages, repositories, registries tell the same counts', async () => {
  const one = await server.json(image());
  assert.equal(one.state, 'Unhealthy');
  assert.equal(one.platform, 'linux/amd64');
  assert.deepEqual(one.distro, { id: 'debian', version_id: '12', name: 'Debian GNU/Linux 12 (bookworm)' });
  // Checks, not packages: each record counts once.
  assert.deepEqual(one.findings, { Critical: 1, High: 1, Medium: 1, Low: 1, Negligible: 0, Unknown: 1 });
  assert.equal(one.packages, packages.length);
  const list = await server.json('/api/v1/registries/local/repositories/team/app/images?state=Unhealthy');
  const { runs_as: runsAs, ...listed } = one; // of one image alone
  assert.equal(runsAs, 'root');
  assert.deepEqual(list.items, [listed]);
  assert.deepEqual((await server.json('/api/v1/registries/local/repositories/team/app/images?state=Healthy')).items, []);
  const found = (await server.json(`${image()}/packages`)).items;
  assert.deepEqual(found.map((p) => p.name).sort(), packages.map((p) => p.name).sort());
  const lib = found.find((p) => p.name === 'libbeta');
  assert.deepEqual([lib.type, lib.version, lib.source_name, lib.source_version, lib.arch, lib.path, lib.layer],
    ['deb', '1.0-1+b1', 'beta', '1.0-1', 'amd64', 'var/lib/dpkg/status', layout.layers[0].digest]);
  assert.match(lib.purl, /^pkg:deb\/debian\/libbeta@1\.0-1(\+|%2B)b1\?/);
  const repository = (await server.all('/api/v1/registries/local/repositories')).find((r) => r.name === 'team/app');
  assert.deepEqual([repository.images, repository.unhealthy, repository.findings.Critical], [1, 1, 1]);
  const registry = (await server.json('/api/v1/registries')).items[0];
  assert.equal(registry.name, 'local');
  assert.equal(registry.state, 'Unhealthy');
  assert.deepEqual(await server.json('/api/v1/registries/local'), registry);
  assert.deepEqual(one.tags, ['v1']);
});

test('a registry that is not there', async () => {
  const leaf = image().split('/registries/local')[1];
  for (const rest of ['', '/repositories', leaf, `${leaf}/findings`])
    await problem(await server.fetch(`/api/v1/registries/elsewhere${rest}`), 404, /no registry "elsewhere"/);
});

test('scans: asked for by hand, listed, paged', async () => {
  const r = await send('POST', '/api/v1/scans', { repository: 'team/app', digest: layout.digest });
  assert.equal(r.status, 202);
  const asked = await r.json();
  assert.equal(asked.trigger, 'manual');
  await server.scanned('team/app', layout.digest);
  const done = await server.json(`/api/v1/scans/${asked.id}`);
  assert.equal(done.status, 'completed');
  assert.ok(done.queued_at && done.started_at && done.finished_at && done.duration_ms >= 0);
  const all = (await server.json('/api/v1/scans?limit=1000')).items, one = [];
  for (let cursor; ;) {
    const page = await server.json(`/api/v1/scans?limit=1${cursor ? `&cursor=${cursor}` : ''}`);
    one.push(...page.items);
    if (!page.next) break;
    cursor = page.next;
  }
  assert.deepEqual(one, all);
  assert.ok(all[0].id > all.at(-1).id, 'newest first');
  for (const statuses of [['completed'], ['failed'], ['unsupported', 'failed'], ['completed', 'queued', 'running', 'failed', 'unsupported']]) {
    const page = await server.json(`/api/v1/scans?status=${statuses}&limit=1000`), of = all.filter((x) => statuses.includes(x.status));
    assert.deepEqual([page.items.map((x) => x.id), page.total], [of.map((x) => x.id), of.length], `${statuses}`);
  }
  assert.equal((await server.findings('team/app', layout.digest)).length, total);
});

test('events: pushed, then scanned; a client that comes back gets what it missed', async () => {
  const stop = new AbortController();
  const open = async (headers) => {
    const r = await server.fetch('/api/v1/events', { headers, signal: stop.signal });
    assert.equal(r.status, 200);
    return r;
  };
  const read = async (r, want) => {
    assert.match(r.headers.get('content-type'), /^text\/event-stream/);
    const events = [];
    let text = '';
    for await (const piece of r.body) {
      text += Buffer.from(piece).toString();
      for (let at; (at = text.indexOf('\n\n')) >= 0; text = text.slice(at + 2)) {
        const fields = Object.fromEntries(text.slice(0, at).split('\n').filter((l) => l && !l.startsWith(':')).map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 2)]));
        if (fields.event) {
          events.push({ id: fields.id, type: fields.event, data: JSON.parse(fields.data) });
          streamed.push(events.at(-1).data);
        }
      }
      if (want(events)) return events;
    }
    assert.fail(`the stream ended: ${JSON.stringify(events)}`);
  };
  const timer = setTimeout(() => stop.abort(new Error('no events within 20 s')), 20000);
  try {
    const other = makeLayout([[debianRelease(), dpkgStatus([{ name: 'zeta', version: '1' }])]], { tag: 'v1' });
    const done = (events) => events.some((e) => e.type === 'scanned' && e.data.digest === other.digest);
    const live = read(await open({}), done);
    await pushLayout(server, 'team/events', other);
    const events = (await live).filter((e) => e.data.digest === other.digest);
    const types = events.map((e) => e.type);
    assert.ok(types.indexOf('pushed') >= 0 && types.indexOf('pushed') < types.indexOf('scanned'), types.join());
    const pushed = events.find((e) => e.type === 'pushed').data;
    assert.deepEqual([pushed.repository, pushed.tag], ['team/events', 'v1']);
    assert.equal(events.find((e) => e.type === 'scanned').data.detail.state, 'Healthy');
    const again = await read(await open({ 'last-event-id': String(Number(events[0].id) - 1) }), done);
    assert.deepEqual(again.filter((e) => e.data.digest === other.digest), events);
  } finally { clearTimeout(timer); stop.abort(); }
});

// ---- who may do what ---------------------------------------------------------------------------------------------

const as = (authorization) => server.as(authorization);
const user = (name, roles, scope = '/') => server.person(name, roles.map((role) => [role, scope]));
const manifest = (who, repository = 'team/app') => who.fetch(`/v2/${repository}/manifests/v1`, { headers: { accept: '*/*' } }).then((r) => r.status);
const upload = (who, repository = 'team/app') => who.fetch(`/v2/${repository}/blobs/uploads/`, { method: 'POST', headers: { 'content-length': '0' } }).then((r) => r.status);
const findings = (who) => who.fetch('/api/v1/findings').then((r) => r.status);
const users = (who) => who.fetch('/api/v1/users').then((r) => r.status);
const refused = (status) => assert.ok(status === 401 || status === 403, `${status}`);

test('no account, a wrong password, an unknown user: 401 and how to log in', async () => {
  for (const headers of [{}, { authorization: basic('admin', 'wrong') }, { authorization: basic('nobody', 'x') }, { authorization: 'Bearer nonsense' },
    { authorization: 'Digest x' }, { authorization: 'Basic !!!' }]) {
    const r = await fetch(new URL('/api/v1/findings', server.url), { headers });
    await problem(r, 401);
    assert.match(r.headers.get('www-authenticate'), /^Bearer/);
  }
});

test('AcrPull pulls, and neither pushes nor reads findings', async () => {
  const who = await user('puller', ['AcrPull']);
  assert.equal(await manifest(who), 200);
  assert.equal(await upload(who), 403);
  assert.equal((await who.fetch(`/v2/team/app/manifests/${layout.digest}`, { method: 'DELETE' })).status, 403);
  await problem(await who.fetch('/api/v1/findings'), 403);
  await problem(await who.fetch('/api/v1/users'), 403);
  assert.equal((await who.fetch('/api/v1/scans', { method: 'POST', body: '{}' })).status, 403);
});

test('AcrPush pushes and pulls, and does not delete', async () => {
  const who = await user('pusher', ['AcrPush']);
  assert.equal(await manifest(who), 200);
  await pushBlob(who, 'team/pushed', Buffer.from('by the pusher'));
  assert.equal((await who.fetch(`/v2/team/app/manifests/${layout.digest}`, { method: 'DELETE' })).status, 403);
  assert.equal(await findings(who), 403);
});

test('Security Reader reads findings, and neither pulls nor asks for scans', async () => {
  const who = await user('auditor', ['Security Reader']);
  assert.equal(await findings(who), 200);
  assert.equal((await who.fetch(image())).status, 200);
  refused(await manifest(who));
  refused(await upload(who));
  assert.equal((await who.fetch('/api/v1/scans', { method: 'POST', body: JSON.stringify({ repository: 'team/app', digest: layout.digest }) })).status, 403);
  assert.equal(await users(who), 403);
});

test('Security Admin asks for scans; Contributor does everything but give roles; Reader reads', async () => {
  const admin = await user('secadmin', ['Security Admin']);
  const body = JSON.stringify({ repository: 'team/app', digest: layout.digest });
  assert.equal((await admin.fetch('/api/v1/scans', { method: 'POST', body, headers: { 'content-type': 'application/json' } })).status, 202);
  refused(await upload(admin));
  const contributor = await user('contributor', ['Contributor']);
  assert.equal(await upload(contributor), 202);
  assert.equal(await findings(contributor), 200);
  assert.equal((await contributor.fetch('/api/v1/users', { method: 'POST', body: JSON.stringify({ name: 'mallory', password: 'long enough it is' }) })).status, 403);
  assert.equal((await contributor.fetch('/api/v1/role-assignments', { method: 'POST', body: JSON.stringify({ user: 'contributor', role: 'Owner' }) })).status, 403);
  const reader = await user('reader', ['Reader']);
  assert.equal(await manifest(reader), 200);
  assert.equal(await findings(reader), 200);
  assert.equal(await users(reader), 200);
  assert.equal(await upload(reader), 403);
  const nobody = await user('norole', []);
  refused(await manifest(nobody));
  assert.equal(await findings(nobody), 403);
});

test('a role at a repository holds there and below, and nowhere else', async () => {
  const who = await user('tenant', ['AcrPush'], '/registries/local/repositories/team');
  assert.equal(await manifest(who), 200);
  assert.equal(await upload(who, 'team/new'), 202);
  assert.equal(await upload(who, 'teamster/new'), 403);
  assert.equal(await upload(who, 'other/new'), 403);
  // A role for a repository named like a user gives nothing over that user.
  const named = await user('namesake', ['Owner'], '/registries/local/repositories/puller');
  assert.equal((await named.fetch('/api/v1/users/puller', { method: 'DELETE' })).status, 403);
  assert.equal((await named.fetch('/api/v1/users/puller/tokens', { method: 'POST', body: '{}' })).status, 403);
});

test('robots have tokens: good for API and registry until they are ended', async () => {
  assert.equal((await send('POST', '/api/v1/users', { name: 'ci', kind: 'robot' })).status, 201);
  assert.equal((await send('POST', '/api/v1/role-assignments', { user: 'ci', role: 'AcrPull' })).status, 201);
  assert.equal((await send('POST', '/api/v1/role-assignments', { user: 'ci', role: 'Security Reader' })).status, 201);
  const r = await send('POST', '/api/v1/users/ci/tokens', { label: 'build', days: 7 });
  assert.equal(r.status, 201);
  assert.equal(r.headers.get('cache-control'), 'no-store');
  const { token } = await r.json();
  assert.equal(await findings(as(`Bearer ${token}`)), 200);
  assert.equal(await manifest(as(basic('ci', token))), 200);
  const dance = await fetch(new URL(`/oauth2/token?service=plimsoll&scope=repository:team/app:pull,push`, server.url), { headers: { authorization: basic('ci', token) } });
  assert.equal(dance.status, 200);
  const access = (await dance.json()).token;
  assert.equal(await manifest(as(`Bearer ${access}`)), 200);
  refused(await upload(as(`Bearer ${access}`)));
  const list = (await server.json('/api/v1/users/ci/tokens')).items;
  assert.deepEqual(list.map((t) => [t.label, t.kind]), [['build', 'personal']]);
  assert.ok(!JSON.stringify(list).includes(token));
  assert.ok(Math.abs(Date.parse(list[0].expires_at) - clock.now() - 7 * 86400000) < 60000);
  await problem(await send('DELETE', `/api/v1/users/admin/tokens/${list[0].id}`), 404); // another's
  assert.equal((await send('DELETE', `/api/v1/users/ci/tokens/${list[0].id}`)).status, 204);
  assert.equal(await findings(as(`Bearer ${token}`)), 401);
  assert.equal(await manifest(as(basic('ci', token))), 401);
});

test('a new password ends the old one and the tokens; a removed user is nobody', async () => {
  const who = await user('leaver', ['Owner']);
  const { token } = await (await send('POST', '/api/v1/users/leaver/tokens', {})).json();
  assert.equal(await users(who), 200);
  assert.equal((await send('PUT', '/api/v1/users/leaver/password', { password: 'another good one' })).status, 204);
  assert.equal(await users(who), 401);
  assert.equal(await users(as(`Bearer ${token}`)), 401);
  const now = as(basic('leaver', 'another good one'));
  assert.equal(await users(now), 200);
  assert.equal((await send('DELETE', '/api/v1/role-assignments?user=leaver&role=Owner')).status, 204);
  assert.equal(await users(now), 403);
  assert.equal((await send('DELETE', '/api/v1/users/leaver')).status, 204);
  assert.equal(await users(now), 401);
  await problem(await send('DELETE', '/api/v1/users/leaver'), 404);
  await problem(await send('POST', '/api/v1/users', { name: 'admin', password: 'once more, with feeling' }), 409);
});

test('users cannot lock themselves out', async () => {
  await problem(await send('DELETE', '/api/v1/users/admin'), 409, /users cannot remove themselves/);
  await problem(await send('DELETE', '/api/v1/role-assignments?user=admin&role=Owner'), 409, /users cannot remove their own roles/);
});

test('who pushed, pulled and deleted which image is in the log, and in an audit of its own', async () => {
  process.env.E2E_LOG = 'info';
  const talkative = await new Server().start();
  delete process.env.E2E_LOG;
  try {
    const traffic = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }])]]);
    const { digest } = traffic;
    await pushLayout(talkative, 'traffic/app', traffic, 'one');
    const manifest = '/v2/traffic/app/manifests/one';
    for (const headers of [{}, {}, { 'user-agent': 'plimsoll' }]) assert.equal((await talkative.fetch(manifest, { headers })).status, 200);
    const rows = async () => (await talkative.all('/api/v1/audit/images')).filter((r) => r.subject === `traffic/app@${digest}`);
    const pulls = (list) => list.filter((r) => r.action === 'image.pulled').reduce((n, r) => n + (r.after.count ?? 1), 0);
    for (let i = 0; i < 100 && pulls(await rows()) < 3; i++) await sleep(50); // gathered for a second
    assert.equal((await talkative.fetch(`/v2/traffic/app/manifests/${digest}`, { method: 'DELETE' })).status, 202);
    const seen = await rows();
    assert.equal(pulls(seen), 3);
    assert.deepEqual(seen.filter((r) => r.action !== 'image.pulled').map((r) => [r.action, r.actor, r.peer, r.after.tag]), [
      ['image.deleted', 'admin', '127.0.0.1', undefined], ['image.deleted', 'admin', '127.0.0.1', 'one'], ['image.pushed', 'admin', '127.0.0.1', 'one']]);
    assert.ok(!(await talkative.all('/api/v1/audit')).some((r) => r.action.startsWith('image.')));
    for (const line of [`pushed traffic/app:one@${digest} by `, `pulled traffic/app:one@${digest} by `, `deleted traffic/app@${digest} by `]) {
      const logged = talkative.output.split('\n').filter((l) => l.includes('level=info') && l.includes(line) && l.includes('admin') && l.includes('127.0.0.1'));
      assert.ok(logged.length, `${line}: ${talkative.output}`);
    }
  } finally { await talkative.stop(); }
});

test('every change is in the audit: who, what, from where', async () => {
  const rows = await server.all('/api/v1/audit');
  const of = (action, subject) => rows.find((r) => r.action === action && r.subject === subject);
  for (const [action, subject] of [['user.add', 'leaver'], ['role.assign', 'leaver'], ['token.add', 'leaver'], ['user.password', 'leaver'],
    ['role.unassign', 'leaver'], ['user.remove', 'leaver'], ['token.remove', 'ci']]) {
    const row = of(action, subject);
    assert.ok(row, `${action} ${subject}`);
    assert.deepEqual([row.actor, row.peer], ['admin', '127.0.0.1']);
    assert.ok(Math.abs(Date.parse(row.at) - clock.now()) < 600000);
  }
  assert.equal(of('role.assign', 'tenant').after.scope, '/registries/local/repositories/team');
  assert.ok(!JSON.stringify(rows).includes('correct horse'), 'no secrets');
  assert.deepEqual([...rows].map((r) => r.id), [...rows].map((r) => r.id).sort((a, b) => b - a));
  const one = [];
  for (let cursor; ;) {
    const page = await server.json(`/api/v1/audit?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
    one.push(...page.items);
    if (!page.next) break;
    cursor = page.next;
  }
  assert.deepEqual(one, rows);
  const roles = (await server.json('/api/v1/roles')).items;
  assert.ok(['Owner', 'AcrPull', 'Security Reader'].every((n) => roles.some((r) => r.name === n && r.builtin && r.actions.length)));
  const assigned = (await server.json('/api/v1/role-assignments?user=ci')).items.map((a) => a.role).sort();
  assert.deepEqual(assigned, ['AcrPull', 'Security Reader']);
});

test('whatever was answered above is what the OpenAPI document says', async () => {
  await recorded.settled();
  const { failures, seen } = await check(openapi, recorded.exchanges, streamed);
  assert.deepEqual(failures, []);
  const operations = Object.values(openapi.paths).flatMap((item) => Object.values(item).map((o) => o.operationId));
  assert.deepEqual(operations.filter((id) => !seen[id]), [], 'each was asked for');
  assert.ok(streamed.length >= 4, `${streamed.length} events`);
});
