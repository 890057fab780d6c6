// Notifications in a real browser: added, tested, changed and deleted under Settings; who may not, sees why; the policy and axe on the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lookAt, missing, openBrowser, openPage, signIn } from './portal_browser.mjs';
import { startServer } from './portal_data.mjs';

const skip = missing || false;
let server, browser, page;
const broken = [];
const at = (address) => new URL(`/portal/${address}`, server.url).href;
const list = async () => (await server.json('/api/v1/notifications')).items;
const pane = () => page.getByRole('dialog');

before(async () => {
  if (skip) return;
  server = await startServer();
  browser = await openBrowser();
  [, page] = await openPage(browser, broken);
  await page.goto(at('settings'));
  await signIn(page, server.password);
});
after(async () => { await browser?.close(); await server?.stop(); });

test('a webhook is added: what is missing is said, nothing is stored before', { skip }, async () => {
  await page.getByRole('tab', { name: 'Notifications' }).click();
  await page.waitForURL(/settings\?tab=notifications$/);
  await page.getByText('No notifications: the server sends nothing by itself.').waitFor();
  await page.getByRole('button', { name: 'Add notification' }).click();
  await page.waitForURL(/notification=new/);
  const add = pane().getByRole('button', { name: 'Add notification' });
  await pane().getByText('A name is required.').waitFor();
  assert.equal(await add.getAttribute('aria-disabled'), 'true');
  await pane().getByRole('textbox', { name: 'Name' }).fill('chat');
  await pane().getByText('Choose what it is about.').waitFor();
  await pane().getByRole('combobox', { name: 'About' }).selectOption('local (registry)');
  await pane().getByRole('textbox', { name: 'URL' }).fill('ftp://hooks.example/plimsoll');
  await pane().getByLabel('Secret').fill('a key that both sides know');
  await pane().getByRole('combobox', { name: 'Severity' }).selectOption('Critical, or in KEV');
  await pane().getByRole('checkbox', { name: 'Only if they can be fixed' }).check();
  await pane().getByRole('checkbox', { name: 'Images that could not be scanned' }).check();
  await pane().getByRole('checkbox', { name: 'Images that become Unhealthy, or healthy again' }).uncheck();
  assert.deepEqual(await list(), []);
  await add.click();
  await pane().getByRole('alert').getByText(/https/).waitFor(); // the server's reason
  await pane().getByRole('textbox', { name: 'URL' }).fill('https://hooks.example/plimsoll');
  await add.click();
  await pane().waitFor({ state: 'detached' });
  await page.getByRole('row', { name: /chat Webhook: https:\/\/hooks\.example\/plimsoll local registry New vulnerabilities, Critical, or in KEV; Images that could not be scanned Nothing sent yet/ }).waitFor();
  const [made] = await list();
  assert.deepEqual([made.events, made.severity_gte, made.has_secret, made.criteria.patchable, made.enabled], [['findings', 'scan_failed'], 'Critical', true, true, true]);
});

test('a test message is listed; a change keeps what was not changed', { skip }, async () => {
  await page.getByRole('button', { name: 'chat', exact: true }).click();
  await page.getByRole('dialog', { name: 'Change the notification' }).waitFor();
  const found = await lookAt(page, { notifications: 'settings?tab=notifications', pane: `settings?tab=notifications&notification=${(await list())[0].id}`, new: 'settings?tab=notifications&notification=new' });
  assert.deepEqual(found, []);
  await page.goto(at(`settings?tab=notifications&notification=${(await list())[0].id}`));
  await pane().getByRole('button', { name: 'Send a test' }).click();
  await pane().getByRole('listitem').filter({ hasText: /test/i }).getByText(/\d+ attempts?/).waitFor();
  const [{ subject }] = (await server.json(`/api/v1/notifications/${(await list())[0].id}/deliveries`)).items;
  await pane().getByText(subject).waitFor();
  await pane().getByRole('switch', { name: 'On' }).click();
  await pane().getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: /chat .* Off Delete: chat$/ }).waitFor();
  const [made] = await list();
  assert.deepEqual([made.enabled, made.url, made.has_secret, made.criteria.patchable], [false, 'https://hooks.example/plimsoll', true, true]);
  await page.getByRole('button', { name: 'chat', exact: true }).click();
  await pane().getByRole('checkbox', { name: /Remove the secret/ }).check();
  await pane().getByRole('button', { name: 'Save' }).click();
  await pane().waitFor({ state: 'detached' });
  assert.equal((await list())[0].has_secret, false);
});

test('mail has recipients; a notification is deleted after it was asked once', { skip }, async () => {
  await page.getByRole('button', { name: 'Add notification' }).click();
  await pane().getByRole('radio', { name: 'Mail' }).check();
  await pane().getByRole('textbox', { name: 'Name' }).fill('on call');
  await pane().getByRole('combobox', { name: 'About' }).selectOption({ index: 1 });
  await pane().getByRole('textbox', { name: 'Recipients' }).fill('ann@example.org\nbob@example.org');
  await pane().getByRole('button', { name: 'Add notification' }).click();
  await page.getByRole('row', { name: /on call Mail: ann@example\.org, bob@example\.org/ }).waitFor();
  await page.getByRole('button', { name: 'Delete: chat' }).click();
  await page.getByText('Delete “chat”? Its messages go with it.').waitFor();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('1 notification', { exact: true }).waitFor();
  assert.deepEqual((await list()).map((x) => [x.name, x.recipients]), [['on call', ['ann@example.org', 'bob@example.org']]]);
});

test('a reader sees them, and which role changing takes', { skip }, async () => {
  const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
  assert.equal((await server.fetch('/api/v1/users', { ...json, body: JSON.stringify({ name: 'reader', password: 'long enough, reader' }) })).status, 201);
  assert.equal((await server.fetch('/api/v1/role-assignments', { ...json, body: JSON.stringify({ user: 'reader', role: 'Security Reader' }) })).status, 201);
  const [context, theirs] = await openPage(browser, broken);
  await theirs.goto(at('settings?tab=notifications'));
  await signIn(theirs, 'long enough, reader', 'reader');
  await theirs.getByRole('button', { name: 'on call', exact: true }).click();
  await theirs.getByRole('dialog').getByText('This requires the role Resource Policy Contributor, Security Admin or Owner').waitFor();
  assert.equal(await theirs.getByRole('button', { name: 'Add notification' }).getAttribute('aria-disabled'), 'true');
  await context.close();
  assert.deepEqual(broken, []);
});
