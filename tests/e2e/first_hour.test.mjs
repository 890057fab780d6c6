// The first start, and what a browser and a mistaken request meet.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, program, pushLayout, run, sleep, tempDir } from './lib.mjs';

let server;
before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb([osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'bash' }], { severity: 'HIGH' })])] }).start();
  const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }])]]);
  await pushLayout(server, 'team/shop', layout);
  await server.scanned('team/shop', layout.digest);
});
after(() => server?.stop());

test('the owner\'s password is kept in a file until the owner logs in, and shown last', async () => {
  const own = await new Server().start();
  const file = path.join(own.dataDir, 'owner-password');
  try {
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.equal(fs.readFileSync(file, 'utf8'), `${own.password}\n`);
    assert.match(own.output, /listening on [^]*skopeo login[^]*push-status [^]*password: \S+\n[^\n]*owner-password\.\n$/);
    assert.doesNotMatch(own.output, /(-p|--password|--creds) /);
    assert.equal((await own.fetch('/api/v1/users', { headers: { authorization: `Basic ${Buffer.from('admin:wrong').toString('base64')}` } })).status, 401);
    assert.ok(fs.existsSync(file), 'a wrong password is no login');
    await own.stop();
    await own.start(); // not in a terminal: no quick start, and the password stays where it is
    assert.match(own.output, /No login yet: the password of the owner "admin" is in .*owner-password/);
    assert.doesNotMatch(own.output, /skopeo/);
    assert.equal((await own.fetch('/api/v1/users')).status, 200);
    assert.ok(!fs.existsSync(file), 'gone with the first login');
    await own.stop();
    await own.start();
    assert.doesNotMatch(own.output, /owner|skopeo/);
  } finally { await own.stop(); }
});

test('another owner who sets the password ends the file, too', async () => {
  const own = await new Server().start();
  const file = path.join(own.dataDir, 'owner-password'), kept = fs.readFileSync(file);
  const as = (name, password, target, method, body) => own.fetch(target, { method, body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` } });
  try {
    assert.equal((await as('admin', own.password, '/api/v1/users', 'POST', { name: 'second', kind: 'user', password: 'correct horse battery' })).status, 201);
    run(program, ['role', 'assign', 'second', 'Owner'], { env: { PLIMSOLL_SERVER: own.url, PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: own.password } });
    await own.stop();
    fs.writeFileSync(file, kept, { mode: 0o600 }); // as if only a token of the owner's had been used
    await own.start();
    assert.ok(fs.existsSync(file));
    assert.equal((await as('second', 'correct horse battery', '/api/v1/users/second/password', 'PUT', { password: 'correct horse battery 2', current_password: 'correct horse battery' })).status, 204);
    assert.ok(fs.existsSync(file), 'the password of another');
    assert.equal((await as('second', 'correct horse battery 2', '/api/v1/users/admin/password', 'PUT', { password: 'correct horse battery' })).status, 204);
    assert.ok(!fs.existsSync(file));
  } finally { await own.stop(); }
});

test('a closed or full standard output loses no password', async () => {
  for (const to of ['>&-', '>/dev/full']) {
    const dataDir = tempDir('data');
    const child = spawn('sh', ['-c', `exec ${program} serve --data-dir ${dataDir} --listen 127.0.0.1:0 --feeds-every 0 ${to}`], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (d) => { said += d; });
    const ended = new Promise((done) => child.on('exit', done));
    try {
      for (const until = Date.now() + 60000; !/cannot be written: the password of the owner/.test(said) && Date.now() < until;) await sleep(20);
      assert.match(said, /cannot be written: the password of the owner .*owner-password/);
      assert.match(fs.readFileSync(path.join(dataDir, 'owner-password'), 'utf8'), /^\S{40,}\n$/);
    } finally { child.kill('SIGTERM'); await ended; }
  }
});

test('a browser is led to the portal, which needs nothing from elsewhere; others read a text', async () => {
  const first = await fetch(server.url, { headers: { accept: 'text/html,*/*;q=0.8' }, redirect: 'manual' });
  assert.deepEqual([first.status, first.headers.get('location'), first.headers.get('vary')], [302, '/portal/', 'Accept']);
  const text = await (await fetch(server.url)).text();
  assert.ok(text.includes(`docker://${server.host}/demo/debian:11`) && text.includes('/api/v1/openapi.json') && text.includes('/portal/'));
  const r = await fetch(new URL('/portal/', server.url));
  const page = await r.text();
  assert.deepEqual([r.status, r.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  const policy = r.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; script-src 'self'; /);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  assert.doesNotMatch(page, /https?:\/\/|style=|<style|<script>/);
  const login = (accept) => fetch(new URL('/api/v1/findings', server.url), { headers: { accept } }).then((x) => x.headers.get('www-authenticate'));
  assert.match(await login('text/html,*/*'), /Basic realm="plimsoll"/);
  assert.doesNotMatch(await login('application/json'), /Basic/);
});

test('a page of another site changes nothing with a browser\'s password', async () => {
  const add = (origin, name) => server.fetch('/api/v1/users', { method: 'POST', headers: { 'content-type': 'application/json', ...(origin && { origin }) },
    body: JSON.stringify({ name, kind: 'robot' }) });
  assert.equal((await add('https://evil.example', 'a')).status, 403);
  assert.equal((await add('null', 'a')).status, 403);
  assert.equal((await add(server.url.replace(/\/$/, ''), 'b')).status, 201);
  assert.equal((await add(undefined, 'c')).status, 201);
});

test('public-url is compared by scheme and authority, in any case, without its path', async () => {
  const own = await new Server({ args: ['--public-url', 'https://Registry.Example:443/plimsoll'] }).start();
  let n = 0;
  const add = async (origin) => (await own.fetch('/api/v1/users', { method: 'POST', headers: { 'content-type': 'application/json', origin }, body: JSON.stringify({ name: `r${n++}`, kind: 'robot' }) })).status;
  try {
    for (const origin of ['https://registry.example', 'HTTPS://REGISTRY.example', 'https://registry.example:443'])
      assert.equal(await add(origin), 201, origin);
    for (const origin of ['http://registry.example', 'https://registry.example:444', 'https://registry.example.evil.example', 'https://evil.example/registry.example', 'https://', 'null'])
      assert.equal(await add(origin), 403, origin);
  } finally { await own.stop(); }
});

test('what does not exist is an error, not an empty list; what is missing has a name', async () => {
  const status = async (target) => { const r = await server.fetch(target); return [r.status, (await r.json()).detail]; };
  for (const [target, code, says] of [
    ['/api/v1/findings?repository=nosuch/repo', 404, /no repository "nosuch\/repo"/], ['/api/v1/findings?repository=team/shop:1.4', 400, /"team\/shop:1\.4" is not a valid repository name/],
    ['/api/v1/registries/local/repositories/nosuch/images', 404, /nosuch/], ['/api/v1/findings?category=Debain', 400, /category.*"Debain"/],
    ['/api/v1/findings?category=debian', 200], ['/api/v1/findings?repository=team/shop&category=Kernel%20headers', 200], ['/api/v1/registries/local/repositories/team/shop/images', 200],
  ]) {
    const [have, detail] = await status(target);
    assert.equal(have, code, `${target}: ${detail}`);
    if (says) assert.match(detail, says);
  }
  assert.equal((await server.json('/api/v1/findings?category=debian')).items.length, 1);
  await server.json('/api/v1/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'lea', password: 'long enough, lea' }) });
  const r = await fetch(new URL('/api/v1/findings', server.url), { headers: { authorization: `Basic ${Buffer.from('lea:long enough, lea').toString('base64')}` } });
  assert.deepEqual([r.status, (await r.json()).detail], [403, 'this needs the action Microsoft.Security/assessments/read at /']);
});
