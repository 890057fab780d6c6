// Pushing with indexing on against a registry that does not scan, and how long findings take after the manifest's 201.
// Usage: node tests/bench/push.mjs [LAYOUT:TAG …]      Prints figure, limit and ratio, all of this run; status 1 over a limit.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushBlob, run, sleep, storeServer, tempDir } from '../e2e/lib.mjs';
import { figure, median, quantile } from './figure.mjs';

const rounds = Number(process.env.ROUNDS ?? 3);

function push(layout, host, creds, tag) {
  fs.rmSync('/var/lib/containers/cache/blob-info-cache-v1.boltdb', { force: true });
  const from = process.hrtime.bigint();
  run('skopeo', ['copy', '-q', '--insecure-policy', '--dest-tls-verify=false', ...(creds ? ['--dest-creds', creds] : []), `oci:${layout}`,
    `docker://${host}/bench/x:${tag}`], { timeout: 600000 });
  return Number(process.hrtime.bigint() - from) / 1e9;
}

async function otherRegistry(port) {
  const dir = tempDir('registry');
  fs.writeFileSync(path.join(dir, 'c.yml'), `version: 0.1\nlog: {accesslog: {disabled: true}, level: error}\nstorage: {filesystem: {rootdirectory: ${dir}}}\nhttp: {addr: "127.0.0.1:${port}"}\n`);
  const child = spawn('docker-registry', ['serve', path.join(dir, 'c.yml')], { stdio: 'ignore' });
  for (let i = 0; i < 100; i++) {
    if (await fetch(`http://127.0.0.1:${port}/v2/`).then((r) => r.ok, () => false)) break;
    await sleep(50);
  }
  return child;
}

/** "gzip 91 MB" of a layout's folder, with its tag or without. */
function described(layout) {
  const dir = path.join(layout.replace(/:[^/]*$/, ''), 'blobs/sha256');
  const files = fs.readdirSync(dir).map((name) => path.join(dir, name)).map((name) => ({ name, size: fs.statSync(name).size }));
  const zstd = files.some((f) => f.size < 65536 && fs.readFileSync(f.name, 'utf8').includes('tar+zstd'));
  return `${zstd ? 'zstd' : 'gzip'} ${Math.floor(files.filter((f) => f.size > 16384).reduce((n, f) => n + f.size, 0) / 1e6)} MB`;
}

for (const layout of process.argv.slice(2)) {
  const ours = [], theirs = [];
  for (let i = 0; i < rounds; i++) {
    const server = await new Server().start();
    ours.push(push(layout, server.host, `admin:${server.password}`, i));
    await server.stop();
    if (spawnSync('sh', ['-c', 'command -v docker-registry']).status !== 0) continue;
    const other = await otherRegistry(5900 + i);
    theirs.push(push(layout, `127.0.0.1:${5900 + i}`, null, i));
    other.kill('SIGKILL');
  }
  const o = median(ours), t = median(theirs);
  console.log(`push ${layout}: with indexing ${o.toFixed(3)} s, docker-registry without scanning ${t?.toFixed(3) ?? '(absent: nothing compared)'} s`);
  if (t) figure(`push: with indexing by docker-registry, ${described(layout)}`, o / t, 'x', '<=', 1);
}

// 400 packages; each push has a package of its own, so that something is matched every time.
const names = Array.from({ length: 400 }, (_, i) => `pkg${i}`);
const vdb = makeVdb(names.filter((_, i) => i % 2).map((name, i) => osvRecord(`CVE-2026-${20000 + i}`, [{ ecosystem: 'Debian:12', name, fixed: '2.0' }])));
const server = await new Server({ args: ['--vdb', vdb] }).start();
const times = [];
const pushes = Number(process.env.PUSHES ?? 200);
for (let i = 0; i < pushes; i++) {
  const layout = makeLayout([[debianRelease(), dpkgStatus(names.map((name) => ({ name, version: `1.${i}` })))]]);
  for (const d of [...layout.layers, layout.config])
    await pushBlob(server, 'bench/findings', fs.readFileSync(path.join(layout.dir, 'blobs', d.digest.replace(':', '/'))), d.digest);
  const r = await server.fetch('/v2/bench/findings/manifests/latest', { method: 'PUT', body: layout.manifestBytes,
    headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' } });
  if (r.status !== 201) throw new Error(`${r.status} ${await r.text()}`);
  const from = performance.now();
  for (;;) {
    const image = await server.fetch(`/api/v1/registries/local/repositories/bench/findings/images/${layout.digest}`);
    if (image.status === 200 && (await image.json()).state === 'Unhealthy') break;
    await sleep(1);
  }
  times.push(performance.now() - from);
  fs.rmSync(layout.dir, { recursive: true });
}
await server.stop();
console.log(`findings after 201, 400 new packages and 200 matches each, ${pushes} pushes`);
figure('push: findings after 201, median', median(times), 'ms', '<=', storeServer ? 100 : 50);
figure('push: findings after 201, p99', quantile(times, 0.99), 'ms', '<=', storeServer ? 500 : 200);
