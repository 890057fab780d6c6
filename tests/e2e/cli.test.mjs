// The command line: help and manual pages, exit statuses, filters, formats, configuration, vulnerability databases and their update.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, plimsoll, program, root, run, runAsync, sha256,
  tempDir, matchRows } from './lib.mjs';

const commands = ['serve', 'scan', 'inventory', 'compare', 'why', 'why-not', 'vdb', 'vercmp', 'cvss', 'list', 'push-status', 'import', 'user', 'group', 'token', 'role', 'registry', 'audit', 'scope', 'plan', 'recommendation', 'rule', 'notification', 'exemption', 'usage', 'score', 'remediation', 'backup', 'restore', 'database', 'fsck', 'completion', 'help', 'man', 'version'];
const records = [
  osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.1' }], { severity: 'HIGH', cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' }),
  osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'bash' }], { severity: 'LOW' }),
  osvRecord('CVE-2026-3', [{ ecosystem: 'Debian:12', name: 'zlib', fixed: '2' }], { severity: 'CRITICAL' }),
];
let vdb, layout, clean;
before(() => {
  vdb = makeVdb(records);
  layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0' }])],
    [dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'bash', version: '5' }, { name: 'zlib1g', version: '1', source: 'zlib' }])]]);
  clean = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.2' }])]]);
});
const scan = (args, options = {}) => plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, ...args], { check: false, ...options });
const bad = (args, pattern, options = {}) => {
  const r = plimsoll(args, { check: false, timeout: 20000, ...options });
  assert.equal(r.status, 1, `${args.join(' ')}: status ${r.status}\n${r.stdout}${r.stderr}`);
  assert.equal(r.stdout, '', `${args.join(' ')}: nothing but a report belongs on stdout`);
  assert.match(r.stderr, pattern);
  assert.match(r.stderr, /^(plimsoll|usage)/m);
};

test('help of every command, in every way', () => {
  const overview = plimsoll(['help']).stdout;
  assert.deepEqual([...overview.matchAll(/^ {2}([a-z-]+) +\S/gm)].map((m) => m[1]), commands);
  assert.equal(plimsoll(['--help']).stdout, overview);
  for (const name of commands) {
    const text = plimsoll(['help', name]).stdout;
    assert.ok(text.startsWith(`plimsoll ${name} - `) && text.includes(`Usage: plimsoll ${name}`), text);
    assert.equal(plimsoll([name, '--help']).stdout, text);
    assert.equal(plimsoll([name, '-h']).stdout, text);
  }
  for (const below of ['build', 'update', 'info', 'query', 'diff', 'verify', 'keygen', 'sign', 'push', 'pull', 'delta', 'apply', 'list'])
    assert.match(plimsoll(['vdb', below, '--help']).stdout, new RegExp(`plimsoll vdb ${below} `));
  assert.match(plimsoll(['--version']).stdout, /^plimsoll \d+\.\d+\.\d+(-dev)?\n$/);
});

test('options that the documents show a command with are in its help', () => {
  const folder = path.join(root, 'docs'), helps = new Map();
  const help = (...words) => helps.get(words.join(' ')) ?? helps.set(words.join(' '), plimsoll(['help', ...words]).stdout).get(words.join(' '));
  const unknown = [];
  for (const file of [path.join(root, 'README.md'), ...fs.readdirSync(folder, { recursive: true }).filter((f) => f.endsWith('.md')).map((f) => path.join(folder, f))])
    for (const [, first, second, rest] of fs.readFileSync(file, 'utf8').matchAll(/plimsoll ([a-z-]+)(?: ([a-z-]+))?([^`|;#\n]*)/g)) {
      if (!commands.includes(first)) continue;
      const text = second && /^Usage: .* COMMAND \.\.\./m.test(help(first)) ? help(first, second) : help(first);
      for (const [, option] of rest.matchAll(/(?<![\w-])(--[a-z-]+)/g))
        if (!text.includes(`${option} `) && !text.includes(`${option}\n`)) unknown.push(`${path.relative(root, file)}: ${first} ${second ?? ''} ${option}`);
    }
  assert.deepEqual(unknown, []);
});

test('manual pages are without mistakes', { skip: !has('mandoc') && 'mandoc is absent' }, () => {
  for (const name of [[], ...commands.map((c) => [c])]) {
    const page = plimsoll(['man', ...name]).stdout;
    const lint = run('mandoc', ['-T', 'lint'], { input: page, check: false }).stdout.split('\n')
      .filter((line) => line && !/referenced manual not found/.test(line)); // they are not installed here
    assert.deepEqual(lint, [], name.join());
    const options = [...plimsoll(['help', ...name]).stdout.matchAll(/^ {2,6}(?:-\w, )?(--[a-z-]+)/gm)].map((m) => m[1].slice(2));
    for (const option of name.length ? options : []) assert.ok(page.includes(`Fl -${option}`), `${name}: --${option}`);
  }
});

test('a damaged or truncated vulnerability database is refused by every verb that reads one', () => {
  const dir = tempDir(), file = path.join(dir, 'damaged.vdb'), good = fs.readFileSync(vdb);
  const verbs = [['scan', '--no-cache', '--input', layout.dir, '--vdb', file], ['scan', '--cache-dir', path.join(dir, 'c'), '--input', layout.dir, '--vdb', file],
    ['why', 'CVE-2026-1', '--input', layout.dir, '--vdb', file], ['vdb', 'info', file], ['vdb', 'query', file, '--id', 'CVE-2026-1'],
    ['vdb', 'diff', vdb, file], ['vdb', 'verify', file]];
  const says = /damaged\.vdb: .*(damaged|truncated|not a vulnerability database|version)/;
  for (let i = 0; i < 70; i++) {
    const cut = i % 2, at = crypto.randomInt(good.length), bytes = Buffer.from(cut ? good.subarray(0, at) : good);
    if (!cut) bytes[at] ^= 1 << crypto.randomInt(8);
    fs.writeFileSync(file, bytes);
    bad(verbs[i % verbs.length], says);
  }
  fs.writeFileSync(file, good);
  for (const verb of verbs) assert.equal(plimsoll(verb, { check: false }).status, 0, verb.join(' '));
});

test('exit status of scan', () => {
  assert.equal(scan([]).status, 0);
  assert.equal(scan(['--exit-code', '7']).status, 7);
  assert.equal(scan(['--exit-code=7', '--severity', 'medium']).status, 0); // nothing remains after the filter
  assert.equal(scan(['--fail-on', 'high']).status, 2);
  assert.equal(scan(['--fail-on', 'critical', '--severity', 'LOW']).status, 0);
  assert.equal(scan(['--fail-on', 'High', '--exit-code', '7']).status, 2);
  assert.equal(scan(['--fail-on', 'High', '--exit-code', '7', '--severity', 'Low']).status, 7); // what is left does not reach the gate
  const good = plimsoll(['scan', '--input', clean.dir, '--vdb', vdb, '--exit-code', '7', '--fail-on', 'low'], { check: false });
  assert.equal(good.status, 0);
  assert.equal(scan(['--exit-code', '7', '--format', 'json']).status, 7, 'the report is written nevertheless');
});

test('filters', () => {
  const of = (args) => {
    const report = JSON.parse(scan(['--format', 'json', ...args]).stdout);
    assert.equal(report.summary.total, report.findings.length);
    assert.equal(report.summary.total + report.summary.hidden_by_filters, 3);
    return report.findings.map((f) => f.advisory).sort();
  };
  assert.deepEqual(of([]), ['CVE-2026-1', 'CVE-2026-2', 'CVE-2026-3']);
  assert.deepEqual(of(['--severity', 'high,CRITICAL']), ['CVE-2026-1', 'CVE-2026-3']);
  assert.deepEqual(of(['--ignore-unfixed']), ['CVE-2026-1', 'CVE-2026-3']);
  assert.deepEqual(of(['-s', 'Low', '--ignore-unfixed']), []);
  const env = { PLIMSOLL_SEVERITY: 'LOW' };
  assert.equal(JSON.parse(scan(['--format', 'json'], { env }).stdout).findings.length, 1, 'the environment is the default');
  assert.equal(JSON.parse(scan(['--format', 'json', '--severity', 'HIGH,LOW'], { env }).stdout).findings.length, 2, 'the flag wins');
});

test('an image whose release is past its end says so, beside its findings', () => {
  const old = makeLayout([[debianRelease(9), dpkgStatus([{ name: 'openssl', version: '3.0' }])]]);
  const ask = (...args) => plimsoll(['scan', '--input', old.dir, '--vdb', vdb, ...args], { check: false }).stdout;
  const report = JSON.parse(ask('--format', 'json'));
  assert.equal(report.findings.length, 0);
  assert.deepEqual([report.coverage.support.state, report.coverage.support.standard_end, report.coverage.support.extended_end], ['ended', '2020-07-18', '2022-06-30']);
  assert.match(ask(), /^Support: debian 9 gets no more fixes: /m);
  const sarif = JSON.parse(ask('--format', 'sarif')).runs[0];
  assert.match(sarif.invocations[0].toolExecutionNotifications[0].message.text, /^debian 9 gets no more fixes/);
  assert.equal(sarif.results.length, 0);
});

test('kernel headers are a category: reported, counted, and left out when asked', () => {
  const db = makeVdb([...records, osvRecord('CVE-2026-4', [{ ecosystem: 'Debian:12', name: 'linux' }], { severity: 'HIGH' }),
    osvRecord('CVE-2026-5', [{ ecosystem: 'Debian:12', name: 'linux' }], { severity: 'LOW' })]);
  const image = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'linux-libc-dev', version: '6.1', source: 'linux' }])]]);
  const ask = (...args) => plimsoll(['scan', '--input', image.dir, '--vdb', db, ...args], { check: false }).stdout;
  const of = (...args) => JSON.parse(ask('--format', 'json', ...args));
  const all = of();
  assert.deepEqual(all.findings.map((f) => [f.advisory, f.category]).sort(),
    [['CVE-2026-1', 'Debian'], ['CVE-2026-4', 'Kernel headers'], ['CVE-2026-5', 'Kernel headers']]);
  assert.deepEqual(all.summary.categories.sort((a, b) => a.findings - b.findings), [{ category: 'Debian', findings: 1 }, { category: 'Kernel headers', findings: 2 }]);
  assert.deepEqual(of('--category', 'kernel headers').findings.map((f) => f.advisory).sort(), ['CVE-2026-4', 'CVE-2026-5']);
  assert.deepEqual(of('--not-category', 'Kernel Headers').findings.map((f) => f.advisory), ['CVE-2026-1']);
  assert.deepEqual(of('--category', 'Alpine, Debian').findings.map((f) => f.advisory), ['CVE-2026-1']);
  assert.equal(of('--category', 'Debian', '--not-category', 'debian').summary.hidden_by_filters, 3);
  assert.match(ask(), /^Kernel headers: 2 of these \(kernel code is not executed in a container/m);
  assert.doesNotMatch(ask('--not-category', 'kernel headers'), /Kernel headers/);
});

test('JSON reports hold what docs/formats/report-json.md says, and nothing else', () => {
  const text = fs.readFileSync(path.join(root, 'docs/formats/report-json.md'), 'utf8');
  const documented = new Set([...text.matchAll(/`([A-Za-z_]+)`/g)].map((m) => m[1]));
  const report = JSON.parse(scan(['--format', 'json']).stdout);
  const inventory = JSON.parse(plimsoll(['inventory', '--input', layout.dir, '--format', 'json']).stdout);
  const walk = (value, where) => {
    if (Array.isArray(value)) value.forEach((v) => walk(v, where));
    else if (value && typeof value === 'object') for (const [key, v] of Object.entries(value)) {
      assert.ok(documented.has(key), `${where}.${key} is not in the page`);
      walk(v, `${where}.${key}`);
    }
  };
  walk(report, 'scan');
  walk(inventory, 'inventory');
  const types = { id: 'number', check: 'string', category: 'string', advisory: 'string', severity: 'string', package: 'string', installed_version: 'string',
    fixed_version: 'string', status: 'string', patchable: 'boolean', arch: 'string', source_name: 'string', source_version: 'string', layer: 'string',
    path: 'string', purl: 'string', kev: 'boolean' };
  for (const f of matchRows(report.findings)) {
    for (const [key, type] of Object.entries(types)) assert.equal(typeof f[key], type, key);
    assert.ok(Number.isSafeInteger(f.id) && Array.isArray(f.cves));
  }
  const openssl = matchRows(report.findings).find((f) => f.package === 'openssl');
  assert.deepEqual([openssl.installed_version, openssl.fixed_version, openssl.severity, openssl.status, openssl.cves, openssl.layer, openssl.cvss.base],
    ['3.0', '3.1', 'High', 'fixed', ['CVE-2026-1'], layout.layers[0].digest, 7.5]);
  assert.deepEqual([report.schema_version, report.kind, report.state, report.image.digest, report.image.layers.length],
    [2, 'scan', 'Unhealthy', layout.digest, 2]);
  assert.deepEqual(inventory.packages.map((p) => [p.type, p.name, p.version, p.source_name, p.layer]).sort(), [
    ['deb', 'bash', '5', 'bash', layout.layers[1].digest], ['deb', 'openssl', '3.0', 'openssl', layout.layers[0].digest],
    ['deb', 'zlib1g', '1', 'zlib', layout.layers[1].digest]]);
});

test('an image of language packages alone says what was not assessed', () => {
  const image = makeLayout([[debianRelease(), { path: 'app/go.sum', content: 'x' }]]);
  const r = JSON.parse(plimsoll(['scan', '--input', image.dir, '--vdb', vdb, '--format', 'json']).stdout);
  assert.equal(r.state, 'Unverified');
  assert.equal(r.reason, 'no package database found; 1 file of Go packages, which are not read (app/go.sum)');
  assert.deepEqual(r.coverage.gaps, [{ reason: 'of Go packages, which are not read', files: 1, examples: ['app/go.sum'] }]);
  assert.ok(r.coverage.not_assessed.some((text) => /language packages/.test(text)), JSON.stringify(r.coverage));
});

test('docker save of an image without layers', () => {
  const dir = tempDir('scratch');
  fs.writeFileSync(path.join(dir, 'c.json'), '{"architecture":"amd64","os":"linux","config":{},"history":null,"rootfs":{"type":"layers"}}');
  fs.writeFileSync(path.join(dir, 'manifest.json'), '[{"Config":"c.json","RepoTags":null,"Layers":null}]');
  const r = JSON.parse(plimsoll(['scan', '--input', dir, '--vdb', vdb, '--format', 'json']).stdout);
  assert.deepEqual([r.state, r.image.layers], ['Unverified', []]);
  fs.writeFileSync(path.join(dir, 'manifest.json'), '[{"Config":"c.json","RepoTags":null,"Layers":"c.json"}]');
  bad(['scan', '--input', dir, '--vdb', vdb], /expected an array/);
});

test('an empty package database is no clean bill', () => {
  const image = makeLayout([[debianRelease(), dpkgStatus([])]]);
  const r = JSON.parse(plimsoll(['scan', '--input', image.dir, '--vdb', vdb, '--format', 'json']).stdout);
  assert.deepEqual([r.state, r.reason], ['Unverified', 'the package database states no packages']);
});

test('spellings that other scanners have', () => {
  const same = (a, b) => assert.equal(scan(a).stdout, scan(b).stdout, a.join(' '));
  same(['--only-fixed'], ['--ignore-unfixed']);
  same(['--timeout', '5m0s'], []);
  same(['--timeout', '1h30m10s5ms'], []);
  assert.equal(plimsoll(['scan', 'image', '--vdb', vdb, '--input', layout.dir]).stdout, scan([]).stdout);
  for (const text of ['5m0', '5mm', 'm5', '', '5m -1s', '0s', `${'9'.repeat(30)}h`, '5m18446744073709551615ms'])
    bad(['scan', '--vdb', vdb, '--input', layout.dir, '--timeout', text], /--timeout/);
  bad(['scan', 'image', '127.0.0.1:1/x:y', '--vdb', vdb, '--insecure'], /127\.0\.0\.1:1|connect/i);
});

test('SARIF has what code scanning asks for', () => {
  const sarif = JSON.parse(scan(['--format', 'sarif']).stdout);
  assert.equal(sarif.version, '2.1.0');
  assert.match(sarif.$schema, /sarif.*2\.1\.0.*json/);
  assert.equal(sarif.runs.length, 1);
  const { tool, results } = sarif.runs[0];
  assert.ok(tool.driver.name && tool.driver.version);
  const ids = tool.driver.rules.map((r) => r.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(results.length, 3);
  for (const rule of tool.driver.rules) {
    assert.ok(rule.shortDescription.text && rule.fullDescription.text && rule.help.text && rule.name);
    assert.match(rule.properties['security-severity'], /^\d+\.\d$/);
    assert.ok(['error', 'warning', 'note'].includes(rule.defaultConfiguration.level));
  }
  for (const r of results) {
    assert.equal(ids[r.ruleIndex], r.ruleId);
    assert.ok(['error', 'warning', 'note'].includes(r.level) && r.message.text);
    const { artifactLocation, region } = r.locations[0].physicalLocation;
    assert.ok(artifactLocation.uri && !artifactLocation.uri.startsWith('/') && region.startLine >= 1);
  }
});

test('only the report on stdout, no colours where there is no terminal or NO_COLOR is set', { skip: !has('script') && 'script is absent' }, () => {
  const r = scan([]);
  assert.match(r.stdout, /CVE-2026-1/);
  assert.ok(!r.stdout.includes('\x1b') && r.stderr === '', r.stderr);
  JSON.parse(scan(['--format', 'json']).stdout);
  const terminal = (env, args = '') => run('script', ['-qec', `${program} scan --input ${layout.dir} --vdb ${vdb} --no-cache ${args}`, '/dev/null'],
    { env: { TERM: 'xterm', NO_COLOR: '', ...env } }).stdout;
  assert.ok(terminal({}).includes('\x1b['), 'colours on a terminal');
  assert.match(terminal({}), /layer 1 of 2/);
  assert.ok(!terminal({ NO_COLOR: '1' }).includes('\x1b['));
  assert.ok(!terminal({}, '--no-color').includes('\x1b['));
  assert.doesNotMatch(terminal({}, '--quiet'), /layer 1 of 2/);
  const file = path.join(tempDir('out'), 'report.json');
  assert.equal(scan(['--format', 'json', '--output', file]).stdout, '');
  assert.equal(JSON.parse(fs.readFileSync(file)).findings.length, 3);
});

test('wrong input is told in clear words, with status 1', () => {
  const dir = tempDir('wrong'), junk = path.join(dir, 'junk');
  fs.writeFileSync(junk, crypto.randomBytes(4096));
  for (const [args, pattern] of [
    [['nonsense'], /unknown command "nonsense"/], [['help', 'nonsense'], /nonsense/], [['man', 'nonsense'], /nonsense/],
    [['scan'], /REF or --input/], [['scan', 'a', 'b'], /one image/], [['scan', '--bogus'], /unknown option --bogus/], [['scan', '--vdb'], /--vdb needs a value/],
    [['scan', '--quiet=1'], /takes no value/], [['scan', 'x', '--input', dir], /not both/],
    [['scan', '--input', dir, '--severity', 'bad'], /--severity: "bad".*Critical/], [['scan', '--input', dir, '--fail-on', 'bad'], /--fail-on/],
    [['scan', '--input', dir, '--exit-code', '256'], /--exit-code.*255/], [['scan', '--input', dir, '--format', 'xml'], /unknown format "xml"/],
    [['scan', '--input', dir, '--timeout', 'soon'], /--timeout: "soon"/], [['scan', '--input', dir, '--vdb', '/nonexistent'], /\/nonexistent: no such file/],
    [['scan', '--input', dir, '--vdb', junk], /junk: not a vulnerability database/], [['scan', '--input', '/nonexistent', '--vdb', vdb], /\/nonexistent/],
    [['scan', '--input', dir, '--vdb', vdb], /layout|manifest|index/], [['scan', '--input', junk, '--vdb', vdb], /junk/],
    [['scan', '--input', layout.dir, '--vdb', vdb, '--platform', 'plan9/vax'], /plan9\/vax|platform/],
    [['scan', 'UPPER/case:x', '--vdb', vdb], /UPPER|reference/], [['scan', '127.0.0.1:1/x:y', '--vdb', vdb, '--insecure'], /127\.0\.0\.1:1|connect/i],
    [['inventory', '--input', layout.dir, '--format', 'sarif'], /table, json, cyclonedx, spdx-json/], [['why'], /id/], [['why-not'], /id/],
    [['vercmp', 'dpkg', '1'], /usage/], [['vercmp', 'nope', '1', '2'], /nope/], [['vercmp', 'dpkg', 'not a version!', '1'], /valid/],
    [['cvss'], /usage/], [['cvss', 'CVSS:3.1/nope'], /valid/], [['vdb'], /usage/], [['vdb', 'nope'], /unknown command "nope"/],
    [['vdb', 'build', 'osv=.'], /--out/], [['vdb', 'build', '--out', path.join(dir, 'x'), 'osv'], /"osv" is not NAME=PATH/],
    [['vdb', 'build', '--out', path.join(dir, 'x'), 'nope=.'], /nope/], [['vdb', 'build', '--out', path.join(dir, 'x'), 'osv=/nonexistent'], /\/nonexistent/],
    [['vdb', 'info'], /FILE/], [['vdb', 'info', junk], /not a vulnerability database/], [['vdb', 'query', vdb], /--package|--id/],
    [['vdb', 'diff', vdb], /OLD and NEW/], [['vdb', 'verify', junk], /not a vulnerability/], [['vdb', 'update', 'osv'], /FEED=URL/],
    [['push-status'], /REPOSITORY/], [['push-status', '--server', 'http://127.0.0.1:1', 'a/b'], /connect/i], [['serve', 'extra'], /options only/],
    [['score', '--server', 'http://127.0.0.1:1'], /cannot reach the server at http:\/\/127\.0\.0\.1:1 \(--server names another\)/],
    [['user', 'add'], /missing operand: give NAME \[--robot\]/], [['user', 'list', 'x'], /too many operands: it takes none/], [['role', 'assign', 'a', 'b', 'c', 'd'], /too many operands: USER\|GROUP ROLE/],
    [['user'], /^usage: plimsoll user list\n/], [['backup', path.join(dir, 'to'), '--data-dir', path.join(dir, 'absent')], /absent: no such folder; --data-dir names the server's/],
    [['audit', 'verify', '--head', 'zz'], /--head: "zz" is not a head/], [['audit', 'list', '--images', '--denials', '--server', 'http://127.0.0.1:1'], /two logs: give one/],
  ]) bad(args, pattern);
  assert.ok(!fs.existsSync(path.join(dir, 'x')), 'a failed build leaves nothing');
});

test('a report that cannot be written is an error', { skip: !fs.existsSync('/dev/full') && '/dev/full is absent' }, () => {
  const r = run('sh', ['-c', `${program} scan --input ${layout.dir} --vdb ${vdb} > /dev/full`], { check: false });
  assert.equal(r.status, 1);
  assert.match(r.stderr, /standard output/);
  assert.equal(run('sh', ['-c', `${program} help > /dev/full`], { check: false }).status, 1);
});

test('versions and scores in batches', () => {
  const r = plimsoll(['vercmp', '--batch'], { input: 'dpkg\t1.0~rc1\t1.0\nrpm\t1.0\t1.0\napk\t1.2.3-r1\t1.2.3-r0\ndpkg\ta b\t1\nnope\t1\t2\n' });
  assert.equal(r.stdout, '<\n=\n>\ninvalid\ninvalid\n');
  const c = plimsoll(['cvss', '--batch'], { input: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\nx\nAV:N/AC:L/Au:N/C:P/I:P/A:P\n' });
  assert.match(c.stdout, /^3\.1\s+9\.8\ninvalid\n2\.0\s+7\.5\n$/);
});

test('versions and ranges', () => {
  const ask = (...args) => plimsoll(['vercmp', ...args], { check: false });
  assert.deepEqual([['npm:^1.2.3', '1.9.0'], ['npm:^1.2.3', '2.0.0'], ['maven:[1.0,2.0)', '1.5'], ['rpm-list:>= 1:2, < 3', '1:2-1'], ['vers:pypi/>=1.0|<2.0', '1.5']]
    .map(([range, version]) => ask('--in', range, version).stdout.trim()), ['yes', 'no', 'yes', 'no', 'yes']);
  assert.match(ask('--in', 'npm:a b', '1.0.0').stderr, /not a range of npm/);
  assert.match(ask('--in', 'nope:1', '1').stderr, /no such syntax/);
  assert.equal(plimsoll(['vercmp', '--batch-in'], { input: 'gem\t1.4.9\t~> 1.4.4\ngem\t1.5\t~> 1.4.4\nhex\t1.0.0\t~> 1\nvers\t2\tvers:gem/<3\ngem\n' }).stdout, 'yes\nno\ninvalid\nyes\ninvalid\n');
  assert.equal(plimsoll(['vercmp', '--batch-valid'], { input: 'semver\t1.2.3\nsemver\t1.02.3\nnope\t1\n' }).stdout, 'valid\ninvalid\ninvalid\n');
});

test('every line of a batch has its answer, whatever it holds', () => {
  const long = '9'.repeat(3 << 20), most = '9'.repeat((1 << 20) - 7); // with "dpkg\t" and "\t1" exactly the longest line
  const rows = ['dpkg\t1\t2\r', 'rpm\t1\t1\r', 'apk\t2\t1\r', '', '\r', '\t\t', 'dpkg', 'dpkg\t1', 'dpkg\t1\0\t2', `dpkg\t${long}\t1`, `dpkg\t${most}\t1`,
    `dpkg\t9${most}\t1`, Buffer.from('dpkg\t\xff\t1', 'latin1'), 'dpkg\t2\t1'];
  const input = (list, end) => Buffer.concat([...list.flatMap((r, i) => [Buffer.from(i ? '\n' : ''), Buffer.from(r)]), Buffer.from(end)]);
  const expected = ['<', '=', '>', ...Array(7).fill('invalid'), '>', 'invalid', 'invalid', '>'];
  for (const end of ['\n', '']) assert.deepEqual(plimsoll(['vercmp', '--batch'], { input: input(rows, end) }).stdout.split('\n'), [...expected, '']);
  assert.equal(plimsoll(['vercmp', '--batch'], { input: long }).stdout, 'invalid\n'); // no line end at all
  assert.equal(plimsoll(['vercmp', '--batch'], { input: '' }).stdout, '');
  const good = 'AV:N/AC:L/Au:N/C:P/I:P/A:P';
  const c = plimsoll(['cvss', '--batch'], { input: input([`${good}\r`, '', long, good], '') });
  assert.equal(c.stdout, '2.0 7.5\ninvalid\ninvalid\n2.0 7.5\n');
  assert.equal(plimsoll(['vercmp', '--', 'dpkg', '1', '2']).stdout, '<\n');
});

test('why and why-not show the evidence', () => {
  const why = plimsoll(['why', 'CVE-2026-1', '--input', layout.dir, '--vdb', vdb]).stdout;
  for (const part of ['openssl 3.0', 'var/lib/dpkg/status', 'step 1', '3.1']) assert.ok(why.includes(part), `${part}\n${why}`);
  assert.match(plimsoll(['why-not', 'CVE-2026-1', '--input', clean.dir, '--vdb', vdb]).stdout, /3\.2[^]*3\.1/);
  assert.match(plimsoll(['why-not', 'CVE-2026-3', '--input', clean.dir, '--vdb', vdb]).stdout, /no package of this image[^]*zlib/);
  assert.match(plimsoll(['why-not', 'CVE-1999-1', '--input', clean.dir, '--vdb', vdb]).stdout, /not in the vulnerability database/);
});

// ---- configuration -----------------------------------------------------------------------------------------------

test('every setting is documented with its default, and nothing that is none', () => {
  const rows = [...fs.readFileSync(path.join(root, 'src/daemon/settings.h'), 'utf8').matchAll(/X\("([a-z-]+)", CONFIG_\w+, "\w+(?::PORT)?", "([^"]*)"/g)].map((m) => [m[1], m[2]]);
  assert.ok(rows.length >= 20);
  const page = [...fs.readFileSync(path.join(root, 'docs/configuration.md'), 'utf8').matchAll(/^\| `([a-z-]+)` \| [^|]+ \| (?:`([^`]*)`)?[^|]*\|/gm)].map((m) => [m[1], m[2] ?? '']);
  assert.deepEqual(page, rows);
  const help = plimsoll(['help', 'serve']).stdout;
  for (const [name] of rows) assert.ok(help.includes(`--${name} `), name);
});

test('a flag wins over the environment, that over the file, that over the default', async () => {
  const dir = tempDir('conf'), file = path.join(dir, 'plimsoll.yaml');
  const where = async (args, env) => {
    const r = await runAsync('timeout', ['2', program, 'serve', '--listen', '127.0.0.1:0', '--feeds-every', '0', ...args], { env });
    return /data in (\S+)/.exec(r.stdout)?.[1];
  };
  fs.writeFileSync(file, `data-dir: ${dir}/file # a comment\nlisten: "127.0.0.1:0"\n`);
  fs.writeFileSync(`${file}.2`, `data-dir: "${dir}/second"`);
  const env = { PLIMSOLL_DATA_DIR: `${dir}/env` };
  assert.deepEqual(await Promise.all([where(['--config', file, '--data-dir', `${dir}/flag`], env), where(['--config', file], env),
    where(['--config', file], {}), where([], { PLIMSOLL_CONFIG: `${file}.2` }), where(['--config', file, '--data-dir', `${dir}/third`], { PLIMSOLL_CONFIG: '/nonexistent' })]),
  ['flag', 'env', 'file', 'second', 'third'].map((name) => path.join(dir, name)));
});

test('wrong settings are refused by name and by where they came from', () => {
  const dir = tempDir('conf'), file = path.join(dir, 'c.yaml'), data = path.join(dir, 'data');
  const base = ['serve', '--data-dir', data];
  for (const [args, pattern] of [
    [['--listen', 'x'], /--listen: "x" is not ADDRESS:PORT/], [['--listen', '1.2.3.4:99999'], /--listen/], [['--workers', '257'], /--workers: "257" is not between 0 and 256/],
    [['--workers', 'many'], /--workers: "many" is not a number/], [['--gc-every', '10ms'], /--gc-every: "10ms" is not between 1s and 365d/],
    [['--gc-every', 'often'], /--gc-every: "often" is not a time/], [['--upload-max', '1XB'], /--upload-max: "1XB" is not a size/],
    [['--layer-max', '1KiB'], /--layer-max: "1KiB" is not between 1MiB and 1024TiB/], [['--anonymous-pull', 'maybe'], /--anonymous-pull: "maybe" is neither true nor false/],
    [['--log-level', 'loud'], /--log-level: "loud" is not one of debug/], [['--public-url', 'ftp://x'], /--public-url: "ftp:\/\/x"/],
    [['--feeds', 'osv'], /--feeds: "osv" is not FEED=URL/], [['--tls-cert', file], /tls-cert and tls-key/], [['--worker', '/nonexistent'], /\/nonexistent/],
    [['--vdb', '/nonexistent'], /vdb: \/nonexistent/], [['--config', '/nonexistent'], /\/nonexistent/], [['--nonsense', 'x'], /unknown option --nonsense/],
    [['--data-dir', '/proc/x'], /data-dir: \/proc\/x/],
  ]) bad([...base, '--listen', '127.0.0.1:0', ...args], pattern);
  bad(base, /PLIMSOLL_WORKERS: "x" is not a number/, { env: { PLIMSOLL_WORKERS: 'x' } });
  bad(base, /PLIMSOLL_LISTEN: "x" is not ADDRESS:PORT/, { env: { PLIMSOLL_LISTEN: 'x' } });
  for (const [text, pattern] of [['workers: x\n', /setting workers: "x"/], ['shoe: 9\n', /line 1: unknown setting "shoe"/], ['a\n', /line 1/],
    ['listen: [1, 2]\n', /line 1: a setting must be a plain value/], ['\n\nlisten: {a: b}\n', /line 3/], ['listen: "\n', /line/], ['- listen\n', /line 1/]]) {
    fs.writeFileSync(file, text);
    bad([...base, '--config', file], pattern);
  }
});

// ---- vulnerability databases ---------------------------------------------------------------------------------------

test('debian-tracker takes the JSON and the lists, as files, folders and archives', () => {
  const dir = tempDir('tracker'), out = path.join(dir, 'out.vdb'), data = path.join(dir, 'data');
  fs.mkdirSync(path.join(data, 'DSA'), { recursive: true });
  fs.mkdirSync(path.join(data, 'DLA'));
  fs.writeFileSync(path.join(data, 'DSA/list'), '[29 Mar 2023] DSA-5380-1 openssl - security update\n\t{CVE-2023-1393}\n\t[bookworm] - openssl 3.1\n');
  fs.writeFileSync(path.join(data, 'DLA/list'), '[29 Mar 2023] DLA-5380-1 zlib - security update\n\t{CVE-2023-1394}\n\t[bookworm] - zlib 2\n');
  fs.writeFileSync(path.join(data, 'json.json'), '{"bash":{"CVE-2023-1395":{"releases":{"bookworm":{"status":"open","urgency":"low"}}}}}');
  run('tar', ['-cf', path.join(dir, 'data.tar'), '-C', dir, 'data']);
  run('zstd', ['-q', path.join(dir, 'data.tar')]);
  for (const [sources, expected] of [[['data'], 3], [['data.tar'], 3], [['data.tar.zst'], 3], [['data/DSA/list'], 1], [['data/DSA/list', 'data/DLA/list', 'data/json.json'], 3]]) {
    plimsoll(['vdb', 'build', '--out', out, ...sources.map((s) => `debian-tracker=${path.join(dir, s)}`)]);
    assert.equal(JSON.parse(plimsoll(['vdb', 'info', out, '--format', 'json']).stdout).advisories, expected, sources.join());
  }
  const report = JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', out, '--format', 'json']).stdout);
  assert.deepEqual(matchRows(report.findings).map((f) => [f.package, f.advisory, f.fixed_version]).sort(), [['bash', 'CVE-2023-1395', ''], ['openssl', 'DSA-5380-1', '3.1'], ['zlib1g', 'DLA-5380-1', '2']]);
});

test('a database takes no device\'s place', () => {
  const dir = tempDir('device'), pipe = path.join(dir, 'pipe');
  run('mkfifo', [pipe]);
  fs.writeFileSync(path.join(dir, 'a.json'), JSON.stringify(records[0]));
  for (const out of [pipe, dir]) bad(['vdb', 'build', '--quiet', '--out', out, `osv=${path.join(dir, 'a.json')}`], /not a regular file/);
  assert.ok(fs.statSync(pipe).isFIFO());
});

test('vdb info, query, diff, verify', () => {
  const other = makeVdb([records[0], osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'bash', fixed: '6' }]), osvRecord('CVE-2026-9', [{ ecosystem: 'Alpine:v3.20', name: 'musl', fixed: '1' }])]);
  const info = JSON.parse(plimsoll(['vdb', 'info', vdb, '--format', 'json']).stdout);
  assert.deepEqual([info.advisories, info.packages, info.sources.length, info.bytes], [3, 3, 1, fs.statSync(vdb).size]);
  assert.match(plimsoll(['vdb', 'info', vdb]).stdout, new RegExp(info.digest));
  const byName = JSON.parse(plimsoll(['vdb', 'query', vdb, '--package', 'Debian:12', 'openssl', '--format', 'json']).stdout);
  assert.deepEqual(byName.map((a) => a.id), ['CVE-2026-1']);
  assert.deepEqual(JSON.parse(plimsoll(['vdb', 'query', vdb, '--id', 'CVE-2026-3', '--format', 'json']).stdout)[0].affected.map((x) => x.name), ['zlib']);
  assert.equal(plimsoll(['vdb', 'query', vdb, '--id', 'CVE-1-1', '--format', 'json']).stdout.replace(/\s/g, ''), '[]');
  assert.deepEqual(plimsoll(['vdb', 'diff', '--list', vdb, other]).stdout.trim().split('\n').map((l) => l.split('\t').at(-1)).sort(), ['bash', 'musl', 'zlib']);
  assert.equal(plimsoll(['vdb', 'diff', '--list', vdb, vdb]).stdout, '');
  assert.ok(plimsoll(['vdb', 'verify', vdb]).stdout.includes(info.digest));
  const again = makeVdb(records);
  assert.equal(JSON.parse(plimsoll(['vdb', 'info', again, '--format', 'json']).stdout).packages, 3);
  const whole = fs.readFileSync(vdb);
  const broken = path.join(tempDir('broken'), 'b.vdb');
  for (const length of [0, 1, 100, whole.length >> 1, whole.length - 1]) {
    fs.writeFileSync(broken, whole.subarray(0, length));
    bad(['vdb', 'verify', broken], /b\.vdb/);
    bad(['scan', '--input', layout.dir, '--vdb', broken], /b\.vdb/);
  }
  for (let i = 0; i < 20; i++) {
    const at = crypto.randomInt(whole.length), copy = Buffer.from(whole);
    copy[at] ^= 1 << crypto.randomInt(8);
    fs.writeFileSync(broken, copy);
    bad(['vdb', 'verify', broken], /b\.vdb|damaged|checksum|database/);
  }
});

/** A server of feeds: what it says is set by the test. */
async function feedServer() {
  const seen = [];
  const feeds = new Map(); // path → {body, etag, breakAt, status, ignoreRange}
  const server = http.createServer((req, res) => {
    const feed = feeds.get(req.url);
    seen.push({ url: req.url, range: req.headers.range, ifRange: req.headers['if-range'], ifNoneMatch: req.headers['if-none-match'] });
    if (!feed || feed.status) { res.writeHead(feed?.status ?? 404); res.end('no'); return; }
    if (feed.etag && req.headers['if-none-match'] === feed.etag) { res.writeHead(304, { etag: feed.etag }); res.end(); return; }
    let from = 0;
    if (req.headers.range && !feed.ignoreRange && req.headers['if-range'] === feed.etag) from = Number(/^bytes=(\d+)-/.exec(req.headers.range)[1]);
    const body = feed.body.subarray(from);
    const headers = { 'content-length': body.length, ...(feed.etag && { etag: feed.etag }), ...(from && { 'content-range': `bytes ${from}-${feed.body.length - 1}/${feed.body.length}` }) };
    res.writeHead(from ? 206 : 200, headers);
    if (feed.breakAt) {
      res.write(body.subarray(0, feed.breakAt), () => setTimeout(() => res.destroy(), 50));
      feed.breakAt = 0;
      return;
    }
    res.end(body);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { seen, feeds, url: (name) => `osv=http://127.0.0.1:${server.address().port}${name}`, close: () => server.close() };
}
const osvFile = (list) => Buffer.from(JSON.stringify(list.length === 1 ? list[0] : list));

test('vdb update: new, unchanged, changed, broken and resumed, unreachable', async () => {
  const feeds = await feedServer();
  const out = path.join(tempDir('update'), 'x.vdb');
  const update = async (...args) => runAsync(program, ['vdb', 'update', '--out', out, ...(args.length ? args : [feeds.url('/one.json')])]);
  const advisories = () => JSON.parse(plimsoll(['vdb', 'info', out, '--format', 'json']).stdout).advisories;
  const known = (id) => JSON.parse(plimsoll(['vdb', 'query', out, '--id', id, '--format', 'json']).stdout).length === 1;
  try {
    const padded = (record, n) => osvFile([{ ...record, details: 'x'.repeat(n) }]);
    feeds.feeds.set('/one.json', { body: padded(records[0], 10), etag: '"a"' });
    let r = await update();
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stderr, /osv +fetched/);
    assert.ok(advisories() === 1 && known('CVE-2026-1'));
    const digest = sha256(fs.readFileSync(out));

    r = await update();
    assert.equal(feeds.seen.at(-1).ifNoneMatch, '"a"');
    assert.match(r.stderr, /unchanged/);
    assert.match(r.stdout, /up to date/);
    assert.equal(sha256(fs.readFileSync(out)), digest);

    // A broken download of a newer copy goes on where it broke; until then the old copy and database stay.
    feeds.feeds.set('/one.json', { body: padded(records[1], 3000000), etag: '"b"', breakAt: 1000000 });
    r = await update();
    assert.equal(r.status, 0);
    assert.match(r.stderr, /STALE.*using the stored copy/);
    assert.ok(known('CVE-2026-1'));
    r = await update();
    assert.equal(feeds.seen.at(-1).ifRange, '"b"');
    assert.match(feeds.seen.at(-1).range, /^bytes=[1-9]\d*-$/);
    assert.match(r.stderr, /fetched/, r.stderr);
    assert.ok(known('CVE-2026-2') && !known('CVE-2026-1'));

    // The same, but the server has another entity by then: the whole comes instead of the rest.
    for (const ignoreRange of [false, true]) {
      feeds.feeds.set('/one.json', { body: padded(records[0], 2000000), etag: `"c${ignoreRange}"`, breakAt: 500000 });
      assert.match((await update()).stderr, /STALE/);
      feeds.feeds.set('/one.json', { body: padded(records[2], 1000 + ignoreRange), etag: ignoreRange ? `"c${ignoreRange}"` : '"d"', ignoreRange });
      r = await update();
      assert.equal(r.status, 0, r.stderr);
      assert.match(r.stderr, /fetched/, r.stderr);
      assert.ok(known('CVE-2026-3'), r.stderr);
    }

    // Unreachable, gone, failing: a warning and the copy; a feed that never was is left out.
    feeds.feeds.set('/one.json', { status: 503 });
    r = await update(feeds.url('/one.json'), feeds.url('/never.json'));
    assert.equal(r.status, 0, r.stderr);
    assert.match(r.stderr, /STALE.*503/);
    assert.match(r.stderr, /MISSING.*404/);
    r = await update('osv=http://127.0.0.1:1/one.json');
    assert.equal(r.status, 0, 'nothing new, and the database is there');
    assert.match(r.stderr, /MISSING/);
    assert.ok(known('CVE-2026-3'));
    const none = await runAsync(program, ['vdb', 'update', '--out', path.join(tempDir('none'), 'x.vdb'), 'osv=http://127.0.0.1:1/{1..5}.json']);
    assert.equal(none.stderr.match(/MISSING/g).length, 5);
    assert.equal(none.stderr.match(/not asked: its server did not answer twice/g).length, 3);
    assert.equal(none.status, 1);
    assert.match(none.stderr, /no feed could be fetched/);

    // Fetched, but the build was cut short: the next update builds although nothing is new.
    feeds.feeds.set('/one.json', { body: padded(records[1], 5), etag: '"e"' });
    fs.mkdirSync(`${out}.blocked`);
    const blocked = await runAsync(program, ['vdb', 'update', '--out', `${out}.blocked`, '--feeds-dir', `${out}.feeds`, feeds.url('/one.json')]);
    assert.equal(blocked.status, 1, 'a folder is no file to write');
    r = await update();
    assert.match(r.stderr, /unchanged/);
    assert.match(r.stdout, /was built/);
    assert.ok(known('CVE-2026-2'));
  } finally { feeds.close(); }
});

test('vdb update: what a list of mirrors and a repository name, and a range of numbers', async () => {
  const { feeds, seen, url, close } = await feedServer();
  const host = url('').slice('osv='.length);
  const out = path.join(tempDir('update'), 'x.vdb');
  const erratum = (n) => `<updates><update from="linux-security@amazon.com" type="security" version="1.4"><id>ALAS2-2026-${n}</id><title>curl</title>
    <issued date="2026-01-02 03:04:05"/><severity>important</severity><references><reference href="https://h/" id="CVE-2026-${n}" type="cve"/></references>
    <pkglist><collection short="amazon-linux-2"><name>Amazon Linux 2</name><package arch="x86_64" name="curl" version="8.0" release="1.amzn2.0.${n}" epoch="0"/></collection></pkglist></update></updates>`;
  const repository = (name, text) => {
    feeds.set('/core/mirror.list', { body: Buffer.from(`${host}/r/1/\n`) });
    feeds.set('/r/1/repodata/repomd.xml', { body: Buffer.from(`<repomd><data type="updateinfo"><location href="repodata/${name}"/></data></repomd>`) });
    feeds.set(`/r/1/repodata/${name}`, { body: execFileSync('xz', ['-c'], { input: text }), etag: `"${name}"` });
  };
  const update = () => runAsync(program, ['vdb', 'update', '--out', out, `updateinfo=${host}/core/mirror.list`, `osv=${host}/{2024..}.json`]);
  const known = (id) => JSON.parse(plimsoll(['vdb', 'query', out, '--id', id, '--format', 'json']).stdout).length === 1;
  try {
    repository('a-updateinfo.xml.xz', erratum(10));
    feeds.set('/2024.json', { body: osvFile([records[0]]) });
    feeds.set('/2025.json', { body: osvFile([records[1]]) });
    let r = await update();
    assert.equal(r.status, 0, r.stderr);
    assert.ok(known('ALAS2-2026-10') && known('CVE-2026-1') && known('CVE-2026-2'), r.stderr);
    const asked = (name) => seen.filter((q) => q.url === name);
    assert.equal(asked(`/${new Date().getUTCFullYear()}.json`).length, 1);
    r = await update();
    assert.equal(asked('/r/1/repodata/a-updateinfo.xml.xz').at(-1).ifNoneMatch, '"a-updateinfo.xml.xz"', 'the same file is not fetched twice');
    repository('b-updateinfo.xml.xz', erratum(11));
    r = await update();
    assert.ok(known('ALAS2-2026-11') && !known('ALAS2-2026-10'), r.stderr);
    feeds.set('/r/1/repodata/repomd.xml', { body: Buffer.from('<repomd/>') });
    r = await update();
    assert.match(r.stderr, /STALE .*repomd\.xml names no file of advisories \(using the stored copy\)/);
    assert.ok(known('ALAS2-2026-11'));
  } finally { close(); }
});

test('serve fetches feeds at once when asked to', async () => {
  const feeds = await feedServer();
  feeds.feeds.set('/one.json', { body: osvFile([records[0]]), etag: '"a"' });
  const server = new Server({ args: ['--feeds-every', '0', '--feeds', feeds.url('/one.json')] });
  try {
    await server.start();
    assert.equal((await server.json('/api/v1/vulndb')).present, false);
    assert.equal((await server.fetch('/api/v1/vulndb:update', { method: 'POST' })).status, 202);
    for (const until = Date.now() + 60000; !(await server.json('/api/v1/vulndb')).present;) {
      assert.ok(Date.now() < until, 'the generation comes');
      await new Promise((go) => setTimeout(go, 100));
    }
  } finally { await server.stop(); feeds.close(); }
});

test('serve fetches feeds by itself, and an unreachable one stops nothing', async () => {
  const feeds = await feedServer();
  feeds.feeds.set('/one.json', { body: osvFile([records[0]]), etag: '"a"' });
  const server = new Server({ args: ['--feeds-every', '3s', '--feeds', `${feeds.url('/one.json')} osv=http://127.0.0.1:1/x.json`] });
  try {
    await server.start();
    const until = Date.now() + 60000;
    const wait = async (advisory) => {
      for (;;) {
        const v = await server.json('/api/v1/vulndb');
        if (v.present && v.advisories === advisory) return v;
        assert.ok(Date.now() < until, JSON.stringify(v));
        await new Promise((go) => setTimeout(go, 100));
      }
    };
    const first = await wait(1);
    feeds.feeds.set('/one.json', { body: osvFile([{ ...records[1] }]), etag: '"b"' });
    for (;;) {
      const v = await server.json('/api/v1/vulndb');
      if (v.digest !== first.digest) break;
      assert.ok(Date.now() < until, 'the second generation comes');
      await new Promise((go) => setTimeout(go, 100));
    }
    assert.match(server.output, /1 of 2 could not be fetched.*127\.0\.0\.1:1/);
    assert.equal((await server.json('/readyz')).ready, true);
  } finally { await server.stop(); feeds.close(); }
});

test('a layout of two images: none is taken unasked; one is chosen by tag or digest, as a folder and as a tar', () => {
  const dir = path.join(tempDir('layout'), 'two');
  fs.cpSync(layout.dir, dir, { recursive: true });
  fs.cpSync(clean.dir, dir, { recursive: true });
  const of = (l, tag) => ({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: l.digest, size: l.manifestBytes.length,
    annotations: { 'org.opencontainers.image.ref.name': tag } });
  fs.writeFileSync(path.join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [of(layout, 'old'), of(clean, 'new')] }));
  const archive = `${dir}.tar`;
  run('tar', ['-C', dir, '-cf', archive, '.']);
  for (const input of [dir, archive]) {
    bad(['scan', '--input', input, '--vdb', vdb], /index\.json: several images; choose one by :TAG or @DIGEST after the path: old, new/);
    bad(['scan', '--input', `${input}:newer`, '--vdb', vdb], /there is no image "newer"; there are: old, new/);
    for (const [behind, l, count] of [[':old', layout, 3], [':new', clean, 0], [`@${clean.digest}`, clean, 0], [`@${layout.digest}`, layout, 3]]) {
      const report = JSON.parse(plimsoll(['scan', '--input', `${input}${behind}`, '--vdb', vdb, '--format', 'json']).stdout);
      assert.deepEqual([report.image.digest, report.findings.length, report.image.name], [l.digest, count, `${input}${behind}`]);
    }
  }
  assert.match(plimsoll(['inventory', '--input', `${dir}:new`]).stdout, /openssl/);
});

test('a first start on a taken port shows no password; the next one does, and it is good', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => taken.once('listening', done));
  const dataDir = tempDir('data');
  const r = await runAsync(program, ['serve', '--data-dir', dataDir, '--listen', `127.0.0.1:${taken.address().port}`, '--feeds-every', '0'],
    { timeout: 30000 });
  taken.close();
  assert.equal(r.status, 1, r.stderr);
  assert.match(r.stderr, /listen 127\.0\.0\.1/);
  assert.doesNotMatch(r.stdout + r.stderr, /password/);
  const server = await new Server({ dataDir }).start();
  try {
    assert.ok(server.password);
    assert.equal((await server.fetch('/v2/')).status, 200);
  } finally {
    await server.stop();
  }
});
