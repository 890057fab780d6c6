// By when lists of exploited vulnerabilities want something remedied: from the list to every place that tells of it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Server, debianRelease, dpkgStatus, makeLayout, osvRecord, plimsoll, pushLayout, tempDir } from './lib.mjs';

const DAY = 86400000;
const day = (n) => new Date(Math.floor(Date.now() / DAY + n) * DAY).toISOString().slice(0, 10);
const late = day(-3), soon = day(10), later = day(20);
const debian = (name) => [{ ecosystem: 'Debian:12', name, fixed: '2' }];
const records = [
  osvRecord('DSA-1-1', debian('openssl'), { severity: 'HIGH', aliases: ['CVE-2026-1', 'CVE-2026-2'] }),
  osvRecord('CVE-2026-3', debian('zlib'), { severity: 'LOW' }), osvRecord('CVE-2026-4', debian('bash'), { severity: 'LOW' }),
  osvRecord('CVE-2026-5', debian('curl'), { severity: 'LOW' }),
];
const entry = (cveID, dueDate, requiredAction) => ({ cveID, vendorProject: 'x', product: 'x', vulnerabilityName: 'x', dateAdded: '2026-01-01', shortDescription: 'x', requiredAction, ...(dueDate === undefined ? {} : { dueDate }), knownRansomwareCampaignUse: 'Unknown', notes: '' });
const cisa = (...vulnerabilities) => ({ title: 'CISA Catalog of Known Exploited Vulnerabilities', catalogVersion: '2026.01.01', dateReleased: '2026-01-01T10:00:00Z', count: vulnerabilities.length, vulnerabilities });

function database(...lists) {
  const dir = tempDir('due'), out = path.join(dir, 'x.vdb'), osv = path.join(dir, 'osv');
  fs.mkdirSync(osv);
  for (const r of records) fs.writeFileSync(path.join(osv, `${r.id}.json`), JSON.stringify(r));
  const kev = lists.map((list, i) => { const file = path.join(dir, `${i}.json`); fs.writeFileSync(file, JSON.stringify(list)); return `kev=${file}`; });
  return [out, plimsoll(['vdb', 'build', '--notes', '--out', out, `osv=${osv}`, ...kev])];
}
// Of two CVEs of one check that which is due first decides, of two lists the earlier date. Of bash the date is nonsense, of curl there is none.
const catalogue = cisa(entry('CVE-2026-1', soon, 'Wait.'), entry('CVE-2026-2', late, 'Update at once.'), entry('CVE-2026-3', later, 'Update.'), entry('CVE-2026-4', '2026-02-30', 'Update.'), entry('CVE-2026-5', undefined, 'Update.'));
const vulncheck = [{ cve: ['CVE-2026-3'], date_added: '2026-01-01T00:00:00Z', required_action: 'Update.', dueDate: `${soon}T00:00:00Z` }];
const layout = makeLayout([[debianRelease(), dpkgStatus(['openssl', 'zlib', 'bash', 'curl'].map((name) => ({ name, version: '1' })))]], { tag: '1' });
const told = { openssl: [late, 'CISA KEV', 'Update at once.'], zlib: [soon, 'VulnCheck KEV', 'Update.'], bash: [undefined, undefined, 'Update.'], curl: [undefined, undefined, 'Update.'] };
const due = (f) => [f.kev_due, f.kev_due_by, f.kev_action];
const dues = (findings) => Object.fromEntries(findings.map((f) => [f.package, due(f)]));

let vdb, server;
before(async () => {
  const [file, made] = database(catalogue, vulncheck);
  vdb = file;
  assert.match(made.stdout + made.stderr, /vulnerabilities\[3\]: due date not used: no date/);
  server = await new Server({ args: ['--vdb', vdb] }).start();
  await pushLayout(server, 'shop', layout);
  await server.scanned('shop', layout.digest);
});
after(() => server?.stop());

const scan = (format, ...more) => plimsoll(['scan', '--vdb', vdb, '--input', layout.dir, '--format', format, ...more]).stdout;

test('a scan tells of it in each format that has a place for it', () => {
  assert.deepEqual(dues(JSON.parse(scan('json')).findings), told);
  const [head, ...lines] = scan('csv').trim().split(/\r?\n/).map((x) => x.split(','));
  const columns = ['package', 'kev_due', 'kev_due_by', 'kev_action'].map((x) => head.indexOf(x));
  assert.ok(columns.every((at) => at >= 0), head);
  const row = lines.find((x) => x[columns[0]] === '"openssl"');
  assert.deepEqual(columns.map((at) => row[at]), ['"openssl"', `"${late}"`, '"CISA KEV"', '"Update at once."']);
  const { runs: [sarif] } = JSON.parse(scan('sarif'));
  assert.deepEqual(sarif.tool.driver.rules.map((x) => x.properties.kev_due).sort(), [late, soon, undefined, undefined].sort());
  const grype = JSON.parse(scan('grype')).matches.flatMap((m) => m.vulnerability.knownExploited).map((x) => [x.dueDate, x.requiredAction]);
  assert.ok(grype.some(([date, text]) => date === late && text === 'Update at once.'), grype);
  const trivy = JSON.parse(scan('trivy')).Results.flatMap((r) => r.Vulnerabilities ?? []);
  assert.equal(trivy.find((v) => v.PkgName === 'zlib').Custom.kev_due, soon);
  const bom = JSON.parse(scan('cyclonedx')).vulnerabilities.map((v) => v.properties.find((x) => x.name === 'plimsoll:kev_due')?.value);
  assert.deepEqual(bom.filter(Boolean).sort(), [late, soon]);
  assert.ok(scan('html').includes(`due by ${late}`));
  assert.deepEqual(scan('table', '--columns', 'package,due').split('\n').filter((x) => /^openssl|^zlib/.test(x)).map((x) => x.trim().split(/\s+/)), [['openssl', late], ['zlib', soon]]);
});

test('the database tells whose date it is', () => {
  const [{ exploits }] = JSON.parse(plimsoll(['vdb', 'query', vdb, '--id', 'CVE-2026-3', '--format', 'json']).stdout);
  assert.deepEqual(exploits.map((x) => [x.due, x.due_by, x.required_action, x.known_by]), [[soon, 'VulnCheck KEV', 'Update.', ['CISA KEV', 'VulnCheck KEV']]]);
});

test('so does a server, of findings, checks, CVEs, and why', async () => {
  const { items } = await server.json('/api/v1/findings?state=all');
  assert.deepEqual(dues(items), told);
  const check = await server.json(`/api/v1/checks/${items.find((f) => f.package === 'openssl').id}`);
  assert.deepEqual(due(check), told.openssl);
  assert.deepEqual(due(await server.json('/api/v1/cves/CVE-2026-1')), told.openssl);
  assert.deepEqual(due(await server.json('/api/v1/cves/CVE-2026-4')), told.bash);
  const found = (await server.json('/api/v1/checks')).items;
  assert.deepEqual(Object.fromEntries(found.map((c) => [c.package, c.kev_due])), { openssl: late, zlib: soon, bash: undefined, curl: undefined });
  const why = await server.json(`/api/v1/registries/local/repositories/shop/images/${layout.digest}/why?cve=CVE-2026-3`);
  assert.deepEqual(dues(why.findings), { zlib: told.zlib });
  const csv = await (await server.fetch(`/api/v1/registries/local/repositories/shop/images/${layout.digest}/report?format=csv`)).text();
  const [head, ...lines] = csv.trim().split(/\r?\n/).map((x) => x.split(','));
  assert.equal(lines.find((x) => x[head.indexOf('package')] === '"zlib"')[head.indexOf('kev_due')], `"${soon}"`);
  const status = JSON.parse(plimsoll(['push-status', 'shop:1', '--format', 'json'], { env: { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password } }).stdout);
  assert.deepEqual(dues(status.findings), told);
});

test('another date of the list is told once its database is there, and none once it has none', async () => {
  const [moved] = database(cisa(entry('CVE-2026-1', undefined, 'Wait.'), entry('CVE-2026-2', later, 'Update at once.'), entry('CVE-2026-3', undefined, 'Update.')));
  await server.stop();
  server = await new Server({ args: ['--vdb', moved], dataDir: server.dataDir, password: server.password }).start();
  const until = Date.now() + 15000;
  for (let now; ;) {
    now = dues((await server.json('/api/v1/findings?state=all')).items);
    if (now.openssl[0] === later) { assert.deepEqual(now, { openssl: [later, 'CISA KEV', 'Update at once.'], zlib: [undefined, undefined, 'Update.'], bash: [undefined, undefined, undefined], curl: [undefined, undefined, undefined] }); break; }
    assert.ok(Date.now() < until, JSON.stringify(now));
    await new Promise((done) => setTimeout(done, 50));
  }
});
