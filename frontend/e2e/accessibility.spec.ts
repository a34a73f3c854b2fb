import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { admin, signUp, somebody } from './support';

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function expectClean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
  expect(violations.map(({ id, nodes }) => ({ id, targets: nodes.map(({ target }) => target) }))).toEqual([]);
  await expectToFit(page);
}

/** Nothing is wider than the window, nor cut off by the card it is in, at this width and at those in between. */
async function expectToFit(page: Page) {
  const own = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const width of [320, 880, own.width]) {
    await page.setViewportSize({ ...own, width });
    const tooWide = () =>
      page.evaluate(() =>
        [document.documentElement, ...document.querySelectorAll('main section')]
          .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
          .map(({ outerHTML }) => outerHTML.slice(0, 80)),
      );
    await expect.poll(tooWide, { message: `at ${width} px` }).toEqual([]);
  }
}

for (const { locale, colorScheme, width } of [
  { locale: 'en-US', colorScheme: 'light', width: 1280 },
  { locale: 'en-US', colorScheme: 'dark', width: 375 },
  { locale: 'zh-CN', colorScheme: 'dark', width: 1280 },
  { locale: 'zh-CN', colorScheme: 'light', width: 375 },
] as const) {
  test.describe(`${locale}, ${colorScheme}, ${width} px`, () => {
    // Colours are judged once they have settled.
    test.use({
      locale,
      colorScheme,
      viewport: { width, height: 800 },
      contextOptions: { reducedMotion: 'reduce' },
    });

    test('every page passes axe and fits the window', async ({ page }) => {
      const main = page.getByRole('main');
      await page.goto('/sign-up');
      await expect(main.getByRole('heading')).toBeVisible();
      await main.locator('[type=submit]').click();
      await expect(main.locator('[aria-invalid=true]')).toHaveCount(3);
      await expectClean(page);

      await page.goto('/sign-in');
      await expect(main.getByRole('heading')).toBeVisible();
      await expectClean(page);
      await page.locator('[inputmode=email]').fill(admin.email);
      await page.locator('[type=password]').fill(admin.password);
      await page.locator('[type=submit]').click();

      await expect(main.locator('time').first()).toBeVisible();
      await expectClean(page);
      await page.goto('/profile');
      await expect(main.getByRole('textbox').first()).toBeVisible();
      await expectClean(page);
      await page.goto('/admin/users');
      await expect(main.locator('time').first()).toBeVisible();
      await expectClean(page);
      await main.getByRole('link', { name: admin.name, exact: true }).click();
      await expect(main.locator('time').first()).toBeVisible();
      await expectClean(page);
      await page.goto('/nowhere');
      await expect(main.getByRole('heading')).toBeVisible();
      await expectClean(page);
    });
  });
}

test('the console is used by keyboard alone', async ({ page, browser }) => {
  const person = somebody();
  await signUp(await (await browser.newContext()).newPage(), person);
  await page.goto('/sign-in');
  await expect(page.getByLabel('Email')).toBeFocused();
  await page.keyboard.type(person.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(person.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'My sessions' })).toBeFocused();

  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'My sessions' })).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();

  await page.getByRole('button', { name: 'Theme' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Dark' }).press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
