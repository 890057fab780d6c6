// Requests that break the rules, over raw sockets against the real server: the right status, the connection closed, and the server goes on.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Server } from './lib.mjs';

let server;
before(async () => { server = await new Server().start(); });
after(() => server?.stop());

/** Send bytes, read until the server closes: the statuses of all replies. */
function talk(bytes) {
  return new Promise((done, fail) => {
    const [host, port] = server.host.split(':');
    const socket = net.connect(Number(port), host, () => socket.write(bytes));
    let text = '';
    const timer = setTimeout(() => { socket.destroy(); fail(new Error(`not closed; got ${JSON.stringify(text.slice(0, 200))}`)); }, 30000);
    socket.on('data', (d) => { text += d.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => { clearTimeout(timer); done([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => Number(m[1]))); });
  });
}
const next = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'; // smuggled behind: never answered
const host = 'Host: x\r\n';
const cases = [
  ['two Content-Lengths', `PUT /v2/ HTTP/1.1\r\n${host}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`, 400],
  ['Content-Length with Transfer-Encoding', `PUT /v2/ HTTP/1.1\r\n${host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a Content-Length with a sign', `PUT /v2/ HTTP/1.1\r\n${host}Content-Length: +3\r\n\r\nabc`, 400],
  ['an empty Content-Length', `PUT /v2/ HTTP/1.1\r\n${host}Content-Length:\r\n\r\nabc`, 400],
  ['two lengths in one line', `PUT /v2/ HTTP/1.1\r\n${host}Content-Length: 3, 3\r\n\r\nabc`, 400],
  ['a hexadecimal Content-Length', `PUT /v2/ HTTP/1.1\r\n${host}Content-Length: 0x3\r\n\r\nabc`, 400],
  ['a Content-Length past 64 bits', `PUT /v2/ HTTP/1.1\r\n${host}Content-Length: 99999999999999999999\r\n\r\nabc`, 400],
  ['an expectation that nobody knows', `PUT /v2/ HTTP/1.1\r\n${host}Expect: more\r\nContent-Length: 3\r\n\r\nabc`, 417],
  ['another Transfer-Encoding', `PUT /v2/ HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ['a folded header', `GET /v2/ HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, 400],
  ['a bare LF', `GET /v2/ HTTP/1.1\n${host}\r\n`, 400],
  ['a space before the colon', `GET /v2/ HTTP/1.1\r\n${host}X : a\r\n\r\n`, 400],
  ['no Host', 'GET /v2/ HTTP/1.1\r\nX: a\r\n\r\n', 400],
  ['two Hosts', `GET /v2/ HTTP/1.1\r\n${host}${host}\r\n`, 400],
  ['%00 in the path', `GET /v2/a%00b/tags/list HTTP/1.1\r\n${host}\r\n`, 400],
  ['%2e%2e in the path', `GET /v2/%2e%2e/x HTTP/1.1\r\n${host}\r\n`, 400],
  ['a broken escape', `GET /v2/%zz HTTP/1.1\r\n${host}\r\n`, 400],
  ['a long request line', `GET /${'a'.repeat(20000)} HTTP/1.1\r\n${host}\r\n`, 414],
  ['many headers', `GET /v2/ HTTP/1.1\r\n${host}${Array.from({ length: 600 }, (_, i) => `X-${i}: ${'y'.repeat(60)}\r\n`).join('')}\r\n`, 431],
  ['TLS on the plain port', Buffer.from('16030100050100000100', 'hex'), 400],
];
for (const [name, bytes, status] of cases) {
  test(`${name}: ${status}, closed, nothing behind it is answered`, async () => {
    assert.deepEqual(await talk(Buffer.concat([Buffer.from(bytes), Buffer.from(next)])), [status]);
    assert.equal((await server.fetch('/v2/')).status, 200);
  });
}
