// What a report on an image shows, and which exit status it comes to.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll } from './lib.mjs';

let vdb, layout, unrated, scratch;
before(() => {
  vdb = makeVdb([
    osvRecord('DSA-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.1' }], { severity: 'HIGH', aliases: ['CVE-2026-11', 'CVE-2026-1'] }),
    osvRecord('DSA-2026-2', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.2' }], { severity: 'LOW', aliases: ['CVE-2026-2'] }),
    osvRecord('CVE-2026-3', [{ ecosystem: 'Debian:12', name: 'bash' }]),
  ]);
  const openssl = ['openssl', 'libssl3', 'libssl-dev'].map((name) => ({ name, version: '3.0', source: 'openssl' }));
  layout = makeLayout([[debianRelease(), dpkgStatus([...openssl, { name: 'bash', version: '5' }])]]);
  unrated = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }])]]);
  scratch = makeLayout([[{ path: 'hello', content: 'static' }]]);
});
const scan = (image, args, options) => plimsoll(['scan', '--input', image.dir, '--vdb', vdb, ...args], { check: false, ...options });

test('one row for each source package and check, worst first; totals and upgrades in words', () => {
  const out = scan(layout, []).stdout;
  assert.match(out, /^3 findings: 1 High, 1 Low, 1 Unknown\. .* 2 have a fix; in 2 source packages, 7 matches\.$/m);
  assert.deepEqual(out.split('\n').filter((l) => /^(High|Low|Unknown) /.test(l)).map((l) => l.split(/ {2,}/)), [
    ['High', 'CVE-2026-1 +1', 'openssl', '3.0', '3.1'], ['Unknown', 'CVE-2026-3', 'bash', '5', 'no fix yet'], ['Low', 'CVE-2026-2', 'openssl', '3.0', '3.2']]);
  assert.match(out, /^Upgrade openssl to 3\.2: clears 2$/m);
  const { summary } = JSON.parse(scan(layout, ['--format', 'json', '-s', 'high']).stdout);
  assert.deepEqual([summary.total, summary.matches, summary.High, summary.hidden_by_filters], [1, 3, 1, 2]);
});

test('the table fits the terminal; --wide cuts nothing', () => {
  const widest = (args, columns) => Math.max(...scan(layout, args, { env: { COLUMNS: columns, LC_ALL: 'C' } }).stdout.split('\n').slice(3).map((l) => l.length));
  assert.ok(widest([], '60') <= 60);
  assert.ok(widest(['--columns', 'severity,id,package,binary,installed,fixed,title'], '100') <= 100);
  assert.match(scan(layout, ['--wide'], { env: { COLUMNS: '60' } }).stdout, /CVE-2026-1,CVE-2026-11 .*DSA-2026-1 summary/);
  assert.match(scan(layout, ['--columns', 'nope']).stderr, /--columns: "nope" is not one of severity, /);
});

test('a gate: what it counts, and what it says when it does not', () => {
  const status = (image, ...args) => { const r = scan(image, args); return [r.status, r.stderr.replace(/\n$/, '')]; };
  const quiet = /^$/, warns = /warning: 1 finding has no severity: not counted by --fail-on/;
  for (const [image, args, code, says] of [
    [layout, [], 0, quiet], [layout, ['--fail-on', 'critical'], 0, warns], [layout, ['--fail-on', 'high'], 2, /--fail-on: 1 finding$/],
    [layout, ['--fail-on', 'low,unknown'], 2, /3 findings/], [layout, ['--fail-on', 'any', '--exit-code', '9'], 2, /3 findings/], [layout, ['--fail-on', 'critical', '--exit-code', '9'], 9, quiet],
    [unrated, ['--fail-on', 'low'], 0, warns], [unrated, ['--fail-on', 'low,unknown'], 2, /1 finding/], [unrated, ['--fail-on', 'unknown'], 2, /1 finding/],
    [unrated, ['--severity', 'HIGH,CRITICAL', '--exit-code', '1'], 0, /1 finding has no severity: hidden by --severity/],
    [unrated, ['--severity', 'HIGH,UNKNOWN', '--exit-code', '1'], 1, quiet], [unrated, ['--fail-on', 'kev,fixable'], 0, warns],
    [layout, ['--fail-on', 'fixable'], 2, /2 findings/],
    [scratch, [], 0, /warning: the image is Unverified.*no package database/], [scratch, ['--fail-on', 'high'], 0, /Unverified/],
    [scratch, ['--fail-on', 'unverified'], 2, /--fail-on unverified: no package database/], [scratch, ['--exit-code', '1'], 0, /Unverified/],
  ]) {
    const [have, text] = status(image, ...args);
    assert.equal(have, code, `${args.join(' ')}: ${text}`);
    assert.match(text, says, args.join(' '));
  }
  const old = makeLayout([[debianRelease(9), dpkgStatus([{ name: 'bash', version: '9' }])]]);
  assert.equal(scan(old, ['--exit-on-eol', '5']).status, 5);
  assert.equal(scan(old, ['--fail-on', 'eol']).status, 2);
  assert.equal(scan(layout, ['--exit-on-eol', '5']).status, 0);
});

test('a value that does not exist is an error, with what is probably meant', () => {
  for (const [args, says] of [
    [['--category', 'Debain'], /--category: "Debain" is unknown; did you mean Debian\?/], [['--not-category', 'kernel'], /--not-category: "kernel" is not one of/],
    [['--sevrity', 'high'], /unknown option --sevrity; did you mean --severity\?/], [['--severity', 'hihg'], /"hihg".*did you mean High\?/],
    [['--cvss-gte', '11'], /--cvss-gte: "11" is not a number from 0 to 10/], [['--kev', 'yes'], /--kev: "yes" is neither true nor false/],
    [['--check-id', '1,x'], /--check-id: "x" is not a number/], [['--status', 'fxied'], /--status: "fxied".*did you mean fixed\?/],
    [['--fail-on', 'high,hihg'], /"hihg" is not one of critical/], [['--format', 'xml'], /known are table, json, .*sarif/],
  ]) {
    const r = scan(layout, args);
    assert.equal(r.status, 1);
    assert.match(r.stderr, says);
  }
  assert.match(plimsoll(['sacn'], { check: false }).stderr, /unknown command "sacn"; did you mean "scan"\?/);
  assert.match(plimsoll(['vdb', 'biuld'], { check: false }).stderr, /did you mean "build"\?/);
});
