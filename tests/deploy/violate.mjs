// Has a page do what its content security policy forbids, for the search that has to find it.

import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../frontend/package.json', import.meta.url))('@playwright/test');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage();
await page.goto(`${process.argv[2]}/sign-in`);
const refused = await page.evaluate(
  () =>
    new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      const script = document.createElement('script');
      script.src = 'https://cdn.example/script.js';
      document.head.append(script);
    }),
);
await browser.close();
if (!refused.startsWith('script-src')) throw new Error(`${refused} was violated`);
