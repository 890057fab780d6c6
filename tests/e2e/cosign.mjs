// What the tests with cosign share: the program with a home of its own, keys, documents to attest, a server that it may push to.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ofDigest, openvex } from './attached.mjs';
import { Server, debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, pushLayout, run, tempDir } from './lib.mjs';

export const skip = !has('cosign') && 'cosign is not installed';
export const cwd = tempDir('cosign');
const env = { DOCKER_CONFIG: cwd, HOME: cwd, COSIGN_PASSWORD: '', COSIGN_YES: 'true' };
export const cosign = (...args) => run('cosign', args, { env, cwd });
export const tried = (...args) => run('cosign', args, { env, cwd, check: false });
export const write = (name, document) => { fs.writeFileSync(path.join(cwd, name), JSON.stringify(document)); return name; };
export const bill = (name) => ({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, components: [{ type: 'library', name, version: '1.0.0', purl: `pkg:npm/${name}@1.0.0` }] });
const image = (mark) => makeLayout([[debianRelease(), dpkgStatus([{ name: 'libssl3', source: 'openssl', version: '3.0.1' }]), { path: 'mark', content: mark }]]);
export const BUNDLE = '--new-bundle-format', BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const at = (r, l) => `/api/v1/registries/local/repositories/${encodeURIComponent(r)}/images/${l.digest}`;
export const sign = (key, ...args) => cosign(...args.slice(0, 1), '--key', `${key}.key`, '--tlog-upload=false', ...args.slice(1));
export const attest = (key, type, file, ...more) => sign(key, 'attest', '--type', type, '--predicate', file, ...more);

let vdb;
export const database = () => (vdb ??= makeVdb([osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2' }], { severity: 'HIGH' })]));
/** A server with this database, which cosign is logged in to. */
export async function startServer(...args) {
  const server = await new Server({ args: ['--vdb', database(), ...args] }).start();
  fs.writeFileSync(path.join(cwd, 'config.json'), JSON.stringify({ auths: { [server.host]: { auth: Buffer.from(`admin:${server.password}`).toString('base64') } } }));
  return server;
}
/** A repository with one image that has one finding; how cosign is to call the image. */
export async function pushed(server, r) {
  const l = image(r);
  await pushLayout(server, r, l);
  assert.equal((await server.scanned(r, l.digest)).findings.High, 1);
  return { r, l, name: `${server.host}/${r}@${l.digest}`, vex: write(`${r.replace('/', '-')}.json`, openvex(ofDigest(l.digest))) };
}
export const rows = (i) => (i.coverage.attached ?? []).map((d) => [d.state, d.signature, d.statements, d.declared_packages ?? 0].join(' ')).sort();
export const declared = async (server, { r, l }) => (await server.all(`${at(r, l)}/packages`)).filter((p) => p.class === 'declared').map((p) => p.name).sort();
