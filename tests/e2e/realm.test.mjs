// A registry names the service that name and password go to: in clear they go nowhere but to this machine.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { program, runAsync } from './lib.mjs';

let registry, asked, realm;
before(async () => {
  registry = http.createServer((q, r) => {
    asked.push(`${q.url} ${q.headers.authorization ?? ''}`);
    if (q.url.startsWith('/token')) return r.end('{"token":"t"}');
    if (q.headers.authorization) { r.statusCode = 404; return r.end(); }
    r.statusCode = 401;
    r.setHeader('www-authenticate', `Bearer realm="${realm}",service="s"`);
    r.end();
  });
  await new Promise((done) => registry.listen(0, '127.0.0.1', done));
});
after(() => registry?.close());

const scan = (...more) => {
  asked = [];
  return runAsync(program, ['inventory', `127.0.0.1:${registry.address().port}/a/b:1`, '--username', 'ann', '--password', 'secret word', ...more]);
};

test('a token service in clear on another host gets nothing', async () => {
  for (realm of ['http://token.invalid/token', 'HTTP://127.0.0.1.token.invalid/token', 'http://127.0.0.1@token.invalid/token', 'http://token.invalid\\@127.0.0.1/token', 'ftp://token.invalid/', '//token.invalid/']) {
    const r = await scan();
    assert.match(r.stderr, /would receive name and password unencrypted/, realm);
    assert.ok(asked.every((a) => !/Basic/.test(a)), asked.join());
  }
});
test('on this machine it does, and where that was asked for', async () => {
  realm = `http://127.0.0.1:${registry.address().port}/token`;
  await scan();
  assert.ok(asked.some((a) => a.startsWith('/token') && a.endsWith(`Basic ${Buffer.from('ann:secret word').toString('base64')}`)), asked.join());
  realm = 'http://token.invalid/token';
  assert.doesNotMatch((await scan('--insecure')).stderr, /unencrypted/);
});
