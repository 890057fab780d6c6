// Installed packages of Node.js, Ruby, PHP and Python are looked up in their ecosystems, by command and by push; what the distribution owns is not.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, findingLines, makeLayout, makeVdb, matchRows, osvRecord, plimsoll, pushLayout } from './lib.mjs';

const owned = 'usr/share/nodejs/node_modules/lodash/package.json';
const gemspec = (name, version, more = '') => `# -*- encoding: utf-8 -*-\nGem::Specification.new do |s|\n  s.name = "${name}".freeze\n  s.version = "${version}"\n${more}end\n`;
const base = [
  debianRelease(), dpkgStatus([{ name: 'node-lodash', version: '4.17.4-1' }]),
  { path: 'var/lib/dpkg/info/node-lodash.list', content: `/.\n/${owned}\n` },
  { path: owned, content: '{"name":"lodash","version":"4.17.4"}' },
];
const app = [
  { path: 'srv/package.json', content: '{"name":"lodash","version":"1.0.0"}' },
  { path: 'srv/node_modules/lodash/package.json', content: '{"name":"lodash","version":"4.17.20"}' },
  { path: 'srv/node_modules/core-alias/package.json', content: '{"name":"@babel/traverse","version":"7.22.0"}' },
  { path: 'srv/node_modules/core-alias/node_modules/lodash/package.json', content: '{"name":"lodash","version":"4.17.21"}' },
  { path: 'usr/local/bundle/specifications/nokogiri-1.13.5-x86_64-linux.gemspec', content: gemspec('nokogiri', '1.13.5', '  s.platform = "x86_64-linux".freeze\n') },
  { path: 'var/www/vendor/composer/installed.json', content: '{"packages":[{"name":"guzzlehttp/psr7","version":"v1.6.1"},{"name":"symfony/yaml","version":"dev-main"}]}' },
  { path: 'opt/venv/lib/python3.11/site-packages/Django-3.2.dist-info/METADATA', content: 'Metadata-Version: 2.1\nName: Django\nVersion: 3.2\n' },
];
const range = (...events) => ({ ranges: [{ type: 'ECOSYSTEM', events }] });
const record = (id, ecosystem, name, more) => ({ ...osvRecord(id, []), affected: [{ package: { ecosystem, name }, ...more }] });
const records = [
  record('GHSA-1111-1111-1111', 'npm', 'lodash', { ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '4.17.21' }] }] }),
  record('GHSA-2222-2222-2222', 'npm', '@babel/traverse', { ranges: [{ type: 'SEMVER', events: [{ introduced: '7.0.0-beta.1' }, { fixed: '7.23.2' }] }] }),
  record('GHSA-3333-3333-3333', 'RubyGems', 'nokogiri', range({ introduced: '0' }, { fixed: '1.13.6' })),
  record('GHSA-4444-4444-4444', 'Packagist', 'guzzlehttp/psr7', { versions: ['1.6.0', '1.6.1'] }),
  record('GHSA-5555-5555-5555', 'PyPI', 'django', range({ introduced: '3.2a1' }, { last_affected: '3.2' })),
  record('GHSA-6666-6666-6666', 'npm', 'nokogiri', range({ introduced: '0' })),
  osvRecord('CVE-2026-9', [{ ecosystem: 'Debian:12', name: 'other', fixed: '2' }]),
];
const want = [
  ['lodash', '4.17.20', app[1].path], ['@babel/traverse', '7.22.0', app[2].path], ['nokogiri', '1.13.5', app[4].path],
  ['guzzlehttp/psr7', 'v1.6.1', app[5].path], ['django', '3.2', app[6].path],
].sort();
let server, vdb, layout;
before(async () => {
  vdb = makeVdb(records);
  layout = makeLayout([base, app]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
});
after(() => server?.stop());

test('findings are of what is installed, by scan and by push', async () => {
  const r = JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'json']).stdout);
  assert.deepEqual(r.findings.flatMap((f) => f.matches.map((m) => [m.package, m.installed_version, m.path])).sort(), want);
  await pushLayout(server, 'web/shop', layout);
  await server.scanned('web/shop', layout.digest);
  assert.deepEqual(findingLines(await server.findings('web/shop', layout.digest)), findingLines(r.findings));
});

test('what lock files declare is listed and not looked up', () => {
  const locks = makeLayout([base, [
    { path: 'srv/package-lock.json', content: '{"packages":{"node_modules/lodash":{"version":"4.17.20"}}}' },
    { path: 'srv/requirements.txt', content: 'Django==3.2\n' }, { path: 'srv/Gemfile.lock', content: 'GEM\n  specs:\n    nokogiri (1.13.5)\n' },
    { path: 'srv/composer.lock', content: '{"packages":[{"name":"guzzlehttp/psr7","version":"1.6.1"}]}' }, { path: 'x/poetry.lock', content: '[[package]]\nname = 1\n' },
  ]]);
  const ask = (verb) => JSON.parse(plimsoll([verb, '--input', locks.dir, ...(verb === 'scan' ? ['--vdb', vdb] : []), '--format', 'json']).stdout);
  const declared = ask('inventory').packages.filter((p) => p.class === 'declared').map((p) => p.purl).sort();
  assert.deepEqual(declared, ['pkg:composer/guzzlehttp/psr7@1.6.1', 'pkg:gem/nokogiri@1.13.5', 'pkg:npm/lodash@4.17.20', 'pkg:pypi/django@3.2']);
  const r = ask('scan');
  assert.deepEqual([r.state, r.findings], ['Healthy', []], JSON.stringify(r.coverage));
  const all = JSON.parse(plimsoll(['scan', '--input', locks.dir, '--vdb', vdb, '--format', 'json', '--declared']).stdout);
  assert.deepEqual(matchRows(all.findings).map((m) => m.purl).sort(), declared);
});

test('purls name scopes, vendors and platforms', async () => {
  const r = JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'cyclonedx']).stdout);
  const purls = r.components.map((c) => c.purl).filter(Boolean);
  for (const purl of ['pkg:npm/%40babel/traverse@7.22.0', 'pkg:gem/nokogiri@1.13.5?platform=x86_64-linux', 'pkg:composer/guzzlehttp/psr7@v1.6.1', 'pkg:pypi/django@3.2'])
    assert.ok(purls.includes(purl), `${purl} of ${purls}`);
});
