// The portal in a real browser against the real server: signing in, a push seen as it arrives, the way down to a finding, links, keyboard and the policy.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pushLayout } from './lib.mjs';
import { missing, openBrowser, openPage, signIn } from './portal_browser.mjs';
import { images, many, pushAll, pushWithSkopeo, startServer } from './portal_data.mjs';

const skip = missing || false;
let server, browser, context, page;
const broken = []; // what the policy refused, and errors of scripts

const open = (options) => openPage(browser, broken, options);
const at = (address) => new URL(`/portal/${address}`, server.url).href;
const image = () => `registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}`;

before(async () => {
  if (skip) return;
  server = await startServer();
  browser = await openBrowser();
  [context, page] = await open();
});
after(async () => { await browser?.close(); await server?.stop(); });

test('a stranger signs in; a wrong password is said; the link that was followed is kept', { skip }, async () => {
  await page.goto(at('settings'));
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('wrong name or password').waitFor();
  await signIn(page, server.password);
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads the session');
  assert.equal(await page.evaluate(() => localStorage.length), 0);
});

test('without an image the portal opens where it says how to push one, and fills in as it arrives', { skip }, async () => {
  await page.goto(server.url);
  await page.waitForURL(at('start'));
  await page.getByRole('button', { name: 'skopeo' }).click();
  assert.match(page.url(), /client=skopeo$/);
  await page.getByText(`docker://${server.host}/first/alpine:3.17`).first().waitFor();
  await page.getByText('this page updates by itself', { exact: true }).waitFor();
  pushWithSkopeo(server, 'shop/checkout', images.shop);
  await page.getByText('Unhealthy').waitFor();
  await page.getByRole('link', { name: 'Open the image' }).click();
  await page.getByText('18 open vulnerabilities, 1 known exploited. 12 can be fixed.').waitFor();
});

test('from the registries down to a finding and its evidence', { skip }, async () => {
  await pushAll(server);
  await page.goto(at('registries'));
  await page.getByRole('link', { name: 'local', exact: true }).click();
  await page.getByRole('heading', { name: 'local', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'shop/checkout' }).waitFor();
  const tiles = (await page.locator('dl.tiles').innerText()).split('\n').filter(Boolean);
  assert.deepEqual(tiles.slice(0, 8), ['Images', '4', 'Unhealthy', '2', 'Healthy', '1', 'Not assessed', '1']);
  await page.getByRole('link', { name: 'shop/checkout' }).click();
  await page.getByRole('link', { name: images.shop.digest.slice(7, 19) }).click();
  await page.getByRole('heading', { name: 'shop/checkout', level: 1 }).waitFor();
  // Grouped by fix: the group says what it clears, the row what to upgrade to.
  const group = page.getByRole('row', { name: /Upgrade libwebp .*KEV.* clears 2/ });
  await group.waitFor();
  await page.getByRole('row', { name: /High .*libwebp 1\.2\.4-0\.2 → 1\.2\.4-0\.2\+deb12u1.*CVE-2026-1021.*KEV/ }).getByRole('link').first().click();
  const pane = page.getByRole('dialog');
  for (const text of ['Description', 'General information', 'Remediation', 'Exploited?', 'Why is this reported?', 'Additional information', 'Affected resources', 'Yes, fixed version available', 'CVSS 3.0 base score', 'Used in ransomware campaigns', 'var/lib/dpkg/status', '94.1%', 'Yes, listed in KEV', 'Never pulled from this server', 'CWE-125'])
    await pane.getByText(text).first().waitFor();
  assert.match(page.url(), /finding=\d+$/);
});

test('a link opens the same again; Escape closes, back and forward follow', { skip }, async () => {
  const link = page.url(), id = new URL(link).searchParams.get('finding');
  await page.reload();
  await page.getByRole('dialog', { name: new RegExp(id) }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.doesNotMatch(page.url(), /finding/);
  await page.goBack();
  await page.getByRole('dialog').waitFor();
  // A link with a filter, opened cold.
  await page.goto(at(`${image()}?severity=Critical,High&group=none`));
  await page.getByRole('button', { name: 'Change filter Severity: Critical, High' }).waitFor();
  await page.getByText('10 vulnerabilities', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Remove filter Severity' }).click();
  await page.getByText('18 vulnerabilities', { exact: true }).waitFor();
});

test('filters are typed and lie in the address; nothing found names them', { skip }, async () => {
  await page.goto(at('findings'));
  await page.getByRole('button', { name: 'Add filter' }).click();
  await page.getByRole('menuitem', { name: 'Known exploited' }).click();
  await page.getByRole('button', { name: 'Yes', exact: true }).click();
  await page.waitForURL(/kev=true/);
  await page.getByText('1 vulnerability', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Add filter' }).click();
  await page.getByRole('menuitem', { name: 'Package' }).click();
  await page.getByRole('textbox', { name: 'Package', exact: true }).fill('nothing');
  await page.keyboard.press('Enter');
  await page.getByText('Nothing matches Known exploited: Yes, Package: nothing.').waitFor();
  await page.getByRole('button', { name: 'Remove Package' }).click();
  await page.getByText('1 vulnerability', { exact: true }).waitFor();
});

test('by keyboard: skip link, search, rows by arrows, a group folded, the next finding', { skip }, async () => {
  await page.goto(at(image()));
  await page.getByRole('row', { name: /Upgrade libwebp/ }).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Search packages, CVEs and images');
  const first = page.locator('button[aria-expanded]', { hasText: 'Upgrade' }).first();
  await first.focus();
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => document.activeElement.tagName === 'A');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  const before = new URL(page.url()).searchParams.get('finding');
  await page.keyboard.press('Alt+ArrowDown');
  await page.waitForFunction((id) => new URL(location.href).searchParams.get('finding') !== id, before);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await first.focus();
  await page.keyboard.press('ArrowLeft');
  assert.equal(await first.getAttribute('aria-expanded'), 'false');
});

test('where am I affected: the search leads to the CVE, which names the images', { skip }, async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('cve-2026-1051');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /You are affected: 2 of \d+ assessed images/ }).waitFor();
  await page.getByRole('link', { name: 'batch' }).waitFor();
});

test('scans follow along; what a role does not allow says which action it takes', { skip }, async () => {
  await page.goto(at('scans'));
  await page.getByText('Live', { exact: true }).waitFor();
  pushWithSkopeo(server, 'live/one', images.small);
  await page.getByRole('link', { name: 'live/one' }).waitFor();
  const json = { 'content-type': 'application/json' };
  assert.equal((await server.fetch('/api/v1/users', { method: 'POST', headers: json, body: JSON.stringify({ name: 'reader', password: 'long enough, reader' }) })).status, 201);
  assert.equal((await server.fetch('/api/v1/role-assignments', { method: 'POST', headers: json, body: JSON.stringify({ user: 'reader', role: 'Security Reader' }) })).status, 201);
  const [other, theirs] = await open();
  await theirs.goto(at('access'));
  await signIn(theirs, 'long enough, reader', 'reader');
  await theirs.getByText('This requires the role Reader, User Access Administrator or Owner (to see users, roles and the audit logs, action Microsoft.Authorization/roleAssignments/read) for the whole server. reader has none of these there.').waitFor();
  assert.equal(await theirs.getByRole('link', { name: 'Audit' }).count(), 0, 'what leads nowhere is not shown');
  await theirs.goto(at(image()));
  const scan = theirs.getByRole('button', { name: 'Scan again' });
  await scan.waitFor();
  assert.equal(await scan.getAttribute('aria-disabled'), 'true');
  await scan.focus();
  await theirs.getByRole('tooltip', { name: /Microsoft\.Security\/assessments\/write/ }).waitFor();
  await other.close();
});

test('a list of ten thousand holds few rows at a time and reads on', { skip }, async () => {
  const long = many(10000);
  await pushLayout(server, 'long/list', long);
  await server.scanned('long/list', long.digest);
  await page.goto(at(`registries/local/repositories/long%2Flist/images/${long.digest}?tab=packages`));
  await page.getByText(/^(First 100 packages, more follow|100 of 10,000\+? packages)$/).waitFor();
  for (let i = 0; i < 3; i++) {
    const had = await page.locator('[role=status]').filter({ hasText: 'packages' }).textContent();
    await page.locator('.scroll').evaluate((e) => { e.scrollTop = e.scrollHeight; });
    await page.waitForFunction((text) => ![...document.querySelectorAll('[role=status]')].some((e) => e.textContent === text), had);
    assert.ok(await page.locator('tbody tr').count() < 60);
  }
});

test('light, dark, sign-out; and nothing was refused by the policy or broke on the way', { skip }, async () => {
  await page.goto(at('overview'));
  const ground = () => page.evaluate(() => getComputedStyle(document.querySelector('.app')).backgroundColor);
  const light = await ground();
  await page.getByRole('button', { name: 'AD: admin, account' }).click();
  await page.getByRole('menuitemradio', { name: 'Dark' }).click();
  await page.waitForFunction((was) => getComputedStyle(document.querySelector('.app')).backgroundColor !== was, light);
  const dark = await ground();
  await page.reload();
  await page.locator('.app').waitFor();
  assert.equal(await ground(), dark, 'the choice is kept');
  await page.getByRole('button', { name: 'AD: admin, account' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
  assert.equal((await context.cookies()).filter((c) => c.name === 'plimsoll_session').length, 0);
  assert.deepEqual(broken, []);
});
