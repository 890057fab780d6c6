// The API over a store of 100,000 images: 20 readers at once, each asking one route after the other out of the mix below.
// Usage: node tests/bench/api.mjs [STORE [IMAGES]]      STORE: a folder that bench_rescore makes when it holds none (minutes), kept; without it one is made
// and removed. SECONDS and READERS change the run. Prints median and p99 by route and over all with the limits; status 1 over one.
// ALONE=n instead: n questions of each route, one after the other, and the processor time for one, of the server and its database server, which a busy machine changes
// little.
// REPLIES=FILE keeps what it answered, to be compared with another program's over the same store.
// Client and server share the processors. A route that does not answer within 5 s when nothing else is asked is over the limits and left out of the mix, where
// it would only measure itself.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Server, build, sql, storeServer, tempDir } from '../e2e/lib.mjs';
import { figure, median, quantile } from './figure.mjs';

const MEDIAN_MS = storeServer ? 100 : 50, P99_MS = storeServer ? 500 : 250, ALONE_MS = 5000;
const PROCESSOR_MS = 5; // of two processors, at 20 readers and the median above
const readers = Number(process.env.READERS ?? 20), seconds = Number(process.env.SECONDS ?? 30);
const store = process.argv[2] ?? tempDir('bench-api'), images = process.argv[3] ?? '100000';
// On a server: what bench_rescore filled there.
const isMade = () => fs.existsSync(path.join(store, storeServer ? 'b.vdb' : 'plimsoll.db'));
if (!isMade()) {
  const made = spawnSync(path.join(build, 'tests/modules/scan/bench_rescore'), [store, images], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (!isMade()) throw new Error(`no store was made: status ${made.status} ${made.signal ?? ''}`);
}
if (storeServer) fs.writeFileSync(path.join(store, 'store'), storeServer);
const secret = path.join(store, 'bench-api-password'); // the first start says it once
// The store tells of blobs that nobody made: a scrub would find each damaged, one transaction after the other.
const begin = () => new Server({ dataDir: store, args: ['--scrub-rate', '0'], password: fs.existsSync(secret) ? fs.readFileSync(secret, 'utf8') : undefined }).start();
let server = await begin();
process.on('exit', () => server.child?.kill('SIGKILL')); // also when a question fails
fs.writeFileSync(secret, server.password, { mode: 0o600 });
const made = await server.json('/api/v1/users/admin/tokens', { method: 'POST', body: JSON.stringify({ label: `bench ${process.pid}`, days: 1 }),
  headers: { 'content-type': 'application/json' } });

const agent = new http.Agent({ keepAlive: true, maxSockets: readers });
/** {status, body, ms}: until the last byte is there; status 0 when that takes longer than timeout. */
function ask(target, timeout = 0) {
  return new Promise((done, fail) => {
    const from = performance.now();
    const request = http.get(new URL(target, server.url), { agent, headers: { authorization: `Bearer ${made.token}` } }, (r) => {
      const pieces = [];
      r.on('data', (piece) => pieces.push(piece));
      r.on('end', () => done({ status: r.statusCode, body: Buffer.concat(pieces), ms: performance.now() - from }));
    }).on('error', fail);
    if (timeout) setTimeout(() => { done({ status: 0, ms: timeout }); request.destroy(); }, timeout).unref();
  });
}

// What is asked for: chosen by numbers that are the same in every run.
let seed = 1;
const random = (n) => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return Math.floor((seed / 2 ** 32) * n); };
const one = (list) => list[random(list.length)];
const local = '/api/v1/registries/local';
const registry = await server.json(local);
const repositories = (await server.all(`${local}/repositories`)).map((r) => r.name);
const known = [], checks = new Set(), packages = new Set(), cves = new Set();
for (let i = 0; i < 60; i++) {
  const repository = one(repositories);
  const page = await server.json(`${local}/repositories/${repository}/images?limit=20`);
  for (const image of page.items) known.push({ repository, digest: image.digest });
}
for (let i = 0; i < 40; i++) {
  const image = one(known);
  for (const f of (await server.json(`${local}/repositories/${image.repository}/images/${image.digest}/findings?limit=50`)).items) {
    checks.add(f.id);
    packages.add(f.package);
    for (const cve of f.cves) cves.add(cve);
  }
}
const checkList = [...checks], packageList = [...packages], cveList = [...cves];
const imagePath = () => { const i = one(known); return `${local}/repositories/${i.repository}/images/${i.digest}`; };

// The mix: weight, what it is, where it begins. A route with pages is followed from page to page by the reader that began it.
const mix = [
  [3, 'registries', () => '/api/v1/registries'],
  [2, 'one registry', () => local],
  [12, 'repositories, paged', () => `${local}/repositories?limit=50`, true],
  [18, 'images of a repository, paged', () => `${local}/repositories/${one(repositories)}/images?limit=50`, true],
  [5, 'unhealthy images of a repository', () => `${local}/repositories/${one(repositories)}/images?state=Unhealthy&limit=50`],
  [10, 'one image', imagePath],
  [12, 'findings of an image', () => `${imagePath()}/findings?limit=50`, true],
  [6, 'findings of an image, critical and high', () => `${imagePath()}/findings?severity=Critical,High&limit=50`],
  [4, 'findings of an image, patchable by CVSS', () => `${imagePath()}/findings?patchable=true&sort=cvss&limit=50`],
  [3, 'findings of an image, of one package', () => `${imagePath()}/findings?package=${one(packageList)}`],
  [2, 'findings of everything', () => '/api/v1/findings?limit=50', true],
  [1, 'findings of everything, critical and high, patchable', () => '/api/v1/findings?severity=Critical,High&patchable=true&limit=50', true],
  [1, 'findings of everything, by CVSS', () => '/api/v1/findings?sort=cvss&limit=50', true],
  [1, 'findings of everything, by package', () => '/api/v1/findings?sort=package&limit=50', true],
  [1, 'findings of everything, that nothing is', () => '/api/v1/findings?search=nothing-is-called-so&limit=50', true],
  [1, 'findings of a repository, by EPSS', () => `/api/v1/findings?repository=${one(repositories)}&sort=epss&limit=50`],
  [1, 'findings of a repository, by package', () => `/api/v1/findings?repository=${one(repositories)}&sort=package&limit=50`],
  [2, 'images of one package', () => `/api/v1/findings?package=${one(packageList)}&limit=50`, true],
  [1, 'one package in a repository', () => `/api/v1/findings?repository=${one(repositories)}&package=${one(packageList)}&limit=50`],
  [8, 'findings of a repository', () => `/api/v1/findings?repository=${one(repositories)}&limit=50`, true],
  [2, 'findings of a repository, critical', () => `/api/v1/findings?repository=${one(repositories)}&severity=Critical&limit=50`],
  [5, 'one check', () => `/api/v1/checks/${one(checkList)}`],
  [3, 'images of one check', () => `/api/v1/findings?check_id=${one(checkList)}&limit=50`, true],
  [2, 'images of one CVE', () => `/api/v1/findings?cve=${one(cveList)}&limit=50`],
  [5, 'packages of an image', () => `${imagePath()}/packages`],
  [2, 'repositories of all registries, worst first', () => '/api/v1/repositories?sort=severity&limit=50'],
  [2, 'security checks', () => '/api/v1/checks?limit=50'],
  [1, 'recommendations', () => '/api/v1/recommendations'],
  [1, 'secure score', () => '/api/v1/secure-score'],
  [1, 'where a package is below a version', () => `/api/v1/packages?name=${one(packageList)}&version_below=9&limit=50`],
  [1, 'what to do about an image', () => `${imagePath()}/remediation`],
];

// The next question of a route: its next page, or another beginning.
function follow(target, body) {
  const cursor = JSON.parse(body).next;
  return cursor ? `${target.replace(/&cursor=.*/, '')}&cursor=${encodeURIComponent(cursor)}` : undefined;
}

/** Processor time of a process so far, ms; in steps of 10. */
function processMs(pid) {
  let stat;
  try { stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8'); } catch { return 0; } // it ended
  const fields = stat.replace(/.*\) /, '').split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12])); // user and system, proc(5); a hundred ticks a second
}
/** Of the server, and of the processes of a database server on this machine that work for it. */
function processorMs() {
  const backends = storeServer
    ? sql("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'plimsoll'").split('\n') : [];
  return { server: processMs(server.child.pid), database: backends.reduce((sum, pid) => sum + processMs(pid), 0) };
}

async function costs(each) {
  const kept = process.env.REPLIES ? fs.openSync(process.env.REPLIES, 'w') : null;
  let sum = 0, weights = 0;
  for (const [weight, what, first, paged] of mix) {
    let target, from;
    seed = weights + 1; // a route is asked the same whatever the others answered
    for (let i = -2; i < each; i++) { // two to warm up
      target ??= first();
      if (i === 0) from = processorMs();
      const r = await ask(target);
      if (r.status !== 200) throw new Error(`${target}: ${r.status} ${r.body}`);
      if (kept !== null) fs.writeSync(kept, `${target} ${r.body}\n`);
      target = paged ? follow(target, r.body) : undefined;
    }
    const to = processorMs(), database = to.database - from.database, took = to.server - from.server + database;
    console.log(`${(took / each).toFixed(2).padStart(9)} ms  ${what}${storeServer ? `: database ${(database / each).toFixed(2)}` : ''}`);
    sum += (weight * took) / each;
    weights += weight;
  }
  figure('processor time of a reply, mean over the mix', sum / weights, 'ms', '<=', PROCESSOR_MS);
}
if (process.env.ALONE) {
  await costs(Number(process.env.ALONE));
  agent.destroy();
  await server.stop();
  process.exit();
}

// Each route once, alone.
for (let i = mix.length - 1; i >= 0; i--) {
  const [, what, first] = mix[i];
  const target = first();
  const r = await ask(target, ALONE_MS).catch(() => ({ status: 0, ms: ALONE_MS }));
  if (r.status === 200) continue;
  if (r.status !== 0) throw new Error(`${target}: ${r.status} ${r.body}`);
  figure(`${what}: alone, longer than`, ALONE_MS, 'ms', '<=', P99_MS);
  console.log(`  ${target}`);
  mix.splice(i, 1);
  agent.destroy();
  await server.kill(); // what it still works on
  server = await begin();
}

const times = new Map(mix.map(([, what]) => [what, []]));
const slowest = new Map();
const lottery = mix.flatMap((row) => Array(row[0]).fill(row));
async function reader(until) {
  const next = new Map();
  while (performance.now() < until) {
    const [, what, first, paged] = one(lottery);
    const target = next.get(what) ?? first();
    const r = await ask(target);
    if (r.status !== 200) throw new Error(`${target}: ${r.status} ${r.body}`);
    times.get(what).push(r.ms);
    if (r.ms > (slowest.get(what)?.ms ?? 0)) slowest.set(what, { ms: r.ms, target });
    if (!paged) continue;
    const following = follow(target, r.body);
    if (following) next.set(what, following);
    else next.delete(what);
  }
}
await Promise.all(Array.from({ length: readers }, () => reader(performance.now() + 2000))); // page cache
for (const list of times.values()) list.length = 0;
slowest.clear();
const until = performance.now() + seconds * 1000;
await Promise.all(Array.from({ length: readers }, () => reader(until)));
agent.destroy();
const size = storeServer ? Number(sql('SELECT pg_database_size(current_database())')) : fs.statSync(path.join(store, 'plimsoll.db')).size;
await server.stop();

const all = [...times.values()].flat();
console.log(`${registry.images} images in ${repositories.length} repositories, ${(size / 2 ** 20).toFixed(0)} MiB; ` +
  `${readers} readers, ${seconds} s: ${all.length} replies, ${(all.length / seconds).toFixed(0)} a second`);
for (const [what, list] of times) {
  if (list.length === 0) { console.log(`${what}: not asked for`); process.exitCode = 1; continue; }
  const fine = figure(`${what} (${list.length}): median`, median(list), 'ms', '<=', MEDIAN_MS) & figure(`${what}: p99`, quantile(list, 0.99), 'ms', '<=', P99_MS);
  if (!fine) console.log(`  slowest: ${slowest.get(what).target} ${slowest.get(what).ms.toFixed(0)} ms`);
}
figure('all: median', median(all), 'ms', '<=', MEDIAN_MS);
figure('all: p99', quantile(all, 0.99), 'ms', '<=', P99_MS);
