// A published .NET program: its packages and its runtime are looked up in NuGet, what a lock file declares is not; the same by command and by push.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, findingLines, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout } from './lib.mjs';

const runtime = 'Microsoft.NETCore.App.Runtime.linux-x64';
const deps = (name, version) => JSON.stringify({
  runtimeTarget: { name: '.NETCoreApp,Version=v8.0/linux-x64' },
  targets: { '.NETCoreApp,Version=v8.0/linux-x64': { [`${name}/${version}`]: { runtime: { 'a.dll': {}, 'b.dll': {} } } } },
  libraries: { [`${name}/${version}`]: { type: 'package' } },
});
const owned = 'usr/lib/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json';
const base = [
  debianRelease(), dpkgStatus([{ name: 'dotnet-runtime', version: '8.0.1-1' }]),
  { path: 'var/lib/dpkg/info/dotnet-runtime.list', content: `/.\n/${owned}\n` },
  { path: owned, content: deps(runtime, '8.0.1') },
];
const app = [
  { path: 'app/Shop.deps.json', content: deps('Newtonsoft.Json', '12.0.3') },
  { path: 'usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json', content: deps(runtime, '8.0.1') },
  { path: 'src/packages.lock.json', content: '{"version":1,"dependencies":{"net8.0":{"Newtonsoft.Json":{"type":"Direct","resolved":"11.0.1"}}}}' },
];
const records = [
  osvRecord('GHSA-5crp-9r3c-p9vr', [{ ecosystem: 'NuGet', name: 'newtonsoft.JSON', fixed: '13.0.1' }], { severity: 'HIGH' }),
  osvRecord('GHSA-aaaa-bbbb-cccc', [{ ecosystem: 'NuGet', name: runtime, fixed: '8.0.2' }], { aliases: ['CVE-2026-1'] }),
  osvRecord('CVE-2026-9', [{ ecosystem: 'Debian:12', name: 'other', fixed: '2' }]),
];
let server, vdb, layout;
before(async () => {
  vdb = makeVdb(records);
  layout = makeLayout([base, app]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
});
after(() => server?.stop());

test('NuGet findings are of what is installed, the runtime once', async () => {
  const r = JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'json']).stdout);
  assert.deepEqual(r.findings.flatMap((f) => f.matches.map((m) => [m.package, m.installed_version, m.fixed_version, m.path])).sort(), [
    [runtime, '8.0.1', '8.0.2', app[1].path], ['Newtonsoft.Json', '12.0.3', '13.0.1', app[0].path],
  ].sort());
  assert.match(JSON.stringify(r.coverage), /1 package declared by lock files/);
  await pushLayout(server, 'net/image', layout);
  const image = await server.scanned('net/image', layout.digest);
  assert.equal(image.state, 'Unhealthy');
  assert.deepEqual(findingLines(await server.findings('net/image', layout.digest)), findingLines(r.findings));
});

test('what is only declared leaves an image Healthy', () => {
  const only = makeLayout([base, [app[2]]]);
  const r = JSON.parse(plimsoll(['scan', '--input', only.dir, '--vdb', vdb, '--format', 'json']).stdout);
  assert.equal(r.state, 'Healthy', JSON.stringify(r.coverage));
});
