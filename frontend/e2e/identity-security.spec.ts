import { type Browser, expect, type Page, test } from '@playwright/test';
import { expectClean, looks } from './accessible';
import { addAuthenticator, answerTo, enrolTotp, mailTo, run, showsMails, totp } from './platform';
import { accountButton, admin, fillSignIn, firefox, type Person, signIn, signUp, somebody } from './support';

const title = (page: Page, name: string) => page.getByRole('heading', { level: 1, name });
const dialog = (page: Page, name?: string) => page.getByRole('dialog', { name });
const identityAsked = (page: Page) => dialog(page, 'Confirm that it is you');
const row = (page: Page, text: string) =>
  page.getByRole('main').getByRole('listitem').filter({ hasText: text });
const tableRow = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });
const newPage = async (browser: Browser, options = {}) => (await browser.newContext(options)).newPage();

/** Somebody new, on one of the security pages. */
async function arrive(page: Page, path: string): Promise<Person> {
  const person = somebody();
  await signUp(page, person);
  await page.goto(path);
  return person;
}

/** Has the server ask who is there at the next change, as it does ten minutes after a sign-in. */
async function askAtNext(page: Page, operation: string) {
  let asked = false;
  await page.route('**/graphql', async (route) => {
    if (asked || route.request().postDataJSON()?.operationName !== operation) return route.fallback();
    asked = true;
    const error = { message: 'Show who you are.', extensions: { code: 'REAUTHENTICATION_REQUIRED' } };
    await route.fulfill({ json: { data: null, errors: [error] } });
  });
}

async function keepRecoveryCodes(page: Page): Promise<string[]> {
  await expect(dialog(page).getByRole('listitem')).toHaveCount(10);
  const codes = await dialog(page).getByRole('listitem').allTextContents();
  await page.keyboard.press('Escape');
  await dialog(page).getByRole('button', { name: 'I have stored them' }).click();
  await expect(dialog(page)).toHaveCount(0);
  return codes;
}

test('an authenticator app is set up with its recovery codes, and removed', async ({ page }) => {
  await arrive(page, '/security');
  await page.getByRole('button', { name: 'Set up', exact: true }).click();
  const secret = (await dialog(page).locator('code').innerText()).replaceAll(' ', '');
  await expect(dialog(page).getByRole('img', { name: /^QR code/ })).toBeVisible();
  const code = dialog(page).getByLabel('Code', { exact: true });
  await code.fill(totp(secret) === '000000' ? '111111' : '000000');
  await expect(page.getByText('This code is not right.')).toBeVisible();
  await code.fill(totp(secret));

  await expect(dialog(page).getByText('They are shown only now')).toBeFocused();
  const download = page.waitForEvent('download');
  await dialog(page).getByRole('button', { name: 'Download' }).click();
  expect((await download).suggestedFilename()).toBe('fastgpt-platform-recovery-codes.txt');
  const codes = await keepRecoveryCodes(page);
  await expect(page.getByText('10 codes left')).toBeVisible();

  await page.getByRole('button', { name: 'Make new codes' }).click();
  await dialog(page).getByRole('button', { name: 'Make new codes' }).click();
  expect(await keepRecoveryCodes(page)).not.toEqual(codes);

  await row(page, 'Authenticator app').getByRole('button', { name: 'Remove' }).click();
  await dialog(page).getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('The authenticator app was removed.').first()).toBeVisible();
  await expect(page.getByText('codes left')).toHaveCount(0);
  await page.getByRole('link', { name: 'Activity' }).click();
  await expect(row(page, 'Authenticator app set up')).toBeVisible();
  await expect(row(page, 'Authenticator app removed')).toBeVisible();
});

test('a passkey is added, renamed and removed', async ({ page, baseURL }) => {
  test.skip(new URL(baseURL ?? '').hostname !== 'localhost', 'passkeys are bound to names');
  await addAuthenticator(page);
  await arrive(page, '/security');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(dialog(page).getByLabel('Name')).toHaveValue(/^Chrome · /);
  await dialog(page).getByRole('button', { name: 'Continue' }).click();
  await keepRecoveryCodes(page);

  await page.getByRole('button', { name: /^Rename passkey: Chrome/ }).click();
  await dialog(page).getByLabel('Name').fill('办公室电脑');
  await page.keyboard.press('Enter');
  await expect(row(page, '办公室电脑')).toContainText('Never used');
  await page.getByRole('button', { name: 'Remove passkey: 办公室电脑' }).click();
  await dialog(page).getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No passkeys yet')).toBeVisible();
});

test('who is there is asked in place, once, and the change goes on', async ({ page }) => {
  const person = await arrive(page, '/security');
  await askAtNext(page, 'StartTotpEnrollment');
  const setUp = page.getByRole('button', { name: 'Set up', exact: true });
  await setUp.click();
  const password = identityAsked(page).getByLabel('Password');
  await expect(password).toBeFocused();
  await page.keyboard.type('not this one');
  await page.keyboard.press('Enter');
  await expect(page.getByText('The password is wrong.')).toBeVisible();
  await password.fill(person.password);
  await page.keyboard.press('Enter');
  const app = dialog(page, 'Set up an authenticator app');
  await expect(app).toContainText('Scan this code');
  await expect(app.getByLabel('Code', { exact: true })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(setUp).toBeFocused();
});

test('whoever does not want to say who they are is told that nothing has changed', async ({ page }) => {
  await arrive(page, '/security/api-keys');
  await askAtNext(page, 'CreateApiKey');
  await page.getByRole('button', { name: 'Create key' }).click();
  await dialog(page).getByRole('textbox', { name: 'Name' }).fill('夜间任务');
  await page.keyboard.press('Enter');
  await expect(identityAsked(page).getByLabel('Password')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(identityAsked(page)).toHaveCount(0);
  await expect(dialog(page).getByText('Nothing was changed')).toBeVisible();
  await expect(dialog(page).getByRole('textbox', { name: 'Name' })).toHaveValue('夜间任务');
});

test('an API key is created, used and revoked', async ({ page, playwright, baseURL }) => {
  const person = await arrive(page, '/security/api-keys');
  await page.getByRole('button', { name: 'Create key' }).click();
  await dialog(page).getByRole('textbox', { name: 'Name' }).fill('夜间任务');
  await expect(dialog(page).getByText('Administration')).toHaveCount(0);
  await page.keyboard.press('Enter');
  const key = await dialog(page).locator('code').first().innerText();
  await dialog(page).getByRole('button', { name: 'I have stored it' }).click();
  await expect(row(page, '夜间任务')).toContainText('Never used');

  const program = await playwright.request.newContext({ baseURL });
  const { viewer } = await run<{ viewer: { name: string } }>(program, 'Profile', {}, key);
  expect(viewer.name).toBe(person.name);
  await page.getByRole('button', { name: 'Revoke API key: 夜间任务' }).click();
  await dialog(page).getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('No active API keys')).toBeVisible();
  const refused = await program.post('/api/graphql', {
    data: { query: '{ viewer { name } }' },
    headers: { authorization: `Bearer ${key}` },
  });
  expect(refused.status()).toBe(401);
  await page.getByText('All', { exact: true }).click();
  await expect(row(page, '夜间任务')).toContainText('Revoked');
});

test('what happens to an account shows in every tab as it happens', async ({ page, context, browser }) => {
  const person = await arrive(page, '/security/activity');
  await expect(row(page, 'Account created')).toContainText('With a password');
  const other = await context.newPage();
  await other.goto('/profile');
  await other.getByLabel('Name').fill('李蕾');
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(row(page, 'Profile changed')).toContainText(`${person.name} → 李蕾`);

  await signIn(await newPage(browser, { userAgent: firefox }), person);
  await expect(page.getByText('New sign-in to your account from a new device').first()).toBeVisible();
  await expect(row(page, 'Sign-in from a new device')).toBeVisible();
});

test('a copy of the data is made and downloaded', async ({ page }) => {
  await arrive(page, '/security/data');
  await page.getByRole('button', { name: 'Request a copy' }).click();
  const link = page.getByRole('link', { name: /^Download/ });
  await expect(link).toBeVisible({ timeout: 60_000 });
  const download = page.waitForEvent('download');
  await link.click();
  expect((await download).suggestedFilename()).toMatch(/\.zip$/);
});

test('an account is to be erased, and then stays after all', async ({ page }) => {
  const person = await arrive(page, '/security/data');
  await page.getByRole('button', { name: 'Erase my account' }).click();
  await expect(dialog(page)).toContainText('After 14 days');
  await dialog(page).getByLabel('Password').fill('not this one');
  await dialog(page).getByRole('button', { name: 'Erase my account' }).click();
  await expect(page.getByText('The password is wrong.')).toBeVisible();
  await dialog(page).getByLabel('Password').fill(person.password);
  await dialog(page).getByRole('button', { name: 'Erase my account' }).click();
  await expect(page.getByText('Your account will be erased.')).toBeVisible();
  await page.getByRole('button', { name: 'Keep my account' }).first().click();
  await expect(page.getByText('Your account stays.').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Erase my account' })).toBeVisible();
});

test('an address is changed by a link to the new one', async ({ page }) => {
  test.skip(!(await showsMails(page.request)), 'this server shows no mails');
  const person = await arrive(page, '/security');
  const { email } = somebody();
  await page.getByRole('button', { name: 'Change email' }).click();
  await dialog(page).getByLabel('New email').fill(email);
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toContainText(`Open the link that we have sent to ${email}`);
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await expect(row(page, 'Email')).toContainText(person.email);
  const { link } = await mailTo(page.request, email, /address/);
  await page.goto(link);
  await page.getByRole('button', { name: 'Use this address' }).click();
  await expect(title(page, 'Your address is changed')).toBeVisible();
});

test('an address is verified by a link that is sent once more', async ({ page }) => {
  test.skip(!(await showsMails(page.request)), 'this server shows no mails');
  const person = await arrive(page, '/security');
  await expect(row(page, 'Email')).toContainText('Not verified');
  await page.getByRole('button', { name: 'Send a verification mail' }).click();
  await expect(page.getByText(`We have sent a mail to ${person.email}.`).first()).toBeVisible();
  // The link of this mail takes the place of the earlier one's.
  await expect(async () => {
    await page.goto((await mailTo(page.request, person.email, 'Verify your email address')).link);
    await page.getByRole('button', { name: 'Verify my address' }).click({ timeout: 2_000 });
    await expect(title(page, 'Your address is verified')).toBeVisible({ timeout: 3_000 });
  }).toPass();
  await page.goto('/security');
  await expect(row(page, 'Email')).toContainText('Verified');
  await expect(page.getByRole('button', { name: 'Send a verification mail' })).toHaveCount(0);
});

test('an administrator invites, sends again and withdraws, and sees the mails', async ({ page }) => {
  const { email } = somebody();
  await signIn(page, admin);
  await page.getByRole('link', { name: 'Invitations' }).click();
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  await dialog(page).getByLabel('Email').fill(email);
  await page.keyboard.press('Enter');
  await expect(tableRow(page, email)).toContainText('Pending');
  await page.getByRole('button', { name: `Resend invitation: ${email}` }).click();
  await expect(page.getByText(`A new link is on its way to ${email}.`).first()).toBeVisible();
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  await dialog(page).getByLabel('Email').fill(email);
  await page.keyboard.press('Enter');
  await expect(dialog(page).getByText('or an open invitation, already')).toBeVisible();
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: `Withdraw invitation: ${email}` }).click();
  await dialog(page).getByRole('button', { name: 'Withdraw' }).click();
  await expect(tableRow(page, email)).toContainText('Withdrawn');
  await page.goto('/admin/invitations?state=PENDING');
  await expect(page.getByRole('main').getByRole('heading')).toBeVisible();
  await expect(tableRow(page, email)).toHaveCount(0);

  await page.getByRole('link', { name: 'Mails' }).click();
  await expect(tableRow(page, email).first()).toContainText('Invitation');
});

test('an administrator sees how somebody gets in, and helps who has lost a factor', async ({
  page,
  browser,
}) => {
  const person = somebody();
  const lost = await newPage(browser);
  await signUp(lost, person);
  await enrolTotp(lost.request, person);
  await signIn(page, admin);
  await page.goto(`/admin/users?q=${encodeURIComponent(person.email)}`);
  await page.getByRole('link', { name: person.name }).click();
  await expect(page.getByText('10 codes left')).toBeVisible();
  await page.getByRole('button', { name: 'Reset second factors' }).click();
  await dialog(page).getByRole('button', { name: 'Reset second factors' }).click();
  await expect(page.getByText(`The second factors of ${person.name} were removed.`).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Reset second factors' })).toHaveCount(0);
  await page.getByRole('main').getByRole('link', { name: 'Activity' }).click();
  await expect(row(page, 'All second factors removed')).toContainText('By an administrator');
});

test.describe('where ten guesses a minute are enough', () => {
  const baseURL = process.env.E2E_SHORT_TOKEN_URL;
  test.skip(!baseURL, 'needs E2E_SHORT_TOKEN_URL');
  test.use({ baseURL });

  test('an administrator lifts a block', async ({ page, browser }) => {
    await signIn(page, admin);
    const person = somebody();
    await signUp(await newPage(browser), person);
    const stranger = await newPage(browser);
    const input = { email: person.email, password: 'not this one' };
    for (let guess = 0; guess < 10; guess += 1) await answerTo(stranger.request, 'SignIn', { input });
    await stranger.goto('/sign-in');
    await fillSignIn(stranger, person);
    await expect(stranger.getByText(/^Too many requests/)).toBeVisible();

    await page.getByRole('link', { name: 'Blocks' }).click();
    await expect(row(page, person.email)).toContainText('left');
    await page.getByRole('button', { name: `Lift block: ${person.email}` }).click();
    await dialog(page).getByRole('button', { name: 'Lift block' }).click();
    await expect(row(page, person.email)).toHaveCount(0);
    await stranger.reload();
    await fillSignIn(stranger, person);
    await expect(accountButton(stranger, person)).toBeVisible();
  });
});

test.describe('where administrators need a second factor', () => {
  const baseURL = process.env.E2E_VERIFYING_URL;
  test.skip(!baseURL, 'needs E2E_VERIFYING_URL');
  test.use({ baseURL, contextOptions: { reducedMotion: 'reduce' } });

  test('one without it sets it up before anything else, and again once it is gone', async ({ page }) => {
    const gate = title(page, 'One more step to protect your account');
    await page.goto('/sign-in');
    await fillSignIn(page, admin);
    await expect(gate).toBeVisible();
    await page.goto('/admin/users');
    await expect(page).toHaveURL(/\/second-factor-required\?next=/);
    for (const { use } of [...looks].reverse()) {
      await page.emulateMedia({ colorScheme: use.colorScheme });
      await page.setViewportSize(use.viewport);
      await page.evaluate((language) => localStorage.setItem('language', language), use.locale);
      await page.reload();
      await expect(page.getByRole('main').getByRole('heading', { level: 2 })).toHaveCount(2);
      await expectClean(page);
    }

    await page.getByRole('button', { name: 'Set up', exact: true }).click();
    const secret = (await dialog(page).locator('code').innerText()).replaceAll(' ', '');
    await dialog(page).getByLabel('Code', { exact: true }).fill(totp(secret));
    await keepRecoveryCodes(page);
    await expect(title(page, 'Users')).toBeVisible();

    await page.getByRole('link', { name: 'Security' }).first().click();
    await row(page, 'Authenticator app').getByRole('button', { name: 'Remove' }).click();
    await dialog(page).getByRole('button', { name: 'Remove' }).click();
    await expect(gate).toBeVisible();
  });
});

for (const { name, use } of looks) {
  test.describe(name, () => {
    test.use(use);

    test('every page about security passes axe and fits the window', async ({ page, browser }) => {
      const person = somebody();
      const english = await (await browser.newContext({ locale: 'en-US' })).newPage();
      await signUp(english, person);
      await enrolTotp(english.request, person);
      await page.goto('/sign-in');
      await page.locator('[inputmode=email]').fill(admin.email);
      await page.locator('[type=password]').fill(admin.password);
      await page.locator('[type=submit]').click();
      await expect(page.getByRole('main').locator('time').first()).toBeVisible();
      for (const address of [
        '/security',
        '/security/api-keys',
        '/security/activity',
        '/security/data',
        '/admin/invitations',
        '/admin/api-keys',
        '/admin/mails',
        '/admin/blocks',
      ]) {
        await page.goto(address);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.locator('.ant-skeleton')).toHaveCount(0);
        await expectClean(page);
      }

      await page.goto(`/admin/users?q=${encodeURIComponent(person.email)}`);
      await page.getByRole('link', { name: person.name }).click();
      const sections = page.getByRole('main').getByRole('navigation').getByRole('link');
      for (const section of [0, 1, 2]) {
        await sections.nth(section).click();
        await expect(page.locator('.ant-skeleton')).toHaveCount(0);
        await expectClean(page);
      }

      await page.goto('/security/api-keys');
      await page.getByRole('main').locator('header').getByRole('button').click();
      await dialog(page).locator('[type=submit]').click();
      await expect(dialog(page).locator('[aria-invalid=true]')).toHaveCount(1);
      await expectClean(page);
    });
  });
}
