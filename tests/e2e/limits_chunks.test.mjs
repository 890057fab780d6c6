// Chunked framing that breaks the rules (RFC 9112 §7.1), over raw sockets into real upload sessions: the right status, the connection
// closed, nothing behind it answered as a request, and the session holds whole good bytes only.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, sha256 } from './lib.mjs';
import { dial, statuses } from './raw.mjs';

let server, auth;
before(async () => {
  server = await new Server({ args: ['--body-timeout', '2s', '--upload-max', '1GiB'] }).start();
  auth = `Host: x\r\nAuthorization: ${server.headers.authorization}\r\n`;
});
after(() => server?.stop());

const smuggled = 'PUT /v2/smuggled/x/manifests/evil HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}';
async function session() {
  const r = await server.fetch('/v2/chunk/x/blobs/uploads/', { method: 'POST', headers: { 'content-length': '0', connection: 'close' } });
  return r.headers.get('location').replace(/^https?:\/\/[^/]*/, '');
}
async function held(location) {
  const r = await server.fetch(location, { headers: { connection: 'close' } });
  assert.equal(r.status, 204);
  return r.headers.get('range');
}
const patch = (location, body, headers = 'Transfer-Encoding: chunked\r\n') => `PATCH ${location} HTTP/1.1\r\n${auth}${headers}\r\n${body}${smuggled}`;

// A good chunk of five bytes, then what is wrong. [name, bytes, statuses that are right]
const good = '5\r\nhello\r\n';
const bad = [
  ['no size', '\r\nabc\r\n0\r\n\r\n', [400]],
  ['a size of spaces', '   \r\nabc\r\n', [400]],
  ['a size that is no number', 'xyz\r\nabc\r\n', [400]],
  ['a negative size', '-3\r\nabc\r\n0\r\n\r\n', [400]],
  ['a size with a plus', '+3\r\nabc\r\n0\r\n\r\n', [400]],
  ['a size with 0x', '0x3\r\nabc\r\n0\r\n\r\n', [400]],
  ['a space before the size', ' 3\r\nabc\r\n0\r\n\r\n', [400]],
  ['an underscore in the size', '1_0\r\nabc\r\n', [400]],
  ['a size past 64 bits', '10000000000000003\r\nabc\r\n0\r\n\r\n', [413]],
  ['a size of many digits', `${'f'.repeat(64)}\r\nabc\r\n`, [413]],
  ['no CR LF after the data', '3\r\nabcXX0\r\n\r\n', [400]],
  ['data longer than its size', '3\r\nabcd\r\n0\r\n\r\n', [400]],
  ['a lone CR after the size', '3\rabc\r\n0\r\n\r\n', [400]],
  ['a NUL in the size', '3\x00\r\nabc\r\n0\r\n\r\n', [400]],
  ['an extension without end', `3;${'x'.repeat(600000)}`, [431]],
];
for (const [name, bytes, right] of bad) {
  test(`${name}: ${right.join(' or ')}, closed`, async () => {
    const location = await session();
    const { text } = await dial(server, Buffer.from(patch(location, good + bytes), 'latin1')).ended;
    const got = statuses(text);
    assert.ok(got.length === 1 && right.includes(got[0]), `${got}: ${text.slice(0, 300)}`);
    // The good chunk stays, and of a bad one what came before the fault: its own bytes, never framing.
    const there = { '0-4': 'hello', '0-7': 'helloabc' }[await held(location)];
    assert.ok(there);
    const put = await server.fetch(`${location}?digest=sha256:${sha256(there)}`, { method: 'PUT', headers: { 'content-length': '0', connection: 'close' } });
    assert.equal(put.status, 201);
    assert.equal(await (await server.fetch(`/v2/chunk/x/blobs/sha256:${sha256(there)}`)).text(), there);
    assert.equal((await server.fetch('/v2/smuggled/x/tags/list')).status, 404);
  });
}

test('a size of 2^64-1 and one past the largest blob: refused when they are passed, not believed', async () => {
  for (const size of ['ffffffffffffffff', '40000001']) {
    const location = await session();
    const socket = dial(server, patch(location, `${good}${size}\r\nabc`).replace(smuggled, ''));
    const { text } = await socket.ended; // it stalls, and is cut
    assert.deepEqual(statuses(text), []);
    assert.equal(await held(location), '0-7');
  }
});

test('trailers of excess: 431 or closed, and nothing behind them', async () => {
  for (const trailer of [`X: ${'y'.repeat(500000)}\r\n`, 'X: y\r\n'.repeat(100000)]) {
    const location = await session();
    const { text } = await dial(server, patch(location, `${good}0\r\n${trailer}\r\n`)).ended;
    assert.ok(statuses(text).length <= 1 && statuses(text).every((s) => [400, 413, 431].includes(s)), text.slice(0, 300));
    assert.equal(await held(location), '0-4');
  }
});

// What a front and we may read differently: refused, and nothing can hide behind it.
const ambiguous = [
  ['a bare LF after the size', '5\nhello\r\n0\r\n\r\n'],
  ['a bare LF after the data', '5\r\nhello\n0\r\n\r\n'],
  ['a bare LF in an extension', '5;a\nhello\r\n0\r\n\r\n'],
  ['bare LFs at the end', '5\r\nhello\r\n0\n\n'],
  ['a bare LF in a trailer', '5\r\nhello\r\n0\r\nX: y\nContent-Length: 7\n\r\n'],
  ['a space behind the size', '5 \r\nhello\r\n0\r\n\r\n'],
];
for (const [name, body] of ambiguous) {
  test(`${name}: 400, and the connection closed`, async () => {
    const location = await session();
    const { text } = await dial(server, patch(location, body)).ended;
    assert.deepEqual(statuses(text), [400]);
    assert.match(text, /connection: close/i);
    assert.ok(['0-0', '0-4'].includes(await held(location)), 'the bytes of a chunk at most');
    assert.equal((await server.fetch('/v2/smuggled/x/tags/list')).status, 404);
  });
}

// What all read in the same way: the connection goes on, and the next request begins where the body ended.
const plain = [
  ['as it should be', '5\r\nhello\r\n0\r\n\r\n'],
  ['extensions and a trailer', '5;name=value;q="x;y"\r\nhello\r\n0;last\r\nX-Y: z\r\n\r\n'],
  ['capitals and zeros', '0000000000000005\r\nhello\r\n000\r\n\r\n'],
];
for (const [name, body] of plain) {
  test(`${name}: answered, and the next request on the same connection, too`, async () => {
    const location = await session();
    const next = `GET /v2/ HTTP/1.1\r\n${auth}Connection: close\r\n\r\n`;
    const { text } = await dial(server, patch(location, body).replace(smuggled, next)).ended;
    assert.deepEqual(statuses(text), [202, 200]);
    assert.equal(text.match(/connection: close/gi).length, 1);
    assert.equal(await held(location), '0-4');
  });
}

const encodings = [
  ['two Transfer-Encodings', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '1.1', 400],
  ['two that differ', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '1.1', 400],
  ['chunked, identity', 'Transfer-Encoding: chunked, identity\r\n', '1.1', 400],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked\r\n', '1.1', 400],
  ['identity', 'Transfer-Encoding: identity\r\n', '1.1', 400],
  ['gzip before chunked', 'Transfer-Encoding: gzip, chunked\r\n', '1.1', 501],
  ['a quoted one', 'Transfer-Encoding: "chunked"\r\n', '1.1', 400],
  ['with HTTP/1.0', 'Transfer-Encoding: chunked\r\n', '1.0', 400],
  ['with Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '1.1', 400],
];
for (const [name, headers, version, status] of encodings) {
  test(`Transfer-Encoding, ${name}: ${status}, and the session is as it was`, async () => {
    const location = await session();
    const { text } = await dial(server, patch(location, `${good}0\r\n\r\n`, headers).replace('HTTP/1.1', `HTTP/${version}`)).ended;
    assert.deepEqual([...new Set(statuses(text))], [status]);
    assert.equal(await held(location), '0-0');
  });
}

test('the chunked pushes of real clients go on working: many sizes of chunk, one blob', async () => {
  const location = await session();
  const bytes = Buffer.from(Array.from({ length: 300000 }, (_, i) => i * 7 & 255));
  const parts = [];
  for (let at = 0, n = 1; at < bytes.length; at += n, n = n * 3 % 40000 + 1) {
    const part = bytes.subarray(at, at + n);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  const head = Buffer.from(`PUT ${location}?digest=sha256:${sha256(bytes)} HTTP/1.1\r\n${auth}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const { text } = await dial(server, Buffer.concat([head, ...parts, Buffer.from('0\r\n\r\n')])).ended;
  assert.deepEqual(statuses(text), [201]);
  const back = await server.fetch(`/v2/chunk/x/blobs/sha256:${sha256(bytes)}`);
  assert.ok(Buffer.from(await back.arrayBuffer()).equals(bytes));
});
