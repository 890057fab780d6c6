// Pictures of every page in light and dark at 1280 and 390 pixels, to be looked at. Usage: node tests/e2e/portal_screenshots.mjs [FOLDER [PAGE…]]   (default: build/portal-screenshots; FULL=1: whole pages)
import fs from 'node:fs';
import path from 'node:path';
import { build, pushLayout } from './lib.mjs';
import { openBrowser, signIn } from './portal_browser.mjs';
import { images, pages, pushAll, startServer } from './portal_data.mjs';

const out = process.argv[2] ?? path.join(build, 'portal-screenshots'), only = process.argv.slice(3);
fs.mkdirSync(out, { recursive: true });
const server = await startServer();
await pushAll(server);
await pushLayout(server, 'shop/checkout', images.fixed); // to compare with
await server.scanned('shop/checkout', images.fixed.digest);
for (const [target, body] of [['subscriptions', { name: 'edge', title: 'Edge' }], ['subscriptions/edge/resource-groups', { name: 'field' }], ['subscriptions/edge/resource-groups/field/registries', { name: 'outpost' }], ['exemptions', { name: 'Behind a gateway', scope: '/subscriptions/edge', category: 'Mitigated', description: 'Reached through the gateway only', expires_at: '2100-01-01T00:00:00Z' }]])
  await server.fetch(`/api/v1/${target}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const browser = await openBrowser();
const finding = (await server.findings('shop/checkout', images.shop.digest)).find((f) => f.kev);
const all = { ...pages() };
all.finding = `${all.image}?finding=${finding.id}`;
const [check] = (await server.json('/api/v1/checks')).items;
all.check = `${all.recommendation}?check=${check.id}`;
all['finding-everywhere'] = `findings?finding=${finding.id}&at=shop/checkout@${images.shop.digest}`;
for (const scheme of ['light', 'dark']) {
  for (const width of [1280, 390]) {
    const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 800 }, colorScheme: scheme, hasTouch: width === 390 });
    const page = await context.newPage();
    await page.goto(new URL('/portal/', server.url).href);
    await page.waitForSelector('input[name=password]');
    if (!only.length || only.includes('sign-in')) await page.screenshot({ path: path.join(out, `sign-in-${scheme}-${width}.png`) });
    await signIn(page, server.password);
    for (const [name, address] of Object.entries(all)) {
      if (only.length && !only.includes(name)) continue;
      await page.goto(new URL(`/portal/${address}`, server.url).href);
      await page.waitForSelector('h1');
      await page.waitForTimeout(400); // pictures only: what arrives later is in them
      await page.screenshot({ path: path.join(out, `${name}-${scheme}-${width}.png`), fullPage: process.env.FULL === '1' });
    }
    await context.close();
  }
}
await browser.close();
await server.stop();
console.log(out);
process.exit();
