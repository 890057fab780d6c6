// Why and why not: both are asked for every CVE of the database and every image of a small fleet, and must agree with each other and with the list of findings.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout, tempDir } from './lib.mjs';
import { check, record } from './openapi.mjs';

const layout = (release, packages, mark) => makeLayout([[release, dpkgStatus(packages), { path: 'mark', content: mark }]]);
const ssl = (version) => ({ name: 'libssl3', source: 'openssl', version });
const stranger = { path: 'etc/os-release', content: 'ID=stranger\nVERSION_ID="7"\nPRETTY_NAME="Stranger 7"\n' };
const fleet = {
  old: layout(debianRelease(), [ssl('3.0.1'), { name: 'bash', version: '5.2' }], 'old'),
  fixed: layout(debianRelease(), [ssl('3.0.2')], 'fixed'),
  none: layout(debianRelease(), [{ name: 'vim', version: '9' }], 'none'),
  eleven: layout(debianRelease('11', 'bullseye'), [ssl('1.1.1'), { name: 'bash', version: '5.1' }], 'eleven'),
  stranger: layout(stranger, [ssl('3.0.1')], 'stranger'),
};
// Per CVE and image: reported, or the one reason. By hand.
const expected = {
  'CVE-2026-1': { old: 'reported', fixed: 'fixed_installed', none: 'package_absent', eleven: 'no_record_of_release', stranger: 'distribution_not_covered' },
  'CVE-2026-2': { old: 'reported', fixed: 'reported', none: 'package_absent', eleven: 'reported', stranger: 'distribution_not_covered' },
  'CVE-2026-3': { old: 'package_absent', fixed: 'package_absent', none: 'package_absent', eleven: 'package_absent', stranger: 'distribution_not_covered' },
  'CVE-2026-9': { old: 'unknown_id', fixed: 'unknown_id', none: 'unknown_id', eleven: 'unknown_id', stranger: 'unknown_id' },
};
let server, recorded, vdb;
const at = (name) => `/api/v1/registries/local/repositories/fleet/${name}/images/${fleet[name].digest}`;
const ask = (name, what, cve) => server.json(`${at(name)}/${what}?cve=${cve}`);

before(async () => {
  vdb = makeVdb([
    osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2' }], { severity: 'HIGH' }),
    osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'openssl' }, { ecosystem: 'Debian:11', name: 'openssl' }], { severity: 'LOW', cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H' }),
    osvRecord('CVE-2026-3', [{ ecosystem: 'Debian:12', name: 'nginx', fixed: '2' }], { severity: 'LOW' }),
  ]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
  recorded = record(server);
  for (const [name, l] of Object.entries(fleet)) {
    await pushLayout(server, `fleet/${name}`, l);
    await server.scanned(`fleet/${name}`, l.digest);
  }
});
after(() => server?.stop());

test('for every pair both answers are one, and the list of findings says the same', async () => {
  for (const [cve, of] of Object.entries(expected))
    for (const [name, reason] of Object.entries(of)) {
      const why = await ask(name, 'why', cve.toLowerCase()), not = await ask(name, 'why-not', cve);
      const listed = (await server.json(`${at(name)}/findings?cve=${cve}`)).total;
      const what = `${cve} in ${name}`;
      assert.deepEqual([why.reason, why.reported], [reason, reason === 'reported'], what);
      assert.deepEqual([not.reason, not.reported, not.text, not.id.toUpperCase()], [why.reason, why.reported, why.text, why.id.toUpperCase()], what);
      assert.equal(listed > 0, why.reported, what);
      assert.equal(why.packages.some((p) => p.outcome === 'affected'), why.reported, what);
      const local = plimsoll(['why-not', cve, fleet[name].dir, '--vdb', vdb], { check: false }).stdout;
      assert.equal(/ IS reported/.test(local), why.reported, `${what}: the same without a server`);
      assert.equal(/^reason: (\w+): /m.exec(local)?.[1], why.reason, what);
    }
});

test('an answer names the package record, the advisory record and the comparison', async () => {
  const why = await ask('old', 'why', 'CVE-2026-1');
  const [p] = why.packages;
  assert.deepEqual([p.name, p.version, p.source_name, p.path, p.layer, p.layer_created_by], ['libssl3', '3.0.1', 'openssl', 'var/lib/dpkg/status', fleet.old.layers[0].digest, 'step 1']);
  assert.deepEqual([p.advisory, p.feed, p.ecosystem, p.compared, p.scheme, p.fixed_version], ['CVE-2026-1', 'osv', 'Debian:12', '3.0.1', 'dpkg', '3.0.2']);
  assert.match(p.range, /introduced 0, fixed 3\.0\.2/);
  assert.ok(Date.parse(p.fetched_at) && Date.parse(why.database_built_at) && why.database);
  assert.deepEqual([why.findings.length, why.findings[0].severity, why.findings[0].severity_source], [1, 'High', 'vendor']);
  const [scored] = (await ask('old', 'why', 'CVE-2026-2')).findings;
  assert.deepEqual([scored.cvss.base, scored.cvss.source], [7.5, 'osv CVE-2026-2'], 'which record the score is from');
  assert.equal((await server.json(`/api/v1/checks/${scored.id}`)).cvss_source, 'osv CVE-2026-2');
  const not = await ask('fixed', 'why-not', 'CVE-2026-1');
  assert.deepEqual([not.packages[0].outcome, not.packages[0].compared, not.packages[0].fixed_version, not.findings], ['not_affected', '3.0.2', '3.0.2', []]);
});

/** The command asked of the server. Of an id without packages of a name that its records mention only the reason is the same. */
const over = (what, cve, name, to = `fleet/${name}:latest`, more = []) => plimsoll([what, cve, to, ...more, '--server', server.url, '--username', 'admin'], { check: false, env: { PLIMSOLL_PASSWORD: server.password } });

test('why and why-not of a server are what they are without one', () => {
  for (const [cve, of] of Object.entries(expected))
    for (const [name, reason] of Object.entries(of))
      for (const verb of ['why', 'why-not']) {
        const what = `${verb} ${cve} ${name}`;
        const here = plimsoll([verb, cve, fleet[name].dir, '--vdb', vdb]).stdout, there = over(verb, cve.toLowerCase(), name, `fleet/${name}@${fleet[name].digest}`);
        assert.equal(there.status, 0, `${what}: ${there.stderr}`);
        assert.match(there.stdout, new RegExp(`^reason: ${reason}: `, 'm'), what);
        if (/ IS reported| is not reported for /.test(there.stdout)) assert.equal(there.stdout, here, what);
        else assert.deepEqual([there.stdout.split(':')[0].toUpperCase(), there.stdout.split('\n').at(-2)], [cve, here.split('\n').at(-2)], what);
      }
  const none = over('why', 'CVE-2026-1', 'old', 'fleet/nothing:1');
  assert.deepEqual([none.status, /not found: fleet\/nothing:1/.test(none.stderr)], [1, true], none.stderr);
  // Whatever is about reading an image here, wherever it stands and however it is spelt.
  for (const [name, ...given] of [['vdb', '--vdb', vdb], ['vdb-key', '--vdb-key=key.pem'], ['timeout', '--timeout', '1m'], ['no-cache', '--no-cache'], ['quiet', '-q'], ['input', '-i', 'x'], ['ignore-file', '--ignore-file', 'x'], ['allow-unjailed', '--allow-unjailed']]) {
    const local = plimsoll(['why', ...given, 'CVE-2026-1', 'fleet/old:latest', '--server', server.url], { check: false });
    assert.deepEqual([local.status, local.stdout, local.stderr.split('\n')[0]], [1, '', `plimsoll why: --${name} is not for --server, which decides`]);
  }
  const file = path.join(tempDir(), 'why.txt'), written = over('why', 'CVE-2026-1', 'old', `fleet/old@${fleet.old.digest}`, ['--output', file, '--insecure']);
  assert.deepEqual([written.status, written.stdout], [0, ''], written.stderr);
  assert.match(readFileSync(file, 'utf8'), /^reason: reported: /m);
});

test('a rule that disables a finding is the reason, and its end brings the report back', async (t) => {
  if (!(await server.json('/api/v1/openapi.json')).paths['/api/v1/rules']) return t.skip('this server has no rules');
  const scope = '/registries/local/repositories/fleet/old';
  const r = await server.fetch('/api/v1/rules', { method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ scope, name: 'accepted', effect: 'disable', match: 'any', criteria: { cve: ['CVE-2026-1'] }, justification: 'not reachable' }) });
  assert.equal(r.status, 201, await r.clone().text());
  const rule = await r.json();
  for (const what of ['why', 'why-not']) {
    const a = await ask('old', what, 'CVE-2026-1');
    assert.deepEqual([a.reported, a.reason, a.findings.length, a.findings[0].state], [false, 'disabled_by_rule', 1, 'disabled'], what);
    assert.match(over(what, 'CVE-2026-1', 'old', `fleet/old@${fleet.old.digest}`).stdout, /^suppressed by accepted: not reachable\nreason: disabled_by_rule: A disable rule takes it out\.$/m);
  }
  assert.equal((await server.fetch(`/api/v1/rules/${rule.id}`, { method: 'DELETE' })).status, 204);
  assert.equal((await ask('old', 'why', 'CVE-2026-1')).reason, 'reported');
});

test('an id that an old database does not know is no proof', async () => {
  clock.advancePast(8 * 86400e3);
  assert.equal((await ask('none', 'why-not', 'CVE-2026-9')).reason, 'database_too_old');
  assert.equal((await ask('none', 'why-not', 'CVE-2026-3')).reason, 'package_absent');
});

test('what was answered is what the OpenAPI document says', async () => {
  await recorded.settled();
  assert.deepEqual((await check(await server.json('/api/v1/openapi.json'), recorded.exchanges)).failures, []);
});
