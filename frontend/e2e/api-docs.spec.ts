import { expect, type Page, test } from '@playwright/test';
import { admin, fillSignIn, signIn } from './support';

/** Runs one of the operations that a new editor comes with, which every server lets an administrator do. */
async function run(page: Page, operation: string) {
  // The menu of operations is there once the schema has arrived.
  await expect(async () => {
    await page.getByRole('button', { name: /Execute query/ }).click();
    await expect(page.getByRole('menuitem', { name: operation })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await page.getByRole('menuitem', { name: operation }).click();
}

const answer = (page: Page) => page.locator('.result-window');

test("GraphiQL answers a query and shows a subscription's event, with the console's session", async ({
  page,
  browser,
}) => {
  const problems: string[] = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto('/sign-in?next=%2Fapi-docs');
  await fillSignIn(page, admin);
  await expect(page.getByText(`Signed in as ${admin.email}`)).toBeVisible();

  await run(page, 'Me');
  await expect(answer(page)).toContainText(admin.email);

  const sent: string[] = [];
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload.toString())));
  await run(page, 'MySessions');
  await expect.poll(() => sent.some((message) => message.includes('"subscribe"'))).toBe(true);
  const other = await (await browser.newContext()).newPage();
  await signIn(other, admin);
  await expect(answer(page)).toContainText('STARTED');
  expect(problems, 'the content security policy stands in nobody’s way').toEqual([]);
});

test('GraphiQL has its own way to sign in and out', async ({ page }) => {
  await page.goto('/api-docs');
  await page.getByLabel('Email').fill(admin.email);
  await page.getByLabel('Password').fill('not this one');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByText('The email or the password is wrong.')).toBeVisible();
  await page.getByLabel('Password').fill(admin.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByText(`Signed in as ${admin.email}`)).toBeVisible();
  await run(page, 'Me');
  await expect(answer(page)).toContainText(admin.email);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('Not signed in')).toBeVisible();
});
