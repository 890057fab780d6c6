// From the plan to a healthy registry, as a person goes: in the browser, with a real client for what is pushed. Then each of the four
// reasons that people disable findings for: gone from list, counts and score, and back when the rule goes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pushLayout } from './lib.mjs';
import { missing, openBrowser, openPage, signIn } from './portal_browser.mjs';
import { KEY, holding, images, pushWithSkopeo, startServer } from './portal_data.mjs';

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
  await page.goto(at(`registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}`));
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete this image…' }).click();
  await page.getByRole('dialog', { name: /^Delete image/ }).getByText('18 open vulnerabilities leave every list, count and score.').waitFor();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.waitForURL(/repositories\/shop%2Fcheckout$/);
  await page.goto(at(`recommendations/${KEY}`));
  await page.getByText('No open vulnerabilities in 1 assessed image.').waitFor();
  await page.getByRole('row', { name: /local default Healthy 0 of 1/ }).waitFor();
  await page.goto(at('overview'));
  await page.getByText('The registry has no open vulnerabilities.').waitFor();
  await page.getByText('6.00 of 6 points').waitFor();
  assert.deepEqual(broken, []);
});

// Each image has only what the rule is about, so that it turns healthy.
const pane = () => page.getByRole('dialog', { name: 'Disable findings by rule' });
const scenarios = [
  ['severity below Medium', 'tar', 'Low', async () => pane().getByRole('checkbox', { name: 'Severity below' }).check()],
  ['not patchable', 'zlib', 'Medium', async () => pane().getByRole('checkbox', { name: 'Not patchable' }).check()],
  ['CVSS v3 below 6.5', 'openssl', 'Medium', async () => pane().getByRole('spinbutton', { name: 'CVSS 3 score below' }).fill('6.5')],
  ['the text "sudo" in the check', 'sudo', 'High', async () => pane().getByRole('textbox', { name: 'Security check has' }).fill('sudo')],
];
for (const [name, holds, severity, choose] of scenarios)
  test(`disabled for ${name}: gone from the list, the counts and the score; deleted, all is back`, { skip }, async () => {
    const layout = holding([holds], 'v1'), repository = `desk/${holds}`;
    const image = `registries/local/repositories/desk%2F${holds}/images/${layout.digest}`;
    await pushLayout(server, repository, layout);
    await server.scanned(repository, layout.digest);
    const open = async () => {
      await page.goto(at(image));
      await page.getByText(/^2 open vulnerabilities\./).waitFor();
      const rows = page.getByRole('row', { name: new RegExp(`^${severity} .*${holds}`) });
      await rows.first().waitFor();
      assert.equal(await rows.count(), 2);
      await page.goto(at('registries'));
      await page.getByRole('row', { name: new RegExp(`^local default Unhealthy .*2 ${severity}`) }).waitFor();
      await page.goto(at('overview'));
      await page.getByText('0.00 of 6 points').waitFor();
    };
    await open();

    await page.goto(at(`recommendations/${KEY}`));
    await page.getByText('1 image holds 2 open vulnerabilities.').waitFor();
    await page.getByRole('button', { name: 'Disable rule' }).click();
    await pane().getByRole('radio', { name: /Default subscription/ }).check();
    await choose();
    await pane().getByRole('textbox', { name: 'Justification' }).fill('reviewed');
    await pane().getByRole('button', { name: 'Disable 2 findings' }).click();
    await pane().waitFor({ state: 'detached' });
    await page.getByText('No open vulnerabilities in 2 assessed images.').waitFor();
    await page.goto(at(image));
    await page.getByRole('tab', { name: 'Disabled 2' }).waitFor();
    await page.getByText('No open vulnerabilities in what was assessed.').first().waitFor();
    assert.equal(await page.getByRole('row', { name: new RegExp(`^${severity} .*${holds}`) }).count(), 0);
    await page.goto(at('findings'));
    await page.getByText('No open vulnerabilities in what was assessed.').waitFor();
    await page.goto(at('registries'));
    await page.getByRole('row', { name: /^local default Healthy/ }).waitFor();
    await page.goto(at('overview'));
    await page.getByText('6.00 of 6 points').waitFor();

    await page.goto(at('exceptions?tab=rules'));
    await page.getByRole('button', { name: /^Delete: / }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('No disable rules').waitFor();
    await open();
    assert.equal((await server.fetch(`/api/v1/registries/local/repositories/desk%2F${holds}`, { method: 'DELETE' })).status, 204);
    assert.deepEqual(broken, []);
  });
