// Content checks from a layer to every list: the command line, the server's findings, counts, states, rules, `why`, reports; what is off is not there.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout } from './lib.mjs';

const token = `gh${'p_'}zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17`;
const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
const locked = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' });
const base = [debianRelease(), dpkgStatus([{ name: 'bash', version: '5.2' }])];
const layers = [
  [...base, { path: 'etc/shadow', content: 'root:*:1::::::\nguest::1::::::\n' }, { path: 'app/.env', content: `A=1\nT=${token}\n` },
    { path: 'app/key.pem', content: pem }, { path: 'app/locked.pem', content: locked }, { path: 'app/node_modules/x/key.pem', content: pem },
    { path: 'app/tests/key.pem', content: pem }],
  [{ path: 'app/.wh..env' }],
];
const layout = makeLayout(layers, { config: { Env: ['PATH=/bin', 'DB_PASSWORD=hunter22', 'GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D'] } });
const clean = makeLayout([base]);
const vdb = makeVdb([osvRecord('DEBIAN-CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'other' }])]);
const ids = ['ACCOUNT-EMPTY-PASSWORD', 'SECRET-ENCRYPTED-KEY', 'SECRET-ENVIRONMENT', 'SECRET-GITHUB', 'SECRET-PRIVATE-KEY'];
const secrets = [token, 'hunter22', ...pem.split('\n').slice(1, 20), ...locked.split('\n').slice(1, 20)];
const holdsSecret = (text) => secrets.some((s) => s.length > 7 && text.includes(s));
const scan = (...args) => plimsoll(['scan', layout.dir, '--vdb', vdb, ...args], { check: false });

test('the command line finds them, and says where and no more', () => {
  const report = JSON.parse(scan('--format', 'json').stdout);
  assert.deepEqual(report.findings.map((f) => f.advisory).sort(), ids);
  const github = report.findings.find((f) => f.advisory === 'SECRET-GITHUB');
  assert.equal(github.severity, 'Critical');
  assert.equal(github.category, 'Secrets');
  assert.equal(github.matches[0].path, 'app/.env:2');
  assert.equal(github.installed_version, '40 characters, removed by a later layer');
  assert.match(github.remediation, /^Revoke it/);
  const keys = report.findings.find((f) => f.advisory === 'SECRET-PRIVATE-KEY');
  assert.deepEqual(keys.matches.map((m) => m.path), ['app/key.pem:1']);
  assert.deepEqual(report.findings.find((f) => f.advisory === 'SECRET-ENVIRONMENT').matches.map((m) => m.path), ['config: environment variable DB_PASSWORD']);
});

test('no format holds a secret; those about packages leave content out', () => {
  for (const format of ['table', 'json', 'html', 'sarif', 'csv', 'trivy', 'junit', 'gitlab', 'grype', 'cyclonedx', 'spdx-json', 'spdx-tv', 'openvex', 'in-toto', 'github']) {
    const text = scan('--format', format).stdout;
    assert.ok(text.length > 0 && !holdsSecret(text), format);
    const lists = ['table', 'json', 'html', 'sarif', 'csv', 'trivy', 'junit'].includes(format);
    assert.equal(text.includes('SECRET-GITHUB'), lists, format);
  }
  const trivy = JSON.parse(scan('--format', 'trivy').stdout).Results;
  const of = (name) => trivy.filter((r) => r.Class === name);
  assert.deepEqual(of('secret').map((r) => r.Target).sort(), ['app/.env', 'app/key.pem', 'app/locked.pem', 'config: environment variable DB_PASSWORD']);
  assert.equal(of('secret').find((r) => r.Target === 'app/.env').Secrets[0].StartLine, 2);
  assert.deepEqual(of('config').map((r) => [r.Target, r.Misconfigurations[0].ID]), [['etc/shadow', 'ACCOUNT-EMPTY-PASSWORD']]);
  const sarif = JSON.parse(scan('--format', 'sarif').stdout).runs[0].results;
  const at = sarif.map((r) => r.locations[0].physicalLocation).find((l) => l.artifactLocation.uri === 'app/.env');
  assert.equal(at.region.startLine, 2);
});

test('what is off is not there', () => {
  const found = (...args) => JSON.parse(scan('--format', 'json', ...args).stdout).findings.map((f) => f.category);
  assert.deepEqual([...new Set(found('--content-checks', 'accounts'))], ['Accounts']);
  assert.deepEqual(found('--content-checks', 'none'), []);
  assert.match(scan('--content-checks', 'all').stderr, /--content-checks/);
  assert.deepEqual([...new Set(found('--category', 'secrets'))], ['Secrets']);
});

test('why, and why not', () => {
  const ask = (verb, id) => plimsoll([verb, id, layout.dir, '--vdb', vdb]).stdout;
  assert.match(ask('why', 'secret-github'), /found in app\/\.env:2: 40 characters/);
  assert.match(ask('why', 'secret-github'), /reason: reported/);
  assert.match(ask('why-not', 'SECRET-AWS'), /reason: content_not_found/);
});

let server;
before(async () => { server = await new Server({ args: ['--vdb', vdb] }).start(); });
after(() => server?.stop());

test('the server has the same findings, counts and states, and rules about them', async () => {
  await pushLayout(server, 'team/app', layout);
  await pushLayout(server, 'team/clean', clean);
  const image = await server.scanned('team/app', layout.digest);
  assert.equal(image.state, 'Unhealthy');
  assert.equal((await server.scanned('team/clean', clean.digest)).state, 'Healthy');
  const findings = await server.findings('team/app', layout.digest);
  assert.deepEqual(findings.map((f) => f.advisory).sort(), ids);
  assert.ok(!holdsSecret(JSON.stringify(findings)));
  assert.deepEqual(image.findings, { Critical: 1, High: 2, Medium: 1, Low: 1, Negligible: 0, Unknown: 0 });
  assert.deepEqual(findings.map((f) => f.id).sort(), JSON.parse(scan('--format', 'json').stdout).findings.map((f) => f.id).sort());
  const at = `/api/v1/registries/local/repositories/team/app/images/${layout.digest}`;
  assert.deepEqual((await server.all(`${at}/packages`)).map((p) => p.name), ['bash']);
  assert.equal((await server.json(`${at}/packages`)).total.count ?? 1, 1);
  const why = await server.json(`${at}/why?cve=secret-github`);
  assert.equal(why.reason, 'reported');
  assert.equal(why.packages[0].path, 'app/.env:2');
  assert.equal((await server.json(`${at}/why-not?cve=SECRET-AWS`)).reason, 'content_not_found');
  const plan = await server.json(`${at}/remediation`);
  assert.deepEqual(plan.steps.map((x) => [x.kind, x.package]).slice(0, 1), [['change_image', 'SECRET-GITHUB']]);
  assert.match(plan.steps[0].text, /^GitHub token\. Revoke it/);
  assert.deepEqual([plan.steps.every((x) => x.kind === 'change_image' && x.command === undefined), plan.change_image_findings, plan.upgrade_findings, plan.commands], [true, ids.length, 0, []]);
  const rule = await (await server.fetch('/api/v1/rules', { method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'no content', scope: '/registries/local', criteria: { category: ['Secrets', 'Accounts'] } }) })).json();
  assert.equal((await server.scanned('team/app', layout.digest)).state, 'Healthy');
  await server.fetch(`/api/v1/rules/${rule.id}`, { method: 'DELETE' });
  assert.equal((await server.scanned('team/app', layout.digest)).state, 'Unhealthy');
});

test('a switch of databases leaves them as they are; a server without a database has them', async () => {
  const other = makeVdb([osvRecord('DEBIAN-CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'bash' }], { severity: 'LOW' })]);
  await server.stop();
  await new Promise((done) => setTimeout(done, 0));
  server = await new Server({ dataDir: server.dataDir, password: server.password, args: ['--vdb', other] }).start();
  for (let i = 0; i < 200 && (await server.findings('team/app', layout.digest)).length !== ids.length + 1; i++)
    await new Promise((done) => setTimeout(done, 50));
  assert.deepEqual((await server.findings('team/app', layout.digest)).map((f) => f.advisory).sort(), [...ids, 'CVE-2026-2'].sort());
  const bare = await new Server().start();
  try {
    await pushLayout(bare, 'team/app', layout);
    assert.equal((await bare.scanned('team/app', layout.digest)).state, 'Unhealthy');
    assert.deepEqual((await bare.findings('team/app', layout.digest)).map((f) => f.advisory).sort(), ids);
  } finally { await bare.stop(); }
});

test('a setting decides what the server looks for', async () => {
  const some = await new Server({ args: ['--content-checks', 'accounts'] }).start();
  try {
    await pushLayout(some, 'team/app', layout);
    await some.scanned('team/app', layout.digest);
    assert.deepEqual((await some.findings('team/app', layout.digest)).map((f) => f.advisory), ['ACCOUNT-EMPTY-PASSWORD']);
  } finally { await some.stop(); }
});

// Python's own tests and those of packages hold keys that everybody has; a Debian image has accounts without a usable password.
test('an ordinary image has none', () => {
  const shadow = ['root', 'daemon', 'www-data'].map((n) => `${n}:*:19000:0:99999:7:::\n`).join('');
  const passwd = 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n';
  const dir = makeLayout([[...base, { path: 'etc/shadow', content: shadow }, { path: 'etc/passwd', content: passwd },
    { path: 'usr/local/lib/python3.12/test/keycert.pem', content: pem }, { path: 'usr/local/lib/python3.12/site-packages/a/key.pem', content: pem },
    { path: 'etc/ssl/certs/ca.pem', content: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' },
    { path: 'usr/local/go/src/crypto/tls/testdata/key.pem', content: pem }]],
  { config: { Env: ['PATH=/usr/local/bin', 'GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D', 'PYTHON_SHA256=abc'] } });
  assert.deepEqual(JSON.parse(plimsoll(['scan', dir.dir, '--vdb', vdb, '--format', 'json'], { check: false }).stdout).findings, []);
});

test('permissions and configuration: off by default; what a package owns is left out', () => {
  const list = { path: 'var/lib/dpkg/info/bash.list', content: '/usr/bin/owned\n' };
  const one = makeLayout([[debianRelease('9', 'stretch'), dpkgStatus([{ name: 'bash', version: '5.2' }]), list, { path: 'usr/bin/owned', content: 'x', mode: 0o4755 }, { path: 'usr/bin/mine', content: 'x', mode: 0o4755 },
    { path: 'usr/lib/gone', content: 'x', mode: 0o2755 }, { path: 'etc/open', content: 'x', mode: 0o666 }], [{ path: 'usr/lib/.wh.gone' }]]);
  const found = (...args) => JSON.parse(plimsoll(['scan', one.dir, '--vdb', vdb, '--format', 'json', ...args], { check: false }).stdout).findings
    .flatMap((f) => f.matches.map((m) => [f.advisory, f.severity, m.path, m.installed_version].join(' '))).sort();
  assert.deepEqual(found(), []);
  assert.deepEqual(found('--content-checks', 'permissions,configuration'), ['CONFIG-END-OF-LIFE High distribution debian 9', 'CONFIG-ROOT Low config: user no user is named',
    'PERMISSION-SETUID Low usr/bin/mine mode 4755', 'PERMISSION-WORLD-WRITABLE Low etc/open mode 0666']);
});
