// What may be given to the commands that look at an image; what they say of one id; what a shell completes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, plimsoll, program, run, sha256, tempDir } from './lib.mjs';

let vdb, layout, archive;
const status = dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'bash', version: '6' }]);
before(() => {
  vdb = makeVdb([
    osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.1' }, { ecosystem: 'Debian:12', name: 'bash', fixed: '5' }], { severity: 'HIGH' }),
    osvRecord('CVE-2026-2', [{ ecosystem: 'Debian:12', name: 'bash', fixed: '5' }], { severity: 'LOW' }),
    osvRecord('CVE-2026-3', [{ ecosystem: 'Debian:12', name: 'zlib', fixed: '5' }], { severity: 'LOW' }),
    osvRecord('GHSA-abcd-efgh-ijkl', [{ ecosystem: 'Debian:11', name: 'zlib', fixed: '5' }]),
  ]);
  layout = makeLayout([[debianRelease(), status]]);
  archive = path.join(tempDir('archive'), 'image.tar');
  run('tar', ['-C', layout.dir, '-cf', archive, '.']);
});
const scan = (args, options) => plimsoll(['scan', '--vdb', vdb, '--format', 'json', ...args], { check: false, ...options });
const advisories = (r) => JSON.parse(r.stdout).findings.map((f) => f.advisory);

test('an operand that exists is read, whatever it is', () => {
  const link = path.join(tempDir('link'), 'debian');
  fs.symlinkSync(layout.dir, link);
  for (const args of [[layout.dir], [archive], [`oci:${layout.dir}`], [`oci:${layout.dir}:latest`], [`oci-archive:${archive}`], [`${archive}:latest`], ['image', layout.dir], [link]])
    assert.deepEqual(advisories(scan(args)), ['CVE-2026-1'], args.join(' '));
  assert.deepEqual(advisories(scan(['./image.tar'], { cwd: path.dirname(archive) })), ['CVE-2026-1']);
  assert.deepEqual(advisories(scan(['image.tar'], { cwd: path.dirname(archive) })), ['CVE-2026-1']);
  const gz = `${archive}.gz`;
  run('sh', ['-c', `gzip -c ${archive} > ${gz}`]);
  assert.deepEqual(advisories(scan([gz])), ['CVE-2026-1']);
  for (const from of [archive, gz]) {
    const r = run('sh', ['-c', `${program} scan --vdb ${vdb} --format json - < ${from}`]);
    assert.deepEqual([advisories(r), JSON.parse(r.stdout).image.name], [['CVE-2026-1'], 'standard input']);
  }
});

test('a layer is proved by its stream or its digest, and nothing that one image says of a digest reaches another', () => {
  const cache = tempDir('cache'), env = { XDG_CACHE_HOME: cache };
  const good = makeLayout([[debianRelease(), status]]);
  const other = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '9' }])]]);
  const hex = (d) => d.digest.slice('sha256:'.length);
  /** An image with this config, whose layer has good's digest and other's bytes. */
  const liar = (config, from) => {
    const dir = tempDir('liar'), blobs = path.join(dir, 'blobs/sha256');
    fs.cpSync(from.dir, dir, { recursive: true });
    fs.copyFileSync(path.join(other.dir, 'blobs/sha256', hex(other.layers[0])), path.join(blobs, hex(good.layers[0])));
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config }, layers: [{ ...good.layers[0], size: other.layers[0].size }] }));
    fs.writeFileSync(path.join(blobs, sha256(manifest)), manifest);
    fs.writeFileSync(path.join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2,
      manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${sha256(manifest)}`, size: manifest.length }] }));
    return dir;
  };
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(advisories(scan([liar(other.config, other)], { env })), []); // it is the stream that its config names
    assert.deepEqual(advisories(scan([good.dir], { env })), ['CVE-2026-1']);
  }
  const r = scan([liar(good.config, good)], { env: { XDG_CACHE_HOME: tempDir('cache') } });
  assert.equal(r.status, 1);
  assert.match(r.stderr, /layer 1: the content does not have the digest sha256:/);
});

test('an operand that cannot be read says what can', () => {
  for (const [operand, says] of [['./nothing.tar', /nothing\.tar: no such file/], ['/nonexistent/image.tar', /no such file/], ['sbom:x.json', /x\.json: No such file/],
    ['docker-daemon:x:1', /docker save IMAGE \| plimsoll scan -/], ['oci:', /names nothing/], ['https://example.org/x', /a reference has no https/], [tempDir('empty'), /neither an OCI layout/]]) {
    const r = scan([operand], { timeout: 20000 });
    assert.equal(r.status, 1, operand);
    assert.match(r.stderr, says);
  }
  assert.match(scan(['-'], { input: 'junk' }).stderr, /standard input: /);
  assert.match(scan(['-', '--password-stdin'], { input: '' }).stderr, /cannot be both/);
});

test('a root file system: its databases are read, its links kept, nothing outside entered', () => {
  const root = tempDir('root');
  const put = (name, content) => { fs.mkdirSync(path.join(root, path.dirname(name)), { recursive: true }); fs.writeFileSync(path.join(root, name), content); };
  put(debianRelease().path, debianRelease().content);
  put(status.path, status.content);
  put(`${'deep/'.repeat(40)}${'n'.repeat(120)}`, 'x'); // longer than a header's fields
  fs.symlinkSync('/', path.join(root, 'out'));
  run('mkfifo', [path.join(root, 'pipe')]);
  for (const operand of [root, `rootfs:${root}`]) {
    const r = scan([operand], { timeout: 20000 });
    assert.deepEqual(advisories(r), ['CVE-2026-1'], r.stderr);
    assert.equal(JSON.parse(r.stdout).coverage.state, 'assessed');
  }
  fs.renameSync(path.join(root, status.path), path.join(root, 'elsewhere'));
  fs.symlinkSync('/elsewhere', path.join(root, status.path));
  const behind = JSON.parse(scan([root]).stdout); // a database that only a link leads to is said to be unread, as in an image
  assert.equal(behind.state, 'Unverified');
  assert.match(JSON.stringify(behind.coverage.notes), /var\/lib\/dpkg\/status/);
  fs.rmSync(path.join(root, status.path));
  fs.renameSync(path.join(root, 'elsewhere'), path.join(root, status.path));
  assert.match(plimsoll(['why', 'CVE-2026-1', root, '--vdb', vdb]).stdout, /listed in/);
});

const mounts = run('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { check: false }).status === 0;
test('a root folder: skipped folders, other file systems, and a kernel\'s', { skip: !mounts && 'nothing can be mounted here' }, () => {
  const root = tempDir('mounts');
  for (const d of ['etc', 'var/lib/dpkg', 'proc', 'extra/node_modules/x']) fs.mkdirSync(path.join(root, d), { recursive: true });
  fs.writeFileSync(path.join(root, debianRelease().path), debianRelease().content);
  fs.writeFileSync(path.join(root, status.path), status.content);
  const count = (...args) => {
    const other = tempDir('status');
    fs.writeFileSync(path.join(other, 'status'), status.content);
    const script = `mount -t tmpfs none ${root}/var/lib/dpkg && cp ${other}/status ${root}/var/lib/dpkg/status && mount --rbind /proc ${root}/proc && exec ${program} inventory ${root} --format json ${args.join(' ')}`;
    const r = run('unshare', ['-rm', 'sh', '-c', script], { check: false });
    assert.equal(r.status, 0, r.stderr);
    const report = JSON.parse(r.stdout);
    return { packages: report.packages.length, notes: report.coverage.notes.map((n) => n.text).join('\n'), stderr: r.stderr };
  };
  const plain = count(), all = count('--all-file-systems'), skipped = count('--all-file-systems', '--skip-dirs', '/extra,var/lib/dpkg/');
  assert.ok(all.packages > 0);
  assert.equal(plain.packages, 0);
  assert.match(plain.notes, /folders on other file systems, not entered: 1/); // and /proc is none
  assert.doesNotMatch(all.notes, /other file systems/);
  assert.equal(skipped.packages, 0);
  assert.match(skipped.notes, /folders that were to be skipped: 2/);
});

test('why and why-not are one answer, whatever the case of the id', () => {
  const ask = (verb, id) => plimsoll([verb, id, layout.dir, '--vdb', vdb]).stdout;
  for (const id of ['CVE-2026-1', 'cve-2026-1']) {
    assert.match(ask('why', id), /^CVE-2026-1 IS reported, for 1 package:\nopenssl 3\.0[^]*1 other package it names is not reported: see plimsoll why-not$/m);
    assert.match(ask('why-not', id), /^CVE-2026-1 IS reported, for 1 package:\nopenssl[^]*^CVE-2026-1 is not reported for 1 package:\nbash 6/m);
  }
  for (const verb of ['why', 'why-not']) {
    assert.match(ask(verb, 'CVE-2026-2'), /^CVE-2026-2 is not reported for 1 package:\nbash 6[^]*fixed in 5, and 6 is not older/);
    assert.match(ask(verb, 'CVE-2026-3'), /not reported: the database knows it, but for no package of this image[^]*zlib/);
    assert.match(ask(verb, 'ghsa-ABCD-efgh-ijkl'), /^GHSA-abcd-efgh-ijkl: not reported[^]*Debian:11 zlib/);
    assert.match(ask(verb, 'CVE-1999-1'), /not in the vulnerability database/);
  }
});

test('vdb query and diff help along', () => {
  const ask = (...args) => plimsoll(['vdb', ...args], { check: false });
  assert.match(ask('query', vdb, '--package', 'Debian', 'openssl').stderr, /no ecosystem "Debian"; it has Debian:11, Debian:12/);
  assert.match(ask('query', vdb, '--package', 'debian:12', 'openssl').stdout, /CVE-2026-1/);
  assert.match(ask('query', vdb, '--id', 'cve-2026-3').stdout, /zlib/);
  const other = makeVdb([osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.1' }], { severity: 'HIGH' })]);
  assert.match(ask('diff', vdb, other).stdout, /^Debian:11: 1 package: zlib\nDebian:12: 2 packages: bash, zlib\n3 packages of 2 ecosystems differ; 4 advisories before, 1 now\n$/);
  assert.match(ask('diff', vdb, vdb).stdout, /^0 packages/);
  assert.equal(run('sh', ['-c', `${program} vdb diff --list ${vdb} ${other} | head -n 1; ${program} help scan | head -n 1`]).stderr, '');
  assert.match(ask('build', '--out', '/nonexistent/x', 'foo=/tmp').stderr, /unknown feed "foo"; known are osv, /);
  assert.match(ask('build', '--out', '/nonexistent/x', 'osv').stderr, /NAME is one of osv, /);
  assert.match(plimsoll(['help', 'vdb', 'build']).stdout, /^plimsoll vdb build - [^]*NAME is one of\s+osv/);
  assert.doesNotMatch(plimsoll(['help', 'vdb', 'build']).stdout, /vdb query/);
});

test('completions of three shells are made of the table and are valid', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const text = plimsoll(['completion', shell]).stdout;
    for (const word of ['push-status', 'fail-on', 'passwd', 'new-password-stdin']) assert.ok(text.includes(word), `${shell}: ${word}`);
    if (!has(shell)) continue;
    const file = path.join(tempDir('completion'), 'c');
    fs.writeFileSync(file, text);
    run(shell, ['-n', file]);
  }
  const complete = (...words) => run('bash', ['-c', `source <(${program} completion bash); COMP_WORDS=(${words.map((w) => `'${w}'`).join(' ')}); ` +
    'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _plimsoll; printf "%s\\n" "${COMPREPLY[@]}"']).stdout.trim().split('\n');
  assert.deepEqual(complete('plimsoll', 'pu'), ['push-status']);
  assert.deepEqual(complete('plimsoll', 'vdb', 'b'), ['build']);
  assert.deepEqual(complete('plimsoll', 'scan', '--fail'), ['--fail-on=']);
  assert.deepEqual(complete('plimsoll', 'user', 'passwd', '--gen'), ['--generate']);
  assert.match(plimsoll(['completion', 'bsh'], { check: false }).stderr, /did you mean bash/);
});
