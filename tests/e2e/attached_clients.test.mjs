// Real clients attach documents to an image of the registry, and its scan reads them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ofDigest, openvex } from './attached.mjs';
import { Server, debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, pushLayout, run, tempDir } from './lib.mjs';

const at = (r, l) => `/api/v1/registries/local/repositories/${r}/images/${l.digest}`;

test('oras attaches VEX and a bill of materials, lists and removes them', { skip: !has('oras') && 'oras is not installed' }, async () => {
  const vdb = makeVdb([osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.2' }], { severity: 'HIGH' })]);
  const l = makeLayout([[debianRelease(), dpkgStatus([{ name: 'libssl3', source: 'openssl', version: '3.0.1' }])]]);
  const server = await new Server({ args: ['--vdb', vdb, '--attached-documents', 'apply'] }).start();
  const cwd = tempDir(), r = 'team/app', host = new URL(server.url).host, image = `${host}/${r}@${l.digest}`;
  const config = path.join(cwd, 'config.json');
  const oras = (...args) => run('oras', [...args.slice(0, 1), '--plain-http', '--registry-config', config, ...args.slice(1)], { cwd }).stdout;
  const write = (name, document) => { fs.writeFileSync(path.join(cwd, name), JSON.stringify(document)); return name; };
  try {
    await pushLayout(server, r, l);
    const first = await server.scanned(r, l.digest);
    assert.equal(first.findings.High, 1);
    run('oras', ['login', '--plain-http', '--registry-config', config, '-u', 'admin', '-p', server.password, host]);
    const vex = write('vex.json', openvex(ofDigest(l.digest)));
    oras('attach', '--artifact-type', 'application/vnd.openvex+json', image, `${vex}:application/vnd.openvex+json`);
    const bill = write('bill.json', { bomFormat: 'CycloneDX', specVersion: '1.5', components: [{ type: 'library', name: 'left', version: '1.0.0', purl: 'pkg:npm/left@1.0.0' }] });
    oras('attach', '--artifact-type', 'application/vnd.cyclonedx+json', image, `${bill}:application/vnd.cyclonedx+json`);
    const second = await server.scanned(r, l.digest);
    assert.equal(second.findings.High, 0);
    assert.deepEqual(second.coverage.attached.map((d) => [d.state, d.bill_of_materials ?? false]).sort(), [['applied', false], ['applied', true]]);
    const why = await server.json(`${at(r, l)}/why-not?cve=CVE-2026-1`);
    assert.equal(why.reason, 'disabled_by_rule');
    assert.ok((await server.json(`${at(r, l)}/packages`)).items.some((p) => p.name === 'left' && p.class === 'declared'));
    const tree = JSON.parse(oras('discover', '--format', 'json', image));
    const listed = tree.manifests ?? tree.referrers;
    assert.deepEqual(listed.map((m) => m.artifactType).sort(), ['application/vnd.cyclonedx+json', 'application/vnd.openvex+json']);
    for (const m of listed)
      run('oras', ['manifest', 'delete', '--force', '--plain-http', '--registry-config', config, `${host}/${r}@${m.digest}`]);
    const last = await server.scanned(r, l.digest);
    assert.deepEqual([last.findings.High, last.packages], [1, first.packages]);
  } finally {
    await server.stop();
  }
});
