// Documents that are attached to an image are input of its scan: the three ways of attaching, what fits and what does not, signatures, indexes, deletion, a kill in between,
// and that what this server attaches itself changes nothing.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { IN_TOTO, OCI, attach, envelope, ofDigest, openvex, put, statement } from './attached.mjs';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout, tempDir } from './lib.mjs';

const vdb = makeVdb([
  osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2' }], { severity: 'HIGH' }),
  osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'bash', fixed: '6' }], { severity: 'LOW' }),
]);
const image = (mark) => makeLayout([[debianRelease(), dpkgStatus([{ name: 'libssl3', source: 'openssl', version: '3.0.1' }, { name: 'bash', version: '5.2' }]), { path: 'mark', content: mark }]]);
const ways = {
  'a bare artifact': (s, r, l) => attach(s, r, openvex(ofDigest(l.digest)), { subject: l.digest }),
  'a statement as a referrer': (s, r, l) => attach(s, r, statement(l.digest, openvex(ofDigest(l.digest))), { subject: l.digest, type: IN_TOTO }),
  'an envelope as a referrer': (s, r, l) => attach(s, r, envelope(statement(l.digest, openvex(ofDigest(l.digest)))), { subject: l.digest, type: IN_TOTO }),
  'a bundle of sigstore as a referrer': (s, r, l) => attach(s, r, { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', dsseEnvelope: envelope(statement(l.digest, openvex(ofDigest(l.digest)))) },
    { subject: l.digest, type: 'application/vnd.dev.sigstore.bundle.v0.3+json' }),
  "cosign's tag": (s, r, l) => attach(s, r, envelope(statement(l.digest, openvex([{ '@id': 'pkg:oci/app', hashes: { 'sha-256': l.digest.slice(7) } }]))),
    { tag: `${l.digest.replace(':', '-')}.att`, type: 'application/vnd.dsse.envelope.v1+json', annotations: { predicateType: 'https://openvex.dev/ns/v0.2.0' } }),
  'CSAF': (s, r, l) => attach(s, r, { document: { category: 'csaf_vex', tracking: { current_release_date: '2026-01-01T00:00:00Z' } },
    product_tree: { branches: [{ product: { product_id: 'I', product_identification_helper: { hashes: [{ filename: 'app', file_hashes: [{ algorithm: 'sha256', value: l.digest.slice(7) }] }] } } }] },
    vulnerabilities: [{ cve: 'CVE-2026-1', product_status: { known_not_affected: ['I'] }, flags: [{ label: 'vulnerable_code_not_present', product_ids: ['I'] }], threats: [{ category: 'impact', details: 'patched by hand' }] }] },
  { subject: l.digest, type: 'application/vnd.csaf+json' }),
  'CycloneDX': (s, r, l) => attach(s, r, { bomFormat: 'CycloneDX', specVersion: '1.5', metadata: { timestamp: '2026-01-01T00:00:00Z', component: { type: 'container', name: 'app', purl: `pkg:oci/app@${encodeURIComponent(l.digest)}` } },
    vulnerabilities: [{ id: 'CVE-2026-1', analysis: { state: 'not_affected', justification: 'vulnerable_code_not_present', detail: 'patched by hand' }, affects: [{ ref: 'pkg:deb/debian/libssl3@3.0.1' }] }] },
  { subject: l.digest, type: 'application/vnd.cyclonedx+json' }),
};
const at = (r, l) => `/api/v1/registries/local/repositories/${r}/images/${l.digest}`;
const cves = async (server, r, l, shown = 'active') => (await server.all(`${at(r, l)}/findings?state=${shown}`)).map((f) => f.cves[0]).sort();
const remove = async (server, r, reference) => assert.equal((await server.fetch(`/v2/${r}/manifests/${reference}`, { method: 'DELETE' })).status, 202);
async function with_server(args, fn) {
  const server = await new Server({ args: ['--vdb', vdb, ...args] }).start();
  try { return await fn(server); } finally { await server.stop(); }
}

test('each way of attaching takes the finding out, says who, and its deletion brings it back', () => with_server(['--attached-documents', 'apply'], async (server) => {
  let n = 0;
  for (const [what, way] of Object.entries(ways)) {
    const r = `team/app${n++}`, l = image(what);
    await pushLayout(server, r, l);
    assert.equal((await server.scanned(r, l.digest)).findings.High, 1, what);
    const digest = await way(server, r, l), tag = what.startsWith('cosign') ? `${l.digest.replace(':', '-')}.att` : undefined;
    const i = await server.scanned(r, l.digest);
    assert.deepEqual([i.findings.High, i.findings.Low, i.state], [0, 1, 'Unhealthy'], what);
    assert.deepEqual([await cves(server, r, l), await cves(server, r, l, 'disabled')], [['CVE-2026-2'], ['CVE-2026-1']], what);
    const [row] = i.coverage.attached;
    assert.deepEqual([i.coverage.attached.length, row.digest, row.state, row.statements, row.signature], [1, digest, 'applied', 1, /cosign|envelope|sigstore/.test(what) ? 'unverified' : 'unsigned'], what);
    const [f] = await server.all(`${at(r, l)}/findings?state=disabled`);
    assert.deepEqual([f.disabled_by.name, f.disabled_by.document, f.disabled_by.rule, f.disabled_by.scope], [`attached VEX ${digest}`, digest, 0, undefined], what);
    assert.equal(f.disabled_by.justification, 'not_affected (vulnerable_code_not_present): patched by hand', what);
    const why = await server.json(`${at(r, l)}/why-not?cve=CVE-2026-1`);
    assert.deepEqual([why.reported, why.reason, why.findings[0].disabled_by.name], [false, 'disabled_by_rule', f.disabled_by.name], what);
    await remove(server, r, tag ?? digest);
    assert.equal((await server.scanned(r, l.digest)).findings.High, 1, `${what}: deleted`);
    assert.deepEqual(await cves(server, r, l), ['CVE-2026-1', 'CVE-2026-2'], what);
  }
}));

test('what is about another image, another package or another version is not applied, and that is said', () => with_server(['--attached-documents', 'apply'], async (server) => {
  const r = 'team/app', l = image('others'), other = `sha256:${'0'.repeat(64)}`;
  await pushLayout(server, r, l);
  const documents = {
    'another digest': [openvex(ofDigest(other)), { subject: l.digest }, 'of_another_image'],
    'another subject': [statement(other, openvex([{ '@id': 'pkg:deb/debian/libssl3' }])), { subject: l.digest, type: IN_TOTO }, 'of_another_image'],
    'another repository': [openvex([{ '@id': 'pkg:oci/app?repository_url=example.com%2Fother%2Fapp' }]), { subject: l.digest }, 'of_another_image'],
    'another version of the package': [openvex([{ '@id': `pkg:oci/app@${encodeURIComponent(l.digest)}`, subcomponents: [{ '@id': 'pkg:deb/debian/libssl3@3.0.0' }] }]), { subject: l.digest }, 'applied'],
    'a description of another image': [{ bomFormat: 'CycloneDX', specVersion: '1.5', metadata: { component: { type: 'container', purl: `pkg:oci/app@${encodeURIComponent(other)}` } },
      vulnerabilities: [{ id: 'CVE-2026-1', analysis: { state: 'not_affected' }, affects: [{ ref: 'pkg:deb/debian/libssl3@3.0.1' }] }] }, { subject: l.digest, type: 'application/vnd.cyclonedx+json' }, 'of_another_image'],
    'no document': ['{"statements": [', { subject: l.digest }, 'not_read'],
  };
  for (const [what, [document, how, state]] of Object.entries(documents)) {
    const digest = await attach(server, r, document, how), i = await server.scanned(r, l.digest);
    assert.equal(i.findings.High, 1, what);
    const row = i.coverage.attached.find((x) => x.digest === digest);
    assert.equal(row?.state, state, `${what}: ${JSON.stringify(i.coverage.attached)}`);
    assert.ok(state === 'applied' || row.note, what);
  }
  // By the repository, with and without its last part; whatever the host is called.
  for (const url of ['example.com/team/app', 'example.com/team']) {
    const digest = await attach(server, r, openvex([{ '@id': `pkg:oci/app?repository_url=${encodeURIComponent(url)}` }]), { subject: l.digest });
    assert.equal((await server.scanned(r, l.digest)).findings.High, 0, url);
    await remove(server, r, digest);
    assert.equal((await server.scanned(r, l.digest)).findings.High, 1, url);
  }
}));

test('a later statement that it is affected holds; what is attached to an index counts for its images', () => with_server(['--attached-documents', 'apply'], async (server) => {
  const r = 'team/app', one = image('one'), two = image('two');
  for (const l of [one, two]) await pushLayout(server, r, l, l.digest);
  const index = await put(server, r, { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [one, two].map((l, i) => ({ mediaType: OCI, digest: l.digest, size: l.manifestBytes.length,
    platform: { os: 'linux', architecture: i ? 'arm64' : 'amd64' } })) }, 'v1', 'application/vnd.oci.image.index.v1+json');
  const digest = await attach(server, r, openvex([{ '@id': `pkg:oci/app@${encodeURIComponent(index)}` }]), { subject: index });
  for (const l of [one, two]) {
    const i = await server.scanned(r, l.digest);
    assert.deepEqual([i.findings.High, i.coverage.attached[0].of_index], [0, true]);
  }
  await attach(server, r, { ...openvex(ofDigest(one.digest), { status: 'affected' }), timestamp: '2026-02-01T00:00:00Z' }, { subject: one.digest });
  assert.equal((await server.scanned(r, one.digest)).findings.High, 1);
  assert.equal((await server.scanned(r, two.digest)).findings.High, 0);
  await remove(server, r, digest);
  assert.equal((await server.scanned(r, two.digest)).findings.High, 1);
}));

test('shown only, by default: nothing is taken out; another setting is in effect after the start', async () => {
  const server = await new Server({ args: ['--vdb', vdb] }).start(), r = 'team/app', l = image('shown');
  try {
    await pushLayout(server, r, l);
    await attach(server, r, openvex(ofDigest(l.digest)), { subject: l.digest });
    let i = await server.scanned(r, l.digest);
    assert.deepEqual([i.findings.High, i.coverage.attached[0].state], [1, 'shown']);
    for (const [use, high, state] of [['apply', 0, 'applied'], ['off', 1, undefined], ['apply', 0, 'applied'], ['show', 1, 'shown']]) {
      await server.stop();
      await server.start(['--attached-documents', use]);
      i = await server.scanned(r, l.digest);
      assert.deepEqual([i.findings.High, i.coverage.attached?.[0].state], [high, state], use);
    }
  } finally { await server.stop(); }
});

test('with keys only what one of them signed is applied', async () => {
  const ed = crypto.generateKeyPairSync('ed25519'), ec = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }), stranger = crypto.generateKeyPairSync('ed25519');
  const keys = path.join(tempDir('keys'), 'keys.pem');
  fs.writeFileSync(keys, [ed, ec].map((k) => k.publicKey.export({ type: 'spki', format: 'pem' })).join(''));
  await with_server(['--attached-documents', 'apply', '--attached-keys', keys], async (server) => {
    const r = 'team/app', l = image('signed');
    await pushLayout(server, r, l);
    const said = statement(l.digest, openvex(ofDigest(l.digest)));
    const forged = envelope(said, ed.privateKey);
    forged.payload = Buffer.from(JSON.stringify({ ...said, more: 1 })).toString('base64');
    for (const [what, document, high, signature] of [['unsigned', said, 1, 'unsigned'], ['a stranger', envelope(said, stranger.privateKey), 1, 'unverified'], ['another payload', forged, 1, 'unverified'],
      ['Ed25519', envelope(said, ed.privateKey), 0, 'verified'], ['ECDSA', envelope(said, ec.privateKey), 0, 'verified']]) {
      const digest = await attach(server, r, document, { subject: l.digest, type: IN_TOTO }), i = await server.scanned(r, l.digest);
      assert.deepEqual([i.findings.High, i.coverage.attached[0].signature, i.coverage.attached[0].state], [high, signature, high ? 'shown' : 'applied'], what);
      await remove(server, r, digest);
      await server.scanned(r, l.digest);
    }
  });
});

test('a kill behind the push of a document, and behind its deletion: the next start applies it', async () => {
  const server = await new Server({ args: ['--vdb', vdb, '--attached-documents', 'apply'] }).start(), r = 'team/app', l = image('killed');
  try {
    await pushLayout(server, r, l);
    await server.scanned(r, l.digest);
    const digest = await attach(server, r, openvex(ofDigest(l.digest)), { subject: l.digest });
    await server.kill();
    await server.start();
    assert.equal((await server.scanned(r, l.digest)).findings.High, 0);
    await remove(server, r, digest);
    await server.kill();
    await server.start();
    assert.equal((await server.scanned(r, l.digest)).findings.High, 1);
  } finally { await server.stop(); }
});

test('what this server attaches itself changes no finding; a rule over the image and a document count together', () => with_server(['--attached-documents', 'apply'], async (server) => {
  const r = 'team/app', l = image('ours');
  await pushLayout(server, r, l);
  const before = await server.scanned(r, l.digest);
  for (const format of ['in-toto', 'cyclonedx', 'spdx-json']) {
    const made = await server.fetch(`${at(r, l)}/referrers`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ format }) });
    assert.equal(made.status, 201, await made.text());
    const i = await server.scanned(r, l.digest);
    assert.deepEqual([i.findings, i.packages], [before.findings, before.packages], format);
  }
  await attach(server, r, openvex(ofDigest(l.digest)), { subject: l.digest });
  assert.equal((await server.scanned(r, l.digest)).findings.High, 0);
  const rule = await server.json('/api/v1/rules', { method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ scope: `/registries/local/repositories/${r}`, name: 'bash', match: 'any', criteria: { package: ['bash'] }, justification: 'x' }) });
  let i = await server.scanned(r, l.digest);
  assert.deepEqual([i.findings.High, i.findings.Low, i.state], [0, 0, 'Healthy']);
  assert.deepEqual(await cves(server, r, l, 'disabled'), ['CVE-2026-1', 'CVE-2026-2']);
  assert.equal((await server.fetch(`/api/v1/rules/${rule.id}`, { method: 'DELETE' })).status, 204);
  i = await server.scanned(r, l.digest);
  assert.deepEqual([i.findings.High, i.findings.Low], [0, 1]);
}));

test('a new database: what documents say of its new records holds; more documents than are read are counted', async () => {
  const more = makeVdb(['CVE-2026-1', 'CVE-2026-9'].map((id) => osvRecord(id, [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2' }], { severity: 'HIGH' })));
  const server = await new Server({ args: ['--attached-documents', 'apply'] }).start(['--vdb', vdb]), r = 'team/app', l = image('new');
  try {
    await pushLayout(server, r, l);
    await attach(server, r, openvex(ofDigest(l.digest), { cve: 'CVE-2026-9' }), { subject: l.digest });
    assert.equal((await server.scanned(r, l.digest)).findings.High, 1);
    await server.stop();
    await server.start(['--vdb', more]);
    const end = Date.now() + 60000;
    let i;
    do i = await server.scanned(r, l.digest); while (i.disabled !== 1 && Date.now() < end);
    assert.deepEqual([i.findings.High, i.disabled, await cves(server, r, l), await cves(server, r, l, 'disabled')], [1, 1, ['CVE-2026-1'], ['CVE-2026-9']]);
    for (let n = 0; n < 70; n++) await attach(server, r, { ...openvex(ofDigest(l.digest)), version: n }, { subject: l.digest });
    i = await server.scanned(r, l.digest);
    const rows = i.coverage.attached;
    assert.equal(rows.length, 65);
    assert.deepEqual([rows.at(-1).state, rows.at(-1).note], ['not_read', '7 further ones: of an image 64 are read']);
    assert.equal(i.findings.High, 1, 'the newest say it of CVE-2026-1, and the one of CVE-2026-9 is not read any more');
  } finally { await server.stop(); }
});
