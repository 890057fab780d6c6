// Pictures of every page in light and dark at 1280 and 390 pixels, to be looked at. Usage: node tests/e2e/portal_screenshots.mjs [FOLDER [PAGE…]]   (default: build/portal-screenshots; FULL=1: whole pages)
import fs from 'node:fs';
import path from 'node:path';
import { build } from './lib.mjs';
import { openBrowser, settled, signIn } from './portal_browser.mjs';
import { fill, pages, startServer } from './portal_data.mjs';

const out = process.argv[2] ?? path.join(build, 'portal-screenshots'), only = process.argv.slice(3);
fs.mkdirSync(out, { recursive: true });
const server = await startServer();
await fill(server);
const browser = await openBrowser();
const all = await pages(server);
for (const scheme of ['light', 'dark']) {
  for (const width of [1280, 390]) {
    const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 800 }, colorScheme: scheme, hasTouch: width === 390, reducedMotion: 'reduce' });
    const page = await context.newPage();
    await page.goto(new URL('/portal/', server.url).href);
    await page.waitForSelector('input[name=password]');
    if (!only.length || only.includes('sign-in')) await page.screenshot({ path: path.join(out, `sign-in-${scheme}-${width}.png`) });
    await signIn(page, server.password);
    for (const [name, address] of Object.entries(all)) {
      if (only.length && !only.includes(name)) continue;
      await page.goto(new URL(`/portal/${address}`, server.url).href);
      await settled(page);
      await page.screenshot({ path: path.join(out, `${name}-${scheme}-${width}.png`), fullPage: process.env.FULL === '1' });
    }
    await context.close();
  }
}
await browser.close();
await server.stop();
console.log(out);
process.exit();
