// Clients that take their time, over raw sockets against a server with short deadlines: each is cut by the server, others are served
// meanwhile, and no thread or descriptor stays behind.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Server, has, plimsoll, program, pushBlob, run, sleep, tempDir } from './lib.mjs';
import { dial, settled, statuses, usage } from './raw.mjs';

const settings = ['--header-timeout', '1s', '--idle-timeout', '1500ms', '--body-timeout', '1s', '--reply-timeout', '1s', '--rate-min', '100',
  '--upload-timeout', '4s'];
let server, rest, auth;
const open = [];
before(async () => {
  server = await new Server({ args: settings }).start();
  auth = `Authorization: ${server.headers.authorization}\r\nHost: x\r\n`;
  await server.fetch('/v2/'); // the password is remembered from here
  await sleep(200);
  rest = usage(server.child.pid);
});
after(() => server?.stop());

/** What others see while the test goes on: every request is answered, soon. */
function others() {
  const seen = { count: 0, worst: 0, stop: false };
  seen.done = (async () => {
    while (!seen.stop) {
      const begun = Date.now();
      const r = await server.fetch('/v2/', { headers: { connection: 'close' } });
      assert.equal(r.status, 200);
      await r.text();
      seen.worst = Math.max(seen.worst, Date.now() - begun);
      seen.count++;
      await sleep(20);
    }
  })();
  return seen;
}
async function session(name) {
  const r = await server.fetch(`/v2/${name}/blobs/uploads/`, { method: 'POST', headers: { 'content-length': '0', connection: 'close' } });
  assert.equal(r.status, 202);
  open.push(r.headers.get('location').replace(/^https?:\/\/[^/]*/, ''));
  return open.at(-1);
}
/** End the sessions that a test left: an idle one keeps its file open, so that it can go on. */
async function cancelAll() {
  for (const location of open.splice(0)) {
    const r = await server.fetch(location, { method: 'DELETE', headers: { connection: 'close' } });
    assert.equal(r.status, 204);
  }
}
const trickle = (socket, byte, ms) => socket.on('connect', () => {
  const timer = setInterval(() => { if (socket.writable) socket.write(byte); }, ms);
  socket.on('close', () => clearInterval(timer));
});
const stuck = [
  ['nothing is sent', async () => dial(server, ''), 700, 3000],
  ['headers byte by byte', async () => {
    const socket = dial(server, 'GET /v2/ HTTP/1.1\r\nX: ');
    trickle(socket, 'y', 100);
    return socket;
  }, 900, 3000],
  ['headers that stall', async () => dial(server, 'GET /v2/ HTTP/1.1\r\nHost: x\r\n'), 900, 3000],
  ['a body that stalls', async () => dial(server, `PATCH ${await session('slow/a')} HTTP/1.1\r\n${auth}Content-Length: 100000\r\n\r\nabc`), 900, 4000],
  ['a chunked body that stalls within a size', async () =>
    dial(server, `PATCH ${await session('slow/b')} HTTP/1.1\r\n${auth}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1`), 900, 4000],
  ['a body of few bytes a second', async () => {
    const socket = dial(server, `PATCH ${await session('slow/c')} HTTP/1.1\r\n${auth}Content-Length: 100000\r\n\r\n`);
    trickle(socket, 'z', 200);
    return socket;
  }, 900, 4000],
  ['a body just above the least rate', async () => {
    const socket = dial(server, `PATCH ${await session('slow/d')} HTTP/1.1\r\n${auth}Content-Length: 100000\r\n\r\n`);
    trickle(socket, 'z'.repeat(40), 100);
    return socket;
  }, 3500, 7000],
  ['a manifest that stalls', async () => dial(server, `PUT /v2/slow/e/manifests/x HTTP/1.1\r\n${auth}Content-Length: 1000\r\n\r\n{`), 900, 4000],
  ['an idle connection after a reply', async () => dial(server, `GET /v2/ HTTP/1.1\r\n${auth}\r\n`), 1300, 4000],
  ['a second request that begins and stalls', async () => {
    const socket = dial(server, `GET /v2/ HTTP/1.1\r\n${auth}\r\n`);
    setTimeout(() => socket.write('GET /v2/ HT'), 700);
    return socket;
  }, 1400, 4500],
];
for (const [name, begin, least, most] of stuck) {
  test(`${name}: cut, and nobody else waits`, async () => {
    const meanwhile = others();
    const sockets = await Promise.all(Array.from({ length: 8 }, begin));
    const begun = Date.now();
    const ends = await Promise.all(sockets.map((s) => s.ended));
    const took = Date.now() - begun;
    meanwhile.stop = true;
    await meanwhile.done;
    assert.ok(took >= least - 300 && Math.max(...ends.map((e) => e.ms)) <= most, `${took} ms, ${ends.map((e) => e.ms)}`);
    assert.ok(meanwhile.count >= 5 && meanwhile.worst < 2000, JSON.stringify(meanwhile));
    assert.ok(ends.every((e) => statuses(e.text).every((s) => s === 200)), 'no reply to what was not whole');
    await cancelAll();
    const now = await settled(server.child.pid, rest);
    assert.ok(now.threads <= rest.threads && now.fds <= rest.fds, `${JSON.stringify(now)} after ${JSON.stringify(rest)}`);
  });
}

test('a reply that is not taken: cut, and its file given back', async () => {
  const bytes = Buffer.alloc(64 << 20, 'r'); // more than the kernel's buffers hold
  const digest = await pushBlob(server, 'slow/reader', bytes);
  const meanwhile = others();
  const sockets = Array.from({ length: 4 }, () => {
    const socket = dial(server, `GET /v2/slow/reader/blobs/${digest} HTTP/1.1\r\n${auth}\r\n`);
    socket.pause();
    socket.ended.catch(() => {});
    return socket;
  });
  for (const until = Date.now() + 60000; usage(server.child.pid).fds < rest.fds + 8 && Date.now() < until;) await sleep(20);
  assert.ok(usage(server.child.pid).fds >= rest.fds + 8, 'four sockets and four files are open');
  const now = await settled(server.child.pid, rest, 6000);
  meanwhile.stop = true;
  await meanwhile.done;
  for (const socket of sockets) socket.destroy();
  assert.ok(now.threads <= rest.threads && now.fds <= rest.fds, `${JSON.stringify(now)} after ${JSON.stringify(rest)}`);
  assert.ok(meanwhile.worst < 2000);
});

test('what a cut upload sent is there, and it can go on', async () => {
  const location = await session('slow/on');
  const socket = dial(server, `PATCH ${location} HTTP/1.1\r\n${auth}Content-Length: 100\r\n\r\n${'a'.repeat(40)}`);
  await socket.ended;
  const r = await server.fetch(location, { headers: { connection: 'close' } });
  assert.equal(r.status, 204);
  assert.equal(r.headers.get('range'), '0-39');
  const rest = await server.fetch(location, { method: 'PATCH', body: 'b'.repeat(60), headers: { 'content-type': 'application/octet-stream', connection: 'close' } });
  assert.equal(rest.headers.get('range'), '0-99');
});

test('an honest slow upload is not cut', async () => {
  const location = await session('slow/honest');
  const socket = dial(server, `PATCH ${location} HTTP/1.1\r\n${auth}Connection: close\r\nContent-Length: 30000\r\n\r\n`);
  for (let i = 0; i < 30; i++) { socket.write('h'.repeat(1000)); await sleep(100); } // 3 s: above the least rate, below the longest time
  assert.deepEqual(statuses((await socket.ended).text), [202]);
});

test('connections of one address are limited when set', async () => {
  const few = await new Server({ args: ['--connections-per-peer', '4', '--header-timeout', '5s'] }).start();
  const sockets = Array.from({ length: 4 }, () => dial(few, 'G'));
  sockets.forEach((s) => s.ended.catch(() => {}));
  await Promise.all(sockets.map((s) => s.connecting && once(s, 'connect')));
  const fifth = await dial(few, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n').ended;
  assert.equal(fifth.text, '');
  sockets.forEach((s) => s.destroy());
  let status; // the server may not have seen yet that they are closed
  for (const until = Date.now() + 60000; status !== 200 && Date.now() < until; await sleep(20)) status = (await few.fetch('/v2/').catch(() => ({}))).status;
  assert.equal(status, 200);
  await few.stop();
});

test('a TLS port that gets silence, half a hello, and plain text', { skip: !has('openssl') && 'openssl is not installed' }, async () => {
  const dir = tempDir('tls');
  const key = path.join(dir, 'key.pem'), cert = path.join(dir, 'cert.pem');
  run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost']);
  const tls = await new Server({ args: [...settings, '--tls-cert', cert, '--tls-key', key] }).start();
  const ask = () => run('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', `https://${tls.host}/livez`]).stdout;
  assert.equal(ask(), '200');
  const before = await settled(tls.child.pid, { threads: 0, fds: 0 }, 500);
  const sockets = [...Array.from({ length: 8 }, () => dial(tls, '')),
    ...Array.from({ length: 8 }, () => dial(tls, Buffer.from('160301020001', 'hex')))];
  assert.equal(ask(), '200'); // meanwhile
  const ends = await Promise.all(sockets.map((s) => s.ended));
  assert.ok(ends.every((e) => e.ms >= 700 && e.ms < 4000), ends.map((e) => e.ms).join());
  const plain = await dial(tls, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n').ended;
  assert.deepEqual(statuses(plain.text), [400]);
  const now = await settled(tls.child.pid, before);
  assert.ok(now.threads <= before.threads && now.fds <= before.fds, `${JSON.stringify(now)} after ${JSON.stringify(before)}`);
  await tls.stop();
});

test('wrong values are refused by name, source and bounds', () => {
  const data = tempDir('settings');
  const file = path.join(data, 'conf.yaml');
  const wrong = [
    [['--header-timeout', '10ms'], /--header-timeout: "10ms" is not between 500ms and 1d/],
    [['--idle-timeout', 'soon'], /--idle-timeout: "soon" is not a time such as 30s/],
    [['--body-timeout', '2d'], /--body-timeout: "2d" is not between 500ms and 1d/],
    [['--reply-timeout', '-1s'], /--reply-timeout: "-1s" is not a time/],
    [['--rate-min', '2GiB'], /--rate-min: "2GiB" is not between 0 and 1GiB/],
    [['--upload-timeout', '0'], /--upload-timeout: "0" is not between 500ms and 365d/],
    [['--connections-per-peer', '70000'], /--connections-per-peer: "70000" is not between 0 and 65536/],
    [['--zstd-window-max', '1GiB'], /--zstd-window-max: "1GiB" is not between 8MiB and 128MiB/],
    [['--login-failures', 'many'], /--login-failures: "many" is not a number/],
    [['--login-window', '1ms'], /--login-window: "1ms" is not between 1s and 1d/],
    [['--password-checks', '0'], /--password-checks: "0" is not between 1 and 64/],
    [['--config', file], /setting body-timeout: "x" is not a time/],
  ];
  fs.writeFileSync(file, 'body-timeout: x\n');
  for (const [args, message] of wrong) {
    const r = plimsoll(['serve', '--data-dir', data, '--listen', '127.0.0.1:0', ...args], { check: false, timeout: 10000 });
    assert.notEqual(r.status, 0, args.join(' '));
    assert.match(r.stderr, message);
  }
  const r = run(program, ['serve', '--data-dir', data, '--listen', '127.0.0.1:0'], { check: false, timeout: 10000, env: { PLIMSOLL_RATE_MIN: 'fast' } });
  assert.match(r.stderr, /PLIMSOLL_RATE_MIN: "fast" is not a size/);
});
