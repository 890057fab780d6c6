// Connections by the thousand against the real server: bursts, a stop in the middle of one, one address that takes all it can get, and a certificate
// that is renewed under clients' connections.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { Server, has, run, sleep, tempDir } from './lib.mjs';
import { dial, statuses, usage } from './raw.mjs';

const port = (server) => Number(server.host.split(':')[1]);
/** Open count connections, send one byte on each, close all. Descriptors of this process set how many are open at once. */
async function burst(server, count) {
  for (let left = count; left > 0; left -= 500) {
    const sockets = await Promise.all(Array.from({ length: Math.min(500, left) }, () => new Promise((done) => {
      const s = net.connect(port(server), '127.0.0.1', () => { s.write('G'); done(s); });
      s.on('error', () => done(s));
    })));
    for (const s of sockets) s.destroy();
  }
}
const livez = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

test('bursts of half-open connections, again and again: then all is as before, and SIGTERM ends it', async () => {
  const server = await new Server({ args: ['--connections', '400'] }).start();
  const rest = usage(server.child.pid);
  for (let i = 0; i < 3; i++) {
    await burst(server, 2000);
    assert.deepEqual(statuses((await dial(server, livez).ended).text), [200]);
  }
  const until = Date.now() + 60000;
  while (usage(server.child.pid).fds > rest.fds && Date.now() < until) await sleep(50);
  assert.ok(usage(server.child.pid).fds <= rest.fds, 'every descriptor was given back');
  const storm = burst(server, 2000);
  await sleep(100);
  const begun = Date.now();
  const end = await server.stop();
  assert.ok(Date.now() - begun < 10000, `${Date.now() - begun} ms`); // what requests that run are given
  assert.equal(end.status, 0);
  await storm;
});

test('one address that renews all connections it can get keeps nobody else out', async () => {
  const server = await new Server({ args: ['--connections', '64'] }).start();
  const taken = new Set();
  let over = false;
  const take = () => {
    if (over) return;
    const s = net.connect({ port: port(server), host: '127.0.0.1', localAddress: '127.0.0.9' }, () => s.write('G'));
    taken.add(s);
    s.on('error', () => {});
    s.on('close', () => { taken.delete(s); setTimeout(take, 5); });
  };
  for (let i = 0; i < 200; i++) take();
  await sleep(300);
  for (let i = 0; i < 20; i++) assert.deepEqual(statuses((await dial(server, livez).ended).text), [200]);
  over = true;
  for (const s of taken) s.destroy();
  await server.stop();
});

test('a renewed certificate is served without a restart; a bad one is not; SIGHUP ends nothing', { skip: !has('openssl') && 'openssl is not installed' }, async () => {
  const dir = tempDir('tls'), key = path.join(dir, 'key.pem'), cert = path.join(dir, 'cert.pem');
  const make = (name) => run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert,
    '-days', '2', '-subj', `/CN=${name}`]);
  make('first.test');
  const server = await new Server({ args: ['--tls-cert', cert, '--tls-key', key] }).start();
  const seen = () => /CN ?= ?(\S+)/.exec(run('sh', ['-c', `openssl s_client -connect ${server.host} </dev/null 2>/dev/null | openssl x509 -noout -subject`]).stdout)?.[1];
  const becomes = async (name, limit = 9000) => {
    for (const until = Date.now() + limit; seen() !== name && Date.now() < until;) await sleep(100);
    return seen();
  };
  assert.equal(seen(), 'first.test');
  make('second.test');
  server.child.kill('SIGHUP');
  assert.equal(await becomes('second.test'), 'second.test');
  fs.writeFileSync(cert, 'no certificate');
  server.child.kill('SIGHUP');
  for (const until = Date.now() + 60000; !/current certificate stays/.test(server.output) && Date.now() < until;) await sleep(50);
  assert.match(server.output, /TLS: .*certificate is not usable.*current certificate stays/);
  assert.equal(seen(), 'second.test');
  make('third.test');
  assert.equal(await becomes('third.test'), 'third.test', 'by itself');
  assert.equal((await server.stop()).status, 0);
  const plain = await new Server().start();
  plain.child.kill('SIGHUP');
  await sleep(200);
  assert.deepEqual(statuses((await dial(plain, livez).ended).text), [200]);
  await plain.stop();
});
