// Sessions of the portal and its files, without a browser: what the cookie allows and what it does not, what may be kept.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import http from 'node:http';
import { Server, clock } from './lib.mjs';

let server;
before(async () => { server = await new Server().start(); });
after(() => server?.stop());

const origin = () => server.url.replace(/\/$/, '');
const ask = (target, { method = 'GET', headers = {}, body } = {}) => fetch(new URL(target, server.url), { method, headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers }, body: body && JSON.stringify(body), redirect: 'manual' });
const signIn = (name, password, headers = {}) => ask('/api/v1/session', { method: 'POST', body: { name, password }, headers: { origin: origin(), ...headers } });
const cookieOf = (r) => r.headers.get('set-cookie').split(';')[0];

test('a session is a cookie that only the server reads', async () => {
  const r = await signIn('admin', server.password);
  assert.equal(r.status, 201);
  assert.match(r.headers.get('set-cookie'), /^plimsoll_session=plm_\S+; Max-Age=43200; Path=\/api\/v1; HttpOnly; SameSite=Strict$/);
  const me = await r.json();
  assert.deepEqual([me.name, me.kind], ['admin', 'user']);
  assert.ok(me.actions.includes('Microsoft.Security/assessments/read'));
  const cookie = cookieOf(r);
  assert.equal((await ask('/api/v1/findings', { headers: { cookie } })).status, 200);
  assert.equal((await ask('/api/v1/findings', { headers: { cookie: `other=1; ${cookie}` } })).status, 200);
  assert.equal((await ask('/api/v1/findings', { headers: { cookie: 'plimsoll_session=plm_x' } })).status, 401);
  assert.equal((await ask('/v2/', { headers: { cookie } })).status, 401, 'the registry takes no cookies');
  assert.equal((await ask('/oauth2/token', { headers: { cookie } })).status, 401);
  const token = cookie.split('=')[1];
  assert.equal((await ask('/api/v1/findings', { headers: { authorization: `Bearer ${token}` } })).status, 401, 'it is no token for elsewhere');
  assert.equal((await signIn('admin', token)).status, 401);
});

test('what changes something must come from a page of this server', async () => {
  const cookie = cookieOf(await signIn('admin', server.password));
  const add = (name, headers) => ask('/api/v1/users', { method: 'POST', body: { name, kind: 'robot' }, headers: { cookie, ...headers } }).then((r) => r.status);
  assert.equal(await add('one', { origin: origin() }), 201);
  assert.equal(await add('two', {}), 401, 'without an Origin the cookie is not looked at');
  assert.equal(await add('two', { origin: 'https://evil.example' }), 403);
  assert.equal(await add('two', { origin: 'null' }), 403);
  assert.equal((await signIn('admin', server.password, { origin: 'https://evil.example' })).status, 403, 'nor is anyone signed in from elsewhere');
});

test('it ends: by signing out, with the password, after twelve hours', async () => {
  const alive = async (cookie) => (await ask('/api/v1/session', { headers: { cookie } })).status === 200;
  const admin = (target, method, body) => ask(target, { method, body, headers: server.headers });
  assert.equal((await admin('/api/v1/users', 'POST', { name: 'eve', password: 'long enough, eve' })).status, 201);
  const [a, b] = [cookieOf(await signIn('eve', 'long enough, eve')), cookieOf(await signIn('eve', 'long enough, eve'))];
  assert.deepEqual((await (await admin('/api/v1/users/eve/tokens', 'GET')).json()).items.map((t) => t.kind), ['session', 'session']);
  const out = await ask('/api/v1/session', { method: 'DELETE', headers: { cookie: a, origin: origin() } });
  assert.equal(out.status, 204);
  assert.match(out.headers.get('set-cookie'), /^plimsoll_session=; Max-Age=0; Path=\/api\/v1;/);
  assert.deepEqual([await alive(a), await alive(b)], [false, true]);
  assert.equal((await admin('/api/v1/users/eve/password', 'PUT', { password: 'another one, eve' })).status, 204);
  assert.equal(await alive(b), false);
  const c = cookieOf(await signIn('eve', 'another one, eve'));
  clock.advance(12 * 3600e3 - 60e3);
  assert.equal(await alive(c), true);
  clock.advance(61e3);
  assert.equal(await alive(c), false);
});

test('robots, tokens and wrong passwords open none; guessing is limited', async () => {
  const admin = (target, method, body) => ask(target, { method, body, headers: server.headers });
  assert.equal((await admin('/api/v1/users', 'POST', { name: 'robot', kind: 'robot' })).status, 201);
  const { token } = await (await admin('/api/v1/users/robot/tokens', 'POST', {})).json();
  assert.equal((await signIn('robot', token)).status, 401);
  const mine = (await (await admin('/api/v1/users/admin/tokens', 'POST', {})).json()).token;
  assert.equal((await signIn('admin', mine)).status, 401);
  const statuses = [];
  for (let i = 0; i < 40 && statuses.at(-1) !== 429; i++) statuses.push((await signIn('nobody', `wrong ${i}`)).status);
  assert.equal(statuses[0], 401);
  assert.equal(statuses.at(-1), 429);
});

/** Without what fetch adds or undoes. */
const raw = (target, headers) => new Promise((done, fail) => http.get(new URL(target, server.url), { headers }, (r) => {
  const parts = [];
  r.on('data', (d) => parts.push(d));
  r.on('end', () => done({ status: r.statusCode, headers: r.headers, body: Buffer.concat(parts) }));
}).on('error', fail));

test('the files: compressed for those who take it, kept by their names, checked by their tags', async () => {
  const page = await raw('/portal/', {});
  assert.equal(page.headers['content-encoding'], undefined);
  assert.deepEqual([page.headers['cache-control'], page.headers.vary], ['no-cache', 'Accept-Encoding']);
  for (const accept of ['gzip, deflate, br', 'br;q=1, gzip;q=0.2', '*']) {
    const packed = await raw('/portal/', { 'accept-encoding': accept });
    assert.equal(packed.headers['content-encoding'], 'gzip', accept);
    assert.deepEqual(zlib.gunzipSync(packed.body), page.body);
    assert.notEqual(packed.headers.etag, page.headers.etag);
    const again = await raw('/portal/', { 'accept-encoding': accept, 'if-none-match': packed.headers.etag });
    assert.deepEqual([again.status, again.body.length], [304, 0]);
    assert.ok(again.headers['content-security-policy']);
  }
  for (const accept of ['gzip;q=0', '*;q=0', 'br']) assert.equal((await raw('/portal/', { 'accept-encoding': accept })).headers['content-encoding'], undefined, accept);
  const assets = [...String(page.body).matchAll(/"(\/portal\/assets\/[^"]+)"/g)].map((m) => m[1]);
  assert.ok(assets.length >= 2);
  for (const asset of assets) {
    const r = await raw(asset, {});
    assert.deepEqual([r.status, r.headers['cache-control'], r.headers['x-content-type-options']], [200, 'public, max-age=31536000, immutable', 'nosniff'], asset);
    assert.match(r.headers['content-type'], asset.endsWith('.js') ? /^text\/javascript/ : asset.endsWith('.css') ? /^text\/css/ : /^image\/svg/);
  }
  for (const deep of ['/portal/registries/local/repositories/team%2Fapp/images/sha256:0?tab=packages', '/portal/no/such/page']) assert.deepEqual((await raw(deep, {})).body, page.body, deep);
  assert.equal((await raw('/portal/assets/index-00000000.js', {})).status, 404);
  assert.deepEqual((await raw('/portal', {})).body, page.body);
});
