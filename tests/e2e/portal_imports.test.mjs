// Imports in the portal, in a real browser: asked for in the pane, followed in the list, refused with the reason.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, makeLayout, debianRelease, dpkgStatus, pushLayout } from './lib.mjs';
import { lookAt, missing, openBrowser, openPage, signIn } from './portal_browser.mjs';

const skip = missing || false;
let server, source, browser, context, page;
const broken = []; // what the policy refused, and errors of scripts
const at = (address) => new URL(`/portal/${address}`, server.url).href;

before(async () => {
  if (skip) return;
  [server, source] = await Promise.all([new Server({ args: ['--import-allow', '127.0.0.0/8'] }).start(), new Server().start()]);
  await pushLayout(source, 'base/app', makeLayout([[debianRelease(), dpkgStatus([{ name: 'zlib', version: '1' }])]], { tag: 'v1' }));
  browser = await openBrowser();
  [context, page] = await openPage(browser, broken);
});
after(async () => { await browser?.close(); await source?.stop(); await server?.stop(); });

test('an import from its button to the image', { skip }, async () => {
  await page.goto(at('registries/local'));
  await signIn(page, server.password);
  await page.getByRole('button', { name: 'Import' }).click();
  const pane = page.getByRole('dialog', { name: 'Import an image' });
  assert.match(page.url(), /import=new$/);
  await pane.getByLabel(/^Source/).fill('Not An Image');
  await pane.getByRole('button', { name: 'Import' }).click();
  await pane.getByText(/source: reference "Not An Image"/).waitFor();
  await pane.getByLabel(/^Source/).fill(`${source.host}/base/app:v1`);
  await pane.getByLabel('Target repository').fill('vendor/app');
  await pane.getByLabel('Target tags').fill('one, two');
  await pane.getByLabel('User name at the source').fill('admin');
  await pane.getByLabel('Password').fill(source.password);
  await pane.getByRole('button', { name: 'Import' }).click();
  await pane.waitFor({ state: 'detached' });
  const row = page.getByRole('row', { name: /base\/app:v1.*one, two.*Succeeded.*2 of 2 blobs/ }); // without a reload
  await row.waitFor();
  await row.getByRole('link', { name: 'vendor/app' }).click();
  await page.getByRole('heading', { name: 'vendor/app', level: 1 }).waitFor();
  assert.ok(!(await page.content()).includes(source.password));
});

test('one that fails says why; one that is queued can be cancelled', { skip }, async () => {
  await page.goto(at('registries/local'));
  const ask = async (text) => {
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('dialog').getByLabel(/^Source/).fill(text);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await ask(`${source.host}/base/app:v1`);
  await page.getByRole('row', { name: /base\/app:v1.*Failed.*without credentials/ }).waitFor();
  await ask('nowhere.invalid/x:1'); // tried again after a pause
  await page.getByRole('button', { name: 'Cancel: nowhere.invalid/x:1' }).click();
  await page.getByRole('row', { name: /nowhere\.invalid\/x:1.*Cancelled/ }).waitFor();
});

test('nothing that axe finds, no scrolling sideways, no breach of the policy', { skip }, async () => {
  const addresses = { list: 'registries/local', pane: 'registries/local?import=new' };
  const found = await lookAt(page, addresses);
  await page.setViewportSize({ width: 390, height: 800 });
  found.push(...await lookAt(page, addresses));
  assert.deepEqual(found, []);
  assert.deepEqual(broken, []);
});

test('who may not import is told which role it takes', { skip }, async () => {
  const password = 'long enough, rita', send = (target, body) => server.fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal((await send('/api/v1/users', { name: 'rita', password })).status, 201);
  assert.equal((await send('/api/v1/role-assignments', { user: 'rita', role: 'Reader', scope: '/registries/local' })).status, 201);
  const [other, view] = await openPage(browser, broken);
  await view.goto(at('registries/local'));
  await signIn(view, password, 'rita');
  await view.getByRole('row', { name: /base\/app:v1.*Succeeded/ }).waitFor();
  const button = view.getByRole('button', { name: 'Import', exact: true });
  await button.hover();
  await view.getByText('This requires the role Contributor or Owner (action registries/importImage/action).').waitFor();
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await other.close();
  await context.close();
});
