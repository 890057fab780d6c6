// Documents that are attached by strangers to keep an image from being assessed, or to cost the server what they do not cost their maker.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { EMPTY, OCI, VEX, attach, openvex, put } from './attached.mjs';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushBlob, pushLayout, sha256, tempDir } from './lib.mjs';

const CVES = 300, PACKAGES = 100;
const name = (n) => `CVE-2026-${1000 + n}`;
const vdb = makeVdb(Array.from({ length: CVES }, (_, n) => osvRecord(name(n), [{ ecosystem: 'Debian:12', name: 'linux', fixed: '7' }], { severity: 'HIGH' })));
const packages = Array.from({ length: PACKAGES }, (_, n) => ({ name: `linux-part${n}`, source: 'linux', version: '6' }));
const image = (mark) => makeLayout([[debianRelease(), dpkgStatus(packages), { path: 'mark', content: mark }]]);
const keys = path.join(tempDir('keys'), 'k.pem');
fs.writeFileSync(keys, crypto.generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }));
const repository = 'team/app';
let servers;
before(async () => {
  const start = (...args) => new Server({ args: ['--vdb', vdb, ...args] }).start();
  servers = { applies: await start('--attached-documents', 'apply'), checks: await start('--attached-documents', 'apply', '--attached-keys', keys), shows: await start() };
});
after(() => Promise.all(Object.values(servers ?? {}).map((s) => s.stop())));

/** An image with its documents: what its scan says. Documents come first, so that there is one scan. */
async function scanned(server, l, documents) {
  for (const d of documents) await (typeof d === 'function' ? d(server, l) : attach(server, repository, d, { subject: l.digest }));
  await pushLayout(server, repository, l);
  const i = await server.scanned(repository, l.digest);
  assert.deepEqual([i.state, i.reason ?? ''], ['Unhealthy', ''], 'it is assessed whatever is attached');
  return i;
}

// Each of 3,000 statements is about 100 of the CVEs: 30 million comparisons with the packages.
const everything = () => {
  const statement = { ...openvex([{ '@id': 'pkg:deb/debian/other' }]).statements[0], vulnerability: { name: name(0), aliases: Array.from({ length: 100 }, (_, n) => name(n)) } };
  return JSON.stringify({ ...openvex([]), statements: Array.from({ length: 3000 }, () => statement) });
};

test('statements that need too many comparisons are not applied, and the image is assessed without them', async () => {
  const i = await scanned(servers.applies, image('everything'), [everything()]);
  assert.equal(i.findings.High, CVES);
  assert.deepEqual([i.coverage.attached[0].state, i.coverage.attached[0].statements], ['shown', 3000]);
  assert.match(i.coverage.attached[0].note, /too many statements are about the same vulnerabilities/);
});

test('what is only shown is not compared with anything, and no list reads it', async () => {
  const i = await scanned(servers.shows, image('shown'), [everything(), openvex([{ '@id': 'pkg:deb/debian/linux-part1' }], { cve: name(1) })]);
  assert.deepEqual(i.coverage.attached.map((d) => d.state), ['shown', 'shown']);
  assert.equal(i.findings.High, CVES);
});

test('what statements take out has a size: past it nothing is taken out', async () => {
  const l = image('long');
  const long = (n) => ({ ...openvex([{ '@id': `pkg:oci/app@${encodeURIComponent(l.digest)}` }], { cve: name(n) }).statements[0], impact_statement: `${n}${'\u0001'.repeat(500)}` });
  const i = await scanned(servers.applies, l, [{ ...openvex([]), statements: Array.from({ length: CVES }, (_, n) => long(n)) }]);
  assert.equal(i.findings.High, CVES);
  assert.match(i.coverage.attached[0].note, /takes more than 128 KiB/);
});

test('an envelope of more than a million empty signatures is passed over, with and without keys', async () => {
  const bomb = `{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{${'"sig":"",'.repeat(1.5e6)}"sig":""}]}`;
  for (const server of [servers.applies, servers.checks]) {
    const i = await scanned(server, image('bomb'), [(s, l) => attach(s, repository, bomb, { subject: l.digest, type: 'application/vnd.dsse.envelope.v1+json' })]);
    assert.equal(i.coverage.attached[0].state, 'not_read');
  }
});

test('documents that are not there are counted with the others', async () => {
  const absent = (at) => async (server, l) => {
    await pushBlob(server, repository, Buffer.from('{}'));
    const layers = Array.from({ length: 700 }, (_, n) => ({ mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar', digest: `sha256:${sha256(`${at} ${n}`)}`, size: 1, annotations: { predicateType: 'vex' } }));
    await put(server, repository, { schemaVersion: 2, mediaType: OCI, artifactType: VEX, config: { mediaType: EMPTY, digest: `sha256:${sha256('{}')}`, size: 2 }, layers, subject: { mediaType: OCI, digest: l.digest, size: 1 } });
  };
  const i = await scanned(servers.applies, image('absent'), Array.from({ length: 4 }, (_, n) => absent(n)));
  assert.equal(i.coverage.attached.length, 65);
  assert.match(i.coverage.attached[64].note, /^2736 further ones/);
});

test('statements in the same words are kept once: lists go on, however many images have them', async () => {
  for (let k = 0; k < 40; k++) {
    const l = makeLayout([[debianRelease(), dpkgStatus(packages.slice(0, 1)), { path: 'mark', content: `same ${k}` }]]);
    const one = (n) => ({ ...openvex([{ '@id': `pkg:oci/app@${encodeURIComponent(l.digest)}` }], { cve: name(n) }).statements[0], impact_statement: 'x'.repeat(500) });
    await attach(servers.applies, repository, { ...openvex([]), statements: Array.from({ length: CVES - 1 }, (_, n) => one(n)) }, { subject: l.digest });
    await pushLayout(servers.applies, repository, l);
    assert.equal((await servers.applies.scanned(repository, l.digest)).findings.High, 1);
  }
  assert.equal((await servers.applies.json('/api/v1/findings?limit=1')).items.length, 1);
});
