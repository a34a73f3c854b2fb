import { expect, test } from '@playwright/test';
import {
  accountButton,
  admin,
  fillSignIn,
  sessionEnded,
  sessionRows,
  signIn,
  signUp,
  somebody,
} from './support';

test('the first administrator signs in and sees the own session and the users', async ({ page }) => {
  await page.goto('/');
  await expect(page).toHaveURL(/\/sign-in$/);
  await fillSignIn(page, admin);
  await expect(page).toHaveURL(/\/sessions$/);
  await expect(sessionRows(page).filter({ hasText: 'This device' })).toHaveCount(1);
  await page.getByRole('link', { name: 'Users' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Users' })).toBeFocused();
  await page.getByLabel('Search by name or email').fill(admin.email);
  await expect(page.getByText('1 user', { exact: true })).toBeVisible();
  await page.getByRole('link', { name: admin.name }).click();
  await expect(page.getByRole('heading', { level: 1, name: admin.name })).toBeVisible();
  await expect(sessionRows(page).filter({ hasText: 'This device' })).toHaveCount(1);
});

test('a wrong password is refused, and the right one leads to where the person wanted to go', async ({
  page,
}) => {
  await page.goto('/admin/users?q=admin');
  await fillSignIn(page, { ...admin, password: 'not this one' });
  await expect(page.getByRole('alert')).toContainText('The email or the password is wrong.');
  await page.getByLabel('Password', { exact: true }).fill(admin.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/users\?q=admin$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Users' })).toBeVisible();
});

test('signing up tells what is wrong, field by field, and then signs in', async ({ page, browser }) => {
  const person = somebody();
  await page.goto('/sign-up');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('Please fill this in.')).toHaveCount(3);
  await page.getByLabel('Name').fill(person.name);
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill('password');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('Too easy to guess')).toBeVisible();
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(accountButton(page, person)).toBeVisible();

  const other = await (await browser.newContext()).newPage();
  await other.goto('/sign-up');
  await other.getByLabel('Name').fill(person.name);
  await other.getByLabel('Email').fill(person.email.toUpperCase());
  await other.getByLabel('Password', { exact: true }).fill(person.password);
  await other.getByRole('button', { name: 'Create account' }).click();
  await expect(other.getByText('There is already an account with this email.')).toBeVisible();
});

test('users see nothing of the administration', async ({ page }) => {
  await signUp(page, somebody());
  await expect(page.getByRole('link', { name: 'Profile' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Users' })).toHaveCount(0);
  await page.goto('/admin/users');
  await expect(page.getByRole('heading', { level: 1, name: 'No access' })).toBeVisible();
  await page.goto('/nowhere');
  await expect(page.getByRole('heading', { level: 1, name: 'Page not found' })).toBeVisible();
});

test('a person renames themselves and changes the password', async ({ page, browser }) => {
  const person = somebody();
  await signUp(page, person);
  const other = await (await browser.newContext()).newPage();
  await signIn(other, person);

  await page.getByRole('link', { name: 'Profile' }).click();
  const renamed = { ...person, name: 'Robin Goodfellow', password: 'a thimble of marmalade' };
  await page.getByLabel('Name').fill(renamed.name);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(accountButton(page, renamed)).toBeVisible();

  await page.getByRole('link', { name: 'Security' }).first().click();
  await page.getByRole('button', { name: 'Change password' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Current password').fill('not this one');
  await dialog.getByLabel('New password').fill(renamed.password);
  await dialog.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('The password is wrong.')).toBeVisible();
  await dialog.getByLabel('Current password').fill(person.password);
  await dialog.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('All your other devices were signed out.').first()).toBeVisible();
  await expect(sessionEnded(other)).toBeVisible();
  await fillSignIn(other, renamed);
  await expect(accountButton(other, renamed)).toBeVisible();
});

test('language follows the browser until one is chosen, and the choice is remembered', async ({
  browser,
}) => {
  const page = await (await browser.newContext({ locale: 'zh-CN' })).newPage();
  await page.goto('/sign-in');
  await expect(page.getByRole('heading', { level: 1, name: '登录' })).toBeVisible();
  await expect(page).toHaveTitle('登录 · FastGPT 平台');
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await page.getByRole('button', { name: '语言' }).click();
  await page.getByRole('menuitem', { name: 'English' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  await page.reload();
  await expect(page).toHaveTitle('Sign in · FastGPT Platform');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
});
