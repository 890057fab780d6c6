// Sign-in by an OpenID provider in a real browser: the button, the way there and back, the session, what is said when it fails; and the usage of the settings.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout } from './lib.mjs';
import { lookAt, missing, openBrowser, openPage } from './portal_browser.mjs';
import { Provider } from './provider.mjs';

let server, provider, browser;
const broken = [];
before(async () => {
  if (missing) return;
  provider = await new Provider({ clock, secret: '' }).start();
  server = await new Server({ args: ['--vdb', makeVdb([osvRecord('CVE-2026-1000', [{ ecosystem: 'Debian:12', name: 'shared' }])]), '--oidc-issuer', provider.issuer, '--oidc-client-id', provider.clientId, '--oidc-name', 'Example'] }).start();
  browser = await openBrowser();
});
after(async () => { await browser?.close(); await server?.stop(); await provider?.stop(); });
const send = (target, body) => server.ask('POST', target, body, 201);

test('the button leads to the provider and back into the portal', { skip: missing || false }, async () => {
  const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'shared', version: '1' }])]]);
  await pushLayout(server, 'app', layout);
  await server.scanned('app', layout.digest);
  await send('/api/v1/groups', { name: 'readers', claim: 'g' });
  await send('/api/v1/role-assignments', { user: 'readers', role: 'Reader' });
  provider.next = { sub: '1', preferred_username: 'ann', groups: ['g'] };
  const [context, page] = await openPage(browser, broken);
  await page.goto(new URL('/portal/', server.url).href);
  await page.waitForSelector('text=Sign in with Example');
  assert.deepEqual(await lookAt(page), []);
  await page.click('text=Sign in with Example');
  await page.waitForSelector('.top');
  assert.match(await page.getAttribute('.top [aria-label*="account"]', 'aria-label'), /ann/);
  await page.goto(new URL('/portal/settings', server.url).href);
  await page.waitForSelector('#usage');
  await page.waitForSelector('section[aria-labelledby=usage] tbody tr');
  assert.match(await page.textContent('section[aria-labelledby=usage] tbody'), /^default1/);
  assert.deepEqual(await lookAt(page, { settings: 'settings' }), []);
  await context.close();
});

test('a sign-in that fails says so, and the password is still there', { skip: missing || false }, async () => {
  provider.next = { sub: '2', preferred_username: 'admin' };
  const [context, page] = await openPage(browser, broken);
  await page.goto(new URL('/portal/', server.url).href);
  await page.click('text=Sign in with Example');
  assert.match(await page.textContent('[role=alert]'), /Another user already has this name/);
  assert.ok(await page.isVisible('input[name=password]'));
  await context.close();
});

test('nothing was refused by the policy, no script failed', { skip: missing || false }, () => assert.deepEqual(broken, []));
