// The overview in a real browser: what is new, images at risk, vulnerabilities by severity and age, scans and feeds; and where their figures lead.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lookAt, missing, openBrowser, openPage, signIn } from './portal_browser.mjs';
import { images, pushAll, startServer } from './portal_data.mjs';

const skip = missing || false;
let server, browser, context, page;
const broken = [];
const at = (address) => new URL(`/portal/${address}`, server.url).href;

before(async () => {
  if (skip) return;
  server = await startServer();
  await pushAll(server);
  browser = await openBrowser();
  [context, page] = await openPage(browser, broken);
  await page.goto(at('overview'));
  await signIn(page, server.password);
});
after(async () => { await browser?.close(); await server?.stop(); });

test('what is new, in how many images, and where it is', { skip }, async () => {
  await page.getByText('22 new vulnerabilities in images that were pushed, since yesterday: 4 critical.').waitFor();
  const tiles = (await page.locator('dl.tiles').innerText()).split('\n').filter(Boolean);
  assert.deepEqual(tiles, ['Vulnerable images', '2 of 4', 'Open vulnerabilities', '22', 'Unique CVEs', '18', 'Open on average', 'less than a day']);
  await page.getByRole('link', { name: 'See them' }).click();
  await page.waitForURL(/findings\?age_lt=2&sort=first_seen/);
  await page.getByRole('button', { name: 'Change filter Days open, below: 2' }).waitFor();
  assert.equal((await server.json('/api/v1/findings?age_lt=2')).total, 22);
  assert.equal((await server.json('/api/v1/findings?age_gte=2')).total, 0);
});

test('images at risk: the exploited one first, with its cheapest fix; figures lead to what they count', { skip }, async () => {
  await page.goto(at('overview'));
  await page.getByRole('row', { name: /^shop\/checkout:2\.14\.1 default 1 .*KEV.* 0 never Upgrade libwebp clears 2 of 18/ }).waitFor();
  const rows = await page.getByRole('table').first().getByRole('row').allInnerTexts();
  assert.equal(rows.length, 3, 'two images have findings');
  await page.getByRole('row', { name: /^Critical 4 4 0 0 0 4$/ }).getByRole('link').nth(1).click();
  await page.waitForURL(/severity=Critical&age_lt=8/);
  assert.equal((await server.json('/api/v1/findings?severity=Critical&age_lt=8')).total, 4);
  await page.goto(at('overview'));
  await page.getByRole('row', { name: /^Low 4 4 0 0 0 0$/ }).waitFor();
  await page.getByRole('row', { name: /^High 6 6 0 0 0 6$/ }).getByRole('link').last().click();
  await page.waitForURL(/severity=High&patchable=true/);
});

test('scans and feeds in sentences; axe finds nothing, in light and dark, wide and narrow', { skip }, async () => {
  await page.goto(at('overview'));
  await page.getByText('1 of 4 images is not assessed.').waitFor();
  await page.getByText('All 3 feeds are fresh.').waitFor();
  const found = await lookAt(page, { overview: 'overview' });
  const [phone, narrow] = await openPage(browser, broken, { viewport: { width: 390, height: 844 }, colorScheme: 'dark', storageState: await context.storageState() });
  await narrow.goto(at('overview'));
  found.push(...await lookAt(narrow, { overview: 'overview' }));
  await phone.close();
  assert.deepEqual(found, []);
});

test('a pane says since when a finding is open; a part that fails is replaced alone', { skip }, async () => {
  const finding = (await server.findings('shop/checkout', images.shop.digest))[0];
  assert.ok(Date.parse(finding.first_seen) > 0);
  await page.goto(at(`registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}?finding=${finding.id}`));
  await page.getByText('Open in this repository since').first().waitFor({ state: 'attached' });
  await page.route('**/api/v1/overview*', (r) => r.fulfill({ status: 500, contentType: 'application/problem+json', body: '{"detail":"out of order"}' }));
  await page.goto(at('overview'));
  await page.getByText('New for you could not be loaded').waitFor();
  await page.getByText('The registry has open vulnerabilities.').waitFor();
  await page.unroute('**/api/v1/overview*');
  assert.deepEqual(broken.filter((x) => !/status of 500/.test(x)), []);
});
