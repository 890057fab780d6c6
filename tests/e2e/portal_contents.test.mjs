// The image page whole, and deleting from the portal: what an image is made of, what is attached, reports as files; what goes with an image, a tag, a repository, a registry.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { pushLayout, sha256, sleep } from './lib.mjs';
import { lookAt, missing, openBrowser, openPage, signIn } from './portal_browser.mjs';
import { images, pushAll, startServer } from './portal_data.mjs';

const skip = missing || false;
let server, browser, context, page;
const broken = [];
const at = (address) => new URL(`/portal/${address}`, server.url).href;
const json = { 'content-type': 'application/json' };
const image = `registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}`;
const post = (target, body) => server.ask('POST', `/api/v1/${target}`, body, 201);
const saved = async (click) => { const [file] = await Promise.all([page.waitForEvent('download'), click()]); return { name: file.suggestedFilename(), bytes: fs.readFileSync(await file.path()) }; };
const dialog = () => page.getByRole('dialog', { name: /^Delete / });
const more = async (item) => { await page.getByRole('button', { name: 'More actions' }).click(); await page.getByRole('menuitem', { name: item }).click(); };
const confirm = () => dialog().getByRole('button', { name: 'Delete', exact: true });

before(async () => {
  if (skip) return;
  server = await startServer();
  await pushAll(server);
  await post(`registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}/referrers`, { format: 'cyclonedx' });
  await post('subscriptions/default/resource-groups/default/registries', { name: 'outpost' });
  await pushLayout(server, 'outpost/field/app', images.small);
  await server.scanned('field%2Fapp', images.small.digest, { registry: 'outpost' });
  browser = await openBrowser();
  [context, page] = await openPage(browser, broken);
  await page.goto(at(image));
  await signIn(page, server.password);
});
after(async () => { await browser?.close(); await server?.stop(); });

test('layers: what each brought, in the tab and beside the list', { skip }, async () => {
  await page.getByRole('heading', { name: 'Layers' }).waitFor();
  await page.getByRole('button', { name: 'Sizes and packages' }).click();
  await page.waitForURL(/tab=layers/);
  await page.getByRole('row', { name: /^1 step 1 [0-9a-f]{12} .* 9 18$/ }).waitFor();
  await page.getByRole('row', { name: /^2 step 2 [0-9a-f]{12} .* 0 0$/ }).waitFor();
  await page.getByText(/^2 layers, .* as stored$/).waitFor();
});

test('where an image comes from: source, commit and the run that built it, as links', { skip }, async () => {
  await page.goto(at(image));
  const card = page.getByRole('region', { name: 'Where it comes from' });
  const leads = async (name) => card.getByRole('link', { name, exact: true }).getAttribute('href');
  assert.equal(await leads('git.example/shop/checkout'), 'https://git.example/shop/checkout');
  assert.equal(await leads('9f2c41d7b0e6'), 'https://git.example/shop/checkout/commit/9f2c41d7b0e6a1b2c3d4e5f60718293a4b5c6d7e');
  assert.equal(await leads(/pipelines\/712/), 'https://git.example/shop/checkout/-/pipelines/712');
  await card.getByText('All 3 annotations and labels').click();
  await card.getByText('com.gitlab.ci.pipelineurl').waitFor();
});

test('what is attached: its type, size and digest, and its file to be saved', { skip }, async () => {
  await page.getByRole('tab', { name: 'Attached' }).click();
  const row = page.getByRole('row', { name: /Bill of materials application\/vnd\.cyclonedx\+json/ });
  await row.waitFor();
  const file = await saved(() => row.getByRole('link').first().click());
  assert.match(file.name, /^[0-9a-f]{12}\.json$/);
  assert.equal(JSON.parse(file.bytes).bomFormat, 'CycloneDX');
});

test('manifest and config: shown, and saved byte for byte', { skip }, async () => {
  await page.getByRole('tab', { name: 'Manifest' }).click();
  await page.getByRole('region', { name: 'Manifest' }).getByText('"schemaVersion": 2').waitFor();
  const manifest = await saved(() => page.getByRole('link', { name: /^Download, / }).click());
  assert.equal(`sha256:${sha256(manifest.bytes)}`, images.shop.digest);
  await page.getByRole('button', { name: 'Config', exact: true }).click();
  await page.waitForURL(/raw=config/);
  await page.getByRole('region', { name: 'Config' }).getByText('"created_by": "step 2"').waitFor();
  const config = await saved(() => page.getByRole('link', { name: /^Download, / }).click());
  assert.equal(`sha256:${sha256(config.bytes)}`, images.shop.config.digest);
});

test('a report in each format of the API', { skip }, async () => {
  const { schema } = (await server.json('/api/v1/openapi.json')).paths['/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/report'].get.parameters.find((p) => p.name === 'format');
  await page.getByRole('button', { name: 'Report' }).click();
  const links = await page.getByRole('menuitem').evaluateAll((list) => list.map((a) => new URL(a.href).searchParams.get('format')));
  assert.deepEqual(links.sort(), [...schema.enum].sort());
  const file = await saved(() => page.getByRole('menuitem', { name: 'SARIF 2.1.0' }).click());
  assert.match(file.name, /^checkout-[0-9a-f]{12}\.sarif\.json$/);
  assert.equal(JSON.parse(file.bytes).version, '2.1.0');
});

test('why a finding is reported: the record, its feed, what was compared and with which range', { skip }, async () => {
  await page.goto(at(image));
  await page.getByRole('row', { name: /Critical .*curl 7\.88\.1-10/ }).first().getByRole('link').first().click();
  const pane = page.getByRole('dialog');
  for (const text of ['var/lib/dpkg/status', /^CVE-2026-100[12], Debian:12$/, 'introduced 0, fixed 7.88.1-10+deb12u4', 'dpkg']) await pane.getByText(text).first().waitFor();
  await page.keyboard.press('Escape');
});

test('a tag is deleted: what stays is said first', { skip }, async () => {
  await pushLayout(server, 'shop/checkout', images.shop, 'stable');
  await page.goto(at(image));
  await more('Delete tag stable…');
  await dialog().getByText(/^Image [0-9a-f]{12} stays, with 1 other tag\.$/).waitFor();
  await dialog().getByText('It was never pulled.').waitFor();
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  assert.equal((await server.fetch('/v2/shop/checkout/manifests/stable')).status, 200, 'nothing happened yet');
  // The time of a pull is written within a second.
  const stored = `/api/v1/registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}`;
  for (let i = 0; !(await server.json(stored)).pulled_at; i++) { assert.ok(i < 200, 'the pull is noted'); await sleep(50); }
  await page.reload();
  await more('Delete tag stable…');
  await dialog().getByText('Last pulled').waitFor();
  await dialog().getByText('Pulling this tag will fail.').waitFor();
  await confirm().click();
  await dialog().waitFor({ state: 'detached' });
  await page.getByText('stable', { exact: true }).waitFor({ state: 'detached' });
  assert.equal((await server.fetch('/v2/shop/checkout/manifests/stable')).status, 404);
});

test('an image is deleted with its tags and findings', { skip }, async () => {
  await more('Delete this image…');
  for (const text of ['1 tag goes with it: 2.14.1.', '18 open vulnerabilities leave every list, count and score.']) await dialog().getByText(text).waitFor();
  assert.deepEqual(await lookAt(page), []);
  await confirm().click();
  await page.waitForURL(/\/repositories\/shop%2Fcheckout$/);
  assert.equal((await server.fetch(`/api/v1/${image}`)).status, 404);
  assert.equal((await server.json('/api/v1/findings?repository=shop/checkout')).total, 0);
});

test('a repository: only after its name is written', { skip }, async () => {
  await page.goto(at('registries/local/repositories/batch'));
  await more('Delete this repository…');
  for (const text of ['1 image goes with it, with tags and what is attached.', '4 open vulnerabilities leave every list, count and score.', 'No image was pulled in the last 30 days.']) await dialog().getByText(text).waitFor();
  assert.equal(await confirm().getAttribute('aria-disabled'), 'true');
  await dialog().getByLabel('Type batch to confirm').fill('batch');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/registries\/local$/);
  await page.getByRole('link', { name: 'shop/search' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'batch' }).count(), 0);
});

test('a registry is added', { skip }, async () => {
  await page.goto(at('registries'));
  await page.getByRole('button', { name: 'Add registry' }).click();
  const pane = page.getByRole('dialog', { name: 'Add a registry' });
  await pane.getByRole('textbox', { name: 'Name', exact: true }).fill('No Name');
  await pane.getByRole('combobox', { name: 'Subscription and resource group' }).selectOption('default / default');
  await pane.getByRole('button', { name: 'Add registry' }).click();
  await pane.getByText(/is not a valid name of a registry/).waitFor();
  await pane.getByRole('textbox', { name: 'Name', exact: true }).fill('annex');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/registries\/annex$/);
  await page.getByText('This registry has no repositories that you can see.').waitFor();
  assert.equal((await server.fetch('/api/v1/registries/annex', { method: 'DELETE' })).status, 202);
  await page.goto(at('registries/local'));
});

test('a registry; the first one stays', { skip }, async () => {
  await page.getByRole('button', { name: 'Import' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'More actions' }).count(), 0);
  await page.goto(at('registries/outpost'));
  await more('Delete this registry…');
  await dialog().getByText('1 repository with 1 image go with it.').waitFor();
  await dialog().getByLabel('Type outpost to confirm').fill('outpost');
  await confirm().click();
  await page.waitForURL(/\/registries$/);
  await page.getByRole('link', { name: 'local', exact: true }).waitFor();
  for (let i = 0; i < 100 && (await server.json('/api/v1/registries')).items.length > 1; i++) await page.waitForTimeout(50);
  await page.reload();
  await page.getByText(/^1 registry, with/).waitFor();
});

test('who may not delete reads which role it takes, and no manifest without the right to pull', { skip }, async () => {
  await post('users', { name: 'reader', password: 'long enough, reader' });
  await post('role-assignments', { user: 'reader', role: 'Security Reader' });
  const [other, theirs] = await openPage(browser, broken);
  const fixed = `registries/local/repositories/shop%2Fsearch/images/${images.fixed.digest}`;
  await theirs.goto(at(fixed));
  await signIn(theirs, 'long enough, reader', 'reader');
  await theirs.getByRole('button', { name: 'More actions' }).click();
  await theirs.getByRole('menuitem', { name: 'Delete this image…' }).click();
  await theirs.getByRole('dialog').getByText('This requires the role AcrDelete, Contributor or Owner (action registries/artifacts/delete).').waitFor();
  assert.equal(await theirs.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).getAttribute('aria-disabled'), 'true');
  await theirs.goto(at(`${fixed}?tab=raw`));
  await theirs.getByText(/This requires the role AcrPull, AcrPush, Reader, Contributor or Owner/).waitFor();
  await other.close();
  assert.deepEqual(broken, []);
});
