// Sign-in by an OpenID provider: the whole way through a browser's eyes, hostile tokens and answers, groups by claims, and who is who.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, clock, tempDir } from './lib.mjs';
import { Provider, Visitor, makeKey, sign } from './provider.mjs';

let server, provider;
before(async () => {
  provider = await new Provider({ clock }).start();
  const file = path.join(tempDir('secret'), 'client');
  fs.writeFileSync(file, `${provider.secret}\n`, { mode: 0o600 });
  server = await new Server({ args: ['--oidc-issuer', provider.issuer, '--oidc-client-id', provider.clientId, '--oidc-client-secret-file', file, '--oidc-name', 'Example', '--login-failures', '1000',
    '--login-failures-per-peer', '0', '--login-failures-per-name', '0'] }).start();
});
after(async () => { await server?.stop(); await provider?.stop(); });

class Browser extends Visitor {
  constructor(base = server.url) { super(base); }
}
const send = (...request) => server.send(...request), ok = (...request) => server.ask(...request);

test('the portal is told that there is a provider', async () => {
  assert.deepEqual(await (await fetch(new URL('/api/v1/session/ways', server.url))).json(), { password: true, provider: 'Example', provider_url: '/api/v1/session/oidc' });
});

test('code, PKCE, ID token, session: a user is made, by issuer and subject', async () => {
  const b = new Browser();
  const start = await b.get('/api/v1/session/oidc'), to = new URL(start.headers.get('location'));
  assert.equal(to.origin + to.pathname, `${provider.issuer}/authorize`);
  assert.deepEqual([to.searchParams.get('scope'), to.searchParams.get('redirect_uri')], ['openid profile email', new URL('/api/v1/session/oidc/callback', server.url).href]);
  const cookie = b.cookies.get('plimsoll_oidc').line;
  assert.match(cookie, /; Max-Age=600; Path=\/api\/v1\/session\/oidc; HttpOnly; SameSite=Lax$/);
  assert.equal(await b.signIn(), '/portal/');
  assert.match(b.cookies.get('plimsoll_session').line, /; Path=\/api\/v1; HttpOnly; SameSite=Strict$/);
  assert.ok(!b.cookies.has('plimsoll_oidc'));
  assert.deepEqual([(await b.session()).name, (await b.session()).actions], ['ann', []]);
  const user = await server.json('/api/v1/users/ann');
  assert.deepEqual([user.kind, user.has_password, user.roles], ['user', false, []]);
  // Another name at the provider is the same person; another person of that name is not.
  provider.next = { sub: '1', preferred_username: 'ann.smith' };
  assert.equal(await b.signIn(), '/portal/');
  assert.equal((await b.session()).name, 'ann');
  provider.next = { sub: '2', preferred_username: 'ann' };
  assert.equal(await new Browser().signIn(), '/portal/?sign_in=name');
});

test('nobody becomes a user who was here before by having the name at the provider', async () => {
  provider.next = { sub: '3', preferred_username: 'admin', groups: ['owners'] };
  const b = new Browser();
  assert.equal(await b.signIn(), '/portal/?sign_in=name');
  assert.equal(await b.session(), 401);
  for (const name of ['', '-x', 'a b', 'x'.repeat(200), undefined, 7]) {
    provider.next = { sub: '4', preferred_username: name };
    assert.equal(await new Browser().signIn(), '/portal/?sign_in=provider', String(name));
  }
});

test('groups follow the claims of the last sign-in; members that people added stay', async () => {
  for (const [name, claim] of [['readers', 'g-read'], ['writers', 'g-write'], ['both', 'g-read']]) await ok('POST', '/api/v1/groups', { name, claim }, 201);
  await ok('POST', '/api/v1/role-assignments', { user: 'readers', role: 'Security Reader' }, 201);
  const b = new Browser(), groups = async () => (await server.json('/api/v1/users/gus')).groups;
  provider.next = { sub: '5', preferred_username: 'gus', groups: ['g-read', 'unknown', { id: 7 }, ''] };
  assert.equal(await b.signIn(), '/portal/');
  assert.deepEqual(await groups(), ['both', 'readers']);
  assert.ok((await b.session()).actions.includes('Microsoft.Security/assessments/read'));
  assert.deepEqual((await server.json('/api/v1/groups/readers/members')).items.map((m) => [m.name, m.by_claim]), [['gus', true]]);
  await ok('PUT', '/api/v1/groups/both/members/gus', undefined, 204); // stays from now on
  provider.next = { sub: '5', preferred_username: 'gus', groups: 'g-write' }; // one, as some providers write it
  assert.equal(await b.signIn(), '/portal/');
  assert.deepEqual(await groups(), ['both', 'writers']);
  assert.deepEqual((await b.session()).actions, []);
  provider.next = { sub: '5', preferred_username: 'gus' };
  await b.signIn();
  assert.deepEqual(await groups(), ['both']);
  const rows = (await server.all('/api/v1/audit')).filter((r) => r.actor === 'gus' && r.action.startsWith('group.member'));
  assert.deepEqual(rows.map((r) => [r.action, r.subject]).reverse(), [['group.member.add', 'both'], ['group.member.add', 'readers'], ['group.member.remove', 'readers'], ['group.member.add', 'writers'], ['group.member.remove', 'writers']]);
});

test('ES256, a list of audiences with azp, and keys that change', async () => {
  provider.next = { sub: '6', preferred_username: 'eve' };
  await new Browser().signIn();
  const fetched = provider.asked['/realm/keys'];
  clock.advance(61000); // keys that are not known are asked for once a minute
  provider.keys = [makeKey('ES256')];
  provider.next = { ...provider.next, aud: ['other', provider.clientId], azp: provider.clientId };
  assert.equal(await new Browser().signIn(), '/portal/');
  assert.equal(await new Browser().signIn(), '/portal/');
  assert.equal(provider.asked['/realm/keys'], fetched + 1);
  provider.keys.push(makeKey('RS256')); // within the minute: not asked for, whoever wants it
  for (let i = 0; i < 3; i++) assert.equal(await new Browser().signIn(), '/portal/?sign_in=denied');
  assert.equal(provider.asked['/realm/keys'], fetched + 1);
  clock.advance(61000);
  assert.equal(await new Browser().signIn(), '/portal/');
  assert.equal(provider.asked['/realm/keys'], fetched + 2);
});

test('tokens that are wrong: no session', async () => {
  provider.next = { sub: '7', preferred_username: 'mal' };
  const now = () => Math.floor(clock.now() / 1000), stranger = { ...makeKey('RS256') };
  const claims = (change) => (h, c, k) => sign(h, { ...c, ...change(c) }, k);
  const cases = {
    'no signature': (h, c) => sign({ ...h, alg: 'none' }, c),
    'no signature, but the header says there is': (h, c) => sign(h, c),
    'signed with the public key as a secret': (h, c, k) => {
      const text = sign({ ...h, alg: 'HS256' }, c).slice(0, -1);
      return `${text}.${crypto.createHmac('sha256', k.publicKey.export({ type: 'spki', format: 'pem' })).update(text).digest('base64url')}`;
    },
    'another key under the same kid': (h, c) => sign(h, c, stranger),
    'another key, its own kid': (h, c) => sign({ ...h, kid: 'stranger' }, c, stranger),
    'its key in its header': (h, c) => sign({ alg: 'RS256', jwk: stranger.jwk() }, c, stranger),
    'another algorithm than the key has': (h, c, k) => sign({ ...h, alg: 'ES256' }, c, k),
    'RS512': (h, c, k) => sign({ ...h, alg: 'RS512' }, c, k),
    'extensions that must be understood': (h, c, k) => sign({ ...h, crit: ['exp'] }, c, k),
    'claims changed after signing': (h, c, k) => { const [a, , s] = sign(h, c, k).split('.'); return `${a}.${Buffer.from(JSON.stringify({ ...c, sub: 'x' })).toString('base64url')}.${s}`; },
    'iss': claims(() => ({ iss: `${provider.issuer}/` })),
    'no iss': claims(() => ({ iss: undefined })),
    'aud': claims(() => ({ aud: 'other' })),
    'aud of several without azp': claims((c) => ({ aud: [c.aud, 'other'] })),
    'azp': claims(() => ({ azp: 'other' })),
    'no aud': claims(() => ({ aud: [] })),
    'nonce': claims(() => ({ nonce: 'x'.repeat(43) })),
    'no nonce': claims(() => ({ nonce: undefined })),
    'expired': claims(() => ({ exp: now() - 61 })),
    'no exp': claims(() => ({ exp: undefined })),
    'no iat': claims(() => ({ iat: undefined })),
    'of the future': claims(() => ({ iat: now() + 120, exp: now() + 600 })),
    'not yet valid': claims(() => ({ nbf: now() + 120 })),
    'no sub': claims(() => ({ sub: undefined })),
    'an empty sub': claims(() => ({ sub: '' })),
    'a long sub': claims(() => ({ sub: 'x'.repeat(256) })),
    'exp as a text': claims((c) => ({ exp: String(c.exp) })),
    'claims that are a list': (h, c, k) => sign(h, [c], k),
    'two parts': (h, c, k) => sign(h, c, k).split('.').slice(0, 2).join('.'),
    'four parts': (h, c, k) => `${sign(h, c, k)}.x`,
    'no token': () => '',
    'a number': () => 7,
    'too long': (h, c, k) => sign(h, { ...c, x: 'x'.repeat(70000) }, k),
  };
  const usual = provider.token;
  for (const [what, token] of Object.entries(cases)) {
    provider.token = token;
    const b = new Browser();
    assert.match(await b.signIn(), /^\/portal\/\?sign_in=(denied|provider|busy)$/, what);
    assert.deepEqual([b.cookies.size, await b.session()], [0, 401], what);
  }
  provider.token = usual;
  assert.equal(await new Browser().signIn(), '/portal/'); // nothing of that was remembered
});

test('more groups than a user may have: an answer of its own, and nothing is changed', async () => {
  const groups = Array.from({ length: 65 }, (_, i) => `many-${i}`);
  for (const name of groups) await ok('POST', '/api/v1/groups', { name, claim: name }, 201);
  const who = { sub: '65', preferred_username: 'joiner' }, refused = '/portal/?sign_in=groups';
  provider.next = { ...who, groups };
  assert.equal(await new Browser().signIn(), refused);
  assert.equal((await send('GET', '/api/v1/users/joiner')).status, 404);
  provider.next = { ...who, groups: groups.slice(1) };
  assert.equal(await new Browser().signIn(), '/portal/');
  provider.next = { ...who, groups: Array.from({ length: 1001 }, (_, i) => `g${i}`) }; // more than a token may name
  assert.equal(await new Browser().signIn(), refused);
  assert.equal((await server.json('/api/v1/users/joiner')).groups.length, 64);
});

test('over TLS the cookie of a sign-in is of this host alone', async () => {
  const file = path.join(tempDir('secret'), 'client');
  fs.writeFileSync(file, `${provider.secret}\n`, { mode: 0o600 });
  provider.next = { sub: '70', preferred_username: 'tess' };
  const secure = await new Server({ args: ['--oidc-issuer', provider.issuer, '--oidc-client-id', provider.clientId, '--oidc-client-secret-file', file, '--public-url', 'https://plimsoll.example'] }).start();
  try {
    const b = new Browser(secure.url), here = (to) => { const u = new URL(to); assert.equal(u.origin, 'https://plimsoll.example'); return u.pathname + u.search; };
    const callback = here(await b.toCallback());
    assert.match(b.cookies.get('__Host-plimsoll_oidc').line, /; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    assert.ok(!b.cookies.has('plimsoll_oidc'));
    // One that a neighbouring host could have set is not looked at.
    const planted = new Browser(secure.url);
    planted.cookies.set('plimsoll_oidc', b.cookies.get('__Host-plimsoll_oidc'));
    assert.equal((await planted.get(callback)).headers.get('location'), '/portal/?sign_in=denied');
    assert.equal((await b.get(callback)).headers.get('location'), '/portal/');
    assert.ok(!b.cookies.has('__Host-plimsoll_oidc'));
  } finally { await secure.stop(); }
});

test('strangers who come with no sign-in do not fill the log', async () => {
  const lines = () => server.output.split('this browser began no sign-in').length - 1;
  const before = lines();
  for (let i = 0; i < 60; i++) assert.equal((await new Browser().get('/api/v1/session/oidc/callback?code=x&state=y')).status, 303);
  const more = lines() - before;
  assert.ok(more <= 40, `${more} lines`); // 20 a minute, of two minutes at most
});

test('an answer belongs to the browser that began, once, for ten minutes', async () => {
  provider.next = { sub: '8', preferred_username: 'bea' };
  const denied = '/portal/?sign_in=denied', visit = async (b, target) => (await b.get(target)).headers.get('location');
  const callback = await new Browser().toCallback();
  assert.equal(await visit(new Browser(), callback), denied); // another browser, without a cookie
  const other = new Browser();
  await other.toCallback();
  assert.equal(await visit(other, callback), denied); // with one of another sign-in
  for (const change of [(v) => v.slice(0, -1) + (v.endsWith('A') ? 'B' : 'A'), (v) => v.replace(/^[^.]+/, 'x'), (v) => v.replace(/\.(\d+)\./, '.9999999999.'), () => '', () => '....', (v) => v.split('.')[0]]) {
    const b = new Browser(), to = await b.toCallback(), c = b.cookies.get('plimsoll_oidc');
    c.value = change(c.value);
    assert.equal(await visit(b, to), denied, c.value);
  }
  const b = new Browser(), to = new URL(await b.toCallback());
  for (const change of [(q) => q.delete('state'), (q) => q.set('state', 'x'), (q) => q.delete('code'), (q) => q.set('code', 'unknown'), (q) => q.set('iss', 'https://evil.example'), (q) => q.set('error', 'access_denied')]) {
    const again = new Browser(), url = new URL(await again.toCallback());
    change(url.searchParams);
    assert.equal(await visit(again, url), denied, url.search);
    assert.ok(!again.cookies.has('plimsoll_oidc'));
  }
  assert.equal(await visit(b, to), '/portal/');
  const twice = await visit(b, to);
  assert.equal(twice, denied); // the cookie is gone
  const late = new Browser(), lateTo = await late.toCallback();
  clock.advance(601000);
  assert.equal(await visit(late, lateTo), denied);
});

test('a provider that fails, lies or hangs', async () => {
  const answer = (paths, make) => { for (const p of paths) provider.answers[`/realm/${p}`] = make; };
  const lasting = async (what, word = 'provider') => { assert.equal(await new Browser().signIn(), `/portal/?sign_in=${word}`, what); provider.answers = {}; };
  provider.next = { sub: '9', preferred_username: 'pia' };
  answer(['token'], (r) => { r.writeHead(500); r.end(); });
  await lasting('500');
  answer(['token'], (r) => { r.writeHead(307, { location: `${provider.issuer}/elsewhere` }); r.end(); });
  await lasting('a redirect is not followed');
  assert.equal(provider.asked['/realm/elsewhere'], undefined);
  answer(['token'], (r) => { r.writeHead(200, { 'content-type': 'application/json' }); r.end('{"id_token":'); });
  await lasting('half a reply');
  answer(['token'], (r) => { r.writeHead(200, { 'content-type': 'application/json' }); r.end(`{"x":"${'x'.repeat(300000)}"}`); });
  await lasting('a long reply');
  answer(['token'], (r) => r.destroy());
  await lasting('a broken connection');
  clock.advance(3601000); // documents are kept for an hour
  const text = (body) => (r) => { r.writeHead(200, { 'content-type': 'application/json' }); r.end(JSON.stringify(body)); };
  const good = { issuer: provider.issuer, authorization_endpoint: `${provider.issuer}/authorize`, token_endpoint: `${provider.issuer}/token`, jwks_uri: `${provider.issuer}/keys` };
  const start = async () => (await new Browser().get('/api/v1/session/oidc')).headers.get('location');
  for (const wrong of [{ ...good, issuer: 'https://evil.example' }, { ...good, token_endpoint: 'http://evil.example/token' }, { ...good, authorization_endpoint: 'javascript:alert(1)' }, { ...good, jwks_uri: 7 }, { ...good, jwks_uri: undefined }, []]) {
    answer(['.well-known/openid-configuration'], text(wrong));
    assert.equal(await start(), '/portal/?sign_in=provider', JSON.stringify(wrong));
    clock.advance(3601000);
  }
  // What fails is not tried again for ten seconds.
  answer(['.well-known/openid-configuration'], (r) => { r.writeHead(503); r.end(); });
  const before = provider.asked['/realm/.well-known/openid-configuration'];
  for (let i = 0; i < 5; i++) assert.equal(await start(), '/portal/?sign_in=provider');
  assert.equal(provider.asked['/realm/.well-known/openid-configuration'], before + 1);
  provider.answers = {};
  assert.equal(await start(), '/portal/?sign_in=provider');
  clock.advance(11000);
  assert.equal(await new Browser().signIn(), '/portal/');
});

test('keys that are no keys do no harm', async () => {
  provider.next = { sub: '10', preferred_username: 'kim' };
  const key = makeKey('RS256'), jwk = key.jwk(), odd = [
    { ...jwk, n: 'AQAB' }, { ...jwk, n: '' }, { ...jwk, e: 'AA' }, { ...jwk, e: 'AQ' }, { ...jwk, n: '!!!' }, { ...jwk, n: 'A'.repeat(4000) }, { ...jwk, use: 'enc' }, { ...jwk, alg: 'ES256' }, { ...jwk, kty: 'oct', k: 'AAAA' },
    { kty: 'EC', crv: 'P-256', kid: jwk.kid, x: 'AAAA', y: 'AAAA' }, { kty: 'EC', crv: 'P-521', kid: jwk.kid }, { kty: 7 }, {},
  ];
  provider.keys = [key];
  for (const keys of [{ keys: odd }, { keys: [] }, {}, [], { keys: 'x' }, { keys: Array.from({ length: 65 }, () => jwk) }, 7, { keys: [7] }]) {
    provider.answers['/realm/keys'] = (r) => { r.writeHead(200, { 'content-type': 'application/json' }); r.end(JSON.stringify(keys)); };
    clock.advance(3601000);
    assert.match(await new Browser().signIn(), /sign_in=(denied|provider|busy)/, JSON.stringify(keys).slice(0, 80));
  }
  provider.answers['/realm/keys'] = (r) => { r.writeHead(200, { 'content-type': 'application/json' }); r.end(JSON.stringify({ keys: [...odd, jwk] })); };
  clock.advance(3601000);
  assert.equal(await new Browser().signIn(), '/portal/'); // the right one is found among them
  provider.answers = {};
});

test('sessions end with their user, who comes back as another', async () => {
  provider.next = { sub: '11', preferred_username: 'zoe' };
  const b = new Browser();
  await b.signIn();
  await ok('POST', '/api/v1/role-assignments', { user: 'zoe', role: 'Reader' }, 201);
  assert.equal((await b.session()).name, 'zoe');
  await ok('DELETE', '/api/v1/users/zoe', undefined, 204);
  assert.equal(await b.session(), 401);
  assert.equal(await b.signIn(), '/portal/');
  assert.deepEqual((await server.json('/api/v1/users/zoe')).roles, []);
});

test('without a provider there is nothing; with oidc-create-users false only users who are known; failures are limited', async () => {
  const plain = await new Server().start();
  try {
    assert.deepEqual(await (await fetch(new URL('/api/v1/session/ways', plain.url))).json(), { password: true });
    for (const leaf of ['', '/callback?code=x&state=y']) assert.equal((await fetch(new URL(`/api/v1/session/oidc${leaf}`, plain.url))).status, 404);
  } finally { await plain.stop(); }
  provider.secret = ''; // a public client
  const closed = await new Server({ args: ['--oidc-issuer', provider.issuer, '--oidc-client-id', provider.clientId, '--oidc-create-users', 'false', '--login-failures', '3'] }).start();
  try {
    provider.next = { sub: '12', preferred_username: 'una' };
    const words = [];
    for (let i = 0; i < 5; i++) { // as an image of a page of another site's
      const r = await fetch(new URL('/api/v1/session/oidc/callback?code=x&state=y', closed.url), { redirect: 'manual' });
      assert.match(r.headers.get('location'), /sign_in=denied$/, 'what no browser began does not count');
    }
    for (let i = 0; i < 5; i++) words.push(new URL(await new Browser(closed.url).signIn(), closed.url).searchParams.get('sign_in'));
    assert.deepEqual(words, ['denied', 'denied', 'denied', 'busy', 'busy']);
    assert.equal((await closed.all('/api/v1/users')).length, 1);
    assert.ok((await closed.all('/api/v1/audit')).some((r) => r.action === 'login.refuse' && r.subject === 'oidc' && r.peer === '127.0.0.1'));
  } finally { await closed.stop(); }
});

test('settings that cannot work are refused at the start', async () => {
  for (const [args, why] of [[['--oidc-issuer', 'http://login.example.org', '--oidc-client-id', 'x'], /https/], [['--oidc-issuer', 'https://login.example.org'], /client id/],
    [['--oidc-issuer', 'https://login.example.org', '--oidc-client-id', 'x', '--oidc-client-secret-file', '/nowhere/at/all'], /nowhere/]])
    await assert.rejects(new Server({ args }).start(), why);
});
