// The OCI distribution list as black-box tests, over plain HTTP requests.
//
//   PLIMSOLL_URL=http://127.0.0.1:5000 PLIMSOLL_USER=admin PLIMSOLL_PASSWORD=… node --test tests/e2e/conformance.mjs
//
// Without PLIMSOLL_URL it starts the program in PLIMSOLL_REGISTRY_SERVER on a fresh folder and tests that, restarts included.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

let base = process.env.PLIMSOLL_URL;
let user = process.env.PLIMSOLL_USER ?? 'admin';
let password = process.env.PLIMSOLL_PASSWORD ?? '';
let child, dir;

async function start() {
  child = spawn(process.env.PLIMSOLL_REGISTRY_SERVER, [dir, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const piece of child.stdout) {
    text += piece;
    if (text.includes('\n')) break;
  }
  const m = /port=(\d+) user=(\S+) password=(\S*)/.exec(text);
  assert.ok(m, `server said: ${text}`);
  base = `http://127.0.0.1:${m[1]}`;
  user = m[2];
  if (m[3]) password = m[3];
}
async function stop(signal) {
  child.kill(signal);
  await once(child, 'exit');
}

const hex = (algo, data) => crypto.createHash(algo).update(data).digest('hex');
const sha256 = (data) => `sha256:${hex('sha256', data)}`;
const sha512 = (data) => `sha512:${hex('sha512', data)}`;
const unique = `${Date.now().toString(36)}${process.pid.toString(36)}`;
const repo1 = `conformance/${unique}`;
const repo2 = `conformance-other/${unique}`;

// One request. body: Buffer, string, or an array of pieces, which is sent chunked.
function request(method, target, { headers = {}, body, auth = true, agent } = {}) {
  const url = new URL(target, base);
  const h = { ...headers };
  if (auth && password) h.Authorization = 'Basic ' + Buffer.from(`${user}:${password}`).toString('base64');
  const pieces = Array.isArray(body) ? body : null;
  if (!pieces && body !== undefined) h['Content-Length'] = Buffer.byteLength(body);
  else if (!pieces && ['POST', 'PUT', 'PATCH'].includes(method)) h['Content-Length'] = 0;
  return new Promise((resolve, reject) => {
    const req = http.request(url, { method, headers: h, agent: agent ?? false }, (res) => {
      const got = [];
      res.on('data', (d) => got.push(d));
      res.on('error', reject);
      res.on('end', () => {
        const raw = Buffer.concat(got);
        resolve({ status: res.statusCode, headers: res.headers, raw, text: raw.toString(), url,
          get json() { return JSON.parse(raw.toString()); } });
      });
    });
    req.on('error', reject);
    if (pieces) {
      (async () => {
        for (const p of pieces) {
          req.write(p);
          await new Promise((r) => setImmediate(r));
        }
        req.end();
      })();
    } else req.end(body);
  });
}
const location = (r) => new URL(r.headers.location, r.url).href;
const withQuery = (url, q) => url + (url.includes('?') ? '&' : '?') + q;

function isError(r, status, ...codes) {
  assert.equal(r.status, status, `${r.status}: ${r.text}`);
  const { errors } = r.json;
  assert.ok(Array.isArray(errors) && errors.length > 0, r.text);
  for (const x of errors) assert.equal(typeof x.code, 'string');
  if (codes.length) assert.ok(codes.includes(errors[0].code), `${errors[0].code} is none of ${codes}`);
}
async function openUpload(repo = repo1, query = '') {
  const r = await request('POST', `/v2/${repo}/blobs/uploads/${query}`);
  assert.equal(r.status, 202, r.text);
  assert.ok(r.headers.location);
  return location(r);
}
async function pushBlob(data, repo = repo1, digest = sha256(data)) {
  const at = await openUpload(repo);
  const r = await request('PUT', withQuery(at, `digest=${digest}`), { body: data, headers: { 'Content-Type': 'application/octet-stream' } });
  assert.equal(r.status, 201, r.text);
  return { mediaType: 'application/octet-stream', digest, size: data.length };
}
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const EMPTY = 'application/vnd.oci.empty.v1+json';
const configText = (n) => Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, author: `${unique}-${n}` }));
async function makeManifest(n, { layers = 1, extra = {}, repo = repo1 } = {}) {
  const config = { ...(await pushBlob(configText(n), repo)), mediaType: CONFIG };
  const list = [];
  for (let i = 0; i < layers; i++) list.push({ ...(await pushBlob(Buffer.from(`layer ${unique} ${n} ${i}`), repo)), mediaType: LAYER });
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: list, ...extra }));
}
async function putManifest(data, ref, { type = MANIFEST, repo = repo1, query = '' } = {}) {
  return request('PUT', `/v2/${repo}/manifests/${ref}${query}`, { body: data, headers: { 'Content-Type': type } });
}
const descriptor = (data, type = MANIFEST) => ({ mediaType: type, digest: sha256(data), size: data.length });

before(async () => {
  if (base) return;
  assert.ok(process.env.PLIMSOLL_REGISTRY_SERVER, 'PLIMSOLL_URL or PLIMSOLL_REGISTRY_SERVER must be set');
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'plimsoll-conformance-'));
  await start();
});
after(async () => {
  if (!child) return;
  await stop('SIGTERM');
  fs.rmSync(dir, { recursive: true });
});

describe('root', () => {
  test('GET /v2/ answers 200 to who is known', async () => {
    const r = await request('GET', '/v2/');
    assert.equal(r.status, 200);
    assert.equal(r.headers['docker-distribution-api-version'], 'registry/2.0');
  });
  test('GET /v2/ challenges who is not', { skip: process.env.PLIMSOLL_ANONYMOUS === '1' }, async () => {
    const r = await request('GET', '/v2/', { auth: false });
    isError(r, 401, 'UNAUTHORIZED');
    assert.match(r.headers['www-authenticate'], /^Bearer realm="http.*",service="/);
  });
});

describe('pull', () => {
  const blob = crypto.randomBytes(10000);
  const digest = sha256(blob);
  let manifest;
  before(async () => {
    await pushBlob(blob);
    manifest = await makeManifest('pull');
    assert.equal((await putManifest(manifest, 'pull')).status, 201);
  });
  for (const method of ['HEAD', 'GET']) {
    test(`${method} nonexistent blob`, async () => {
      const r = await request(method, `/v2/${repo1}/blobs/${sha256('nothing')}`);
      if (method === 'GET') isError(r, 404, 'BLOB_UNKNOWN'); else assert.equal(r.status, 404);
    });
    test(`${method} blob of a nonexistent repository`, async () => {
      assert.equal((await request(method, `/v2/no/such/repo/blobs/${digest}`)).status, 404);
    });
    test(`${method} existing blob`, async () => {
      const r = await request(method, `/v2/${repo1}/blobs/${digest}`);
      assert.equal(r.status, 200);
      assert.equal(r.headers['content-length'], String(blob.length));
      assert.equal(r.headers['docker-content-digest'], digest);
      if (method === 'GET') assert.deepEqual(r.raw, blob);
    });
    test(`${method} nonexistent manifest`, async () => {
      for (const ref of ['nothing', sha256('nothing')]) {
        const r = await request(method, `/v2/${repo1}/manifests/${ref}`);
        if (method === 'GET') isError(r, 404, 'MANIFEST_UNKNOWN'); else assert.equal(r.status, 404);
      }
    });
    test(`${method} manifest by tag and by digest`, async () => {
      for (const ref of ['pull', sha256(manifest)]) {
        const r = await request(method, `/v2/${repo1}/manifests/${ref}`, { headers: { Accept: `${MANIFEST}, */*` } });
        assert.equal(r.status, 200);
        assert.equal(r.headers['content-type'], MANIFEST);
        assert.equal(r.headers['docker-content-digest'], sha256(manifest));
        assert.equal(r.headers['content-length'], String(manifest.length));
        if (method === 'GET') assert.deepEqual(r.raw, manifest);
      }
    });
  }
  test('a blob is seen only through its repository', async () => {
    assert.equal((await putManifest(await makeManifest('other', { repo: repo2 }), 'x', { repo: repo2 })).status, 201);
    assert.equal((await request('GET', `/v2/${repo2}/blobs/${digest}`)).status, 404);
  });
  test('malformed names and digests are 400 with the error form', async () => {
    isError(await request('GET', `/v2/${repo1}/blobs/sha256:xyz`), 400, 'DIGEST_INVALID');
    isError(await request('GET', '/v2/Upper/Case/manifests/x'), 400, 'NAME_INVALID');
    isError(await request('GET', '/v2/a--_b/tags/list'), 400, 'NAME_INVALID');
    // every route below a name; an empty part is no name either
    for (const name of ['', 'a//b', 'a/', '/a', 'A', 'a b', '%22', '..a'].map((n) => n.replace(' ', '%20')))
      for (const [method, rest] of [['GET', 'tags/list'], ['GET', 'manifests/x'], ['PUT', 'manifests/x'], ['DELETE', 'manifests/x'],
        ['GET', `blobs/${digest}`], ['DELETE', `blobs/${digest}`], ['POST', 'blobs/uploads/'], ['GET', 'blobs/uploads/1'],
        ['PATCH', 'blobs/uploads/1'], ['PUT', `blobs/uploads/1?digest=${digest}`], ['DELETE', 'blobs/uploads/1'],
        ['GET', `referrers/${digest}`]])
        isError(await request(method, `/v2/${name}/${rest}`), 400, 'NAME_INVALID');
    // what is no route has a code of the specification's too
    for (const target of ['/v2/tags/list', '/v2/nothing', '/v2//', `/v2/${repo1}/tags/list/`, `/v2/${repo1}/manifests/`])
      isError(await request('GET', target), 404, 'NAME_UNKNOWN');
  });
  test('ranges', async () => {
    const get = (range) => request('GET', `/v2/${repo1}/blobs/${digest}`, { headers: { Range: range } });
    let r = await get('bytes=500-1499');
    assert.equal(r.status, 206);
    assert.equal(r.headers['content-range'], 'bytes 500-1499/10000');
    assert.equal(r.headers['content-length'], '1000');
    assert.deepEqual(r.raw, blob.subarray(500, 1500));
    r = await get('bytes=500-');
    assert.equal(r.status, 206);
    assert.deepEqual(r.raw, blob.subarray(500));
    r = await get('bytes=-500');
    assert.equal(r.status, 206);
    assert.deepEqual(r.raw, blob.subarray(9500));
    r = await get('bytes=9000-20000');
    assert.equal(r.status, 206);
    assert.equal(r.headers['content-range'], 'bytes 9000-9999/10000');
    assert.deepEqual(r.raw, blob.subarray(9000));
    r = await get('bytes=10000-20000');
    assert.equal(r.status, 416);
    assert.equal(r.headers['content-range'], 'bytes */10000');
    for (const bad of ['bytes=500-0', 'bytes=x-y', 'lines=1-2']) {
      r = await get(bad);
      assert.ok(r.status === 416 || (r.status === 200 && r.raw.length === 10000), `${bad}: ${r.status}`);
    }
  });
  test('If-None-Match', async () => {
    const r = await request('GET', `/v2/${repo1}/blobs/${digest}`, { headers: { 'If-None-Match': `"${digest}"` } });
    assert.equal(r.status, 304);
    assert.equal(r.raw.length, 0);
  });
});

describe('push: blobs', () => {
  test('streamed PATCH, then PUT', async () => {
    const data = crypto.randomBytes(300000);
    const at = await openUpload();
    let r = await request('PATCH', at, { body: [data.subarray(0, 10), data.subarray(10, 200000), data.subarray(200000)], headers: { 'Content-Type': 'application/octet-stream' } });
    assert.equal(r.status, 202, r.text);
    assert.equal(r.headers.range, `0-${data.length - 1}`);
    r = await request('PUT', withQuery(location(r), `digest=${sha256(data)}`));
    assert.equal(r.status, 201, r.text);
    assert.equal(r.headers['docker-content-digest'], sha256(data));
    const got = await request('GET', location(r));
    assert.equal(got.status, 200);
    assert.deepEqual(got.raw, data);
  });
  test('PATCH with Content-Length and no Content-Range', async () => {
    const data = crypto.randomBytes(5000);
    let r = await request('PATCH', await openUpload(), { body: data });
    assert.equal(r.status, 202);
    r = await request('PUT', withQuery(location(r), `digest=${sha256(data)}`));
    assert.equal(r.status, 201);
  });
  test('PATCH whose body comes with a pause after ten bytes', async () => {
    const data = crypto.randomBytes(1000);
    const url = new URL(await openUpload());
    const s = net.connect(Number(url.port || 80), url.hostname);
    const auth = password ? `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n` : '';
    s.write(`PATCH ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n${auth}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`);
    await new Promise((r) => setTimeout(r, 50));
    s.write(Buffer.concat([Buffer.from('a\r\n'), data.subarray(0, 10), Buffer.from('\r\n')]));
    await new Promise((r) => setTimeout(r, 50));
    s.end(Buffer.concat([Buffer.from('3de\r\n'), data.subarray(10), Buffer.from('\r\n0\r\n\r\n')]));
    let text = '';
    for await (const d of s) text += d;
    assert.match(text, /^HTTP\/1\.1 202 /);
    const r = await request('PUT', withQuery(url.href, `digest=${sha256(data)}`));
    assert.equal(r.status, 201, r.text);
  });
  test('POST with digest and body', async () => {
    const data = crypto.randomBytes(777);
    let r = await request('POST', `/v2/${repo1}/blobs/uploads/?digest=${sha256(data)}`, { body: data });
    assert.equal(r.status, 201, r.text);
    r = await request('GET', location(r));
    assert.deepEqual(r.raw, data);
  });
  test('POST, PUT with body; again; and the same digest in another repository', async () => {
    const data = crypto.randomBytes(4321);
    await pushBlob(data);
    await pushBlob(data);
    await pushBlob(data, repo2);
    assert.equal((await request('HEAD', `/v2/${repo2}/blobs/${sha256(data)}`)).status, 200);
  });
  test('PATCH, then the rest in the PUT', async () => {
    const data = crypto.randomBytes(4000);
    let r = await request('PATCH', await openUpload(), { body: data.subarray(0, 1000), headers: { 'Content-Range': '0-999' } });
    assert.equal(r.status, 202);
    r = await request('PUT', withQuery(location(r), `digest=${sha256(data)}`), { body: data.subarray(1000), headers: { 'Content-Range': '1000-3999' } });
    assert.equal(r.status, 201, r.text);
  });
  test('chunks in order, out of order, again', async () => {
    const data = crypto.randomBytes(3000);
    const at = await openUpload();
    const chunk = (url, a, b) => request('PATCH', url, { body: data.subarray(a, b), headers: { 'Content-Range': `${a}-${b - 1}` } });
    let r = await chunk(at, 1000, 2000);
    isError(r, 416);
    r = await chunk(at, 0, 1000);
    assert.equal(r.status, 202);
    assert.equal(r.headers.range, '0-999');
    const second = location(r);
    isError(await chunk(second, 0, 1000), 416);
    r = await request('GET', second);
    assert.equal(r.status, 204);
    assert.equal(r.headers.range, '0-999');
    assert.ok(r.headers.location);
    r = await chunk(location(r), 1000, 3000);
    assert.equal(r.status, 202);
    assert.equal(r.headers.range, '0-2999');
    r = await request('PUT', withQuery(location(r), `digest=${sha256(data)}`));
    assert.equal(r.status, 201, r.text);
  });
  test('out of order in the PUT', async () => {
    const data = crypto.randomBytes(2000);
    let r = await request('PATCH', await openUpload(), { body: data.subarray(0, 1000), headers: { 'Content-Range': '0-999' } });
    const at = location(r);
    r = await request('PUT', withQuery(at, `digest=${sha256(data)}`), { body: data.subarray(1000), headers: { 'Content-Range': '1500-2499' } });
    isError(r, 416);
    r = await request('PUT', withQuery(at, `digest=${sha256(data)}`), { body: data.subarray(1000), headers: { 'Content-Range': '1000-1999' } });
    assert.equal(r.status, 201, r.text);
  });
  test('Content-Range that does not fit the body', async () => {
    const at = await openUpload();
    isError(await request('PATCH', at, { body: Buffer.alloc(10), headers: { 'Content-Range': '0-8' } }), 400);
    isError(await request('PATCH', at, { body: Buffer.alloc(10), headers: { 'Content-Range': 'nonsense' } }), 400);
    isError(await request('PATCH', at, { body: [Buffer.alloc(10)], headers: { 'Content-Range': '0-11' } }), 400);
    const r = await request('PATCH', at, { body: Buffer.alloc(10), headers: { 'Content-Range': '0-9' } });
    assert.equal(r.status, 202, r.text);
    assert.equal(r.headers.range, '0-9');
  });
  test('wrong digests in every way of pushing are 400', async () => {
    const data = crypto.randomBytes(100), wrong = sha256('something else');
    isError(await request('POST', `/v2/${repo1}/blobs/uploads/?digest=${wrong}`, { body: data }), 400, 'DIGEST_INVALID');
    isError(await request('PUT', withQuery(await openUpload(), `digest=${wrong}`), { body: data }), 400, 'DIGEST_INVALID');
    let r = await request('PATCH', await openUpload(), { body: data, headers: { 'Content-Range': '0-99' } });
    isError(await request('PUT', withQuery(location(r), `digest=${wrong}`)), 400, 'DIGEST_INVALID');
    r = await request('PATCH', await openUpload(), { body: [data] });
    isError(await request('PUT', withQuery(location(r), `digest=${wrong}`)), 400, 'DIGEST_INVALID');
    isError(await request('PUT', withQuery(await openUpload(), 'digest=sha256:baddigeststring'), { body: data }), 400, 'DIGEST_INVALID');
    isError(await request('PUT', await openUpload(), { body: data }), 400, 'DIGEST_INVALID');
    assert.equal((await request('HEAD', `/v2/${repo1}/blobs/${wrong}`)).status, 404);
  });
  test('the empty blob and {}', async () => {
    for (const data of [Buffer.alloc(0), Buffer.from('{}')]) {
      await pushBlob(data);
      const r = await request('GET', `/v2/${repo1}/blobs/${sha256(data)}`);
      assert.equal(r.status, 200);
      assert.equal(r.headers['content-length'], String(data.length));
      assert.deepEqual(r.raw, data);
    }
  });
  test('cancel', async () => {
    const at = await openUpload();
    await request('PATCH', at, { body: Buffer.alloc(10) });
    assert.equal((await request('DELETE', at)).status, 204);
    isError(await request('GET', at), 404, 'BLOB_UPLOAD_UNKNOWN');
    isError(await request('PATCH', at, { body: Buffer.alloc(10) }), 404, 'BLOB_UPLOAD_UNKNOWN');
    isError(await request('DELETE', at), 404, 'BLOB_UPLOAD_UNKNOWN');
  });
  test('unknown sessions, and sessions of another repository', async () => {
    const at = await openUpload();
    isError(await request('PATCH', at.replace(repo1, repo2), { body: Buffer.alloc(10) }), 404, 'BLOB_UPLOAD_UNKNOWN');
    assert.ok([400, 404].includes((await request('GET', `/v2/${repo1}/blobs/uploads/%2e%2e%2fetc%2fpasswd`)).status));
    isError(await request('GET', `/v2/${repo1}/blobs/uploads/${'0'.repeat(32)}`), 404, 'BLOB_UPLOAD_UNKNOWN');
  });
  test('sha512', async () => {
    const data = crypto.randomBytes(999);
    let at = await openUpload(repo1, '?digest-algorithm=sha512');
    let r = await request('PATCH', at, { body: data });
    r = await request('PUT', withQuery(location(r), `digest=${sha512(data)}`));
    assert.equal(r.status, 201, r.text);
    r = await request('GET', `/v2/${repo1}/blobs/${sha512(data)}`);
    assert.deepEqual(r.raw, data);
    await pushBlob(crypto.randomBytes(10), repo1);
    const other = crypto.randomBytes(55);
    await pushBlob(other, repo1, sha512(other));
    isError(await request('POST', `/v2/${repo1}/blobs/uploads/?digest-algorithm=md5`), 400);
  });
  test('mount', async () => {
    const data = crypto.randomBytes(64), digest = sha256(data);
    await pushBlob(data);
    let r = await request('POST', `/v2/${repo2}/blobs/uploads/?mount=${digest}`);
    assert.ok([201, 202].includes(r.status));
    r = await request('POST', `/v2/${repo2}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(repo1)}`);
    assert.equal(r.status, 201, r.text);
    assert.equal(r.headers['docker-content-digest'], digest);
    r = await request('GET', `/v2/${repo2}/blobs/${digest}`);
    assert.deepEqual(r.raw, data);
    r = await request('POST', `/v2/${repo2}/blobs/uploads/?mount=${sha256('nothing')}&from=${repo1}`);
    assert.equal(r.status, 202);
    assert.ok(r.headers.location);
    r = await request('POST', `/v2/${repo2}/blobs/uploads/?mount=${digest}&from=no/such/repo`);
    assert.equal(r.status, 202);
  });
  test('mount with a token for the target alone: told to ask for both', { skip: process.env.PLIMSOLL_ANONYMOUS === '1' }, async () => {
    const data = crypto.randomBytes(64), digest = sha256(data);
    await pushBlob(data);
    const token = async (...scopes) => {
      const r = await request('GET', `/oauth2/token?service=plimsoll&${scopes.map((s) => `scope=${encodeURIComponent(s)}`).join('&')}`);
      assert.equal(r.status, 200, r.text);
      return { auth: false, headers: { Authorization: `Bearer ${r.json.token}` } };
    };
    const target = `repository:${repo2}:pull,push`, source = `repository:${repo1}:pull`;
    const path = `/v2/${repo2}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(repo1)}`;
    let r = await request('POST', path, await token(target));
    isError(r, 401, 'UNAUTHORIZED');
    assert.match(r.headers['www-authenticate'], /error="insufficient_scope"/);
    const scope = /scope="([^"]*)"/.exec(r.headers['www-authenticate'])[1];
    assert.deepEqual(scope.split(' ').sort(), [source, target].sort());
    r = await request('POST', path, await token(scope)); // one parameter, divided by a space
    assert.equal(r.status, 201, r.text);
    r = await request('POST', path, await token(target, source));
    assert.equal(r.status, 201, r.text);
  });
  test('two requests cannot write to one session at once', async () => {
    const url = new URL(await openUpload());
    const s = net.connect(Number(url.port || 80), url.hostname);
    const auth = password ? `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n` : '';
    s.write(`PATCH ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n${auth}Content-Length: 20\r\n\r\n0123456789`);
    let at = { headers: {} };
    for (const until = Date.now() + 60000; at.headers.range !== '0-9' && Date.now() < until;) at = await request('GET', url.href);
    assert.equal(at.status, 204);
    assert.equal(at.headers.range, '0-9');
    const r = await request('PATCH', url.href, { body: 'x' });
    assert.equal(r.status, 409);
    // The client disconnects: the bytes received are kept, and the session is free again.
    s.destroy();
    let rest = { status: 409 };
    for (const until = Date.now() + 60000; rest.status === 409 && Date.now() < until;)
      rest = await request('PATCH', url.href, { body: 'abcdefghij', headers: { 'Content-Range': '10-19' } });
    assert.equal(rest.status, 202, rest.text);
    const done = await request('PUT', withQuery(url.href, `digest=${sha256('0123456789abcdefghij')}`));
    assert.equal(done.status, 201, done.text);
  });
  test('keep-alive', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const data = crypto.randomBytes(100);
    let r = await request('POST', `/v2/${repo1}/blobs/uploads/`, { agent });
    r = await request('PUT', withQuery(location(r), `digest=${sha256(data)}`), { agent, body: data });
    assert.equal(r.status, 201);
    r = await request('GET', `/v2/${repo1}/blobs/${sha256(data)}`, { agent });
    assert.deepEqual(r.raw, data);
    agent.destroy();
  });
});

describe('push: manifests', () => {
  test('by tag, by digest, several tags', async () => {
    const m = await makeManifest('tags');
    let r = await putManifest(m, 'first');
    assert.equal(r.status, 201, r.text);
    assert.equal(r.headers['docker-content-digest'], sha256(m));
    assert.deepEqual((await request('GET', location(r))).raw, m);
    r = await putManifest(m, sha256(m));
    assert.equal(r.status, 201, r.text);
    r = await putManifest(m, sha256(m), { query: '?tag=t1&tag=t2&tag=t3' });
    assert.equal(r.status, 201, r.text);
    assert.deepEqual(r.headers['oci-tag'].split(/,\s*/).sort(), ['t1', 't2', 't3']);
    assert.equal((await request('HEAD', `/v2/${repo1}/manifests/t2`)).status, 200);
  });
  test('no layers; custom fields; inline data; artifact; empty config', async () => {
    let r = await putManifest(await makeManifest('nolayers', { layers: 0 }), 'nolayers');
    assert.equal(r.status, 201, r.text);
    const custom = await makeManifest('custom', { extra: { annotations: { a: 'b' }, 'org.example.custom': { x: [1] } } });
    r = await putManifest(custom, 'custom');
    assert.equal(r.status, 201, r.text);
    assert.deepEqual((await request('GET', `/v2/${repo1}/manifests/custom`)).raw, custom);
    const empty = Buffer.from('{}');
    await pushBlob(empty);
    const e = { mediaType: EMPTY, digest: sha256(empty), size: 2, data: empty.toString('base64') };
    r = await putManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, artifactType: 'application/vnd.example', config: e, layers: [e] })), 'artifact');
    assert.equal(r.status, 201, r.text);
  });
  test('layers that are not distributed need not be pushed', async () => {
    const config = { ...(await pushBlob(configText('nd'))), mediaType: CONFIG };
    const layers = [{ mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', digest: sha256('elsewhere'), size: 123456, urls: ['https://store.example.com/blob'] }];
    const r = await putManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers })), 'nondistributable');
    assert.equal(r.status, 201, r.text);
  });
  test('index, nested index, Docker list', async () => {
    const m = await makeManifest('child');
    assert.equal((await putManifest(m, sha256(m))).status, 201);
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ ...descriptor(m), platform: { architecture: 'amd64', os: 'linux' } }] }));
    assert.equal((await putManifest(index, 'index', { type: INDEX })).status, 201);
    const outer = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [descriptor(index, INDEX)] }));
    assert.equal((await putManifest(outer, 'outer', { type: INDEX })).status, 201);
    const r = await request('GET', `/v2/${repo1}/manifests/outer`);
    assert.equal(r.headers['content-type'], INDEX);
    assert.deepEqual(r.raw, outer);
    const empty = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] }));
    assert.equal((await putManifest(empty, 'emptyindex', { type: INDEX })).status, 201);
  });
  test('Docker schema 2', async () => {
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const config = { ...(await pushBlob(configText('docker'))), mediaType: 'application/vnd.docker.container.image.v1+json' };
    const layer = { ...(await pushBlob(Buffer.from(`docker ${unique}`))), mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' };
    const m = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [layer] }, null, 3));
    assert.equal((await putManifest(m, 'docker', { type })).status, 201);
    const r = await request('GET', `/v2/${repo1}/manifests/docker`);
    assert.equal(r.headers['content-type'], type);
    assert.deepEqual(r.raw, m);
    const list = 'application/vnd.docker.distribution.manifest.list.v2+json';
    const l = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: list, manifests: [{ ...descriptor(m, type), platform: { architecture: 'amd64', os: 'linux' } }] }));
    assert.equal((await putManifest(l, 'dockerlist', { type: list })).status, 201);
  });
  test('sha512', async () => {
    const m = await makeManifest('sha512');
    const r = await putManifest(m, sha512(m));
    assert.equal(r.status, 201, r.text);
    assert.equal(r.headers['docker-content-digest'], sha512(m));
    assert.deepEqual((await request('GET', `/v2/${repo1}/manifests/${sha512(m)}`)).raw, m);
  });
  test('what is refused', async () => {
    const m = await makeManifest('refused');
    isError(await putManifest(m, 'sha256:baddigeststring'), 400, 'DIGEST_INVALID');
    isError(await putManifest(m, sha256('another')), 400, 'DIGEST_INVALID');
    isError(await putManifest(Buffer.from('{'), 'bad'), 400, 'MANIFEST_INVALID');
    isError(await putManifest(Buffer.from('{}'), 'bad'), 400, 'MANIFEST_INVALID');
    isError(await putManifest(m, '.bad'), 400);
    isError(await putManifest(m, sha256(m), { query: `?${Array.from({ length: 200 }, (_, i) => `tag=t${i}`).join('&')}` }), 414);
    const missing = { mediaType: LAYER, digest: sha256(`missing ${unique}`), size: 5 };
    const config = JSON.parse(m).config;
    isError(await putManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [missing] })), 'missing'), 404, 'MANIFEST_BLOB_UNKNOWN');
    isError(await putManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ ...missing, mediaType: MANIFEST }] })), 'missing', { type: INDEX }), 404, 'MANIFEST_BLOB_UNKNOWN');
    assert.equal((await request('HEAD', `/v2/${repo1}/manifests/missing`)).status, 404);
  });
  test('4 MiB are taken, more is 413', async () => {
    const shape = JSON.parse(await makeManifest('large'));
    const fill = (n) => Buffer.from(JSON.stringify({ ...shape, annotations: { pad: 'x'.repeat(n) } }));
    const over = fill(0).length;
    const max = fill((4 << 20) - over);
    assert.equal(max.length, 4 << 20);
    assert.equal((await putManifest(max, 'large')).status, 201);
    assert.deepEqual((await request('GET', `/v2/${repo1}/manifests/large`)).raw, max);
    const r = await putManifest(fill((4 << 20) + 1 - over), 'larger').catch((x) => x);
    if (!(r instanceof Error)) assert.equal(r.status, 413);
    assert.equal((await request('HEAD', `/v2/${repo1}/manifests/larger`)).status, 404);
  });
});

describe('discovery', () => {
  const repo = `conformance/${unique}/tags`;
  const tags = ['a', 'B', 'a1', 'latest', 'v1.0', 'v1.10', 'v1.2', '_x'].sort((x, y) => (Buffer.compare(Buffer.from(x), Buffer.from(y))));
  let m;
  before(async () => {
    m = await makeManifest('discovery', { repo });
    for (const t of tags) assert.equal((await putManifest(m, t, { repo })).status, 201);
  });
  test('tags', async () => {
    const r = await request('GET', `/v2/${repo}/tags/list`);
    assert.equal(r.status, 200);
    assert.deepEqual(r.json, { name: repo, tags });
    assert.equal(r.headers.link, undefined);
    isError(await request('GET', '/v2/no/such/repo/tags/list'), 404, 'NAME_UNKNOWN');
  });
  test('tags: n and last', async () => {
    let r = await request('GET', `/v2/${repo}/tags/list?n=3`);
    assert.deepEqual(r.json.tags, tags.slice(0, 3));
    const seen = [];
    let next = `/v2/${repo}/tags/list?n=3`;
    while (next) {
      r = await request('GET', next);
      assert.equal(r.status, 200);
      seen.push(...r.json.tags);
      const link = /^<(.*)>; rel="next"$/.exec(r.headers.link ?? '');
      next = link && link[1];
    }
    assert.deepEqual(seen, tags);
    r = await request('GET', `/v2/${repo}/tags/list?last=${tags[1]}`);
    assert.deepEqual(r.json.tags, tags.slice(2));
    r = await request('GET', `/v2/${repo}/tags/list?n=0`);
    assert.deepEqual(r.json.tags, []);
    assert.equal(r.headers.link, undefined);
    r = await request('GET', `/v2/${repo}/tags/list?n=${tags.length}`);
    assert.equal(r.headers.link, undefined);
    isError(await request('GET', `/v2/${repo}/tags/list?n=-1`), 400);
  });
  test('catalog', async () => {
    const seen = [];
    let next = '/v2/_catalog?n=2';
    while (next) {
      const r = await request('GET', next);
      assert.equal(r.status, 200);
      seen.push(...r.json.repositories);
      const link = /^<(.*)>; rel="next"$/.exec(r.headers.link ?? '');
      next = link && link[1];
    }
    assert.ok(seen.includes(repo) && seen.includes(repo1));
    assert.deepEqual(seen, [...seen].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))));
    assert.equal(new Set(seen).size, seen.length);
  });
  test('referrers', async () => {
    let r = await request('GET', `/v2/${repo}/referrers/${sha256('nothing')}`);
    assert.equal(r.status, 200);
    assert.equal(r.headers['content-type'], INDEX);
    assert.deepEqual(r.json.manifests, []);
    assert.equal(r.json.schemaVersion, 2);
    assert.equal(r.json.mediaType, INDEX);
    isError(await request('GET', `/v2/${repo}/referrers/sha256:bad`), 400);
    const subject = descriptor(m);
    const empty = Buffer.from('{}');
    await pushBlob(empty, repo);
    const config = { mediaType: EMPTY, digest: sha256(empty), size: 2 };
    const one = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, artifactType: 'application/vnd.example.sbom+json', config, layers: [config], subject, annotations: { 'org.example': 'one' } }));
    const two = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: { ...config, mediaType: 'application/vnd.example.signature' }, layers: [config], subject }));
    const three = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [], subject }));
    for (const [x, type] of [[one, MANIFEST], [two, MANIFEST], [three, INDEX]]) {
      r = await putManifest(x, sha256(x), { repo, type });
      assert.equal(r.status, 201, r.text);
      assert.equal(r.headers['oci-subject'], subject.digest);
    }
    r = await request('GET', `/v2/${repo}/referrers/${subject.digest}`);
    assert.equal(r.headers['oci-filters-applied'], undefined);
    const by = new Map(r.json.manifests.map((x) => [x.digest, x]));
    assert.equal(by.size, 3);
    assert.deepEqual(by.get(sha256(one)), { ...descriptor(one), artifactType: 'application/vnd.example.sbom+json', annotations: { 'org.example': 'one' } });
    assert.equal(by.get(sha256(two)).artifactType, 'application/vnd.example.signature');
    assert.equal(by.get(sha256(three)).artifactType, undefined);
    r = await request('GET', `/v2/${repo}/referrers/${subject.digest}?artifactType=${encodeURIComponent('application/vnd.example.sbom+json')}`);
    assert.equal(r.headers['oci-filters-applied'], 'artifactType');
    assert.deepEqual(r.json.manifests.map((x) => x.digest), [sha256(one)]);
    assert.equal((await request('DELETE', `/v2/${repo}/manifests/${sha256(two)}`)).status, 202);
    r = await request('GET', `/v2/${repo}/referrers/${subject.digest}`);
    assert.equal(r.json.manifests.length, 2);
  });
  test('referrers of a manifest that is not there', async () => {
    const subject = { mediaType: MANIFEST, digest: sha256(`never pushed ${unique}`), size: 100 };
    const x = await makeManifest('orphan', { repo, extra: { subject } });
    let r = await putManifest(x, sha256(x), { repo });
    assert.equal(r.status, 201, r.text);
    assert.equal(r.headers['oci-subject'], subject.digest);
    r = await request('GET', `/v2/${repo}/referrers/${subject.digest}`);
    assert.deepEqual(r.json.manifests.map((d) => d.digest), [sha256(x)]);
  });
});

describe('management', () => {
  const repo = `conformance/${unique}/management`;
  test('delete a tag, a manifest, a blob', async () => {
    const m = await makeManifest('management', { repo });
    for (const t of ['one', 'two', 'three']) await putManifest(m, t, { repo });
    assert.equal((await request('DELETE', `/v2/${repo}/manifests/one`)).status, 202);
    isError(await request('GET', `/v2/${repo}/manifests/one`), 404, 'MANIFEST_UNKNOWN');
    assert.equal((await request('GET', `/v2/${repo}/manifests/${sha256(m)}`)).status, 200);
    assert.deepEqual((await request('GET', `/v2/${repo}/tags/list`)).json.tags, ['three', 'two']);
    const layer = JSON.parse(m).layers[0].digest;
    isError(await request('DELETE', `/v2/${repo}/blobs/${layer}`), 405, 'UNSUPPORTED');
    assert.equal((await request('DELETE', `/v2/${repo}/manifests/${sha256(m)}`)).status, 202);
    isError(await request('GET', `/v2/${repo}/manifests/${sha256(m)}`), 404, 'MANIFEST_UNKNOWN');
    isError(await request('GET', `/v2/${repo}/manifests/two`), 404, 'MANIFEST_UNKNOWN');
    isError(await request('DELETE', `/v2/${repo}/manifests/${sha256(m)}`), 404, 'MANIFEST_UNKNOWN');
    isError(await request('DELETE', `/v2/${repo}/manifests/two`), 404, 'MANIFEST_UNKNOWN');
    const r = await request('GET', `/v2/${repo}/tags/list`);
    assert.equal(r.status, 200);
    assert.deepEqual(r.json.tags, []);
    assert.equal((await request('DELETE', `/v2/${repo}/blobs/${layer}`)).status, 202);
    isError(await request('GET', `/v2/${repo}/blobs/${layer}`), 404, 'BLOB_UNKNOWN');
    isError(await request('DELETE', `/v2/${repo}/blobs/${layer}`), 404, 'BLOB_UNKNOWN');
  });
  test('methods that are not there', async () => {
    const r = await request('PUT', `/v2/${repo}/tags/list`, { body: 'x' }).catch(() => ({ status: 405 }));
    assert.equal(r.status, 405);
    assert.equal((await request('GET', `/v2/${repo}/nothing/at/all`)).status, 404);
  });
});

describe('restart', { skip: Boolean(process.env.PLIMSOLL_URL) }, () => {
  test('an upload goes on, and what was acknowledged is there, after kill -9', async () => {
    const data = crypto.randomBytes(500000);
    const m = await makeManifest('restart');
    assert.equal((await putManifest(m, 'restart')).status, 201);
    const at = await openUpload();
    let r = await request('PATCH', at, { body: data.subarray(0, 300000) });
    assert.equal(r.status, 202);
    await stop('SIGKILL');
    await start();
    const again = new URL(at).pathname;
    r = await request('GET', again);
    assert.equal(r.status, 204);
    assert.equal(r.headers.range, '0-299999');
    r = await request('PATCH', again, { body: data.subarray(300000), headers: { 'Content-Range': '300000-499999' } });
    assert.equal(r.status, 202, r.text);
    r = await request('PUT', withQuery(location(r), `digest=${sha256(data)}`));
    assert.equal(r.status, 201, r.text);
    assert.deepEqual((await request('GET', `/v2/${repo1}/blobs/${sha256(data)}`)).raw, data);
    assert.deepEqual((await request('GET', `/v2/${repo1}/manifests/restart`)).raw, m);
  });
});
