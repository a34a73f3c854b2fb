import { expect, test } from '@playwright/test';
import { expectClean, looks } from './accessible';
import { admin, signUp, somebody } from './support';

for (const { name, use } of looks) {
  test.describe(name, () => {
    test.use(use);

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
      await page.goto(`/admin/users?q=${encodeURIComponent(admin.email)}`);
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
