// What cosign attached, under each setting: off, show and apply, with and without keys; Ed25519 keys; and its bundles damaged, about another image, or of another key.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { attach } from './attached.mjs';
import { BUNDLE, BUNDLE_TYPE, attest, bill, cosign, cwd, database, declared, pushed, rows, skip, startServer, tried, write } from './cosign.mjs';
import { program, runAsync } from './lib.mjs';

const UNTRUSTED = 'no signature of a key that is trusted, so it changes nothing';
const pub = (name) => path.join(cwd, `${name}.pub`);
before(() => {
  if (skip) return;
  for (const name of ['ours', 'theirs']) cosign('generate-key-pair', '--output-key-prefix', name);
  fs.writeFileSync(path.join(cwd, 'ed.pem'), crypto.generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  cosign('import-key-pair', '--key', 'ed.pem', '--output-key-prefix', 'ed');
});
async function withServer(args, fn) {
  const server = await startServer(...args);
  try { return await fn(server); } finally { await server.stop(); }
}
const scanned = (server, { r, l }) => server.scanned(r, l.digest);
const notes = (i) => (i.coverage.attached ?? []).map((d) => d.note).filter(Boolean);

test('each setting: VEX and bills of materials, of a trusted key and of another, in tags and in bundles', { skip }, async () => {
  const server = await startServer('--attached-documents', 'off', '--attached-keys', pub('ours'));
  try {
    const images = [];
    for (const more of [[], [BUNDLE]]) {
      const x = await pushed(server, more.length ? 'team/bundles' : 'team/tags');
      for (const [key, name] of [['ours', 'left'], ['theirs', 'right']]) {
        attest(key, 'openvex', x.vex, ...more, x.name);
        attest(key, 'cyclonedx', write('bill.json', bill(name)), ...more, x.name);
      }
      images.push(x);
    }
    const theirs = ['shown unverified 0 0', 'shown unverified 1 0'];
    for (const [use, high, of, noted] of [['off', 1, [], 0], ['show', 1, ['applied verified 0 1', ...theirs, 'shown verified 1 0'], 2], ['apply', 0, ['applied verified 0 1', 'applied verified 1 0', ...theirs], 2]]) {
      await server.stop();
      await server.start(['--attached-documents', use]);
      for (const x of images) {
        const i = await scanned(server, x);
        assert.deepEqual([i.findings.High, rows(i), await declared(server, x)], [high, of, use === 'off' ? [] : ['left']], `${x.r} ${use}`);
        assert.deepEqual(notes(i), Array(noted).fill(UNTRUSTED), `${x.r} ${use}`);
      }
    }
  } finally { await server.stop(); }
});

test('without keys a bill of materials is listed whoever signed it, or nobody', { skip }, () => withServer(['--attached-documents', 'show'], async (server) => {
  const x = await pushed(server, 'team/app');
  attest('theirs', 'cyclonedx', write('bill.json', bill('left')), BUNDLE, x.name);
  cosign('attach', 'sbom', '--sbom', write('bill2.json', bill('right')), '--type', 'cyclonedx', '--input-format', 'json', x.name);
  const i = await scanned(server, x);
  assert.deepEqual([rows(i), await declared(server, x), notes(i)], [['applied unsigned 0 1', 'applied unverified 0 1'], ['left', 'right'], []]);
}));

// cosign 2.6 signs with an imported Ed25519 key as Ed25519ph, which DSSE's verifiers do not take for a signature of it: its own does not either.
test('Ed25519 keys: a signature counts when cosign says that it verifies', { skip }, () => withServer(['--attached-documents', 'apply', '--attached-keys', pub('ed')], async (server) => {
  for (const more of [[], [BUNDLE]]) {
    const x = await pushed(server, more.length ? 'team/bundles' : 'team/tags');
    attest('ed', 'openvex', x.vex, ...more, x.name);
    const root = write('root.json', { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' }); // of no authority: the key alone counts
    const verified = tried('verify-attestation', '--key', 'ed.pub', '--type', 'openvex', '--insecure-ignore-tlog=true', ...(more.length ? ['--trusted-root', root, ...more] : []), x.name).status === 0;
    const i = await scanned(server, x);
    assert.deepEqual([i.findings.High, rows(i)], verified ? [0, ['applied verified 1 0']] : [1, ['shown unverified 1 0']], String(more));
  }
}));

/** The bundle that cosign attached to an image. */
async function bundleOf(server, { r, l }) {
  const { manifests } = await server.json(`/v2/${r}/referrers/${l.digest}`);
  const { layers } = await server.json(`/v2/${r}/manifests/${manifests[0].digest}`);
  assert.equal(layers[0].mediaType, BUNDLE_TYPE);
  return (await server.fetch(`/v2/${r}/blobs/${layers[0].digest}`)).text();
}
const withEnvelope = (text, change) => { const b = JSON.parse(text); b.dsseEnvelope = change(b.dsseEnvelope); return JSON.stringify(b); };

test('bundles that are cut, forged, mixed, or about another image change nothing, and say why', { skip }, () => withServer(['--attached-documents', 'apply', '--attached-keys', pub('ours')], async (server) => {
  const [mine, yours, x] = [await pushed(server, 'team/mine'), await pushed(server, 'team/yours'), await pushed(server, 'team/app')];
  const sources = {};
  for (const [key, of] of [['ours', mine], ['theirs', yours]]) {
    attest(key, 'openvex', write('about.json', JSON.parse(fs.readFileSync(path.join(cwd, x.vex)))), BUNDLE, of.name);
    sources[key] = await bundleOf(server, of);
  }
  // As cosign signs it for this image, taken off again.
  attest('ours', 'openvex', x.vex, BUNDLE, x.name);
  const good = await bundleOf(server, x), referrers = async () => (await server.json(`/v2/${x.r}/referrers/${x.l.digest}`)).manifests;
  assert.deepEqual(rows(await scanned(server, x)), ['applied verified 1 0']);
  const remove = async () => { for (const m of await referrers()) assert.equal((await server.fetch(`/v2/${x.r}/manifests/${m.digest}`, { method: 'DELETE' })).status, 202); };
  await remove();
  attest('theirs', 'openvex', x.vex, BUNDLE, x.name);
  const stranger = await bundleOf(server, x);
  await remove();
  const cases = [
    ['cut in the middle', good.slice(0, good.length / 2), 'not_read', 'unsigned', /JSON/],
    ['cut by one byte', good.slice(0, -1), 'not_read', 'unsigned', /JSON/],
    ['empty', '', 'not_read', 'unsigned', /./],
    ["ours, with another image's digest as its subject", sources.ours, 'of_another_image', 'verified', /^its subject is another image$/],
    ["theirs, with another image's digest as its subject", sources.theirs, 'of_another_image', 'unverified', /^its subject is another image$/],
    ['a good signature of another key', stranger, 'shown', 'unverified', UNTRUSTED],
    ["the stranger's signature under our statement", withEnvelope(good, (e) => ({ ...e, signatures: JSON.parse(stranger).dsseEnvelope.signatures })), 'shown', 'unverified', UNTRUSTED],
    ["our signature under the stranger's key hint", withEnvelope(stranger, (e) => ({ ...e, signatures: e.signatures.map((s) => ({ ...s, keyid: JSON.parse(good).dsseEnvelope.signatures[0].keyid ?? 'ours' })) })), 'shown', 'unverified', UNTRUSTED],
    ['our signature, one byte of the payload changed', withEnvelope(good, (e) => ({ ...e, payload: Buffer.from(Buffer.from(e.payload, 'base64').toString().replace('patched by hand', 'patched by hanD')).toString('base64') })), 'shown', 'unverified', UNTRUSTED],
    ['our signature, another type of payload', withEnvelope(good, (e) => ({ ...e, payloadType: 'application/json' })), 'shown', 'unverified', UNTRUSTED],
    ['no signature', withEnvelope(good, (e) => ({ ...e, signatures: [] })), 'shown', 'unverified', UNTRUSTED],
    ['good', good, 'applied', 'verified', undefined],
  ];
  for (const [what, document, state, signature, note] of cases) {
    await attach(server, x.r, document, { subject: x.l.digest, type: BUNDLE_TYPE });
    const i = await scanned(server, x), [d] = i.coverage.attached;
    assert.deepEqual([i.findings.High, i.coverage.attached.length, d.state, d.signature], [state === 'applied' ? 0 : 1, 1, state, signature], `${what}: ${JSON.stringify(d)}`);
    if (note instanceof RegExp) assert.match(d.note, note, what);
    else assert.equal(d.note, note, what);
    await remove();
    await scanned(server, x);
  }
}));

test('on the command line with --vex-key: the same of a registry, VEX and bills alike', { skip }, () => withServer(['--attached-documents', 'off'], async (server) => {
  const x = await pushed(server, 'team/app');
  attest('theirs', 'openvex', x.vex, BUNDLE, x.name);
  attest('theirs', 'cyclonedx', write('bill.json', bill('right')), BUNDLE, x.name);
  const scan = async (...args) => {
    const r = await runAsync(program, ['scan', x.name, '--vdb', database(), '--format', 'json', '--no-cache', '--username', 'admin', '--password', server.password, '--vex', 'attached', ...args]);
    assert.equal(r.status, 0, r.stderr);
    return { ...JSON.parse(r.stdout), warnings: r.stderr.split('\n').filter((l) => l.includes(UNTRUSTED)).length };
  };
  const figures = ({ findings, packages, warnings }) => [findings.length, (packages ?? []).length, warnings];
  const all = await scan(), one = await scan('--vex-key', pub('ours'));
  assert.deepEqual([figures(all)[0], figures(all)[2], figures(one)[0], figures(one)[2]], [0, 0, 1, 2]);
  attest('ours', 'openvex', x.vex, BUNDLE, x.name);
  attest('ours', 'cyclonedx', write('bill.json', bill('left')), BUNDLE, x.name);
  const both = await scan('--vex-key', pub('ours'));
  assert.deepEqual([figures(both)[0], figures(both)[2]], [0, 2]);
}));
