// From the plan to a healthy registry, as a person goes: in the browser, with a real client for what is pushed and deleted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { run } from './lib.mjs';
import { missing, openBrowser, openPage, signIn } from './portal_browser.mjs';
import { KEY, images, pushWithSkopeo, startServer } from './portal_data.mjs';

const skip = missing || false;
let server, browser, page;
const broken = [];
const at = (address) => new URL(`/portal/${address}`, server.url).href;

before(async () => {
  if (skip) return;
  server = await startServer();
  browser = await openBrowser();
  [, page] = await openPage(browser, broken);
  await page.goto(at('settings'));
  await signIn(page, server.password);
});
after(async () => { await browser?.close(); await server?.stop(); });

test('the plan is on for a subscription; a vulnerable image is pushed, found from the recommendation, fixed, and the old one deleted', { skip }, async () => {
  const plan = page.getByRole('switch', { name: 'Plan of Default subscription' });
  await plan.click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Its registries are not scanned and are Not applicable.').waitFor();
  await plan.click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText(/Free of charge until/).waitFor();

  pushWithSkopeo(server, 'shop/checkout', images.shop);
  await server.scanned('shop/checkout', images.shop.digest);
  await page.getByRole('link', { name: 'Recommendations' }).click();
  await page.getByRole('link', { name: /Vulnerabilities in container registry images/ }).click();
  await page.getByText('1 image holds 18 open vulnerabilities. 12 can be fixed today.').waitFor();
  await page.getByRole('row', { name: /local default Unhealthy 1 of 1/ }).getByRole('link').click();
  await page.getByRole('link', { name: 'shop/checkout' }).click();
  await page.getByRole('link', { name: images.shop.digest.slice(7, 19) }).click();
  await page.getByRole('row', { name: /Critical .*curl 7\.88\.1-10 → 7\.88\.1-10\+deb12u4/ }).first().getByRole('link').first().click();
  await page.getByRole('dialog').getByText('apt-get update && apt-get install --only-upgrade curl=7.88.1-10+deb12u4').waitFor();

  pushWithSkopeo(server, 'shop/checkout', images.fixed);
  await server.scanned('shop/checkout', images.fixed.digest);
  await page.goto(at('registries/local/repositories/shop%2Fcheckout'));
  await page.getByRole('row', { name: /2\.14\.2 Healthy/ }).waitFor();
  await page.goto(at(`recommendations/${KEY}`));
  await page.getByRole('row', { name: /local default Unhealthy 1 of 2/ }).waitFor(); // the old digest can still be pulled
  run('skopeo', ['delete', '--tls-verify=false', '--creds', `admin:${server.password}`, `docker://${server.host}/shop/checkout@${images.shop.digest}`]);
  await page.reload();
  await page.getByText('No open vulnerabilities in 1 assessed image.').waitFor();
  await page.getByRole('row', { name: /local default Healthy 0 of 1/ }).waitFor();
  await page.goto(at('overview'));
  await page.getByText('1 of 1 registry has no open vulnerabilities.').waitFor();
  await page.getByText('6.00 of 6 points').waitFor();
  assert.deepEqual(broken, []);
});
