// Failed logins: how many there may be, who is held up by them and who is not, and what a flood of them costs the others.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Server, plimsoll, pushBlob, sleep, tempDir } from './lib.mjs';
import { settled, usage } from './raw.mjs';

let server, token;
const json = (body) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const robot = async (s) => (await s.json('/api/v1/users/admin/tokens', json({ label: 'ci' }))).token;
before(async () => {
  server = await new Server({ args: ['--login-failures', '4', '--login-failures-per-peer', '20', '--login-failures-per-name', '12', '--login-window', '40s',
    '--password-checks-per-second', '100'] }).start();
  await server.json('/api/v1/users', json({ name: 'ann', password: 'correct horse' }));
  await server.json('/api/v1/users', json({ name: 'bob', password: 'battery staple' }));
  token = await robot(server);
  assert.match(token, /^plm_/);
});
after(() => server?.stop());

/** Ask from an address of this machine's loopback network: another peer to the server. */
function ask(target, { name, password, bearer, from = '127.0.0.1', method = 'GET', body, headers = {} } = {}) {
  return new Promise((done, fail) => {
    const authorization = bearer ? `Bearer ${bearer}` : name && 'Basic ' + Buffer.from(`${name}:${password}`).toString('base64');
    const r = http.request(new URL(target, server.url), { method, localAddress: from, agent: false, headers: { ...(authorization && { authorization }), ...headers } }, (reply) => {
      let text = '';
      reply.on('data', (d) => { text += d; });
      reply.on('end', () => done({ status: reply.statusCode, headers: reply.headers, text }));
    });
    r.on('error', fail);
    r.end(body);
  });
}

test('the right password after a few wrong ones; then 429 with Retry-After, as an OCI error and as a problem', async () => {
  const from = '127.0.0.11';
  for (let i = 0; i < 3; i++) assert.equal((await ask('/v2/', { name: 'ann', password: `wrong ${i}`, from })).status, 401);
  assert.equal((await ask('/v2/', { name: 'ann', password: 'correct horse', from })).status, 200);
  for (let i = 0; i < 4; i++) assert.equal((await ask('/v2/', { name: 'ann', password: `wrong ${i}`, from })).status, 401);
  const oci = await ask('/v2/', { name: 'ann', password: 'wrong 5', from });
  assert.equal(oci.status, 429);
  const wait = Number(oci.headers['retry-after']);
  assert.ok(wait >= 1 && wait <= 11, oci.headers['retry-after']); // one of four comes back in ten seconds
  assert.equal(JSON.parse(oci.text).errors[0].code, 'TOOMANYREQUESTS');
  const problem = await ask('/api/v1/registries', { name: 'ann', password: 'wrong 6', from });
  assert.equal(problem.status, 429);
  assert.equal(JSON.parse(problem.text).status, 429);
  for (const [target, options] of [['/oauth2/token?service=plimsoll', { name: 'ann', password: 'wrong 7' }],
    ['/oauth2/token', { method: 'POST', body: 'grant_type=password&username=ann&password=wrong&service=plimsoll', headers: { 'content-type': 'application/x-www-form-urlencoded' } }]])
    assert.equal((await ask(target, { ...options, from })).status, 429, target);
});

test('nobody else is held up: another address, another name, a token, a remembered password', async () => {
  assert.equal((await ask('/v2/', { name: 'ann', password: 'correct horse', from: '127.0.0.12' })).status, 200);
  assert.equal((await ask('/v2/', { name: 'bob', password: 'battery staple', from: '127.0.0.11' })).status, 200);
  assert.equal((await ask('/v2/', { bearer: token, from: '127.0.0.11' })).status, 200);
  assert.equal((await ask('/v2/', { name: 'admin', password: token, from: '127.0.0.11' })).status, 200);
  assert.equal((await ask('/v2/', { name: 'ann', password: 'correct horse', from: '127.0.0.11' })).status, 200); // verified within the last minute
});

test('a name that does not exist is refused after as many and in the same words', async () => {
  const from = '127.0.0.13', got = [];
  for (const name of ['ann', 'nobody'])
    for (let i = 0; i < 5; i++) {
      const r = await ask('/v2/', { name, password: `guess ${i}`, from });
      got.push(`${r.status} ${r.text}`);
    }
  assert.deepEqual(got.slice(5), got.slice(0, 5));
  assert.deepEqual(got.map((g) => g.slice(0, 3)), ['401', '401', '401', '401', '429', '401', '401', '401', '401', '429']);
});

test('one address that tries many names is refused for all that it never was right for', async () => {
  const from = '127.0.0.14';
  assert.equal((await ask('/v2/', { name: 'ann', password: 'correct horse', from })).status, 200);
  await server.json('/api/v1/users', json({ name: 'cid', password: 'a third password' })); // forgets what was verified
  const got = [];
  for (let i = 0; i < 24; i++) got.push((await ask('/v2/', { name: `name${i}`, password: 'x', from })).status);
  assert.ok(got.filter((s) => s === 401).length >= 18 && got.filter((s) => s === 401).length <= 24, got.join());
  assert.equal((await ask('/v2/', { name: 'bob', password: 'battery staple', from })).status, 429);
  assert.equal((await ask('/v2/', { name: 'bob', password: 'battery staple', from: '127.0.0.15' })).status, 200);
});

test('guessers on many addresses do not keep the owner out', async () => {
  let refused = 0, tried = 0;
  for (let i = 0; i < 16; i++)
    for (let k = 0; k < 2; k++) {
      const { status } = await ask('/v2/', { name: 'cid', password: `g${i}${k}`, from: `127.0.1.${i + 1}` });
      assert.ok([401, 429].includes(status));
      tried += status === 401;
      refused += status === 429;
    }
  assert.ok(refused >= 4, `${refused} of ${tried + refused}`); // once the name's bucket is full each address has one try
  assert.equal((await ask('/v2/', { name: 'cid', password: 'a third password', from: '127.0.1.200' })).status, 200);
});

test('the first refusal of each row is in the audit log, without the password', async () => {
  const rows = (await server.all('/api/v1/audit')).filter((a) => a.action === 'login.refuse');
  const ann = rows.filter((a) => a.subject === 'ann' && a.peer === '127.0.0.11');
  assert.equal(ann.length, 1);
  assert.equal(rows.filter((a) => a.subject === 'nobody').length, 1);
  assert.doesNotMatch(JSON.stringify(rows), /wrong|guess \d/);
});

test('behind a proxy that is trusted, failures are those of the client that it names; what clients claim themselves counts for nothing', async () => {
  const proxied = await new Server({ args: ['--trusted-proxies', '127.0.0.1 127.0.2.0/24', '--login-failures', '4', '--login-failures-per-name', '0'] }).start();
  try {
    const at = (from, forwarded, password) => new Promise((done, fail) => {
      const authorization = 'Basic ' + Buffer.from(`admin:${password}`).toString('base64');
      const r = http.request(new URL('/v2/', proxied.url), { localAddress: from, agent: false, headers: { authorization, ...(forwarded && { 'x-forwarded-for': forwarded }) } }, (reply) => { reply.resume(); done(reply.statusCode); });
      r.on('error', fail);
      r.end();
    });
    const tries = async (from, forwarded) => { const got = []; for (let i = 0; i < 5; i++) got.push(await at(from, forwarded(i), `wrong ${i}`)); return got.join(); };
    const held = '401,401,401,401,429';
    assert.equal(await tries('127.0.0.1', (i) => `198.51.100.${i}, 203.0.113.9`), held); // the last one is the proxy's word
    assert.equal(await tries('127.0.2.7', (i) => `198.51.100.${i}, [2001:db8::1]:4${i}, 127.0.0.1`), held); // two proxies
    assert.equal(await tries('127.0.0.3', (i) => `198.51.100.${i}`), held); // no proxy of ours
    assert.equal(await tries('127.0.0.1', (i) => `198.51.100.${i}, unknown`), held); // no address: the proxy's own
    for (const [from, forwarded] of [['127.0.0.1', '203.0.113.10'], ['127.0.2.7', '203.0.113.10:80'], ['127.0.0.4', '203.0.113.9']])
      assert.equal(await at(from, forwarded, proxied.password), 200, `${from} ${forwarded}`);
    const peers = (await proxied.all('/api/v1/audit')).filter((a) => a.action === 'login.refuse').map((a) => a.peer);
    assert.deepEqual(peers.sort(), ['127.0.0.1', '127.0.0.3', '2001:db8::1', '203.0.113.9']);
  } finally { await proxied.stop(); }
  const args = (list) => ['serve', '--data-dir', tempDir(), '--trusted-proxies', list];
  for (const list of ['*', 'proxy.example', '10.0.0.0/33'])
    assert.match(plimsoll(args(list), { check: false }).stderr, /trusted-proxies.*is not ADDRESS or NETWORK\/BITS|trusted-proxies.*is not HOST/, list);
});

test('a flood of logins: a client with a token goes on being served, pushes go on, and the flood ends in refusals', async () => {
  await server.stop();
  server = await new Server({ args: ['--password-checks-per-second', '4', '--login-failures-per-peer', '0'] }).start();
  token = await robot(server);
  const rest = usage(server.child.pid);
  const until = Date.now() + 4000;
  const seen = { 401: 0, 429: 0 };
  const ticks = () => { // of the processor, ours and the system's
    const parts = String(fs.readFileSync(`/proc/${server.child.pid}/stat`)).replace(/^.*\) /, '').split(' ');
    return Number(parts[11]) + Number(parts[12]);
  };
  const begun = ticks();
  let n = 0;
  const flood = Array.from({ length: 60 }, async () => {
    while (Date.now() < until) {
      const i = n++;
      const { status } = await ask('/v2/', { name: `flood${i}`, password: 'x', from: `127.0.2.${i % 250 + 1}` });
      seen[status]++;
    }
  });
  const served = [];
  while (Date.now() < until) {
    const at = Date.now();
    assert.equal((await ask('/v2/_catalog', { bearer: token })).status, 200);
    await pushBlob(server, 'flood/x', Buffer.from(`blob ${served.length}`)); // by a password that is remembered
    served.push(Date.now() - at);
    await sleep(50);
  }
  await Promise.all(flood);
  served.sort((a, b) => a - b);
  // Four a second, sixteen at once, over some fourteen seconds at most: what waits ten seconds is among them.
  assert.ok(seen[401] <= 16 + 4 * 16, JSON.stringify(seen));
  assert.ok(served.length >= 10, `${served.length} pushes`);
  assert.ok(served[served.length >> 1] < 500 && served.at(-1) < 3000, `${served}`);
  console.log(`flood: ${JSON.stringify(seen)}, ${served.length} pushes, median ${served[served.length >> 1]} ms, ${ticks() - begun} ticks`);
  const now = await settled(server.child.pid, rest);
  assert.ok(now.threads <= rest.threads && now.fds <= rest.fds);
  assert.ok(now.peak < 96 << 20, `${now.peak} bytes`);
});
