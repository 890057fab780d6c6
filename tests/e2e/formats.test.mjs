// Every format of a report: no finding is lost in any, hostile text stays text, published schemas and other people's readers accept what is written.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { createHash } from 'node:crypto';
import { Server, debianRelease, dpkgStatus, has, hasShared, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout, root, run, shared, tempDir } from './lib.mjs';

const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N'; // 7.5
const template = '{{#findings}}{{id}}\n{{/findings}}';
const dir = tempDir('formats');
let vdb, layout, clean;
before(() => {
  vdb = makeVdb([
    osvRecord('DSA-1-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.1' }], { severity: 'LOW', cvss: vector, aliases: ['CVE-2026-1', 'CVE-2026-2'] }),
    osvRecord('CVE-2026-3', [{ ecosystem: 'Debian:12', name: 'bash' }]),
    osvRecord('CVE-2026-4', [{ ecosystem: 'Debian:12', name: 'bash', fixed: '6' }], { severity: 'CRITICAL' }),
    osvRecord('GHSA-aaaa-bbbb-cccc', [{ ecosystem: 'npm', name: '@a/b', fixed: '2.0.0' }], { severity: 'HIGH', aliases: ['CVE-2026-5'] }),
  ]);
  layout = makeLayout([
    [debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0' }, { name: 'libssl3', version: '3.0', source: 'openssl' }, { name: 'bash', version: '5' }])],
    [{ path: 'usr/share/doc/bash/copyright', content: 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-3+ or own-terms\n' },
      { path: 'app/node_modules/@a/b/package.json', content: '{"name":"@a/b","version":"1.0.0","license":"SEE <LICENSE>"}' },
      { path: 'old/node_modules/@a/b/package.json', content: '{"name":"@a/b","version":"1.0.0"}' }],
  ]);
  clean = makeLayout([[debianRelease(), dpkgStatus([{ name: 'zlib', version: '9' }])]]);
  fs.writeFileSync(path.join(dir, 'template'), template);
});

const more = { template: () => ['--template', path.join(dir, 'template')] };
const report = (format, image = layout, verb = 'scan') =>
  plimsoll([verb, ...(verb === 'scan' ? ['--vdb', vdb] : []), '--input', image.dir, '--format', format, ...(more[format]?.() ?? [])]).stdout;
const file = (name, content) => { fs.writeFileSync(path.join(dir, name), content); return path.join(dir, name); };
const unique = (list) => [...new Set(list.map(String))].sort();

// How each format says which findings there are.
const found = {
  json: (t) => JSON.parse(t).findings.map((f) => f.id),
  trivy: (t) => JSON.parse(t).Results.flatMap((r) => r.Vulnerabilities ?? []).map((v) => v.Custom.check),
  grype: (t) => JSON.parse(t).matches.map((m) => m.matchDetails[0].found.checkID),
  sarif: (t) => JSON.parse(t).runs[0].results.map((r) => r.ruleId),
  'spdx-json': (t) => JSON.parse(t).packages.flatMap((p) => p.externalRefs ?? []).filter((r) => r.referenceCategory === 'SECURITY').map((r) => r.comment.match(/check (\d+)/)[1]),
  'spdx-tv': (t) => [...t.matchAll(/^ExternalRefComment: plimsoll check (\d+)/gm)].map((m) => m[1]),
  openvex: (t) => JSON.parse(t).statements.map((s) => s['@id'].match(/#(\d+)-/)[1]),
  csv: (t) => t.trim().split('\r\n').slice(1).map((l) => l.split(',')[0]),
  html: (t) => [...t.matchAll(/id="check-(\d+)"/g)].map((m) => m[1]),
  junit: (t) => [...t.matchAll(/<testcase [^>]* name="[^"]*\((\d+)\)">/g)].map((m) => m[1]),
  gitlab: (t) => JSON.parse(t).vulnerabilities.map((v) => v.identifiers.at(-1).value),
  'in-toto': (t) => JSON.parse(t).predicate.scanner.result.map((v) => v.annotations[0]['plimsoll.check']),
  template: (t) => t.trim().split('\n'),
};

test('every format has every finding', () => {
  const ids = unique(found.json(report('json')));
  assert.equal(ids.length, 4);
  for (const [format, ids_of] of Object.entries(found))
    assert.deepEqual(unique(ids_of(report(format))), ids, format);
  // These two have no place for the number.
  assert.equal(JSON.parse(report('cyclonedx')).vulnerabilities.length, 4);
  assert.equal(JSON.parse(report('github')).metadata.findings, 4);
  assert.match(report('table'), /4 findings/);
  // A line of the help names every format, and an unknown one is answered with the same list.
  const names = plimsoll(['scan', '--format', 'none', '--input', layout.dir], { check: false }).stderr.match(/known are (.*)/)[1].split(', ');
  assert.deepEqual(unique([...Object.keys(found), 'cyclonedx', 'github', 'table']), unique(names));
  const help = plimsoll(['scan', '--help']).stdout.replace(/\s+/g, ' ');
  assert.ok(help.includes(`one of ${names.join(', ')}`), help);
});

test('the packages that other tools key on are there, each once for each of its CVEs', () => {
  const rows = JSON.parse(report('trivy')).Results.flatMap((r) => (r.Vulnerabilities ?? []).map((v) => [r.Class, r.Type, r.Target.replace(/^.* \(/, '('), v.VulnerabilityID, v.PkgName, v.InstalledVersion, v.FixedVersion, v.Severity, v.Status]));
  assert.deepEqual(rows.map((r) => r.join('|')).sort(), [
    'lang-pkgs|node-pkg|Node.js|CVE-2026-5|@a/b|1.0.0|2.0.0|HIGH|fixed', 'lang-pkgs|node-pkg|Node.js|CVE-2026-5|@a/b|1.0.0|2.0.0|HIGH|fixed',
    'os-pkgs|debian|(debian 12)|CVE-2026-1|libssl3|3.0|3.1|LOW|fixed', 'os-pkgs|debian|(debian 12)|CVE-2026-1|openssl|3.0|3.1|LOW|fixed',
    'os-pkgs|debian|(debian 12)|CVE-2026-2|libssl3|3.0|3.1|LOW|fixed', 'os-pkgs|debian|(debian 12)|CVE-2026-2|openssl|3.0|3.1|LOW|fixed',
    'os-pkgs|debian|(debian 12)|CVE-2026-3|bash|5||UNKNOWN|affected', 'os-pkgs|debian|(debian 12)|CVE-2026-4|bash|5|6|CRITICAL|fixed'].sort());
  const matches = JSON.parse(report('grype')).matches.map((m) => [m.vulnerability.id, m.vulnerability.severity, m.vulnerability.fix.state, m.artifact.name, m.artifact.type, m.matchDetails[0].matcher].join('|'));
  assert.equal(matches.length, rows.length);
  assert.ok(matches.includes('CVE-2026-3|Unknown|not-fixed|bash|deb|dpkg-matcher'), matches);
  assert.ok(matches.includes('CVE-2026-5|High|fixed|@a/b|npm|javascript-matcher'), matches);
  const snapshot = Object.values(JSON.parse(report('github')).manifests.image.resolved).map((p) => p.package_url);
  assert.deepEqual(snapshot, unique(snapshot));
  assert.equal(snapshot.length, 4);
});

test('an image without findings, and one that could not be assessed', () => {
  for (const format of [...Object.keys(found), 'cyclonedx', 'github'])
    assert.deepEqual(found[format]?.(report(format, clean)).filter(Boolean) ?? [], [], format);
  const scratch = makeLayout([[{ path: 'bin/x', content: 'x' }]]);
  assert.match(report('junit', scratch), /<error message="no package database/);
  assert.equal(JSON.parse(report('gitlab', scratch)).scan.status, 'failure');
});

test("GitLab's rules: what its schema 15.0 asks of a report", () => {
  const dirs = tempDir('a:b:c:d'), copy = path.join(dirs, 'x');
  fs.cpSync(layout.dir, copy, { recursive: true });
  for (const image of [layout, { dir: copy }]) {
    const r = JSON.parse(report('gitlab', image));
    assert.match(r.scan.start_time, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/);
    for (const tool of [r.scan.analyzer, r.scan.scanner]) assert.ok(tool.id && tool.name && tool.version && tool.vendor.name);
    for (const v of r.vulnerabilities) {
      assert.ok(v.id && v.name.length <= 255 && (v.solution ?? '').length <= 7000 && v.identifiers.length <= 20);
      assert.ok(['Info', 'Unknown', 'Low', 'Medium', 'High', 'Critical'].includes(v.severity));
      for (const i of v.identifiers) assert.ok(i.type && i.name && i.value && (!i.url || /^https?:\/\/.+/.test(i.url)));
      for (const l of v.links) assert.match(l.url, /^https?:\/\/.+/);
      assert.match(v.location.image, /^[^:]+(:\d+[^:]*)?:[^:]+(:[^:]+)?$/);
      assert.ok(v.location.operating_system && v.location.dependency.package.name && v.location.dependency.version);
    }
    assert.equal(new Set(r.vulnerabilities.map((v) => v.id)).size, r.vulnerabilities.length);
  }
});

test('text of the image stays text', () => {
  const evil = '<script>alert(1)</script>&"\'';
  const image = makeLayout([[debianRelease(), dpkgStatus([{ name: 'bash', version: '5' }])],
    [{ path: `app/${evil.replaceAll('/', '|')}/node_modules/x/package.json`, content: '{"name":"x","version":"1.0.0"}' }]]);
  const bad = makeVdb([osvRecord('CVE-2026-9', [{ ecosystem: 'npm', name: 'x' }], { severity: 'HIGH' }),
    { ...osvRecord('=HYPERLINK("x")', [{ ecosystem: 'Debian:12', name: 'bash' }]), summary: `${evil}\u202e</text>\nPackageName: forged` }]);
  const out = (format) => plimsoll(['scan', '--vdb', bad, '--input', image.dir, '--format', format]).stdout;
  const html = out('html');
  assert.equal(html.match(/<script>/g).length, 1);
  assert.ok(html.includes('&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;\ufffd'), html);
  const csp = html.match(/Content-Security-Policy" content="([^"]*)"/)[1];
  for (const [tag, directive] of [['style', 'style-src'], ['script', 'script-src']]) {
    const hash = createHash('sha256').update(html.match(new RegExp(`<${tag}>([^]*?)</${tag}>`))[1]).digest('base64');
    assert.ok(csp.includes(`${directive} 'sha256-${hash}'`), csp);
  }
  assert.match(csp, /^default-src 'none';/);
  assert.doesNotMatch(html, / (style|on[a-z]+)=/);
  assert.match(out('csv'), /"'=HYPERLINK\(""x""\)"/);
  assert.doesNotMatch(out('spdx-tv'), /^PackageName: forged/m);
  run('python3', ['-c', 'import sys, xml.etree.ElementTree as e\nassert len(e.fromstring(sys.stdin.buffer.read()).findall(".//failure")) == 2'], { input: out('junit') });
});

test('a template: sections, filters, and what is wrong with one', () => {
  const render = (text, verb = 'scan') => plimsoll([verb, ...(verb === 'scan' ? ['--vdb', vdb] : []), '--input', layout.dir, '--format', 'template', '--template', file('t', text)], { check: false });
  assert.equal(render('{{#findings}}{{severity|upper}}{{^@last}},{{/@last}}{{/findings}}').stdout, 'CRITICAL,HIGH,LOW,UNKNOWN');
  assert.equal(render('{{summary.total}} of {{findings|count}}').stdout, '4 of 4');
  assert.equal(render('{{#packages}}{{name}} {{/packages}}', 'inventory').stdout, 'bash libssl3 openssl @a/b @a/b ');
  assert.match(render('a\n{{#findings}}').stderr, /template: line 2: a section is not closed: "findings"/);
  assert.match(render('{{x|nonsense}}').stderr, /line 1: there is no filter "nonsense"/);
  assert.match(plimsoll(['scan', '--input', layout.dir, '--format', 'template'], { check: false }).stderr, /--format template and --template FILE need each other/);
});

test('a server reports the same findings, in every format but templates', async () => {
  const server = await new Server({ args: ['--vdb', vdb] }).start();
  try {
    await pushLayout(server, 'team/app', layout);
    await server.scanned('team/app', layout.digest);
    const ask = (query) => server.fetch(`/api/v1/registries/local/repositories/team/app/images/${layout.digest}/report${query}`);
    const ids = unique(found.json(report('json')));
    for (const [format, ids_of] of Object.entries(found).filter(([f]) => f !== 'template')) {
      const r = await ask(`?format=${format}`);
      assert.equal(r.status, 200, format);
      assert.deepEqual(unique(ids_of(await r.text())), ids, format);
    }
    const bom = await ask('?format=cyclonedx'), mine = JSON.parse(report('cyclonedx'));
    assert.match(bom.headers.get('content-type'), /^application\/vnd\.cyclonedx\+json/);
    const theirs = await bom.json();
    assert.deepEqual(theirs.components.map((c) => [c.purl, c.evidence?.occurrences]), mine.components.map((c) => [c.purl, c.evidence?.occurrences]));
    assert.equal(theirs.vulnerabilities.length, 4);
    assert.equal((await (await ask('')).json()).kind, 'scan');
    const trivy = await (await ask('?format=trivy')).json();
    const groups = (t) => t.Results.filter((x) => x.Vulnerabilities).map((x) => [x.Class, x.Type, unique(x.Vulnerabilities.map((v) => `${v.VulnerabilityID} ${v.PkgIdentifier.PURL}`))]).sort(); // a server keeps one path of a package
    assert.deepEqual(groups(trivy), groups(JSON.parse(report('trivy'))));
    const pushed = plimsoll(['push-status', '--server', server.url, '--username', 'admin', `${new URL(server.url).host}/team/app:latest`, '--format', 'trivy'], { env: { PLIMSOLL_PASSWORD: server.password } });
    assert.deepEqual(groups(JSON.parse(pushed.stdout)), groups(trivy));
    assert.equal(trivy.ArtifactName, `${new URL(server.url).host}/team/app@${layout.digest}`);
    assert.deepEqual(trivy.Metadata.RepoDigests, [trivy.ArtifactName]);
    assert.equal((await ask('?format=template')).status, 400);
    // Attached on request: found by the referrers API, no image, no pull.
    const before = await server.json('/api/v1/registries/local/repositories/team/app/images?kind=image');
    const attach = (format) => server.fetch(`/api/v1/registries/local/repositories/team/app/images/${layout.digest}/referrers`,
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ format }) });
    for (const [format, type] of [['in-toto', 'application/vnd.in-toto+json'], ['cyclonedx', 'application/vnd.cyclonedx+json'], ['spdx-json', 'application/spdx+json']]) {
      const r = await attach(format);
      assert.equal(r.status, 201, format);
      const { digest } = await r.json();
      const index = await (await server.fetch(`/v2/team/app/referrers/${layout.digest}?artifactType=${encodeURIComponent(type)}`)).json();
      assert.deepEqual(index.manifests.map((m) => [m.digest, m.artifactType]), [[digest, type]]);
      const manifest = await (await server.fetch(`/v2/team/app/manifests/${digest}`)).json();
      assert.deepEqual([manifest.config.mediaType, manifest.layers[0].mediaType, manifest.subject.digest], ['application/vnd.oci.empty.v1+json', type, layout.digest]);
      const blob = await (await server.fetch(`/v2/team/app/blobs/${manifest.layers[0].digest}`)).json();
      if (format !== 'in-toto') { assert.equal(blob[format === 'cyclonedx' ? 'components' : 'packages'].filter((c) => c.name === 'bash').length, 1); continue; }
      assert.equal(manifest.layers[0].annotations['in-toto.io/predicate-type'], 'https://in-toto.io/attestation/vulns/v0.2');
      assert.equal(blob.predicateType, 'https://in-toto.io/attestation/vulns/v0.2');
      assert.deepEqual(blob.subject, [{ name: trivy.ArtifactName.split('@')[0], digest: { sha256: layout.digest.slice(7) } }]);
      assert.deepEqual(unique(found['in-toto'](JSON.stringify(blob))), ids);
    }
    const images = await server.json('/api/v1/registries/local/repositories/team/app/images?kind=image');
    assert.deepEqual(images.items.map((i) => [i.digest, i.pulled_at, i.findings]), before.items.map((i) => [i.digest, i.pulled_at, i.findings]));
    assert.equal((await attach('html')).status, 400);
    assert.equal((await ask('?format=none')).status, 400);
    assert.equal((await ask(`?format=json`.replace('json', 'JSON'))).status, 200);
  } finally {
    await server.stop();
  }
});

const python = path.join(root, 'tests/e2e/.venv/bin/python');
const hasReaders = fs.existsSync(path.join(root, 'tests/e2e/.venv/installed.txt'));
const readersSkip = !hasReaders && 'tests/e2e/requirements.txt is not installed (tools/setup test)';

test('published schemas accept them', { skip: !hasShared && '../shared is absent' }, () => {
  const check = `
import json, sys
from jsonschema.validators import validator_for
schema = json.load(open(sys.argv[1]))
for e in validator_for(schema)(schema).iter_errors(json.load(sys.stdin)):
    print(list(e.path), e.message[:300])`;
  for (const [format, schema] of [['spdx-json', 'spdx/spdx-schema-2.3.json'], ['sarif', 'sarif/sarif-schema-2.1.0.json'], ['openvex', 'openvex/openvex_json_schema.json']]) {
    const found = path.join(shared, 'corpus/spec', schema);
    assert.equal(run('python3', ['-c', check, found], { input: report(format) }).stdout, '', format);
    assert.notEqual(run('python3', ['-c', check, found], { input: '{"packages":[{}],"runs":7}' }).stdout, '', format);
  }
});

test("other people's readers read them: spdx-tools, cyclonedx-python-lib, vexipy, junitparser, vulnly", { skip: readersSkip }, () => {
  const check = `
import json, sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
for name in ("r.spdx.json", "r.spdx"):
    d = parse_file(name)
    assert validate_full_spdx_document(d) == [], validate_full_spdx_document(d)
    print(len(d.packages), sum(r.category.name == "SECURITY" for p in d.packages for r in p.external_references))
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.schema import SchemaVersion
assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(open("r.cdx.json").read()) is None
import vexipy
print(len(vexipy.Document.from_json(open("r.openvex").read()).statements))
import junitparser
x = junitparser.JUnitXml.fromfile("r.junit")
print(x.tests, x.failures, x.errors)`;
  for (const [name, format] of [['r.spdx.json', 'spdx-json'], ['r.spdx', 'spdx-tv'], ['r.cdx.json', 'cyclonedx'], ['r.openvex', 'openvex'], ['r.junit', 'junit']])
    file(name, report(format));
  // image, distribution, 3 packages and one at two paths; a package's references: 2 + 2 CVEs, 2, 1
  assert.deepEqual(run(python, ['-c', check], { cwd: dir }).stdout.trim().split('\n'), ['7 7', '7 7', '5', '5 4 0']);
  for (const format of ['trivy', 'grype']) {
    const page = path.join(dir, `${format}.html`);
    const said = run(path.join(path.dirname(python), 'vulnly'), ['-o', page, file(`${format}.json`, report(format))]).stdout;
    assert.match(said, /\(8 vulnerabilities\)/, format);
    for (const id of ['CVE-2026-1', 'CVE-2026-3', 'CVE-2026-5'])
      assert.ok(fs.readFileSync(page, 'utf8').includes(id), `${format}: ${id}`);
  }
});

const converter = path.join(root, 'tests/e2e/node_modules/trivy-to-sonarqube/dist/bin/index.js');
test("a converter of Trivy's format makes issues of all of it", { skip: !fs.existsSync(converter) && 'tests/e2e/package-lock.json is not installed (tools/setup test)' }, () => {
  const out = path.join(dir, 'sonar.json');
  run('node', [converter, '-f', file('t.json', report('trivy')), '-o', out]);
  const { issues } = JSON.parse(fs.readFileSync(out, 'utf8'));
  assert.deepEqual(issues.map((i) => `${i.ruleId} ${i.severity}`).sort(), ['CVE-2026-1 MINOR', 'CVE-2026-1 MINOR', 'CVE-2026-2 MINOR', 'CVE-2026-2 MINOR', 'CVE-2026-3 INFO', 'CVE-2026-4 CRITICAL', 'CVE-2026-5 BLOCKER', 'CVE-2026-5 BLOCKER']);
  for (const i of issues) {
    assert.ok(i.primaryLocation.filePath);
    assert.doesNotMatch(i.primaryLocation.message.replace(/=> undefined/, ''), /undefined/); // a package without a fix has none
  }
});

test('Trivy itself reads its own format', { skip: !has('trivy') && 'trivy is not installed' }, () => {
  const said = run('trivy', ['convert', '--format', 'table', file('t.json', report('trivy'))]).stdout;
  assert.match(said, /Total: 6 \(UNKNOWN: 1, LOW: 4, MEDIUM: 0, HIGH: 0, CRITICAL: 1\)/);
  assert.match(said, /Total: 2 \(UNKNOWN: 0, LOW: 0, MEDIUM: 0, HIGH: 2, CRITICAL: 0\)/);
});
