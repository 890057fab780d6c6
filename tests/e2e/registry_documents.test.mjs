// What manifests and indexes may be, and the lists that are made of them: names of members, sizes, entries that are blobs, referrers by bytes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, pushBlob, sha256 } from './lib.mjs';

const INDEX = 'application/vnd.oci.image.index.v1+json', MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const LIST = 'application/vnd.docker.distribution.manifest.list.v2+json', CONFIG = 'application/vnd.oci.image.config.v1+json';
let server, config, layer;
const digest = (bytes) => `sha256:${sha256(bytes)}`;
const bytesOf = (doc) => Buffer.isBuffer(doc) ? doc : Buffer.from(typeof doc === 'string' ? doc : JSON.stringify(doc));
const desc = (bytes, mediaType, more = {}) => ({ mediaType, digest: digest(bytes), size: bytes.length, ...more });
const manifest = (more = {}) => ({ schemaVersion: 2, mediaType: MANIFEST, config: desc(config, CONFIG), layers: [desc(layer, 'a/b')], ...more });
/** Push a document: its bytes, status and first error. */
async function put(doc, { name = 'docs', reference, type = MANIFEST, at = server } = {}) {
  const bytes = bytesOf(doc);
  const r = await at.fetch(`/v2/${name}/manifests/${reference ?? digest(bytes)}`, { method: 'PUT', body: bytes, headers: { 'content-type': type } });
  const text = await r.text();
  return { bytes, status: r.status, error: text ? JSON.parse(text).errors[0] : null };
}

before(async () => {
  server = await new Server().start();
  config = Buffer.from('{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}');
  layer = Buffer.from('layer');
  for (const b of [config, layer]) await pushBlob(server, 'docs', b);
});
after(() => server?.stop());

test('a name that engines take for a known one, and one that comes twice, are refused', async () => {
  const text = JSON.stringify(manifest());
  const head = text.slice(0, -1), other = JSON.stringify([desc(config, 'a/b')]);
  assert.equal((await put(text)).status, 201);
  for (const bad of [`${head},"Layers":${other}}`, `${head},"layer\u017f":${other}}`, `${head},"\\u004cayers":null}`, `${head},"layers":null}`, `${head},"layers":${other}}`,
    `${head},"CONFIG":${JSON.stringify(desc(layer, CONFIG))}}`, `${head},"SchemaVersion":1}`, text.replace('"size"', '"Size":1,"size"'), text.replace('"digest"', `"Digest":"${digest(layer)}","digest"`)]) {
    const got = await put(bad);
    assert.deepEqual([got.status, got.error?.code], [400, 'MANIFEST_INVALID'], bad);
  }
  assert.equal((await put(`${head},"\\u0061nnotations":{"a":"b"},"layer\u0455":1}`)).status, 201); // an escape is the letter, a look-alike is another
});

test('null is an absent member: the lists that the .NET SDK publishes', async () => {
  const one = bytesOf(manifest({ annotations: null, subject: null, artifactType: null, manifests: null, layers: [{ ...desc(layer, 'a/b'), urls: null, data: null, platform: null }] }));
  assert.equal((await put(one)).status, 201);
  const entry = (type) => desc(one, type, { platform: { os: 'linux', architecture: 'amd64', variant: null, features: null, 'os.version': null }, annotations: null });
  for (const [type, of] of [[INDEX, MANIFEST], [LIST, 'application/vnd.docker.distribution.manifest.v2+json']])
    assert.equal((await put(JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [entry(of)] }).replaceAll('+', '\\u002B'), { type })).status, 201);
  assert.equal((await put({ schemaVersion: 2, mediaType: INDEX, manifests: null }, { type: INDEX })).status, 201);
  assert.equal((await put({ schemaVersion: 2, mediaType: INDEX }, { type: INDEX })).status, 400);
});

test('as many layers and manifests as fit in 4 MiB', async () => {
  const many = Array.from({ length: 3000 }, (_, i) => desc(layer, 'application/x.file', { annotations: { title: `f${i}` } }));
  const big = await put(manifest({ layers: many, artifactType: 'application/x.files' }));
  assert.equal(big.status, 201);
  assert.deepEqual(Buffer.from(await (await server.fetch(`/v2/docs/manifests/${digest(big.bytes)}`)).arrayBuffer()), big.bytes);
  const entries = Array.from({ length: 3000 }, (_, i) => desc(big.bytes, MANIFEST, { annotations: { k: `${i}` } }));
  assert.equal((await put({ schemaVersion: 2, mediaType: INDEX, manifests: entries }, { type: INDEX })).status, 201);
  entries[1700] = desc(Buffer.from('elsewhere'), MANIFEST);
  const lacks = await put({ schemaVersion: 2, mediaType: INDEX, manifests: entries }, { type: INDEX });
  assert.deepEqual([lacks.status, lacks.error.code], [404, 'MANIFEST_BLOB_UNKNOWN']);
  many[2999] = { ...many[2999], size: 6 }; // the last of many counts as the first does
  assert.equal((await put(manifest({ layers: many }))).status, 400);
});

test('an index of blobs, as build caches are; a manifest that is only a blob is none', async () => {
  const record = Buffer.from('{"layers":[],"records":[]}');
  await pushBlob(server, 'docs', record);
  for (const [type, of] of [[INDEX, 'application/vnd.oci.image.layer.v1.tar+gzip'], [LIST, 'application/vnd.docker.image.rootfs.diff.tar.gzip']]) {
    const cache = { schemaVersion: 2, mediaType: type, manifests: [desc(layer, of), desc(record, 'application/vnd.buildkit.cacheconfig.v0')] };
    assert.equal((await put(cache, { type })).status, 201);
    cache.manifests[0].digest = digest(Buffer.from('another'));
    assert.equal((await put(cache, { type })).status, 404);
  }
  const pushed = bytesOf(manifest({ annotations: { only: 'a blob' } }));
  await pushBlob(server, 'docs', pushed);
  assert.equal((await put({ schemaVersion: 2, mediaType: INDEX, manifests: [desc(pushed, MANIFEST)] }, { type: INDEX })).status, 404);
});

test('parameters and letters of a media type do not make another type of it', async () => {
  const index = { schemaVersion: 2, mediaType: `${INDEX};charset=utf-8`, manifests: [] };
  const got = await put(index, { type: `${INDEX.toUpperCase()}; charset=utf-8` });
  assert.equal(got.status, 201);
  const back = await server.fetch(`/v2/docs/manifests/${digest(got.bytes)}`);
  assert.equal(back.headers.get('content-type'), index.mediaType);
});

test('sparse indexes are taken where that is set', async () => {
  const other = await new Server({ args: ['--sparse-indexes', 'true'] }).start();
  try {
    const index = { schemaVersion: 2, mediaType: INDEX, manifests: [desc(Buffer.from('not here'), MANIFEST)] };
    assert.equal((await put(index, { type: INDEX, at: other })).status, 201);
    assert.equal((await put(index, { type: INDEX })).status, 404);
  } finally {
    await other.stop();
  }
});

test('referrers: pages by bytes, filters on every page, and heavy annotations never hide a signature', async () => {
  const subject = await put(manifest({ annotations: { a: 'subject' } }));
  const refer = (artifactType, i, cert) => put(manifest({ layers: [], subject: desc(subject.bytes, MANIFEST), artifactType, annotations: { i: `${i}`, cert: 'c'.repeat(cert) } }));
  const pushed = [];
  for (let i = 0; i < 90; i++) pushed.push(refer(i % 3 ? 'application/x.sbom' : 'application/x.signature', i, 20000));
  for (let i = 0; i < 2; i++) pushed.push(refer('application/x.sbom', i, 3900000));
  for (const p of await Promise.all(pushed)) assert.equal(p.status, 201);
  const list = async (query) => {
    const all = [];
    let pages = 0;
    for (let at = `/v2/docs/referrers/${digest(subject.bytes)}${query}`; at; pages++) {
      const r = await server.fetch(at), text = await r.text();
      assert.equal(r.status, 200);
      assert.ok(text.length < 2 << 20, `${text.length} bytes`);
      assert.equal(r.headers.get('oci-filters-applied'), query ? 'artifactType' : null);
      all.push(...JSON.parse(text).manifests);
      at = /<(.*)>; rel="next"/.exec(r.headers.get('link') ?? '')?.[1];
    }
    assert.equal(new Set(all.map((d) => d.digest)).size, all.length);
    return { all, pages };
  };
  const { all, pages } = await list('');
  assert.equal(all.length, 92);
  assert.ok(pages >= 2);
  const told = all.filter((d) => d.annotations.cert);
  assert.ok(told.length === 90 && told.every((d) => d.annotations.cert.length === 20000));
  const omitted = all.filter((d) => !d.annotations.cert).map((d) => d.annotations['plimsoll.annotations.omitted']);
  assert.ok(omitted.length === 2 && omitted.every((t) => /^39000\d\d bytes: the manifest has them$/.test(t)), omitted.join());
  const signatures = await list('?artifactType=application%2Fx.signature');
  assert.ok(signatures.all.length === 30 && signatures.all.every((d) => d.artifactType === 'application/x.signature'));
});
