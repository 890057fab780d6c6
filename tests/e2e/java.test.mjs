// Java archives in a Debian image: a war with a vulnerable jar in it, a jar of Debian's own, one without a group; the same by command and by push.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import { Server, debianRelease, dpkgStatus, findingLines, makeLayout, makeVdb, osvRecord, plimsoll, pushLayout } from './lib.mjs';

// A zip archive; each member [path, content, stored].
function zip(members) {
  const parts = [], records = [];
  let at = 0;
  for (const [path, content, stored] of members) {
    const plain = Buffer.from(content), data = stored ? plain : zlib.deflateRawSync(plain), name = Buffer.from(path);
    const head = Buffer.alloc(26);
    [[20, 2], [0, 2], [stored ? 0 : 8, 2], [0, 4], [zlib.crc32(plain), 4], [data.length, 4], [plain.length, 4], [name.length, 2], [0, 2]]
      .reduce((off, [v, n]) => head.writeUIntLE(v, off, n), 0);
    const record = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), head, Buffer.alloc(14), name]);
    record.writeUInt32LE(at, 42);
    records.push(record);
    parts.push(Buffer.from('PK\x03\x04'), head, name, data);
    at += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(records), end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(records.length, 8);
  end.writeUInt16LE(records.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}
const jar = (group, artifact, version) => zip([[`META-INF/maven/${group}/${artifact}/pom.properties`, `groupId=${group}\nartifactId=${artifact}\nversion=${version}\n`]]);
const core = ['org.apache.logging.log4j', 'log4j-core'];
const owned = 'usr/share/java/log4j-core.jar';
const base = [
  debianRelease(), dpkgStatus([{ name: 'liblog4j2-java', version: '2.13.3-1', source: 'apache-log4j2' }]),
  { path: 'var/lib/dpkg/info/liblog4j2-java.list', content: `/.\n/${owned}\n` }, { path: owned, content: jar(...core, '2.13.3') },
];
const app = [{ path: 'srv/shop.war', content: zip([['WEB-INF/lib/log4j-core-2.14.1.jar', jar(...core, '2.14.1')], ['WEB-INF/lib/b.jar', jar(...core, '2.17.1'), true]]) }];
const records = [
  osvRecord('GHSA-jfh8-c2jp-5v3q', [{ ecosystem: 'Maven', name: core.join(':'), fixed: '2.15.0' }], { severity: 'CRITICAL', aliases: ['CVE-2021-44228'] }),
  osvRecord('CVE-2026-9', [{ ecosystem: 'Debian:12', name: 'other', fixed: '2' }]),
];
const scan = (layout) => JSON.parse(plimsoll(['scan', '--input', layout.dir, '--vdb', vdb, '--format', 'json']).stdout);
let server, vdb, layout;
before(async () => {
  vdb = makeVdb(records);
  layout = makeLayout([base, app]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
});
after(() => server?.stop());

test('Maven findings name the jar in the war', async () => {
  const r = scan(layout);
  assert.deepEqual(r.findings.flatMap((f) => f.matches.map((m) => [m.package, m.installed_version, m.fixed_version, m.path, m.layer])),
    [[core.join(':'), '2.14.1', '2.15.0', 'srv/shop.war!/WEB-INF/lib/log4j-core-2.14.1.jar', layout.layers[1].digest]]);
  await pushLayout(server, 'java/image', layout);
  const image = await server.scanned('java/image', layout.digest);
  assert.equal(image.state, 'Unhealthy');
  assert.deepEqual(findingLines(await server.findings('java/image', layout.digest)), findingLines(r.findings));
});

test('an archive that does not say its group, and one that cannot be read, leave an image Unverified', () => {
  const nameless = scan(makeLayout([base, [{ path: 'app/lonely-1.0.jar', content: zip([['A.class', 'x']]) }]]));
  assert.equal(nameless.state, 'Unverified');
  assert.match(JSON.stringify(nameless.coverage), /without their group/);
  const broken = scan(makeLayout([base, [{ path: 'app/broken-1.0.jar', content: zip([['A.class', 'x']]).subarray(0, 40) }]]));
  assert.equal(broken.state, 'Unverified');
  assert.match(JSON.stringify(broken), /broken-1.0.jar/);
});
