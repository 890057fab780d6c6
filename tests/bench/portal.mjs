// The portal in headless Chromium: how long its first page takes to be of use, with nothing kept from before; how much is sent for it; and the frames of a
// list of 10,000 findings while it is scrolled from end to end. Each also by a trace, as the processor's time of the page's main thread: what of it is the page's
// doing where other programs have the machine. Usage: node tests/bench/portal.mjs [ROUNDS]      Prints figures, limits and ratios; 1 = missed.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout, root } from '../e2e/lib.mjs';
import { missing, openBrowser, signIn } from '../e2e/portal_browser.mjs';
import { figure, median } from './figure.mjs';

const rounds = Number(process.argv[2] ?? 5);
if (missing) {
  console.log(`the portal is not measured: ${missing}`);
  process.exit(77);
}

const SOURCES = 100, EACH = 100;
const names = Array.from({ length: SOURCES }, (_, i) => `library-${i}`);
const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];
const records = names.flatMap((name, i) => Array.from({ length: EACH }, (_, k) => osvRecord(`CVE-2026-${10000 + i * EACH + k}`, [{ ecosystem: 'Debian:12', name, ...(k % 3 ? { fixed: `2.${k}` } : {}) }], { severity: severities[(i + k) % 4] })));
const image = makeLayout([[debianRelease(), dpkgStatus(names.map((name) => ({ name, version: '1.0' })))]]);

const server = await new Server({ args: ['--vdb', makeVdb(records)] }).start();
await pushLayout(server, 'long/list', image);
await server.scanned('long/list', image.digest);
const browser = await openBrowser();
const at = (address) => new URL(`/portal/${address}`, server.url).href;

/** Milliseconds that the page's main thread worked while something ran: in each task. */
async function traced(page, run) {
  const client = await page.context().newCDPSession(page), events = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  await client.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel'] } });
  await run();
  const done = new Promise((end) => { client.once('Tracing.tracingComplete', end); });
  await client.send('Tracing.end');
  await done;
  const of = (t) => events.filter((e) => e.pid === t.pid && e.tid === t.tid && e.ph === 'X' && /RunTask$/.test(e.name)).map((e) => (e.tdur ?? 0) / 1000);
  const threads = events.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map(of);
  return threads.toSorted((a, b) => sum(b) - sum(a))[0] ?? [];
}
const sum = (list) => list.reduce((n, x) => n + x, 0);

/** Until there is a title and nothing is loading. */
async function first(context, address) {
  const page = await context.newPage(), from = performance.now();
  await page.goto(at(address), { waitUntil: 'commit' });
  await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('[aria-busy]'), undefined, { polling: 'raf' });
  const ms = performance.now() - from;
  await page.close();
  return ms;
}
const state = await (async () => {
  const context = await browser.newContext(), page = await context.newPage();
  await page.goto(at('settings'));
  await signIn(page, server.password);
  const kept = await context.storageState();
  await context.close();
  return kept;
})();
const took = { 'sign-in': [], overview: [] }, worked = [];
for (let i = 0; i < rounds; i++) {
  for (const [name, storageState] of [['sign-in', undefined], ['overview', state]]) {
    const context = await browser.newContext({ storageState }); // a context has a cache of its own
    took[name].push(await first(context, 'overview'));
    await context.close();
  }
}
for (let i = 0; i < Math.min(rounds, 2); i++) {
  const context = await browser.newContext({ storageState: state }), page = await context.newPage();
  worked.push(sum(await traced(page, async () => {
    await page.goto(at('overview'));
    await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('[aria-busy]'));
  })));
  await context.close();
}
const built = path.join(root, 'portal/built'), page = fs.readFileSync(path.join(built, 'index.html'), 'utf8');
const files = ['index.html', ...[...page.matchAll(/"\/portal\/(assets\/[^"]+)"/g)].map((m) => m[1])];
const kilobytes = files.reduce((n, f) => n + zlib.gzipSync(fs.readFileSync(path.join(built, f)), { level: 9 }).length, 0) / 1024;

/** Three times the longest frame while the list is scrolled back from its end. */
async function scroll(context, address) {
  const list = await context.newPage();
  list.setDefaultTimeout(120000);
  await list.goto(at(address));
  await list.waitForSelector('tbody tr[data-index]');
  const status = list.locator('.under [role=status]');
  for (let text; !/^10,000 vuln/.test(text = await status.textContent());) { // to its end, so that all rows are there
    await list.locator('.scroll').evaluate((e) => { e.scrollTop = e.scrollHeight; });
    await list.waitForFunction((was) => document.querySelector('.under [role=status]').textContent !== was, text);
  }
  const scrolled = () => list.locator('.scroll').evaluate((e) => new Promise((done) => {
      let last = performance.now(), most = 0;
      const began = last, from = e.scrollHeight;
      const frame = (now) => {
        most = Math.max(most, now - last);
        last = now;
        const part = (now - began) / 4000;
        if (part >= 1) return done(most);
        e.scrollTop = from * (1 - part);
        requestAnimationFrame(frame);
      };
      requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
    }));
  const longest = [];
  for (let i = 0; i < 3; i++) longest.push(await scrolled());
  const tasks = await traced(list, scrolled);
  await list.close();
  return { longest, busiest: Math.max(...tasks) };
}
const context = await browser.newContext({ storageState: state, viewport: { width: 1280, height: 800 } });
const lists = { 'all findings': 'findings', 'an image, by fix': `registries/local/repositories/long%2Flist/images/${image.digest}` };
const frames = {};
for (const [name, address] of Object.entries(lists)) frames[name] = await scroll(context, address);
await browser.close();
await server.stop();

figure('portal: before the first page, as gzip', kilobytes, 'kB', '<=', 220);
for (const [name, list] of Object.entries(took)) figure(`portal: first page of use, cold, ${name}`, median(list) / 1000, 's', '<=', 1.5);
figure('portal: main thread at work for it, overview', median(worked) / 1000, 's', '<=', 1.5);
for (const [name, { longest, busiest }] of Object.entries(frames)) {
  figure(`portal: longest frame, 10,000 rows scrolled, ${name}`, median(longest), 'ms', '<=', 100);
  figure(`portal: longest task of the main thread there, ${name}`, busiest, 'ms', '<=', 100);
}
process.exit();
