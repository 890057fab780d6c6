// What one user may make: tokens, role assignments, scopes, rows of the audit log; and who may change which password.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Server, pushBlob } from './lib.mjs';

const PERSONAL_MAX = 256, REFRESH_MAX = 64, GRANTS_MAX = 1024, AUDIT_MAX = 1000;
let server;
const post = (body, method = 'POST') => ({ method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const basic = (name, password) => ({ authorization: 'Basic ' + Buffer.from(`${name}:${password}`).toString('base64') });
const send = (method, target, body) => server.fetch(target, post(body, method));
const role = (user, role_, scope) => send('POST', '/api/v1/role-assignments', { user, role: role_, scope });
const robot = async (name) => {
  assert.equal((await send('POST', '/api/v1/users', { name, kind: 'robot' })).status, 201);
  return (await (await send('POST', `/api/v1/users/${name}/tokens`, { label: 'first' })).json()).token;
};
const as = (headers) => (target, options = {}) => fetch(new URL(target, server.url), { ...options, headers: { ...headers, ...options.headers } });
const problem = async (r) => [r.status, (await r.json()).detail];

before(async () => { server = await new Server({ args: ['--audit-max', String(AUDIT_MAX)] }).start(); });
after(() => server?.stop());

test('a robot has tokens only: no password is set, none that was set is good', async () => {
  const token = await robot('ci');
  const [status, detail] = await problem(await send('PUT', '/api/v1/users/ci/password', { password: 'correct horse battery' }));
  assert.equal(status, 409);
  assert.match(detail, /tokens only/);
  assert.equal((await as(basic('ci', token))('/v2/')).status, 200);
});

test('changing one\'s own password needs the present one, another\'s the right to; a refusal names the action', async () => {
  for (const [name, password] of [['ann', 'ann has a password'], ['bob', 'bob has a password']])
    assert.equal((await send('POST', '/api/v1/users', { name, password })).status, 201);
  const ann = as(basic('ann', 'ann has a password'));
  const change = (who, name, body) => who(`/api/v1/users/${name}/password`, post(body, 'PUT'));
  assert.equal((await change(ann, 'ann', { password: 'a new password' })).status, 400);
  assert.equal((await change(ann, 'ann', { password: 'a new password', current_password: 'a wrong password' })).status, 403);
  const [status, detail] = await problem(await change(ann, 'bob', { password: 'a new password', current_password: 'ann has a password' }));
  assert.equal(status, 403);
  assert.match(detail, /needs the action Microsoft\.Authorization\/roleAssignments\/write at \//);
  assert.equal((await change(ann, 'ann', { password: 'a new password', current_password: 'ann has a password' })).status, 204);
  assert.equal((await ann('/v2/')).status, 401);
  assert.equal((await as(basic('ann', 'a new password'))('/v2/')).status, 200);
  assert.equal((await change(server.fetch.bind(server), 'bob', { password: 'reset by the owner' })).status, 204);
  assert.equal((await change(server.fetch.bind(server), 'admin', { password: 'reset by the owner' })).status, 400); // he too, his own
  // Of the registry's routes the error says it as well.
  const oci = await as(basic('bob', 'reset by the owner'))('/v2/some/repo/tags/list');
  assert.equal(oci.status, 403);
  assert.match((await oci.json()).errors[0].message, /needs the action registries\/pull\/read at \/registries\/local\/repositories\/some\/repo/);
});

test('personal tokens end at a number, with 409; of refresh tokens the oldest goes', async () => {
  const token = await robot('many');
  for (const r of await Promise.all(Array.from({ length: PERSONAL_MAX - 1 }, (_, i) => send('POST', '/api/v1/users/many/tokens', { label: `t${i}` })))) assert.equal(r.status, 201);
  const [status, detail] = await problem(await send('POST', '/api/v1/users/many/tokens', { label: 'one more' }));
  assert.equal(status, 409);
  assert.match(detail, /256 tokens/);
  const ask = as({ ...basic('many', token), 'user-agent': `agent/${'x'.repeat(3000)}` });
  const refresh = [];
  for (let i = 0; i < REFRESH_MAX + 6; i++) refresh.push((await (await ask('/oauth2/token?service=plimsoll&offline_token=true')).json()).refresh_token);
  const rows = (await server.all('/api/v1/users/many/tokens')).filter((t) => t.kind === 'refresh');
  assert.equal(rows.length, REFRESH_MAX);
  assert.ok(rows.every((t) => t.label.length === 128 && t.label.startsWith('agent/xxx') && t.label.endsWith('x...')));
  const use = (t) => fetch(new URL('/oauth2/token', server.url), { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: t, service: 'plimsoll' }) });
  assert.deepEqual([(await use(refresh[5])).status, (await use(refresh[6])).status, (await use(refresh.at(-1))).status], [401, 200, 200]);
});

test('every role assignment counts, and there is a last one', async () => {
  const token = await robot('wide');
  const mine = as(basic('wide', token));
  const made = async (from, to) => {
    for (let i = from; i < to; i += 64)
      for (const r of await Promise.all(Array.from({ length: Math.min(64, to - i) }, (_, k) => role('wide', 'AcrPush', `/registries/local/repositories/w/r${i + k}`)))) assert.equal(r.status, 201);
  };
  await made(0, 300);
  const open = (i) => mine(`/v2/w/r${i}/blobs/uploads/`, { method: 'POST' });
  for (const i of [0, 255, 256, 257, 299]) assert.equal((await open(i)).status, 202, i);
  assert.equal((await open(300)).status, 403);
  await made(300, GRANTS_MAX);
  assert.equal((await open(GRANTS_MAX - 1)).status, 202);
  const [status, detail] = await problem(await role('wide', 'AcrPush', '/registries/local/repositories/w/more'));
  assert.equal(status, 409);
  assert.match(detail, /1024 role assignments/);
});

test('all scopes of a token are granted, or it is refused', async () => {
  const scope = (i) => `repository:s/r${i}:pull`;
  const ask = (query) => server.fetch(`/oauth2/token?service=plimsoll&${query}`);
  const bearer = (token) => as({ authorization: `Bearer ${token}` });
  for (const [query, last] of [[Array.from({ length: 63 }, (_, i) => `scope=${scope(i)}`).join('&'), 62], [`scope=${Array.from({ length: 100 }, (_, i) => scope(i)).join('%20')}`, 99]]) {
    await pushBlob(server, `s/r${last}`, Buffer.from('{}'));
    const { token } = await (await ask(query)).json();
    assert.equal((await bearer(token)(`/v2/s/r${last}/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a`)).status, 200);
    assert.equal((await bearer(token)('/v2/s/r100/tags/list')).status, 401);
  }
  assert.equal((await ask(Array.from({ length: 64 }, (_, i) => `scope=${scope(i)}`).join('&'))).status, 414);
  const long = (i) => `repository:s/${'n'.repeat(200)}${i}:pull,push`;
  const many = await ask(Array.from({ length: 25 }, (_, i) => `scope=${long(i)}`).join('&'));
  assert.equal(many.status, 200);
  assert.equal((await bearer((await many.json()).token)(`/v2/s/${'n'.repeat(200)}24/blobs/uploads/`, { method: 'POST' })).status, 202);
  const refused = await fetch(new URL('/oauth2/token', server.url), { method: 'POST', body: new URLSearchParams({ grant_type: 'password', username: 'admin', password: server.password,
    scope: Array.from({ length: 257 }, (_, i) => scope(i)).join(' ') }) });
  assert.equal(refused.status, 400);
  assert.match(await refused.text(), /more than 256 scopes/);
  const heavy = await fetch(new URL('/oauth2/token', server.url), { method: 'POST', body: new URLSearchParams({ grant_type: 'password', username: 'admin', password: server.password,
    scope: Array.from({ length: 60 }, (_, i) => long(i)).join(' ') }) });
  assert.equal(heavy.status, 400);
  assert.match(await heavy.text(), /do not fit in a token/);
});

test('a registry token ends with its user, and is not one of a new user of that name', async () => {
  const made = async () => {
    const token = await robot('leaver');
    assert.equal((await role('leaver', 'AcrPush', '/')).status, 201);
    return (await (await as(basic('leaver', token))('/oauth2/token?service=plimsoll&scope=repository:l/x:pull,push')).json()).token;
  };
  const push = (token) => fetch(new URL('/v2/l/x/blobs/uploads/', server.url), { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  const old = await made();
  assert.equal((await push(old)).status, 202);
  assert.equal((await server.fetch('/api/v1/users/leaver', { method: 'DELETE' })).status, 204);
  assert.equal((await push(old)).status, 401);
});

test('the realm is the host as the client says it, port and underscore and all; of a nonsense host it is not', async () => {
  const realm = (host) => new Promise((done, fail) => http.get(new URL('/v2/', server.url), { headers: { host } }, (r) => { r.resume(); done(/realm="([^"]*)"/.exec(r.headers['www-authenticate'])?.[1]); }).on('error', fail));
  for (const host of ['my_registry:5080', 'Reg.Example.com', '[::1]:5080', '192.0.2.1:80']) assert.equal(await realm(host), `http://${host}/oauth2/token`);
  for (const host of ['a:b', 'a:123456', 'x@y', '-x']) assert.equal((await realm(host)) ?? 'http://localhost/oauth2/token', 'http://localhost/oauth2/token', host);
});

test('public-url: what is none is refused at the start, slashes at its end are cut', async () => {
  for (const bad of ['ftp://x', 'x.example.com', 'https://', 'http://a/?b', 'http://u@h/', 'http://h/a b', 'http://h//x', 'http://h:port/', 'http://h/"'])
    await assert.rejects(new Server({ args: ['--public-url', bad] }).start(), /public-url.*is not http\(s\):\/\/HOST/s, bad);
  const other = await new Server({ args: ['--public-url', 'https://reg.example.com/base///'] }).start();
  try {
    assert.match((await fetch(new URL('/v2/', other.url))).headers.get('www-authenticate'), /realm="https:\/\/reg\.example\.com\/base\/oauth2\/token"/);
    const begun = await other.fetch('/v2/a/blobs/uploads/', { method: 'POST' });
    assert.match(begun.headers.get('location'), /^https:\/\/reg\.example\.com\/base\/v2\/a\/blobs\/uploads\//);
  } finally {
    await other.stop();
  }
});

test('open uploads of one user end at a number, with 429; others go on', async () => {
  const small = await new Server({ args: ['--uploads-per-user', '5'] }).start();
  try {
    const open = (headers) => small.fetch('/v2/u/x/blobs/uploads/', { method: 'POST', headers });
    const places = [];
    for (let i = 0; i < 5; i++) places.push((await open()).headers.get('location'));
    const more = await open();
    assert.deepEqual([more.status, more.headers.get('retry-after')], [429, '60']);
    assert.match((await more.json()).errors[0].message, /5 uploads of this user are open/);
    assert.equal((await small.fetch('/api/v1/users', post({ name: 'ci', kind: 'robot' }))).status, 201);
    const { token } = await (await small.fetch('/api/v1/users/ci/tokens', post({ label: 'a' }))).json();
    assert.equal((await small.fetch('/api/v1/role-assignments', post({ user: 'ci', role: 'AcrPush', scope: '/' }))).status, 201);
    assert.equal((await open(basic('ci', token))).status, 202);
    assert.equal((await small.fetch(places[0], { method: 'DELETE' })).status, 204);
    assert.equal((await open()).status, 202);
    await small.stop(); // they are remembered
    await small.start();
    assert.equal((await open()).status, 429);
  } finally {
    await small.stop();
  }
});

test('names of 255 bytes in 128 parts', async () => {
  const name = 'a/'.repeat(127) + 'b';
  assert.equal(name.length, 255);
  await pushBlob(server, name, Buffer.from('{}'));
  assert.equal((await server.fetch(`/v2/${'a/'.repeat(127)}bc/blobs/uploads/`, { method: 'POST' })).status, 400);
});

test('the audit log keeps so many rows', async () => {
  const rows = await server.all('/api/v1/audit');
  assert.equal(rows.length, AUDIT_MAX); // more were written
});
