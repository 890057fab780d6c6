// No upload slower than 0.95 times itself while another layer's worker hangs: the same uploads into two servers turn by turn, one with healthy workers, one
// where a worker got another layer and never answers. Usage: node tests/bench/hung.mjs [MEGABYTES] [ROUNDS]      Prints figures, limit and ratio; 1 = missed.
import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import zlib from 'node:zlib';
import { Server, build, debianRelease, pushBlob, run, sha256, sleep, tar, tempDir } from '../e2e/lib.mjs';
import { figure, median } from './figure.mjs';

const megabytes = Number(process.argv[2] ?? 128), rounds = Number(process.argv[3] ?? 15);
const liar = path.join(build, 'tests/modules/jail/lying_worker'), honest = path.join(build, 'plimsoll-worker');
const dir = tempDir('hung');

// The first process is the pool's probe; whoever creates "armed" next hangs; the rest work.
const fake = path.join(dir, 'plimsoll-worker');
fs.writeFileSync(fake, `#!/bin/sh
set -C
if ! (: >${dir}/probed) 2>/dev/null && (: >${dir}/armed) 2>/dev/null; then exec ${liar} "$@" hang; fi
exec ${honest} "$@"
`, { mode: 0o755 });

/** Processes of this program below this server. */
function childrenOf(pid, exe) {
  return fs.readdirSync('/proc').filter((p) => {
    try {
      return /^\d+$/.test(p) && fs.readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(pid) &&
        fs.readlinkSync(`/proc/${p}/exe`) === fs.realpathSync(exe);
    } catch { return false; }
  });
}

const body = zlib.gzipSync(tar([debianRelease(), { path: 'usr/share/data', content: randomBytes(megabytes << 20) }]), { level: 1 });
const file = path.join(dir, 'layer');
/** A layer nobody has: the same bytes and a member of its own after the archive's end. Seconds of its upload, commit included. */
async function upload(server) {
  const layer = Buffer.concat([body, zlib.gzipSync(randomBytes(16))]);
  fs.writeFileSync(file, layer);
  const digest = `sha256:${sha256(layer)}`;
  const begun = await server.fetch('/v2/bench/hung/blobs/uploads/', { method: 'POST', headers: { 'content-length': '0' } });
  const location = new URL(begun.headers.get('location'), server.url);
  location.searchParams.set('digest', digest);
  const r = run('curl', ['-fs', '-o', '/dev/null', '-w', '%{time_total}', '-u', `admin:${server.password}`, '-X', 'PUT', '-H', 'Expect:',
    '-H', 'Content-Type: application/octet-stream', '-T', file, location.href]);
  return Number(r.stdout);
}

const well = await new Server({ args: ['--worker-timeout', '10m'] }).start();
const ill = await new Server({ args: ['--worker-timeout', '10m', '--worker', fake] }).start();
/** Every round begins with a worker that hangs: the pool may have given the last one up. */
async function hang() {
  for (let i = 0; childrenOf(ill.child.pid, liar).length === 0; i++) {
    if (i === 100) throw new Error('no worker hangs');
    if (i % 20 === 0) {
      fs.rmSync(path.join(dir, 'armed'), { force: true });
      await pushBlob(ill, 'bench/victim', zlib.gzipSync(tar([{ path: 'a', content: randomBytes(1 << 20) }])));
    }
    await sleep(50);
  }
}
const without = [], during = [];
for (let i = -1; i < rounds; i++) {
  await hang();
  const order = i % 2 ? [well, ill] : [ill, well];
  for (const server of order) {
    const took = await upload(server);
    if (i >= 0) (server === ill ? during : without).push(took);
    await sleep(300);
  }
  if (childrenOf(ill.child.pid, liar).length === 0) console.log(`round ${i}: the hanging worker was given up meanwhile`);
}
await well.stop();
const hung = childrenOf(ill.child.pid, liar);
await ill.kill();
for (const pid of hung) process.kill(Number(pid), 'SIGKILL'); // it does not see that its server is gone
const mb = body.length / 1e6;
console.log(`upload of ${mb.toFixed(0)} MB, ${rounds} rounds: ${(mb / median(without)).toFixed(0)} MB/s with healthy workers, ${(mb / median(during)).toFixed(0)} MB/s while one hangs; ` +
  `slowest ${Math.max(...without).toFixed(3)} s and ${Math.max(...during).toFixed(3)} s`);
figure('hung: uploads while a worker hangs by uploads', median(without) / median(during), 'x', '>=', 0.95);
