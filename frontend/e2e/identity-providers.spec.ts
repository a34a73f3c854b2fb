import { expect, type Page, test } from '@playwright/test';
import { run } from './platform';
import { accountButton, type Person, signUp, somebody } from './support';

const company = 'Example Ltd. (company)';

test.beforeEach(async ({ request }) => {
  const { authProviders } = await run<{ authProviders: { id: string }[] }>(request, 'SignInOptions');
  test.skip(authProviders.length === 0, 'this server knows no identity providers');
});

const title = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });
const row = (page: Page, text: string) =>
  page.getByRole('main').getByRole('listitem').filter({ hasText: text });

/** Says to the provider, on its own page, who one is there. */
async function agree(page: Page, { name, email }: Person, { verified = true } = {}) {
  await page.getByLabel('Subject').fill(String(Number.parseInt(email.slice(6, 14), 16)));
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('The address is verified').setChecked(verified);
  await page.getByRole('button', { name: 'Agree' }).click();
}

test('a provider lets somebody in for the first time, once it may', async ({ page }) => {
  const person = somebody();
  await page.goto('/sign-in?next=%2Fprofile');
  await page.getByRole('link', { name: `Continue with ${company}` }).click();
  await page.getByRole('button', { name: 'Refuse' }).click();
  await expect(title(page, 'Sign-in was cancelled')).toBeVisible();
  await expect(page.getByText(`Access was not granted at ${company}`)).toBeVisible();
  await page.getByRole('link', { name: 'Sign in another way' }).click();
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fprofile$/);

  await page.goBack();
  await page.getByRole('link', { name: `Try again with ${company}` }).click();
  await agree(page, person);
  await expect(accountButton(page, person)).toBeVisible();
  await expect(page).toHaveURL(/\/profile$/);
});

test('accounts are linked and unlinked, but never the last way in', async ({ page }) => {
  const person = somebody();
  await page.goto('/sign-in?next=%2Fsecurity');
  await page.getByRole('link', { name: `Continue with ${company}` }).click();
  await agree(page, person);
  await expect(row(page, company)).toContainText('Linked');
  await page.getByRole('button', { name: `Unlink ${company}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click();
  await expect(page.getByText('This is your last way to sign in.').first()).toBeVisible();

  await page.getByRole('button', { name: 'Link GitHub' }).click();
  await page.getByRole('button', { name: 'Refuse' }).click();
  await expect(title(page, 'Sign-in was cancelled')).toBeVisible();
  await page.getByRole('link', { name: 'Back to security' }).click();
  await page.getByRole('button', { name: 'Link GitHub' }).click();
  await agree(page, person);
  await expect(page.getByText('GitHub is linked to your account.').first()).toBeVisible();
  await expect(page).toHaveURL(/\/security$/);

  await page.getByRole('button', { name: `Unlink ${company}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click();
  await expect(row(page, company)).toContainText('Not linked');
});

test('whoever has no password shows at the provider who they are', async ({ page }) => {
  const person = somebody();
  await page.goto('/sign-in?next=%2Fsecurity');
  await page.getByRole('link', { name: 'Continue with GitHub' }).click();
  await agree(page, person);
  await expect(row(page, 'GitHub')).toContainText('Linked');

  // As the server does ten minutes after a sign-in.
  await page.route('**/graphql', async (route) => {
    if (route.request().postDataJSON()?.operationName !== 'StartTotpEnrollment') return route.fallback();
    const error = { message: 'Show who you are.', extensions: { code: 'REAUTHENTICATION_REQUIRED' } };
    await route.fulfill({ json: { data: null, errors: [error] } });
  });
  const setUp = page.getByRole('button', { name: 'Set up', exact: true });
  await setUp.click();
  await page.getByRole('dialog').getByRole('link', { name: 'Continue with GitHub' }).click();
  await page.unrouteAll();
  await agree(page, person);
  await expect(page).toHaveURL(/\/security$/);
  await setUp.click();
  await expect(page.getByRole('dialog', { name: 'Set up an authenticator app' })).toBeVisible();
});

test('an address that has an account is no way into it', async ({ page, browser }) => {
  const person = somebody();
  await signUp(page, person);
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto('/sign-in');
  await stranger.getByRole('link', { name: 'Continue with GitHub' }).click();
  await agree(stranger, person, { verified: false });
  await expect(title(stranger, 'Your address is not verified there')).toBeVisible();
  await stranger.getByRole('link', { name: 'Sign in another way' }).click();
  await stranger.getByRole('link', { name: 'Continue with GitHub' }).click();
  await agree(stranger, person);
  await expect(title(stranger, 'There is already an account with this address')).toBeVisible();
  await stranger.getByRole('link', { name: 'Sign in another way' }).click();
  await expect(title(stranger, 'Sign in')).toBeVisible();
});
