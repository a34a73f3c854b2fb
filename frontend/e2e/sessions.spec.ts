import { expect, test } from '@playwright/test';
import { accountButton, sessionEnded, sessionRows, signIn, signUp, somebody } from './support';

const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0';

test('a session appears while one watches, and ending it throws the other device out', async ({
  page,
  browser,
}) => {
  const person = somebody();
  await signUp(page, person);
  await expect(sessionRows(page)).toHaveCount(1);

  const other = await (await browser.newContext({ userAgent: firefox })).newPage();
  await signIn(other, person);
  await other.getByRole('link', { name: 'Profile' }).click();
  await expect(other.getByRole('heading', { level: 1, name: 'Profile' })).toBeVisible();

  const notice = page.getByText('New sign-in to your account from a new device');
  await expect(notice).toBeVisible();
  const row = sessionRows(page).filter({ hasText: 'Firefox' });
  await expect(row).toHaveCount(1);
  await row.getByRole('button', { name: /^End session: Firefox/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
  await expect(sessionEnded(other)).toBeVisible();
  await expect(other).toHaveURL(/\/sign-in\?next=%2Fprofile$/);

  await expect(row).toHaveCount(0);
  await expect(notice).toHaveCount(0);
  await page.getByText('Ended', { exact: true }).click();
  await expect(row).toContainText('Ended from another device');
});

test('the notice of a new device stays when somebody else ends that session', async ({ page, browser }) => {
  const person = somebody();
  await signUp(page, person);
  const other = await (await browser.newContext({ userAgent: firefox })).newPage();
  await signIn(other, person);
  const notice = page.getByText('New sign-in to your account from a new device');
  await expect(notice).toBeVisible();

  await accountButton(other, person).click();
  await other.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(sessionRows(page).filter({ hasText: 'Firefox' })).toHaveCount(0);
  await expect(notice).toBeVisible();
});

test('all other sessions end at once', async ({ page, browser }) => {
  const person = somebody();
  await signUp(page, person);
  const others = await Promise.all([1, 2].map(async () => (await browser.newContext()).newPage()));
  for (const other of others) await signIn(other, person);
  await expect(sessionRows(page)).toHaveCount(3);

  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End all others' }).click();
  await expect(page.getByText('2 other sessions were ended.').first()).toBeVisible();
  for (const other of others) await expect(sessionEnded(other)).toBeVisible();
  await expect(sessionRows(page)).toHaveCount(1);
  await page.reload();
  await expect(sessionRows(page)).toHaveCount(1);
});

test('a lost connection is said, and made up for when it is back', async ({ page, browser }) => {
  const person = somebody();
  await signUp(page, person);
  await expect(sessionRows(page)).toHaveCount(1);

  // Cuts the live connection, now and for as long as it stands in the way.
  await page.routeWebSocket(/graphql$/, (socket) => socket.close({ code: 1001 }));
  await page.reload();
  await expect(page.getByText('The connection is lost')).toBeVisible();
  const other = await (await browser.newContext()).newPage();
  await signIn(other, person);
  await expect(sessionRows(page)).toHaveCount(1);

  await page.routeWebSocket(/graphql$/, (socket) => {
    socket.connectToServer();
  });
  // The pauses between attempts have grown meanwhile.
  await expect(sessionRows(page)).toHaveCount(2, { timeout: 25_000 });
  await expect(page.getByText('The connection is lost')).toBeHidden();
});
