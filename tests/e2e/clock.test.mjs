// Days pass while the server runs: what is due or over then.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, clock, run, program } from './lib.mjs';

const DAY = 86400000;
let server;
before(async () => { server = await new Server().start(); });
after(() => server.stop());

const send = (...request) => server.send(...request);

test('a server whose clock is moved says so', () => assert.match(server.output, /THE CLOCK IS MOVED by PLIMSOLL_TEST_CLOCK/));

test('a file that is no clock ends the program', () => {
  const r = run(program, ['version'], { check: false, env: { PLIMSOLL_TEST_CLOCK: '/dev/null' } });
  assert.equal(r.status, 1);
  assert.match(r.stderr, /^plimsoll: PLIMSOLL_TEST_CLOCK: \/dev\/null: not two numbers/);
});

test('a token of seven days ends after seven days', async () => {
  const r = await send('POST', '/api/v1/users/admin/tokens', { label: 'week', days: 7 });
  assert.equal(r.status, 201);
  const { token } = await r.json();
  const ask = async () => (await fetch(new URL('/api/v1/registries', server.url), { headers: { authorization: `Bearer ${token}` } })).status;
  clock.advance(7 * DAY - 60000);
  assert.notEqual(await ask(), 401);
  clock.advance(60000);
  assert.equal(await ask(), 401);
});

test('a token of the registry ends after its minutes', async () => {
  const scope = 'repository:a:pull,push';
  const { token, expires_in: seconds } = await server.json(`/oauth2/token?service=plimsoll&scope=${scope}`);
  const upload = async () => (await fetch(new URL('/v2/a/blobs/uploads/', server.url),
    { method: 'POST', headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(await upload(), 202);
  clock.advance(seconds * 1000 + 120000);
  assert.equal(await upload(), 401);
});

test('an upload that nobody continues is gone after days', async () => {
  const r = await server.fetch('/v2/a/blobs/uploads/', { method: 'POST' });
  assert.equal(r.status, 202);
  const at = r.headers.get('location');
  assert.equal((await server.fetch(at)).status, 204);
  clock.advancePast(8 * DAY);
  let status;
  for (const until = Date.now() + 60000; (status = (await server.fetch(at)).status) === 204 && Date.now() < until;)
    await new Promise((done) => setTimeout(done, 20));
  assert.equal(status, 404);
});
