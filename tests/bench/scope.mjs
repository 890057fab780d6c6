// Pages about one subscription of 50 beside the same about everything: what each costs the server, in its own processor time, asked one at a time.
// Usage: node tests/bench/scope.mjs STORE      STORE: a folder that SUBSCRIPTIONS=50 bench_rescore made (or makes: minutes)
// Prints both and the limit: a page of one subscription takes no longer than a page of everything, or than 5 ms.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Server, build } from '../e2e/lib.mjs';
import { figure, median } from './figure.mjs';

const store = process.argv[2], rounds = Number(process.env.ROUNDS ?? 15), enough = 5;
if (!fs.existsSync(path.join(store, 'plimsoll.db')))
  spawnSync(path.join(build, 'tests/modules/scan/bench_rescore'), [store], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, SUBSCRIPTIONS: '50' } });
const secret = path.join(store, 'bench-api-password');
const server = await new Server({ dataDir: store, args: ['--scrub-rate', '0'], password: fs.existsSync(secret) ? fs.readFileSync(secret, 'utf8') : undefined }).start();
process.on('exit', () => server.child?.kill('SIGKILL'));
fs.writeFileSync(secret, server.password, { mode: 0o600 });

/** Processor time of the server so far, ms. */
const spent = () => {
  const f = fs.readFileSync(`/proc/${server.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(f[11]) + Number(f[12])) * 10;
};
const routes = ['/api/v1/registries?', '/api/v1/repositories?sort=severity&limit=50', '/api/v1/findings?limit=50', '/api/v1/findings?severity=Critical,High&patchable=true&limit=50',
  '/api/v1/findings?sort=cvss&limit=50', '/api/v1/findings?sort=package&limit=50', '/api/v1/findings?search=nothing-is-called-so&limit=50', '/api/v1/checks?limit=50',
  '/api/v1/recommendations?', '/api/v1/secure-score?', '/api/v1/packages?name=os00003&version_below=9&limit=50', '/api/v1/scans?limit=50'];
const subscriptions = Array.from({ length: 49 }, (_, i) => `sub${String(i + 1).padStart(2, '0')}`);
/** Processor time of one question, ms: the mean of all (the clock ticks every 10 ms), and the median until the reply is there. */
async function cost(targets) {
  for (const t of targets.slice(0, 2)) await server.json(t);
  const from = spent(), times = [];
  for (const t of targets) {
    const at = performance.now();
    await server.json(t);
    times.push(performance.now() - at);
  }
  return { cpu: (spent() - from) / targets.length, ms: median(times) };
}
for (const route of routes) {
  const whole = await cost(Array(rounds).fill(route));
  const part = await cost(Array.from({ length: rounds }, (_, i) => `${route}&scope=/subscriptions/${subscriptions[(i * 7) % 49]}`));
  console.log(`${route}: everything ${whole.cpu.toFixed(1)} ms (${whole.ms.toFixed(1)} until the reply), one of 50 ${part.cpu.toFixed(1)} ms (${part.ms.toFixed(1)})`);
  figure(`one subscription of 50: ${route.slice(8).replace(/[?&]$/, '')}`, part.cpu, 'ms', '<=', Math.max(whole.cpu, enough));
}
await server.stop();
