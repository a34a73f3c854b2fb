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

test('five tabs that reload at once all stay signed in', async ({ page, context }) => {
  const person = somebody();
  await signUp(page, person);
  const tabs = [page];
  while (tabs.length < 5) {
    const tab = await context.newPage();
    await tab.goto('/sessions');
    tabs.push(tab);
  }
  for (let round = 0; round < 3; round++) {
    await Promise.all(tabs.map((tab) => tab.reload()));
    for (const tab of tabs) await expect(sessionRows(tab).filter({ hasText: 'This device' })).toBeVisible();
  }
  await expect(sessionRows(page)).toHaveCount(1);
});

test('tabs sign out together, and sign in together as someone else', async ({ page, context, browser }) => {
  const person = somebody();
  const successor = somebody();
  await signUp(await (await browser.newContext()).newPage(), successor);
  await signUp(page, person);
  const other = await context.newPage();
  await other.goto('/profile');
  await expect(accountButton(other, person)).toBeVisible();

  await accountButton(page, person).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  for (const tab of [page, other]) {
    await expect(tab.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
    await expect(sessionEnded(tab)).toHaveCount(0);
  }
  await fillSignIn(page, successor);
  for (const tab of [page, other]) await expect(accountButton(tab, successor)).toBeVisible();
});

test('a question asked of one person is gone when another one signs in', async ({
  page,
  context,
  browser,
}) => {
  const person = somebody();
  const successor = somebody();
  const elsewhere = await (await browser.newContext()).newPage();
  await signUp(elsewhere, successor);
  await signUp(page, person);
  await page.getByRole('button', { name: 'End all others' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();

  const other = await context.newPage();
  await other.goto('/sessions');
  await accountButton(other, person).click();
  await other.getByRole('menuitem', { name: 'Sign out' }).click();
  await fillSignIn(other, successor);
  await expect(accountButton(page, successor)).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(sessionRows(page)).toHaveCount(2);
});

test('a new name and another language reach the other tabs', async ({ page, context }) => {
  const person = somebody();
  await signUp(page, person);
  const other = await context.newPage();
  await other.goto('/sessions');
  await expect(accountButton(other, person)).toBeVisible();

  await page.getByRole('link', { name: 'Profile' }).click();
  const renamed = { ...person, name: 'Robin Goodfellow' };
  await page.getByLabel('Name').fill(renamed.name);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(accountButton(other, renamed)).toBeVisible();

  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitem', { name: '简体中文' }).click();
  await expect(other.getByRole('heading', { level: 1, name: '我的会话' })).toBeVisible();
});

test.describe('with access tokens of five seconds', () => {
  const baseURL = process.env.E2E_SHORT_TOKEN_URL;
  test.skip(!baseURL, 'needs E2E_SHORT_TOKEN_URL');
  test.use({ baseURL });

  test('an expired access token is renewed without the person noticing', async ({ page }) => {
    await signIn(page, admin);
    await page.getByRole('link', { name: 'Profile' }).click();
    await page.getByLabel('Name').fill('Half a name');

    // Three tokens go by while a form is being filled in.
    let renewals = 0;
    page.on('response', (response) => {
      if (response.request().postData()?.includes('refreshSession') && response.ok()) renewals += 1;
    });
    await expect.poll(() => renewals, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);

    await expect(page.getByLabel('Name')).toHaveValue('Half a name');
    await page.getByLabel('Name').fill(admin.name);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Your profile is saved.').first()).toBeVisible();
    await page.getByRole('link', { name: 'My sessions' }).click();
    await expect(sessionRows(page).filter({ hasText: 'This device' })).toBeVisible();
    await expect(page.getByText('The connection is lost')).toBeHidden();
  });

  test('one live connection outlives three access tokens, and still brings events', async ({
    page,
    browser,
  }) => {
    let connections = 0;
    let renewals = 0;
    page.on('websocket', (socket) => {
      connections += 1;
      socket.on('framesent', ({ payload }) => {
        if (payload.toString().includes('renewToken')) renewals += 1;
      });
    });
    const person = somebody();
    await signUp(page, person);
    // With the fourth renewal, the third token's five seconds are over.
    await expect.poll(() => renewals, { timeout: 60_000 }).toBeGreaterThanOrEqual(4);

    await signIn(await (await browser.newContext()).newPage(), person);
    await expect(page.getByText('New sign-in to your account').first()).toBeVisible();
    await expect(sessionRows(page)).toHaveCount(2);
    expect(connections).toBe(1);
  });
});
