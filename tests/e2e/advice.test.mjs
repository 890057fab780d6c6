// What a server advises: the remediation plan, two images side by side, base images. Expected figures are counted by hand from the fixture below.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout } from './lib.mjs';
import { check, record } from './openapi.mjs';

let server, recorded, vdb;
const at = (repository, layout) => `/api/v1/registries/local/repositories/${repository}/images/${layout.digest}`;
const ask = (target) => server.json(target);
async function push(repository, layout, tag = layout.tag) {
  await pushLayout(server, repository, layout, tag);
  await server.scanned(repository, layout.digest);
}
const person = async (name, role, scope) => (await server.person(name, [[role, scope]])).headers;

const ssl = (version) => [{ name: 'libssl3', source: 'openssl', version }, { name: 'openssl', version }];
const bash = { name: 'bash', version: '5.2' }, zlib = { name: 'zlib1g', source: 'zlib', version: '1.2' };
const image = (...packages) => makeLayout([[debianRelease(), dpkgStatus(packages)]]);
const app = image(...ssl('3.0.1'), bash, zlib); // five findings
const web = image(ssl('3.0.1')[0]); // three
const shell = image(bash); // one
const debian = (name, fixed) => [{ ecosystem: 'Debian:12', name, fixed }];

before(async () => {
  vdb = makeVdb([
    osvRecord('CVE-2026-1', debian('openssl', '3.0.2'), { severity: 'HIGH' }), osvRecord('CVE-2026-2', debian('openssl', '3.0.3'), { severity: 'CRITICAL' }),
    osvRecord('CVE-2026-3', debian('openssl'), { severity: 'MEDIUM' }), osvRecord('CVE-2026-4', debian('bash', '5.3'), { severity: 'LOW' }),
    osvRecord('CVE-2026-5', debian('zlib'), { severity: 'HIGH' }),
  ]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
  recorded = record(server);
  await push('team/app', app);
  await push('team/web', web);
  await push('shell', shell);
});
after(() => server?.stop());

const step = (s) => [s.kind, s.package, s.fixed_version, s.findings, s.images, s.images_cleared];
const APT = 'apt-get update && apt-get install --only-upgrade';

test('a plan over everything lists what to upgrade, what that clears, and what has no fix', async () => {
  const plan = await ask('/api/v1/remediation');
  assert.deepEqual(plan.steps.map(step), [
    ['upgrade', 'openssl', '3.0.3', 4, 2, 0], ['upgrade', 'bash', '5.3', 2, 2, 1],
    ['no_fix', 'zlib', undefined, 1, 1, 0], ['no_fix', 'openssl', undefined, 2, 2, 0]]);
  assert.deepEqual([plan.findings, plan.images, plan.upgrade_findings, plan.fix_elsewhere_findings, plan.no_fix_findings, plan.images_cleared, plan.whole, plan.step_count],
    [9, 3, 6, 0, 3, 1, true, 4]);
  assert.equal(plan.findings, (await ask('/api/v1/findings')).total, 'the plan is about what the list lists');
  const [openssl] = plan.steps;
  assert.deepEqual(openssl.by_severity, { Critical: 2, High: 2, Medium: 0, Low: 0, Negligible: 0, Unknown: 0 });
  assert.deepEqual([openssl.type, openssl.distro, openssl.installed_version, openssl.text], ['deb', 'debian:12', '3.0.1', 'Upgrade openssl to 3.0.3.']);
  assert.deepEqual(openssl.packages.map((p) => [p.name, p.installed_version, p.fixed_version]), [['libssl3', '3.0.1', '3.0.3'], ['openssl', '3.0.1', '3.0.3']]);
  assert.equal(openssl.command, `${APT} libssl3=3.0.3 openssl=3.0.3`);
  assert.deepEqual(plan.commands, [{ type: 'deb', distro: 'debian:12', packages: 3, command: `${APT} libssl3=3.0.3 openssl=3.0.3 bash=5.3` }]);
  assert.match(plan.steps[2].text, /No fixed version/);
  assert.deepEqual([plan.score_increase, openssl.score_increase], [0, 0], 'other images keep the registry unhealthy');
});

test('a plan of a repository, an image, a subscription, and of findings that filters leave', async () => {
  const of = async (target) => { const p = await ask(target); return [p.findings, p.images, p.steps.map(step)]; };
  const openssl = ['upgrade', 'openssl', '3.0.3', 2, 1, 0];
  const web_ = [3, 1, [openssl, ['no_fix', 'openssl', undefined, 1, 1, 0]]];
  assert.deepEqual(await of('/api/v1/remediation?registry=local&repository=team/web'), web_);
  assert.deepEqual(await of(`${at('team/web', web)}/remediation`), web_);
  assert.deepEqual(await of('/api/v1/remediation?severity=low'), [2, 2, [['upgrade', 'bash', '5.3', 2, 2, 1]]]);
  assert.equal((await of('/api/v1/remediation?subscription=default'))[0], 9);
  assert.deepEqual(await of(`${at('shell', shell)}/remediation`), [1, 1, [['upgrade', 'bash', '5.3', 1, 1, 1]]]);
  const first = await ask('/api/v1/remediation?limit=1');
  assert.deepEqual([first.steps.length, first.step_count], [1, 4]);
  for (const query of ['registry=none', 'subscription=none', 'repository=none'])
    assert.equal((await server.fetch(`/api/v1/remediation?${query}`)).status, 404, query);
});

test('who sees one repository gets its plan, without the score of a registry that he does not see', async () => {
  const headers = await person('web', 'Security Reader', '/registries/local/repositories/team/web');
  const plan = await server.json('/api/v1/remediation', { headers });
  assert.deepEqual([plan.findings, plan.images, plan.score_increase], [3, 1, undefined]);
  assert.equal((await server.fetch('/api/v1/remediation?repository=shell', { headers })).status, 404);
});

test('what the last unhealthy image needs says what it adds to the score; the command prints the plan', async () => {
  const printed = plimsoll(['remediation', '--server', server.url, '-u', 'admin', '-p', server.password, '--severity', 'critical,low']).stdout;
  assert.match(printed, /^4 findings in 3 images: upgrades clear 4, 0 have a fix elsewhere, 0 have none\n/);
  assert.match(printed, /1\. Upgrade openssl to 3\.0\.3\.\n {3}clears 2 findings \(2 critical, 0 high, 0 medium\) in 2 images\n {3}apt-get/);
  for (const [repository, layout] of [['team/app', app], ['team/web', web]])
    assert.equal((await server.fetch(`/v2/${repository}/manifests/${layout.digest}`, { method: 'DELETE' })).status, 202);
  const plan = await ask('/api/v1/remediation');
  assert.deepEqual([plan.images_cleared, plan.score_increase, plan.steps[0].score_increase], [1, 6, 6]);
  await push('team/app', app);
  await push('team/web', web);
});

const counted = (by) => Object.values(by).reduce((a, b) => a + b, 0);
test('two images side by side, from the server and from their layouts', async () => {
  const next = image(...ssl('3.0.2'), bash, { name: 'vim', version: '9' });
  await push('team/app', next, 'next');
  const c = await ask(`${at('team/app', next)}/compare?from=latest`);
  assert.deepEqual([c.from.digest, c.from.tags, c.to.digest, c.to.state, c.whole], [app.digest, ['latest'], next.digest, 'Unhealthy', true]);
  assert.deepEqual(c.findings.map((f) => [f.change, f.advisory, f.from_version, f.to_version]), [
    ['fixed', 'CVE-2026-1', '3.0.1', undefined], ['fixed', 'CVE-2026-5', '1.2', undefined],
    ['unchanged', 'CVE-2026-2', '3.0.1', '3.0.2'], ['unchanged', 'CVE-2026-3', '3.0.1', '3.0.2'], ['unchanged', 'CVE-2026-4', '5.2', '5.2']]);
  assert.deepEqual([counted(c.added), counted(c.fixed), counted(c.unchanged), c.fixed.High], [0, 2, 3, 2]);
  const packages = [['changed', 'libssl3', '3.0.1', '3.0.2'], ['changed', 'openssl', '3.0.1', '3.0.2'], ['added', 'vim', undefined, '9'], ['removed', 'zlib1g', '1.2', undefined]];
  const row = (p) => [p.change, p.name, p.from_version, p.to_version];
  assert.deepEqual(c.packages.map(row), packages);
  assert.deepEqual([c.packages_added, c.packages_removed, c.packages_changed, c.packages_unchanged], [1, 1, 2, 1]);
  const back = await ask(`${at('team/app', app)}/compare?from=${next.digest}&limit=1`);
  assert.deepEqual([back.findings.length, counted(back.added), counted(back.fixed)], [1, 2, 0]);
  const other = await ask(`${at('team/app', next)}/compare?from=latest&from_repository=shell&from_registry=local`);
  assert.deepEqual([counted(other.added), counted(other.unchanged)], [2, 1]);
  for (const [query, status] of [['', 400], ['?from=none', 404], ['?from=latest&from_repository=none', 404], ['?from=latest&from_registry=none', 404], ['?from=%20', 400]])
    assert.equal((await server.fetch(`${at('team/app', next)}/compare${query}`)).status, status, query);
  const args = ['--vdb', vdb, app.dir, next.dir];
  const local = JSON.parse(plimsoll(['compare', '--json', '--all', ...args]).stdout);
  assert.deepEqual(local.findings.map((f) => [f.change, f.id]), c.findings.map((f) => [f.change, f.id]), 'the same without a server');
  assert.deepEqual(local.packages.map(row), packages);
  const text = plimsoll(['compare', ...args]).stdout;
  assert.match(text, /^findings: 0 added, 2 fixed \(2 High\), 3 unchanged \(1 Critical, 1 Medium, 1 Low\)\n- High +CVE-2026-1  openssl 3\.0\.1 -> 3\.0\.2\n/);
  assert.match(text, /packages: 1 added, 1 removed, 2 changed, 1 unchanged\n~ libssl3 3\.0\.1 -> 3\.0\.2\n[^]*\+ vim 9\n- zlib1g 1\.2\n$/);
  assert.equal((await server.fetch(`/v2/team/app/manifests/${next.digest}`, { method: 'DELETE' })).status, 202);
});

test('who does not see the other image cannot compare with it', async () => {
  const headers = await person('app', 'Security Reader', '/registries/local/repositories/team/app');
  assert.equal((await server.fetch(`${at('team/app', app)}/compare?from=latest`, { headers })).status, 200);
  assert.equal((await server.fetch(`${at('team/app', app)}/compare?from=latest&from_repository=shell`, { headers })).status, 404);
});

const system = (ssl_, ...more) => [debianRelease(), dpkgStatus([...ssl(ssl_), bash, ...more])];
const above = { path: 'app/main', content: 'x' };
test('a base image is found by its layers, its findings are marked, and a newer one is a step of the plan', async () => {
  const base = makeLayout([system('3.0.1')], { tag: '12' });
  const built = makeLayout([system('3.0.1'), [above]]);
  const child = makeLayout([system('3.0.1'), [above], [system('3.0.1', zlib)[1]]]); // zlib comes in above
  await push('base/debian', base, '12');
  await push('built', built);
  await push('child', child);
  const found = async (repository, layout) => {
    const { base: b } = await ask(at(repository, layout));
    return b && [b.how, b.layers, b.repository, b.digest, b.tags];
  };
  assert.equal(await found('base/debian', base), undefined, 'nothing is below it');
  assert.deepEqual(await found('built', built), ['exact', 1, 'base/debian', base.digest, ['12']]);
  assert.deepEqual(await found('child', child), ['exact', 2, 'built', built.digest, ['latest']], 'the one with the most layers');
  assert.equal((await ask(at('built', built))).runs_as, 'root', 'a config that states no user');
  assert.equal((await ask('/api/v1/registries/local/repositories/built/images')).items[0].base, undefined, 'not in lists');
  const origins = async (repository, layout) => Object.fromEntries((await ask(`${at(repository, layout)}/findings`)).items.map((f) => [f.advisory, [f.origin, ...new Set(f.matches.map((m) => m.origin))].join()]));
  assert.deepEqual(await origins('child', child), { 'CVE-2026-1': 'base,base', 'CVE-2026-2': 'base,base', 'CVE-2026-3': 'base,base', 'CVE-2026-4': 'base,base', 'CVE-2026-5': 'image,image' });
  assert.deepEqual([...new Set(Object.values(await origins('base/debian', base)))], [','], 'neither, where no base is known');
  const one = (await ask(`${at('built', built)}/findings`)).items[0];
  assert.equal((await ask(`${at('built', built)}/findings/${one.id}`)).origin, 'base');

  const rebase = async (repository, layout) => (await ask(`${at(repository, layout)}/remediation`)).steps.filter((s) => s.kind === 'rebase').map((s) => [s.package, s.findings, s.images_cleared, s.base.from_digest, s.base.digest, s.base.tags]);
  assert.deepEqual(await rebase('built', built), [], 'no newer one is here');
  const newer = makeLayout([system('3.0.3')], { tag: '12' });
  await push('base/debian', newer, '12');
  // CVE-2026-1 and -2 are fixed by it; -3 has no fix, -4 is in bash, which is the same.
  assert.deepEqual(await rebase('built', built), [['base/debian', 2, 0, base.digest, newer.digest, ['12']]]);
  assert.deepEqual(await rebase('child', child), [], 'what it was built on has no newer image');
  const untagged = makeLayout([[debianRelease(), dpkgStatus([bash])]]);
  await push('base/debian', untagged, untagged.digest);
  assert.equal((await rebase('built', built))[0][4], newer.digest, 'one without a tag is not proposed');

  const headers = await person('built', 'Security Reader', '/registries/local/repositories/built');
  assert.equal((await server.json(at('built', built), { headers })).base, undefined, 'whoever does not see the base is not shown it');
  for (const [repository, layout] of [['base/debian', base], ['base/debian', newer], ['base/debian', untagged], ['child', child]])
    assert.equal((await server.fetch(`/v2/${repository}/manifests/${layout.digest}`, { method: 'DELETE' })).status, 202);
  assert.equal(await found('built', built), undefined, 'a base that is deleted is none');
});

test('how scanning is, over what the caller sees', async () => {
  const all = await ask('/api/v1/scans:summary');
  assert.deepEqual([all.queued, all.running, all.retrying, all.exact, all.pending_images, all.oldest_queued_at], [0, 0, 0, true, 0, undefined]);
  const { items } = await ask('/api/v1/registries');
  assert.equal(all.images, items.reduce((n, r) => n + r.images, 0));
  const headers = await person('one', 'Security Reader', '/registries/local/repositories/shell');
  assert.equal((await server.json('/api/v1/scans:summary', { headers })).images, 1);
});

test('every reply fits the document', async () => {
  await recorded.settled();
  const { failures } = await check(await ask('/api/v1/openapi.json'), recorded.exchanges);
  assert.deepEqual(failures, []);
});
