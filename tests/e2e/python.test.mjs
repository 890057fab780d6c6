// A Debian image with Python: what pip installed is looked up in PyPI, what Debian packages is Debian's; the same by command and by push.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, findingLines, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout } from './lib.mjs';

const metadata = (name, version) => `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\n`;
const files = [
  debianRelease(), dpkgStatus([{ name: 'python3-requests', version: '2.28.1+dfsg-1', source: 'requests' }]),
  { path: 'var/lib/dpkg/info/python3-requests.list', content: '/.\n/usr\n/usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO\n' },
  { path: 'usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO', content: metadata('requests', '2.28.1') },
];
const venv = 'opt/venv/lib/python3.11/site-packages';
const installed = [
  { path: `${venv}/Flask_Login-0.4.0.dist-info/METADATA`, content: metadata('Flask_Login', '0.4.0') },
  { path: `${venv}/requests-2.31.0.dist-info/METADATA`, content: metadata('requests', '2.31.0') },
];
// The same vulnerability of flask-login twice, as two bodies write it; requests is fixed in 2.31.0.
const records = [
  osvRecord('GHSA-aaaa-bbbb-cccc', [{ ecosystem: 'PyPI', name: 'flask-login', fixed: '0.5.0' }], { severity: 'HIGH', aliases: ['CVE-2026-1'] }),
  osvRecord('PYSEC-2026-1', [{ ecosystem: 'PyPI', name: 'flask-login', fixed: '0.5.0' }], { aliases: ['CVE-2026-1'] }),
  osvRecord('GHSA-dddd-eeee-ffff', [{ ecosystem: 'PyPI', name: 'requests', fixed: '2.31.0' }], { severity: 'HIGH', aliases: ['CVE-2026-2'] }),
  osvRecord('CVE-2026-9', [{ ecosystem: 'Debian:12', name: 'other', fixed: '2' }]),
];
let server, vdb, layout;
before(async () => {
  vdb = makeVdb(records);
  layout = makeLayout([files, installed]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
});
after(() => server?.stop());

test('PyPI findings are of what pip installed', async () => {
  const r = JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'json']).stdout);
  assert.equal(r.findings.length, 1);
  assert.deepEqual(r.findings[0].matches.map((m) => [m.package, m.installed_version, m.fixed_version, m.layer]),
    [['flask-login', '0.4.0', '0.5.0', layout.layers[1].digest]]);
  await pushLayout(server, 'py/image', layout);
  const image = await server.scanned('py/image', layout.digest);
  assert.equal(image.state, 'Unhealthy');
  assert.deepEqual(findingLines(await server.findings('py/image', layout.digest)), findingLines(r.findings));
});

test('without records of PyPI the image is not Healthy', () => {
  const other = makeVdb(records.slice(3));
  const r = JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', other, '--format', 'json']).stdout);
  assert.equal(r.state, 'Unverified');
  assert.match(JSON.stringify(r.coverage), /of a language that the vulnerability database holds no advisories for/);
});
