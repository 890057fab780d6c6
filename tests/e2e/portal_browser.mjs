// Debian's Chromium, driven by Playwright. tools/setup installs both.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { clock } from './lib.mjs';
import { fill, pages, startServer } from './portal_data.mjs';

export const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((p) => fs.existsSync(p));
const playwright = await import('playwright-core').catch(() => undefined);
/** Why there is no browser; empty: there is one. */
export const missing = !chromium ? 'there is no Chromium' : !playwright ? 'playwright-core is not installed in tests/e2e' : '';

export const openBrowser = () => playwright.chromium.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

export async function signIn(page, password, name = 'admin') {
  await page.fill('input[name=name]', name);
  await page.fill('input[name=password]', password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.top');
}

/** A browser's window on the portal. broken: takes what the policy refused, and errors of scripts. */
export async function openPage(browser, broken, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options }); // what axe sees is no colour in between
  await context.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`)));
  // The browser's day is the server's, which is that of the tests' clock.
  await context.addInitScript((moved) => {
    const Real = Date;
    globalThis.Date = new Proxy(Real, {
      construct: (target, at) => (at.length ? new target(...at) : new target(Real.now() + moved)),
      get: (target, name) => (name === 'now' ? () => Real.now() + moved : target[name]),
    });
  }, clock.now() - Date.now());
  const page = await context.newPage();
  page.on('console', (m) => { if (m.type() === 'error' && !/status of 40[0-9]/.test(m.text())) broken.push(`${m.text()} ${m.location().url}`); });
  page.on('pageerror', (e) => broken.push(e.message));
  return [context, page];
}

const axe = () => fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }, colours = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }; // dark differs by nothing else
/** Until it has a title and nothing of it is loading. */
export const settled = (page) => page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('[aria-busy]'));

/** What axe finds on pages of the portal in light and in dark, which of them scroll sideways, and which lack a title or the end of a breadcrumb. page: signed in, somewhere in the portal; addresses: name → address; none: what is shown. */
export async function lookAt(page, addresses) {
  const found = [];
  await page.evaluate(axe());
  const look = async (name) => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
      // Fluent puts focus keepers beside what it opens; they are hidden from no one who can reach them.
      const { violations } = await page.evaluate((runOnly) => window.axe.run({ exclude: [['[data-tabster-dummy]']] }, { resultTypes: ['violations'], runOnly }), colorScheme === 'light' ? rules : colours);
      found.push(...violations.map((v) => [name, colorScheme, v.id, ...v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))]));
    }
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.push([name, 'scrolls sideways']);
  };
  if (!addresses) await look('shown');
  for (const [name, address] of Object.entries(addresses ?? {})) {
    // As its links do: a new page of the portal is no new document.
    await page.evaluate((to) => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }, `/portal/${address}`);
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
    await settled(page).catch((e) => { throw new Error(`${name}: ${e.message}`); });
    await look(name);
    const [title, here] = await page.evaluate(() => [document.title, document.querySelectorAll('nav[aria-label=Breadcrumb] [aria-current=page]').length]);
    if (!/^\S.* – Plimsoll$/.test(title) || here !== 1) found.push([name, `title "${title}", ${here} ends of the breadcrumb`]);
  }
  return found;
}

/** The test of every page at one width: no finding of axe's and nothing refused by the policy. */
export function everyPage(viewport) {
  const skip = missing || false;
  test(`every page in light and dark at ${viewport.width} pixels`, { skip }, async () => {
    const broken = [], server = await startServer(), browser = await openBrowser();
    try {
      await fill(server);
      const [, page] = await openPage(browser, broken, { viewport });
      await page.goto(new URL('/portal/overview', server.url).href);
      await page.waitForSelector('input[name=password]');
      const found = await lookAt(page);
      await signIn(page, server.password);
      found.push(...await lookAt(page, await pages(server)));
      assert.deepEqual(found, []);
      assert.deepEqual(broken, []);
    } finally {
      await browser.close();
      await server.stop();
    }
  });
}
