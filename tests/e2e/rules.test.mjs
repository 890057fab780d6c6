// Disable rules: what one disables counts nowhere, at once, and comes back; the described system's four scenarios; expiry, conditions, tags, roles, kill -9.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout, sleep, tempDir, until } from './lib.mjs';
import { check, record } from './openapi.mjs';

const KEY = 'dbd0cb49-b563-45e7-9724-889e799fa648';
const NONE = { Critical: 0, High: 0, Medium: 0, Low: 0, Negligible: 0, Unknown: 0 };
// By name of the package: severity, CVSS 3 and whether there is a fix.
const facts = {
  sudo: { severity: 'HIGH', cvss: 'CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H', fixed: '2' }, // 7.8
  worst: { severity: 'CRITICAL', cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', fixed: '2' }, // 9.8
  middle: { severity: 'MEDIUM', cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N' }, // 5.3
  minor: { severity: 'LOW', cvss: 'CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:L/I:N/A:N' }, // 2.5
};
const names = Object.keys(facts), word = (name) => facts[name].severity[0] + facts[name].severity.slice(1).toLowerCase();
const cve = (name) => `CVE-2026-100${names.indexOf(name)}`;
const vdbOf = (of) => makeVdb(names.map((name) => osvRecord(cve(name), [{ ecosystem: 'Debian:12', name, fixed: of[name].fixed }], of[name])));
const image = makeLayout([[debianRelease(), dpkgStatus(names.map((name) => ({ name, version: '1' })))]]);
const repository = '/api/v1/registries/local/repositories/app', at = `${repository}/images/${image.digest}`;
let server, recorded;

const ask = (...request) => server.ask(...request);
const rule = (body, status = 201) => ask('POST', '/api/v1/rules', { name: 'a rule', scope: '/registries/local', ...body }, status);
const remove = (x) => ask('DELETE', `/api/v1/rules/${x.id}`, undefined, 204);
const packages = (findings) => findings.map((f) => f.package).sort();
const sums = (shown) => shown.reduce((s, name) => ({ ...s, [word(name)]: s[word(name)] + 1 }), NONE);

/** Every place that counts or lists findings says that these packages have one, and no other. */
async function suppressedEverywhere(shown, what) {
  const hidden = names.filter((name) => !shown.includes(name)).sort(), state = shown.length ? 'Unhealthy' : 'Healthy', counts = sums(shown);
  const says = (x, more) => assert.deepEqual([x.findings, x.disabled], [counts, hidden.length], `${what}: ${more}`);
  shown = [...shown].sort();
  assert.deepEqual(packages(await server.all(`${at}/findings`)), shown, what);
  assert.deepEqual(packages(await server.all('/api/v1/findings')), shown, what);
  const list = await server.json('/api/v1/findings?limit=1');
  assert.deepEqual([list.total, list.total_exact], [shown.length, true], what);
  assert.deepEqual(packages(await server.all(`${at}/findings?state=disabled`)), hidden, what);
  assert.deepEqual(packages(await server.all('/api/v1/findings?state=all')), [...names].sort(), what);
  const i = await server.json(at);
  says(i, 'image');
  assert.equal(i.state, state, what);
  const r = (await server.json('/api/v1/registries/local/repositories')).items[0];
  says(r, 'repository');
  assert.deepEqual([r.healthy, r.unhealthy], shown.length ? [0, 1] : [1, 0], what);
  const g = await server.json('/api/v1/registries/local');
  says(g, 'registry');
  assert.equal(g.state, state, what);
  const [all] = (await server.json('/api/v1/recommendations')).items;
  says(all, 'recommendation');
  assert.equal(all.state, state, what);
  const [resource] = (await server.json(`/api/v1/recommendations/${KEY}/registries`)).items;
  says(resource, 'assessed registry');
  assert.equal((await server.json('/api/v1/secure-score')).all.percentage, shown.length ? 0 : 100, what);
  assert.deepEqual((await server.all('/api/v1/checks')).map((x) => x.package).sort(), shown, what);
  const report = await server.json(`${at}/report?format=trivy`);
  assert.deepEqual((report.Results ?? []).flatMap((x) => x.Vulnerabilities ?? []).map((v) => v.PkgName).sort(), shown, what);
  const env = { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password };
  const gate = plimsoll(['push-status', 'app:latest', '--format', 'json', '--fail-on', 'critical,high,medium,low'], { env, check: false });
  assert.deepEqual([gate.status, packages(JSON.parse(gate.stdout).findings)], [shown.length ? 2 : 0, shown], `${what}: ${gate.stderr}`);
}
const within = (what) => until(what, what);
const person = async (name, role, scope) => (await server.person(name, [[role, scope]])).headers;

before(async () => {
  server = await new Server({ args: ['--vdb', vdbOf(facts)] }).start();
  recorded = record(server);
  await pushLayout(server, 'app', image);
  await server.scanned('app', image.digest);
});
after(() => server?.stop());

test('without a rule everything is there', () => suppressedEverywhere(names, 'no rule'));

test('the four scenarios: suppressed everywhere, and back', async () => {
  for (const [what, criteria, shown] of [
    ['severity below medium', { severity_below: 'Medium' }, ['sudo', 'worst', 'middle']],
    ['not patchable', { patchable: false }, ['sudo', 'worst']],
    ['CVSS below 6.5', { cvss_lt: 6.5 }, ['sudo', 'worst']],
    ['text', { text: ['SUDO'] }, ['worst', 'middle', 'minor']],
  ]) {
    const preview = await ask('POST', '/api/v1/rules/preview', { scope: '/subscriptions/default', criteria });
    assert.deepEqual([preview.findings, preview.new_findings, preview.images, preview.exact], [4 - shown.length, 4 - shown.length, 1, true], what);
    assert.deepEqual(preview.by_severity, sums(names.filter((n) => !shown.includes(n))), what);
    await suppressedEverywhere(names, `${what}: a preview changes nothing`);
    const made = await rule({ criteria, scope: '/subscriptions/default', justification: what });
    assert.deepEqual([made.state, made.in_effect, made.findings, made.images, made.scope.path, made.author], ['active', true, 4 - shown.length, 1, '/subscriptions/default', 'admin'], what);
    await suppressedEverywhere(shown, what);
    for (const f of await server.all(`${at}/findings?state=disabled`))
      assert.deepEqual([f.state, f.disabled_by], ['disabled', { rule: made.id, name: 'a rule', scope: '/subscriptions/default', justification: what }]);
    await remove(made);
    await suppressedEverywhere(names, `${what}: deleted`);
  }
});

test('any and all; a rule that observes; a change; two rules', async () => {
  const made = await rule({ match: 'all', criteria: { severity: ['Low', 'High'], package: ['sudo'] } });
  await suppressedEverywhere(['worst', 'middle', 'minor'], 'all');
  const body = { name: 'b', criteria: { severity: ['Low'], package: ['sudo'] } };
  assert.equal((await ask('PUT', `/api/v1/rules/${made.id}`, body)).match, 'any');
  await suppressedEverywhere(['worst', 'middle'], 'any');
  const other = await rule({ scope: '/registries/local/repositories/app', criteria: { cve: [cve('sudo').toLowerCase()] } });
  const f = (await server.all(`${at}/findings?state=disabled`)).find((x) => x.package === 'sudo');
  assert.equal(f.disabled_by.rule, other.id, 'the nearest scope');
  assert.equal((await ask('POST', '/api/v1/rules/preview', { scope: '/registries/local', criteria: { severity_below: 'Critical' } })).new_findings, 1);
  assert.equal((await ask('PUT', `/api/v1/rules/${made.id}`, { ...body, effect: 'observe' })).findings, 2, 'it would');
  await suppressedEverywhere(['worst', 'middle', 'minor'], 'observed');
  await remove(made);
  await remove(other);
  await suppressedEverywhere(names, 'deleted');
});

test('an image without active findings is Healthy only by assessment; a scan counts with the rules, and says so', async () => {
  const made = await rule({ scope: '/', criteria: { severity_below: 'Critical', cve: [cve('worst')] } });
  await suppressedEverywhere([], 'all disabled');
  const newest = (await server.json(`${at}/scans`)).items[0].id;
  await ask('POST', '/api/v1/scans', { repository: 'app', digest: image.digest }, 202);
  await server.scanned('app', image.digest);
  assert.notEqual((await server.json(`${at}/scans`)).items[0].id, newest);
  await suppressedEverywhere([], 'scanned again');
  const alien = makeLayout([[{ path: 'etc/os-release', content: 'ID=nobody-knows\n' }, dpkgStatus([{ name: 'sudo', version: '1' }])]], { tag: 'alien' });
  await pushLayout(server, 'aside', alien);
  assert.equal((await server.scanned('aside', alien.digest)).state, 'Unverified');
  await ask('DELETE', `/v2/aside/manifests/${alien.digest}`, undefined, 202);
  await remove(made);
  await suppressedEverywhere(names, 'deleted');
});

test('a rule expires by the clock', async () => {
  const made = await rule({ criteria: { severity_below: 'Medium' }, expires_at: new Date(clock.now() + 3600e3).toISOString() });
  await suppressedEverywhere(['sudo', 'worst', 'middle'], 'before');
  clock.advance(3601e3);
  await within(async () => (await server.json(at)).findings.Low === 1);
  await suppressedEverywhere(names, 'expired');
  const x = await ask('GET', `/api/v1/rules/${made.id}`);
  assert.deepEqual([x.state, x.findings], ['expired', 0]);
  assert.deepEqual((await ask('GET', '/api/v1/rules?state=active')).items, []);
  assert.deepEqual((await ask('GET', '/api/v1/rules?state=expired')).items.map((y) => y.id), [made.id]);
  await remove(made);
});

test('a tag that moves takes a rule along', async () => {
  const made = await rule({ match: 'all', criteria: { tag: ['nightly-*'], severity_below: 'Critical' } });
  await suppressedEverywhere(names, 'another tag');
  await pushLayout(server, 'app', image, 'nightly-1');
  await within(async () => (await server.json(at)).disabled === 3);
  await suppressedEverywhere(['worst'], 'tagged');
  await ask('DELETE', '/v2/app/manifests/nightly-1', undefined, 202);
  await within(async () => (await server.json(at)).disabled === 0);
  await suppressedEverywhere(names, 'the tag is gone');
  await remove(made);
});

test('a finding comes back when a condition is met, in the moment that the new fact is seen', async () => {
  const made = await rule({ criteria: { package: ['minor', 'middle'] }, ends_when: { fix_available: true, severity_gte: 'Critical' } });
  await suppressedEverywhere(['sudo', 'worst'], 'before');
  await server.stop();
  server.options.args = ['--vdb', vdbOf({ ...facts, minor: { ...facts.minor, fixed: '2' } })];
  await server.start();
  await within(async () => (await server.json(at)).findings.Low === 1);
  await suppressedEverywhere(['sudo', 'worst', 'minor'], 'a fix');
  let x = await ask('GET', `/api/v1/rules/${made.id}`);
  assert.deepEqual([x.state, x.findings, x.released], ['active', 1, 1]);
  await ask('PUT', `/api/v1/rules/${made.id}`, { name: 'b', criteria: { package: ['minor'] }, ends_when: { fix_available: true } });
  x = await ask('GET', `/api/v1/rules/${made.id}`);
  assert.deepEqual([x.state, x.findings, x.released], ['ended', 0, 1]);
  await remove(x);
  await server.stop();
  server.options.args = ['--vdb', vdbOf(facts)];
  await server.start();
  await within(async () => (await server.json(at)).findings.Low === 1);
});

test('killed in a change: what was acknowledged holds after the next start, and nothing is half', async () => {
  for (let round = 0; round < 4; round++) {
    const made = await rule({ criteria: { severity_below: 'Medium' } });
    const late = ask('PUT', `/api/v1/rules/${made.id}`, { name: 'c', criteria: { severity_below: 'High' } }).then(() => true, () => false);
    await sleep(round * 3);
    await server.kill();
    const acknowledged = await late;
    await server.start();
    await within(async () => (await ask('GET', `/api/v1/rules/${made.id}`)).in_effect);
    const now = await ask('GET', `/api/v1/rules/${made.id}`);
    assert.ok(!acknowledged || now.name === 'c');
    await suppressedEverywhere(now.name === 'c' ? ['sudo', 'worst'] : ['sudo', 'worst', 'middle'], `round ${round}`);
    await remove(now);
  }
  await suppressedEverywhere(names, 'deleted');
});

test('who may: Owner, Security Admin and Resource Policy Contributor, where they have the role', async () => {
  await ask('POST', '/api/v1/subscriptions', { name: 'edge' }, 201);
  const body = { name: 'x', scope: '/registries/local', criteria: { severity_below: 'Low' } };
  for (const role of ['Reader', 'Contributor', 'Security Reader'])
    await ask('POST', '/api/v1/rules', body, 403, await person(role.replace(' ', '').toLowerCase(), role, '/'));
  const aside = await person('aside', 'Security Admin', '/subscriptions/edge');
  await ask('POST', '/api/v1/rules', body, 403, aside);
  for (const role of ['Security Admin', 'Resource Policy Contributor']) {
    const who = await person(`ok${role.length}`, role, '/registries/local');
    const made = await ask('POST', '/api/v1/rules', body, 201, who);
    await ask('GET', `/api/v1/rules/${made.id}`, undefined, 404, aside);
    assert.deepEqual((await ask('GET', '/api/v1/rules', undefined, 200, aside)).items, []);
    await ask('DELETE', `/api/v1/rules/${made.id}`, undefined, 404, aside);
    await ask('DELETE', `/api/v1/rules/${made.id}`, undefined, 204, who);
  }
  const root = await rule({ scope: '/', criteria: { severity_below: 'Low' } });
  const reader = await person('narrow', 'Security Reader', '/registries/local');
  const [seen] = (await ask('GET', '/api/v1/rules?scope=/registries/local&inherited=true', undefined, 200, reader)).items;
  assert.deepEqual([seen.id, seen.findings], [root.id, undefined], 'it holds here; what it disables elsewhere is not for everyone');
  assert.deepEqual((await ask('GET', '/api/v1/rules?scope=/registries/local', undefined, 200, reader)).items, []);
  await remove(root);
  for (const [wrong, what] of [[{ criteria: {} }, /at least one criterion/], [{ criteria: { severity_below: 'Medium' }, scope: '/registries/none' }, /no scope/],
    [{ criteria: { cve: 'x' } }, /cve: a list is needed/], [{ criteria: { unknown: 1 } }, /no field "unknown"/], [{}, /criteria is needed/]])
    assert.match((await rule(wrong, 400)).detail, what);
});

test('who may change rules and not read findings learns no figures, and of scopes of others not even that they are there', async () => {
  await ask('POST', '/api/v1/roles', { name: 'Rules only', actions: ['Microsoft.Authorization/policyAssignments/write'] }, 201);
  const blind = await person('blind', 'Rules only', '/registries/local');
  const body = { scope: '/registries/local', criteria: { severity_below: 'Critical' } };
  assert.match((await ask('POST', '/api/v1/rules/preview', body, 403, blind)).detail, /Microsoft\.Security.*\/registries\/local/);
  const made = await ask('POST', '/api/v1/rules', { name: 'x', ...body }, 201, blind);
  assert.deepEqual([made.findings, made.images, made.released], [undefined, undefined, undefined]);
  assert.ok((await ask('GET', `/api/v1/rules/${made.id}`)).findings > 0, 'the owner sees them');
  assert.equal((await ask('PUT', `/api/v1/rules/${made.id}`, { name: 'y', criteria: body.criteria }, 200, blind)).findings, undefined);
  await ask('DELETE', `/api/v1/rules/${made.id}`, undefined, 204, blind);
  const narrow = await person('onlyteam', 'Security Admin', '/registries/local/repositories/team');
  for (const path of ['/api/v1/rules', '/api/v1/rules/preview', '/api/v1/exemptions']) {
    const said = [];
    for (const scope of ['/registries/local', '/registries/local/repositories/app', '/registries/local/repositories/nothing', '/registries/nothing', '/subscriptions/nothing', '/'])
      said.push((await ask('POST', path, path.endsWith('exemptions') ? { name: 'x', scope, category: 'Waiver' } : { name: 'x', scope, criteria: body.criteria }, 403, narrow)).detail.replace(/ at \S*$/, ''));
    assert.equal(new Set(said).size, 1, `${path}: ${said.join('; ')}`);
  }
  // An export holds what its reader sees, and names no image of others.
  const here = await rule({ name: 'of app', scope: '/registries/local/repositories/app', criteria: { cve: [cve('sudo')] }, justification: 'ours' });
  const exported = async (who, query) => { const r = await server.fetch(`/api/v1/rules/export?${query}`, { headers: who }); return [r.status, await r.json()]; };
  assert.deepEqual((await exported(narrow, 'format=json'))[1], { rules: [] });
  assert.deepEqual((await exported(narrow, 'format=openvex'))[1].statements, []);
  assert.equal((await exported(narrow, 'format=openvex&scope=/registries/local'))[0], 403);
  assert.equal((await exported(undefined, 'format=openvex'))[1].statements.length, 1);
  await remove(here);
});

test('files of other tools become rules, which never say more than the file', async () => {
  const load = async (query, body, status = 200) => {
    const r = await server.fetch(`/api/v1/rules/import?${query}`, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
    const text = await r.text();
    assert.equal(r.status, status, text);
    return JSON.parse(text);
  };
  const file = `# ours\n${cve('sudo')}\n${cve('minor')} # by design\n`;
  const dry = await load('format=trivyignore&scope=/registries/local&dry_run=true', file);
  assert.deepEqual([dry.rules, dry.created, dry.vulnerabilities, dry.left_out], [2, [], 2, 0]);
  await suppressedEverywhere(names, 'a dry run');
  const made = await load('format=trivyignore&scope=/registries/local', file);
  assert.equal(made.created.length, 2);
  await suppressedEverywhere(['worst', 'middle'], 'imported');
  assert.equal((await ask('GET', `/api/v1/rules/${made.created[1]}`)).justification, 'by design');
  for (const id of made.created) await remove({ id });
  const narrow = await load('format=grype&scope=/', `ignore:\n  - vulnerability: ${cve('sudo')}\n    package:\n      version: "1"\n`);
  assert.deepEqual([narrow.rules, narrow.left_out], [0, 1]);
  assert.match(narrow.notes[0], /version/);
  assert.match((await load('format=harbor&scope=/', '{}', 400)).detail, /items/);
  // What the content says.
  for (const [format, body] of [['trivyignore', file], ['trivyignore-yaml', `vulnerabilities:\n  - id: ${cve('sudo')}\n`], ['grype', `ignore:\n  - vulnerability: ${cve('sudo')}\n`], ['harbor', `{"items": [{"cve_id": "${cve('sudo')}"}]}`],
    ['json', `{"rules": [{"name": "a", "criteria": {"cve": ["${cve('sudo')}"]}}]}`]]) {
    const guessed = await load('scope=/&dry_run=true', body);
    assert.deepEqual([guessed.format, guessed.rules > 0, guessed.left_out], [format, true, 0], format);
  }
  assert.match((await load('format=grype', 'ignore: []', 400)).detail, /scope: is needed/);
  assert.match((await load('format=json', '{"rules": [{"name": "a", "criteria": {"cve": ["CVE-1"]}}]}', 400)).detail, /rule 1 of the file has none/);
  assert.match((await load('format=json&scope=/', '{"rules": [{"name": "a", "criteria": {"cve": ["CVE-1"]}, "unheard": 1}]}', 400)).detail, /rule 1: .*unheard/);
  await suppressedEverywhere(names, 'nothing is left');
});

test('rules as a file, and back: what they said, where they held', async () => {
  const made = [
    await rule({ name: 'one', match: 'all', criteria: { cve: [cve('sudo')], severity: ['High'], epss_lt: 0.125 }, justification: 'why', ticket: 'T-1', expires_at: '2099-01-31T00:00:00Z' }),
    await rule({ name: 'two', scope: '/subscriptions/default', effect: 'observe', criteria: { severity_below: 'Medium', text: ['x'] }, ends_when: { kev: true, epss_gte: 0.5 } }),
    await rule({ name: 'three', scope: '/registries/local/repositories/app', criteria: { tag: ['late*'], cvss_lt: 6.5 } }),
  ];
  const said = (r) => ({ scope: r.scope.path, ...Object.fromEntries(['name', 'effect', 'match', 'criteria', 'ends_when', 'justification', 'ticket', 'expires_at'].map((k) => [k, r[k]])) });
  const file = await (await server.fetch('/api/v1/rules/export?format=json')).text();
  assert.deepEqual(JSON.parse(file).rules.map((r) => [r.name, r.scope]), [['one', '/registries/local'], ['two', '/subscriptions/default'], ['three', '/registries/local/repositories/app']]);
  // At the scope, above and below it.
  const names = async (scope) => (await server.json(`/api/v1/rules/export?format=json&scope=${scope}`)).rules.map((r) => r.name).sort();
  assert.deepEqual(await names('/registries/local/repositories/app'), ['one', 'three', 'two']);
  assert.deepEqual(await names('/subscriptions/default'), ['one', 'three', 'two']);
  assert.deepEqual(await names('/'), ['one', 'three', 'two']);
  for (const r of made) await remove(r);
  const r = await server.fetch('/api/v1/rules/import', { method: 'POST', body: file, headers: { 'content-type': 'application/json' } });
  const back = await r.json();
  assert.deepEqual([r.status, back.format, back.created.length], [200, 'json', 3], JSON.stringify(back));
  for (const [i, id] of back.created.entries()) {
    const now = await ask('GET', `/api/v1/rules/${id}`);
    assert.deepEqual(said(now), said(made[i]));
    await remove(now);
  }
});

test('as an OpenVEX document, which read back takes out the same', async () => {
  const made = [
    await rule({ name: 'named', criteria: { cve: [cve('sudo')] }, justification: 'vulnerable_code_not_in_execute_path', ticket: 'T-7' }),
    await rule({ name: 'here', scope: '/registries/local/repositories/app', match: 'all', criteria: { cve: [cve('minor'), cve('worst')], package: ['minor'] }, justification: 'set-uid is removed' }),
    await rule({ name: 'broad', criteria: { severity: ['Medium'] } }),
    await rule({ name: 'ends', criteria: { cve: [cve('worst')] }, ends_when: { fix_available: true } }),
    await rule({ name: 'looks', effect: 'observe', criteria: { cve: [cve('worst')] } }),
    await rule({ name: 'either', criteria: { cve: [cve('worst')], text: ['nothing like it'] } }),
  ];
  const document = await server.json('/api/v1/rules/export?format=openvex');
  assert.deepEqual([document['@context'], document.author, document.version, document.statements.length], ['https://openvex.dev/ns/v0.2.0', 'admin', 1, 2]);
  const [first, second] = document.statements, product = { '@id': `pkg:oci/app@${image.digest}`, hashes: { 'sha-256': image.digest.slice(7) } };
  assert.deepEqual([first.vulnerability, first.status, first.justification, first.impact_statement], [{ name: cve('sudo') }, 'not_affected', 'vulnerable_code_not_in_execute_path', undefined]);
  assert.deepEqual(first.products.map(({ subcomponents, ...rest }) => rest), [product]);
  assert.match(first.products[0].subcomponents[0]['@id'], /^pkg:deb\/debian\/sudo@1\?/);
  assert.match(first.status_notes, /"named" at \/registries\/local, by admin, T-7$/);
  assert.deepEqual([second.vulnerability.name, second.impact_statement], [cve('minor'), 'set-uid is removed']);
  for (const [name, why] of [['broad', 'names no vulnerability'], ['ends', 'it ends'], ['looks', 'only counts'], ['either', 'match is any']])
    assert.match(document.tooling, new RegExp(`left out: rule \\d+ "${name}" at /registries/local: [^;]*${why}`));
  // Read back, for the image by its reference and as a file.
  const env = { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password };
  const file = path.join(tempDir('vex'), 'decided.json');
  const out = plimsoll(['rule', 'export', '-o', file, '--scope', '/registries/local'], { env });
  assert.equal(out.stderr.split('\n').filter((l) => /^plimsoll rule export: left out: rule/.test(l)).length, 4, out.stderr);
  for (const r of made.slice(2)) await remove(r);
  const disabled = packages(await server.all(`${at}/findings?state=disabled`));
  assert.deepEqual(disabled, ['minor', 'sudo']);
  for (const what of [`${server.host}/app:latest`, image.dir]) {
    const report = JSON.parse(plimsoll(['scan', what, '--vdb', vdbOf(facts), '--vex', file, '--format', 'json', ...(what === image.dir ? [] : ['--insecure', '-u', 'admin', '-p', server.password])], { env }).stdout);
    assert.deepEqual(packages(report.findings), ['middle', 'worst'], what);
    assert.deepEqual([...new Set(report.suppressed.map((x) => x.package ?? x.name))].sort(), disabled, `${what}: ${JSON.stringify(report.suppressed)}`);
  }
  for (const r of made.slice(0, 2)) await remove(r);
  assert.equal((await server.json('/api/v1/rules/export?format=openvex')).statements.length, 0);
  assert.equal((await ask('GET', '/api/v1/rules/export?format=pdf', undefined, 400)).status, 400);
});

test('the command line; the audit', async () => {
  const env = { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password };
  const ok = (...args) => plimsoll(args, { env }).stdout;
  assert.match(ok('rule', 'preview', '/registries/local', '--severity-below', 'medium'), /^findings: 1$/m);
  ok('rule', 'create', '/registries/local', 'by hand', '--cve', `${cve('sudo')},${cve('minor')}`, '--until-kev', '--justification', 'why not');
  const [, number] = ok('rule', 'list').match(/^(\d+) +\/registries\/local +by hand +disable +active +2 +1 +admin/m);
  assert.match(ok('rule', 'show', number), /^justification: why not$/m);
  await suppressedEverywhere(['worst', 'middle'], 'by hand');
  assert.match(ok('push-status', 'app:latest'), /^2 findings disabled by rules of the server\.$/m);
  // A change: what is not named stays.
  const now = () => ask('GET', `/api/v1/rules/${number}`), first = await now();
  ok('rule', 'change', number, '--expires', '2099-01-01T00:00:00Z', '--ticket', 'T-2', '--name', 'changed');
  let is = await now();
  assert.deepEqual([is.name, is.criteria, is.ends_when, is.justification, is.ticket, is.expires_at], ['changed', first.criteria, first.ends_when, 'why not', 'T-2', '2099-01-01T00:00:00.000Z']);
  ok('rule', 'change', number, '--cve', cve('sudo'), '--drop', 'until-kev,expires,ticket', '--severity-below', 'medium', '--observe', '--match', 'all');
  is = await now();
  assert.deepEqual([is.criteria.cve, is.criteria.severity, is.ends_when, is.expires_at, is.ticket, is.effect, is.match], [[cve('sudo')], ['Low', 'Negligible'].reverse(), undefined, undefined, '', 'observe', 'all']);
  ok('rule', 'change', number, '--severity-below', 'critical', '--drop', 'observe,match', '--name', 'by hand');
  is = await now();
  assert.deepEqual([is.criteria.severity.includes('High'), is.effect, is.match, is.criteria.cve], [true, 'disable', 'any', [cve('sudo')]]);
  assert.match(plimsoll(['rule', 'change', number, '--drop', 'colour'], { env, check: false }).stderr, /--drop: "colour"/);
  const kept = path.join(tempDir('rules'), 'rules.json'), list = path.join(tempDir('rules'), 'list');
  ok('rule', 'export', '--format', 'json', '-o', kept);
  fs.writeFileSync(list, `${cve('minor')}\n`);
  assert.match(ok('rule', 'import', list, '--scope', '/registries/local', '--preview'), /^read as: trivyignore$\n^rules: 1$/m);
  const [, added] = ok('rule', 'import', kept).match(/^created: (\d+)$/m);
  assert.deepEqual((await ask('GET', `/api/v1/rules/${added}`)).criteria, is.criteria);
  ok('rule', 'delete', added);
  ok('rule', 'delete', number);
  assert.match(plimsoll(['rule', 'delete', number], { env, check: false }).stderr, /there is no rule/);
  const log = (await server.all('/api/v1/audit')).filter((x) => x.action.startsWith('rule.') && x.subject.endsWith('by hand'));
  assert.deepEqual([log.at(0).action, log.at(-1).action], ['rule.delete', 'rule.create']);
  assert.match(JSON.stringify(log.at(-1).after), /CVE-2026-1000/);
});

test('what all rules say has a limit; with as much as fits, lists and previews go on, and a file past it leaves nothing', async () => {
  const file = (from) => ({ method: 'POST', headers: { 'content-type': 'text/plain' }, body: Array.from({ length: 60000 }, (_, n) => `CVE-2020-${from + n}`).join('\n') });
  const post = async (from) => { const r = await server.fetch('/api/v1/rules/import?scope=/registries/local', file(from)); return [r.status, await r.json()]; };
  const [status, { created }] = await post(100000);
  assert.deepEqual([status, created.length], [200, 30]);
  const [refused, problem] = await post(200000);
  assert.equal(refused, 413);
  assert.match(problem.detail, /criteria would have more than 2 MiB/);
  assert.equal((await server.all('/api/v1/rules')).length, 30);
  assert.equal((await server.all('/api/v1/checks')).length, names.length);
  assert.equal((await server.all('/api/v1/findings')).length, names.length);
  assert.equal((await ask('POST', '/api/v1/rules/preview', { scope: '/registries/local', criteria: { cve: [cve('sudo')] } })).findings, 1);
  // Policies of their own for some repositories: each has all that the file says. Together they are more than a list could hold, and twenty lists at once.
  for (let k = 0; k < 24; k++) {
    await pushLayout(server, `many${k}`, image);
    await server.scanned(`many${k}`, image.digest);
    created.push((await rule({ match: 'all', criteria: { repository: [`many${k}`], cve: ['CVE-1999-1'] } })).id);
  }
  assert.equal((await server.all('/api/v1/checks')).length, names.length);
  assert.equal((await server.all('/api/v1/findings')).length, 25 * names.length);
  const wide = ['/api/v1/findings?limit=50', '/api/v1/findings?limit=50&patchable=true', '/api/v1/checks?limit=50', '/api/v1/recommendations', `/api/v1/cves/${cve('sudo')}`];
  const answers = await Promise.all(Array.from({ length: 20 }, async (_, n) => (await server.fetch(wide[n % wide.length])).status));
  assert.deepEqual([...new Set(answers)], [200]);
  // One of them says more from the next list on, and then no more.
  const sudo = await rule({ match: 'all', criteria: { repository: ['many3'], cve: [cve('sudo')] } });
  assert.equal((await server.all('/api/v1/findings')).length, 25 * names.length - 1);
  assert.equal((await server.all('/api/v1/findings?state=disabled')).length, 1);
  await remove(sudo);
  assert.equal((await server.all('/api/v1/findings')).length, 25 * names.length);
  for (const id of created) await remove({ id });
});

test('what was answered is what the OpenAPI document says', async () => {
  await recorded.settled();
  assert.deepEqual((await check(await server.json('/api/v1/openapi.json'), recorded.exchanges)).failures, []);
});
