// Debian's Chromium, driven by Playwright. tools/setup installs both.
import fs from 'node:fs';

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
