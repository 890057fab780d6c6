// Commands that ask a running server: push-status as a scan of what was pushed; users, tokens and roles; a lost password.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, build, debianRelease, dpkgStatus, findingLines, has, makeLayout, makeVdb, osvRecord, plimsoll, pushBlob, pushLayout, run, sha256, sleep, tempDir } from './lib.mjs';

let server, vdb, layout, scratch;
before(async () => {
  vdb = makeVdb([
    osvRecord('DSA-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.1' }], { severity: 'HIGH', aliases: ['CVE-2026-1'], cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' }),
    osvRecord('CVE-2026-3', [{ ecosystem: 'Debian:12', name: 'bash' }]),
  ]);
  layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'libssl3', version: '3.0', source: 'openssl' }, { name: 'bash', version: '5' }])]]);
  scratch = makeLayout([[{ path: 'hello', content: 'static' }]]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
  await pushLayout(server, 'team/shop', layout, '1.4');
  await pushLayout(server, 'team/scratch', scratch, '1');
});
after(() => server?.stop());

/** As whom: {user: password}. */
const ask = (args, { as = 'admin', password = server.password, input, env } = {}) => plimsoll(args, { check: false, input,
  env: { PLIMSOLL_SERVER: server.url, PLIMSOLL_USERNAME: as, PLIMSOLL_PASSWORD: password, XDG_RUNTIME_DIR: '/nonexistent', HOME: '/nonexistent', ...env } });
const ok = (args, options) => { const r = ask(args, options); assert.equal(r.status, 0, `${args.join(' ')}: ${r.stderr}`); return r.stdout; };

test('push-status reports as scan does: the same rows, counts, formats and gates', () => {
  const scan = (...args) => plimsoll(['scan', '--vdb', vdb, '--input', layout.dir, ...args], { check: false });
  const table = (text) => text.split('\n').slice(1); // all but the image's name
  assert.deepEqual(table(ok(['push-status', 'team/shop:1.4'])), table(scan().stdout));
  const mine = JSON.parse(ok(['push-status', 'team/shop:1.4', '--format', 'json'])), theirs = JSON.parse(scan('--format', 'json').stdout);
  assert.deepEqual(findingLines(mine.findings), findingLines(theirs.findings));
  assert.deepEqual([mine.summary, mine.state, mine.coverage, mine.image.digest], [theirs.summary, theirs.state, theirs.coverage, layout.digest]);
  assert.equal(JSON.parse(ok(['push-status', 'team/shop:1.4', '--format', 'sarif'])).runs[0].results.length, mine.summary.total);
  const bom = (text) => { const b = JSON.parse(text); return [b.components.map((c) => c.purl ?? c.name).sort(), b.vulnerabilities.map((v) => [v.id, v.affects.map((a) => a.ref).sort()])]; };
  assert.deepEqual(bom(ok(['push-status', 'team/shop:1.4', '--format', 'cyclonedx'])), bom(scan('--format', 'cyclonedx').stdout));
  for (const [args, status, says] of [
    [['team/shop:1.4', '--fail-on', 'critical'], 0, /1 finding has no severity/], [['team/shop:1.4', '--fail-on', 'high'], 2, /1 finding$/m],
    [['team/shop:1.4', '--severity', 'LOW', '--exit-code', '3'], 0, /hidden by --severity/], [['team/shop:1.4', '--exit-code', '3'], 3, /^$/],
    [['team/scratch:1'], 0, /Unverified.*no package database/], [['team/scratch:1', '--fail-on', 'unverified'], 2, /unverified/],
    [[`${server.host}/team/shop@${layout.digest}`], 0, /^$/], [['team/shop:nope'], 1, /not found: team\/shop:nope/], [['team/none:1'], 1, /not found: team\/none:1/],
    [['UPPER'], 1, /"UPPER" is not REPOSITORY/], [['team/shop:1.4', '--sevrity', 'x'], 1, /did you mean --severity/],
  ]) {
    const r = ask(['push-status', ...args]);
    assert.equal(r.status, status, `${args.join(' ')}: ${r.stderr}`);
    assert.match(r.stderr.trim(), says, args.join(' '));
  }
});

test('list: what the server holds, as a table, CSV and NDJSON; filters are the server\'s', () => {
  const rows = (text) => text.trim().split('\n').map((line) => line.split(/ {2,}/));
  let t = rows(ok(['list', 'findings']));
  assert.deepEqual(t[0], ['SEVERITY', 'KEV', 'VULNERABILITY', 'PACKAGE', 'INSTALLED', 'FIXED IN', 'REGISTRY', 'REPOSITORY', 'DIGEST']);
  assert.deepEqual(t.slice(1).map((r) => [r[0], r[3], r.at(-1)]), [['High', 'openssl', layout.digest], ['Unknown', 'bash', layout.digest]]);
  assert.equal(rows(ok(['list', 'findings', '--cve', 'CVE-2026-1'])).length, 2);
  assert.equal(ok(['list', 'findings', '--cve', 'CVE-1999-1']), '');
  const whole = ok(['list', 'findings', '--format', 'ndjson']).trim().split('\n').map(JSON.parse);
  assert.deepEqual(whole[0].matches.map((m) => m.package).sort(), ['libssl3', 'openssl']); // more than 1,000 bytes, none of them cut
  const csv = ok(['list', 'checks', '--format', 'csv', '--severity', 'High']).split('\r\n');
  assert.deepEqual([csv[0].split(',')[0], csv[1].split(',').slice(0, 4), csv.length], ['"severity"', ['"High"', '"no"', '"7.5"', '"1"'], 3]);
  assert.deepEqual(rows(ok(['list', 'images', 'team/shop']))[1].slice(0, 3), ['Unhealthy', '0', '1']);
  const everywhere = JSON.parse(ok(['list', 'images', '--state', 'Unhealthy', '--format', 'ndjson']).split('\n')[0]);
  assert.deepEqual([everywhere.repository, everywhere.registry, everywhere.state], ['team/shop', 'local', 'Unhealthy']);
  assert.match(ok(['list', 'images', '--registry', 'local']), /REPOSITORY/);
  assert.deepEqual(rows(ok(['list', 'repositories', '--scope', '/registries/local'])).slice(1).map((r) => r.at(-1)), ['team/scratch', 'team/shop']);
  assert.deepEqual(rows(ok(['list', 'packages', 'openssl', '--below', '3.0.1']))[1].slice(0, 2), ['libssl3, openssl', '3.0']);
  assert.equal(ok(['list', 'packages', 'openssl', '--below', '2']), '');
  assert.deepEqual(rows(ok(['list', 'scans', '--repository', 'team/shop']))[1].slice(1, 3), ['completed', 'push']);
  for (const [args, says] of [
    [['list', 'findings', '--limit', '1'], /there are more than the 1 listed/], [['list', 'findings', '--limit', 'x'], /--limit: "x" is no number/],
    [['list', 'findings', '--format', 'xml'], /none of table, csv, ndjson/], [['list', 'packages'], /too few operands|operand/], [['list', 'images', 'no/such'], /no\/such/],
    [['list', 'findings', '--severity', 'Bad'], /severity/],
  ]) assert.match(ask(args).stderr, says, args.join(' '));
});

const put = async (repository, reference, manifest) => {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...manifest }));
  const r = await server.fetch(`/v2/${repository}/manifests/${reference}`, { method: 'PUT', body: bytes, headers: { 'content-type': manifest.mediaType } });
  assert.equal(r.status, 201, await r.text());
  return { mediaType: manifest.mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
};
const INDEX = 'application/vnd.oci.image.index.v1+json', MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const named = (l, architecture) => ({ mediaType: MANIFEST, digest: l.digest, size: l.manifestBytes.length, platform: { os: 'linux', architecture } });
const artifact = async (repository, reference) => {
  const blob = Buffer.from('{}'), digest = await pushBlob(server, repository, blob);
  const d = { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: blob.length };
  return put(repository, reference, { mediaType: MANIFEST, artifactType: 'application/vnd.example.chart', config: d, layers: [{ ...d, mediaType: 'text/plain' }] });
};

test('of an index, the worst gate counts, in whichever order its images are', async () => {
  const clean = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bashful', version: '5' }])]]);
  for (const l of [layout, scratch, clean]) await pushLayout(server, 'many/gates', l, l.digest);
  const orders = { high: [layout, scratch], low: [scratch, layout], mixed: [layout, clean], dexim: [clean, layout] };
  for (const [tag, [a, b]] of Object.entries(orders))
    await put('many/gates', tag, { mediaType: INDEX, manifests: [named(a, 'amd64'), named(b, 'arm64')] });
  for (const [tag, args, status] of [
    ['high', ['--fail-on', 'unverified', '--exit-code', '3'], 2], ['low', ['--fail-on', 'unverified', '--exit-code', '3'], 2],
    ['high', ['--fail-on', 'high', '--exit-code', '3'], 2], ['low', ['--fail-on', 'high', '--exit-code', '3'], 2],
    ['mixed', ['--exit-code', '3'], 3], ['dexim', ['--exit-code', '3'], 3], ['mixed', ['--fail-on', 'critical'], 0],
  ]) {
    const r = ask(['push-status', `many/gates:${tag}`, ...args]);
    assert.equal(r.status, status, `${tag} ${args.join(' ')}: ${r.stderr}`);
  }
  assert.match(ask(['push-status', 'many/gates:high', '--platform', 'linux/s390x']).stderr, /no image for linux\/s390x/);
  assert.equal(JSON.parse(ok(['push-status', 'many/gates:high', '--platform', 'linux/amd64', '--format', 'json'])).image.digest, layout.digest);
});

test('an artifact is a document in every format, and no gate takes it for good', async () => {
  const a = await artifact('team/chart', '1');
  for (const format of ['json', 'sarif', 'cyclonedx'])
    assert.equal(typeof JSON.parse(ok(['push-status', 'team/chart:1', '--format', format])), 'object', format);
  const got = JSON.parse(ok(['push-status', 'team/chart:1', '--format', 'json']));
  assert.deepEqual([got.state, got.findings, got.image.digest], ['Unverified', [], a.digest]);
  assert.match(got.reason, /artifact/);
  assert.match(ask(['push-status', 'team/chart:1']).stderr, /warning: .*Unverified/);
  assert.equal(ask(['push-status', 'team/chart:1', '--fail-on', 'unverified']).status, 2);
  // Beside an image it is what builders add to it: the image counts.
  await pushLayout(server, 'team/chart', layout, layout.digest);
  await put('team/chart', 'both', { mediaType: INDEX, manifests: [a, named(layout, 'amd64')] });
  assert.equal(JSON.parse(ok(['push-status', 'team/chart:both', '--format', 'json', '--fail-on', 'unverified'])).image.digest, layout.digest);
});

test('indexes too deep or of too many images are an error', async () => {
  await pushLayout(server, 'deep/index', layout, layout.digest);
  let inner = named(layout, 'amd64');
  for (let depth = 1; depth <= 4; depth++)
    inner = await put('deep/index', `d${depth}`, { mediaType: INDEX, manifests: [inner] });
  assert.match(ok(['push-status', 'deep/index:d3']), /openssl/);
  const deep = ask(['push-status', 'deep/index:d4', '--fail-on', 'critical']);
  assert.deepEqual([deep.status, /nested deeper than 3/.test(deep.stderr)], [1, true], deep.stderr);
  await put('deep/index', 'wide', { mediaType: INDEX, manifests: Array(200).fill(named(layout, 'amd64')) });
  const wide = await server.fetch('/v2/deep/index/manifests/wide', { headers: { accept: INDEX } });
  const one = { mediaType: INDEX, digest: wide.headers.get('docker-content-digest'), size: Number(wide.headers.get('content-length')) };
  await put('deep/index', 'wider', { mediaType: INDEX, manifests: [one, one] });
  const wider = ask(['push-status', 'deep/index:wider']);
  assert.deepEqual([wider.status, /more than 256 images/.test(wider.stderr)], [1, true], wider.stderr);
});

test('without the wait, an image whose scan has not ended is not verified', async () => {
  const dir = tempDir('programs'), worker = path.join(dir, 'plimsoll-worker'), hold = path.join(dir, 'hold');
  fs.writeFileSync(worker, `#!/bin/sh\n[ -e ${hold} ] && exit 1\nexec ${path.join(build, 'plimsoll-worker')} "$@"\n`, { mode: 0o755 });
  const own = await new Server({ args: ['--vdb', vdb, '--worker', worker] }).start();
  try {
    fs.writeFileSync(hold, '');
    await pushLayout(own, 'not/yet', layout, '1');
    const now = (...args) => ask(['push-status', 'not/yet:1', '--no-wait', ...args], { password: own.password, env: { PLIMSOLL_SERVER: own.url } });
    let r;
    for (const until = Date.now() + 60000; (r = now()).status === 1 && Date.now() < until;) await sleep(20); // it is listed a moment later
    assert.deepEqual([r.status, /^not\/yet@sha256:\w+: (queued|running|Pending)$/m.test(r.stdout)], [0, true], r.stdout + r.stderr);
    assert.match(r.stderr, /warning: .*Unverified.*its scan has not finished/);
    assert.equal(now('--fail-on', 'unverified').status, 2);
    const got = JSON.parse(now('--format', 'json').stdout);
    assert.deepEqual([got.state, got.findings], ['Unverified', []]);
    assert.match(got.reason, /scan has not finished/);
  } finally { await own.stop(); }
});

test('who asks: wrong, nobody, not allowed, too often; and as docker login keeps it', async () => {
  assert.match(ask(['push-status', 'team/shop:1.4'], { password: 'wrong' }).stderr, /wrong name or password for "admin"/);
  assert.match(ask(['push-status', 'team/shop:1.4'], { as: '', password: '' }).stderr, /no credentials: give --username/);
  const dir = tempDir('auth');
  fs.writeFileSync(path.join(dir, 'auth.json'), JSON.stringify({ auths: { [server.host]: { auth: Buffer.from(`admin:${server.password}`).toString('base64') } } }));
  ok(['push-status', 'team/shop:1.4'], { as: '', password: '', env: { REGISTRY_AUTH_FILE: path.join(dir, 'auth.json') } });
  ok(['push-status', 'team/shop:1.4', '--password-stdin'], { password: '', input: `${server.password}\n` });
  const lone = await new Server({ args: ['--login-failures', '1'] }).start();
  try {
    const wrong = () => ask(['user', 'list'], { password: 'wrong', env: { PLIMSOLL_SERVER: lone.url } });
    wrong();
    assert.match(wrong().stderr, /too many wrong passwords.*retry in \d+ s/);
  } finally { await lone.stop(); }
});

test('a robot with a token and two roles pushes and asks', () => {
  assert.match(ok(['user', 'list']), /^admin +user +\d{4}-\d\d-\d\d +Owner at \/$/m);
  ok(['user', 'add', 'ci', '--robot']);
  const token = ok(['token', 'create', 'ci', '--label', 'build', '--expires', '30d']).trim();
  assert.match(ask(['push-status', 'team/shop:1.4'], { as: 'ci', password: token }).stderr, /"ci" may not do this.*role assign/);
  ok(['role', 'assign', 'ci', 'push', 'team']);
  ok(['role', 'assign', 'ci', 'Security-Reader']);
  assert.deepEqual(ok(['role', 'list', 'ci']).trim().split('\n').map((l) => l.split(/ {2,}/)),
    [['USER', 'ROLE', 'SCOPE'], ['ci', 'AcrPush', '/registries/local/repositories/team'], ['ci', 'Security Reader', '/']]);
  ok(['push-status', 'team/shop:1.4'], { as: 'ci', password: token });
  const [titles, line] = ok(['token', 'list', 'ci']).trim().split('\n'), [id, kind, , , label] = line.split(/ {2,}/);
  assert.match(titles, /^NUMBER +KIND +CREATED +ENDS +LABEL$/);
  assert.deepEqual([kind, label], ['personal', 'build']);
  ok(['token', 'revoke', 'ci', id]);
  assert.equal(ok(['token', 'list', 'ci']), '');
  ok(['role', 'remove', 'ci', 'AcrPush', 'team']);
  assert.match(ask(['role', 'assign', 'ci', 'nosuch']).stderr, /nosuch/);
  assert.match(ask(['role', 'list', 'nobody']).stderr, /nobody/);
  assert.match(ok(['role', 'names']), /^AcrPush +Push +registries\/pull\/read/m);
  ok(['user', 'remove', 'ci']);
  assert.match(ask(['token', 'list', 'ci']).stderr, /no user "ci"/);
  for (const args of [['user', 'add'], ['token', 'create', 'ci', '--expires', '1h'], ['token', 'revoke', 'ci', 'x'], ['role', 'assign', 'ci']])
    assert.equal(ask(args).status, 1, args.join(' '));
});

test('a lost password: generated on the stopped folder, never under a running server', async () => {
  const own = await new Server().start();
  try {
    const offline = (...args) => ask(['user', 'passwd', ...args, '--data-dir', own.dataDir], { password: '' });
    assert.match(offline('admin', '--generate').stderr, /in use by a running server/);
    await own.stop();
    const r = offline('admin', '--generate');
    assert.equal(r.status, 0, r.stderr);
    assert.ok(!fs.existsSync(path.join(own.dataDir, 'owner-password')), 'nobody logged in, and it is the password no more');
    assert.match(offline('nobody', '--generate').stderr, /"nobody"/);
    assert.match(ask(['user', 'passwd', 'admin', '--generate', '--data-dir', '/nonexistent']).stderr, /\/nonexistent: not a server's data folder/);
    const old = own.password;
    own.password = /^password: (\S+)$/m.exec(r.stdout)[1];
    await own.start();
    assert.equal((await own.fetch('/api/v1/users')).status, 200);
    const login = { env: { PLIMSOLL_SERVER: own.url }, password: own.password };
    assert.match(ask(['user', 'list'], { ...login, password: old }).stderr, /wrong name or password/);
    assert.match(ask(['user', 'passwd', 'admin', '--new-password-stdin'], { ...login, input: 'too short\n' }).stderr, /shorter than 12/);
    ok(['user', 'passwd', 'admin', '--password-stdin', '--new-password-stdin'], { ...login, password: '', input: `${own.password}\ncorrect horse battery\n` });
    ok(['user', 'list'], { ...login, password: 'correct horse battery' });
  } finally { await own.stop(); }
});

test('a certificate of one\'s own authority: --cacert, SSL_CERT_FILE', { skip: !has('openssl') && 'openssl is absent' }, async () => {
  const dir = tempDir('tls'), cert = path.join(dir, 'cert.pem'), key = path.join(dir, 'key.pem');
  run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
  const tls = await new Server({ args: ['--tls-cert', cert, '--tls-key', key] }).start();
  try {
    const options = { password: tls.password, env: { PLIMSOLL_SERVER: tls.url } };
    assert.match(ask(['user', 'list'], options).stderr, /certificate/i);
    assert.match(ok(['user', 'list', '--cacert', cert], options), /^NAME .*\nadmin/);
    assert.match(ok(['user', 'list'], { ...options, env: { ...options.env, SSL_CERT_FILE: cert } }), /^NAME .*\nadmin/);
    assert.match(ok(['user', 'list', '--insecure'], options), /^NAME .*\nadmin/);
    assert.match(ask(['user', 'list', '--cacert', path.join(dir, 'none')], options).stderr, /--cacert: .*none: /);
    const scan = (...args) => plimsoll(['scan', `${tls.host}/team/none:1`, '--vdb', vdb, '-u', 'admin', ...args], { check: false, env: { PLIMSOLL_PASSWORD: tls.password } }).stderr;
    assert.match(scan('--cacert', cert), /no such manifest/);
    assert.match(scan('-p', 'wrong', '--cacert', cert), /wrong name or password for "admin"/);
  } finally { await tls.stop(); }
});
