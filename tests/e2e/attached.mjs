// What is attached to images, as clients push it: documents, statements about them, envelopes around these.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { pushBlob, sha256 } from './lib.mjs';

export const OCI = 'application/vnd.oci.image.manifest.v1+json', EMPTY = 'application/vnd.oci.empty.v1+json', VEX = 'application/vnd.openvex+json', IN_TOTO = 'application/vnd.in-toto+json';
export const openvex = (products, { status = 'not_affected', cve = 'CVE-2026-1' } = {}) => ({ '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'https://example.com/vex/1', author: 'a', version: 1,
  timestamp: '2026-01-01T00:00:00Z', statements: [{ vulnerability: { name: cve }, products, status, justification: 'vulnerable_code_not_present', impact_statement: 'patched by hand' }] });
export const ofDigest = (digest) => [{ '@id': `pkg:oci/app@${encodeURIComponent(digest)}`, subcomponents: [{ '@id': 'pkg:deb/debian/libssl3@3.0.1' }] }];
export const statement = (digest, predicate, predicateType = 'https://openvex.dev/ns/v0.2.0') => ({ _type: 'https://in-toto.io/Statement/v0.1', predicateType,
  subject: [{ name: 'app', digest: { sha256: digest.slice(7) } }], predicate });
export const pae = (type, body) => Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${body.length} `), body]);
export const envelope = (payload, key) => {
  const body = Buffer.from(JSON.stringify(payload));
  const sig = key ? crypto.sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', pae(IN_TOTO, body), key).toString('base64') : 'AAAA';
  return { payloadType: IN_TOTO, payload: body.toString('base64'), signatures: [{ keyid: '', sig }] };
};
export async function put(server, repository, manifest, reference, type = OCI) {
  const bytes = Buffer.from(JSON.stringify(manifest)), digest = `sha256:${sha256(bytes)}`;
  const r = await server.fetch(`/v2/${repository}/manifests/${reference ?? digest}`, { method: 'PUT', body: bytes, headers: { 'content-type': type } });
  assert.equal(r.status, 201, await r.text());
  return digest;
}
/** One document as a manifest of one layer; its digest. */
export async function attach(server, repository, document, { subject, type = VEX, tag, annotations }) {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  await pushBlob(server, repository, Buffer.from('{}'));
  return put(server, repository, { schemaVersion: 2, mediaType: OCI, ...(tag ? {} : { artifactType: type }),
    config: { mediaType: EMPTY, digest: `sha256:${sha256('{}')}`, size: 2 },
    layers: [{ mediaType: type, digest: await pushBlob(server, repository, bytes), size: bytes.length, ...(annotations ? { annotations } : {}) }],
    ...(subject ? { subject: { mediaType: OCI, digest: subject, size: 1 } } : {}) }, tag);
}
