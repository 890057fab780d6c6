// Lists of findings in a real browser: grouped by vulnerability, package, fix and image under one filter bar, wherever such a list is; sorted by the server; one of ten thousand.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { missing, openBrowser, openPage, signIn } from './portal_browser.mjs';
import { pushAll, startServer } from './portal_data.mjs';

const skip = missing || false;
let server, browser, page;
const broken = [];
const at = (address) => new URL(`/portal/${address}`, server.url).href;
const heads = () => page.locator('tr.group button.fold').allTextContents();
const group = (name) => page.getByRole('group', { name: 'Group by' }).getByRole('button', { name, exact: true }).click();

before(async () => {
  if (skip) return;
  server = await startServer();
  await pushAll(server); // shop/checkout has 18 findings of 9 packages, batch 4 of zlib and tar
  browser = await openBrowser();
  [, page] = await openPage(browser, broken);
  await page.goto(at('findings'));
  await signIn(page, server.password);
});
after(async () => { await browser?.close(); await server?.stop(); });

test('by vulnerability: each once, with how many images it is in; opened, they are named', { skip }, async () => {
  await group('Vulnerability');
  await page.waitForURL(/group=cve/);
  await page.getByText('18 checks', { exact: true }).waitFor();
  const head = page.getByRole('button', { name: /Low .*tar.*CVE-2026-1071.*in 2 images/ });
  await head.click();
  const rows = page.getByRole('row', { name: /Low .*tar.*(shop\/checkout|batch)/ }).filter({ hasNot: page.locator('.fold') });
  await page.getByRole('row', { name: /Low .*batch local/ }).waitFor();
  await page.getByRole('row', { name: /Low .*shop\/checkout local/ }).waitFor();
  assert.equal(await rows.count(), 2);
  await page.getByRole('row', { name: /Low .*batch local/ }).getByRole('link').first().click();
  await page.getByRole('dialog', { name: /CVE-2026-1071/ }).waitFor();
  await page.keyboard.press('Escape');
  await head.focus();
  await page.keyboard.press('ArrowLeft');
  assert.equal(await head.getAttribute('aria-expanded'), 'false');
});

test('by package, and by fix: what to do is the head', { skip }, async () => {
  await group('Package');
  await page.getByRole('row', { name: /^apt 2 vulnerabilities/ }).waitFor();
  assert.deepEqual((await heads()).slice(0, 4), ['apt', 'curl', 'expat', 'glibc']); // the rest is not in sight
  await group('Fix');
  await page.getByRole('row', { name: /^Upgrade curl to 7\.88\.1-10\+deb12u4 clears 2/ }).waitFor();
  await page.goto(at('findings?group=fix&package=libwebp'));
  await page.getByRole('row', { name: /^Upgrade libwebp to 1\.2\.4-0\.2\+deb12u1 .*KEV.* clears 2/ }).waitFor();
  await page.goto(at('findings?group=fix&package=tar'));
  await page.getByRole('row', { name: /^No fix yet: tar 4 vulnerabilities/ }).waitFor();
  await page.goto(at('findings?group=fix'));
});

test('by image: how many of what is filtered for each has; images without any are left out', { skip }, async () => {
  await group('Image');
  await page.getByRole('button', { name: /shop\/checkout.*2\.14\.1.*18 vulnerabilities/ }).waitFor();
  await page.getByRole('button', { name: /batch.*4 vulnerabilities/ }).waitFor();
  await page.goto(at('findings?group=image&package=curl'));
  await page.getByRole('button', { name: /shop\/checkout.*2 vulnerabilities/ }).click();
  await page.getByRole('row', { name: /Critical .*curl 7\.88\.1-10/ }).first().waitFor();
  await page.getByText('1 image', { exact: true }).waitFor();
  await page.goto(at('findings?group=image&package=nothing'));
  await page.getByText('Nothing matches Package: nothing.').waitFor();
});

test('the same on the page of a registry, a repository and an image, each cut to what it is about', { skip }, async () => {
  await page.goto(at('registries/local'));
  await page.getByRole('tab', { name: 'Vulnerabilities 22' }).click();
  await page.getByText('22 vulnerabilities', { exact: true }).waitFor();
  await group('Package');
  await page.waitForURL(/registries\/local\?tab=findings&group=package/);
  await page.getByRole('row', { name: /^apt 2 vulnerabilities/ }).waitFor();
  await page.goto(at('registries/local/repositories/batch?tab=findings&group=cve'));
  await page.getByText('4 checks', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Add filter' }).click();
  assert.equal(await page.getByRole('menuitem', { name: 'Repository' }).count(), 0, 'the page is of one');
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: 'Images 1' }).click();
  await page.waitForURL(/repositories\/batch$/);
  await page.getByRole('link', { name: /^[0-9a-f]{12}$/ }).click();
  await group('Vulnerability');
  await page.getByRole('row', { name: /^CVE-2026-1072 1 vulnerability/ }).waitFor();
});

test('the server sorts; the order lies in the address', { skip }, async () => {
  await page.goto(at('findings'));
  await page.getByRole('button', { name: 'EPSS' }).click();
  await page.waitForURL(/sort=epss/);
  await page.getByRole('columnheader', { name: /EPSS/ }).and(page.locator('[aria-sort=descending]')).waitFor();
  await page.waitForFunction(() => /94\.1%/.test(document.querySelector('tbody tr[data-index="0"]')?.textContent ?? ''));
  assert.deepEqual(broken, []);
});
