import { expect, type Page, test } from '@playwright/test';
import { expectClean, looks } from './accessible';
import { addAuthenticator, addPasskey, enrolTotp, mailTo, run, showsMails, tokenOf, totp } from './platform';
import { accountButton, fillSignIn, firefox, sessionEnded, signUp, somebody } from './support';

const title = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name });
const newPage = async (page: Page, options = {}) =>
  (
    await page
      .context()
      .browser()
      ?.newContext({ locale: 'en-US', ...options })
  )?.newPage() as Promise<Page>;

/** The link of a mail, opened; its secret does not stay in the address. */
async function follow(page: Page, link: string) {
  await page.goto(link);
  await expect(page).not.toHaveURL(/#/);
}

test('an address without an account gets the same answer, and no mail', async ({ page }) => {
  await page.goto('/forgot-password');
  await page.getByLabel('Email').fill('nobody@example.com');
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(title(page, 'Check your inbox')).toBeVisible();
  await expect(page.getByText('If there is an account with the address nobody@example.com')).toBeVisible();
});

test.describe('by the links of mails', () => {
  test.beforeEach(async ({ request }) => {
    test.skip(!(await showsMails(request)), 'this server shows no mails');
  });

  test('a forgotten password is replaced by the link of a mail, once, and everybody is signed out', async ({
    page,
    baseURL,
  }) => {
    const person = somebody();
    const elsewhere = await newPage(page, { baseURL });
    await signUp(elsewhere, person);

    await page.goto('/sign-in');
    await page.getByLabel('Email').fill(person.email);
    await page.getByRole('link', { name: 'Forgot password?' }).click();
    await expect(page.getByLabel('Email')).toHaveValue(person.email);
    await page.getByRole('button', { name: 'Send the link' }).click();
    await expect(title(page, 'Check your inbox')).toBeVisible();

    const { link } = await mailTo(page.request, person.email, 'Choose a new password');
    await follow(page, link);
    await expect(page.getByText(person.email)).toBeVisible();
    await page.reload();
    await page.getByLabel('New password').fill('password');
    await page.getByRole('button', { name: 'Set the new password' }).click();
    await expect(page.getByText('Too easy to guess')).toBeVisible();
    const renewed = { ...person, password: 'a thimble of marmalade' };
    await page.getByLabel('New password').fill(renewed.password);
    await page.getByRole('button', { name: 'Set the new password' }).click();
    await expect(page.getByText('Your password is changed')).toBeVisible();
    await expect(sessionEnded(elsewhere)).toBeVisible();
    await fillSignIn(page, renewed);
    await expect(accountButton(page, person)).toBeVisible();

    await follow(page, link);
    await expect(title(page, 'This link is no longer good')).toBeVisible();
    await page.getByRole('link', { name: 'Send another link' }).click();
    await expect(title(page, 'Forgot your password?')).toBeVisible();
  });

  test('an invitation makes an account of its address, once', async ({ page, baseURL }) => {
    const person = somebody();
    const token = await tokenOf(page.request);
    await run(page.request, 'InviteUser', { input: { email: person.email, locale: 'EN' } }, token);
    const { link } = await mailTo(page.request, person.email, 'You are invited');

    await follow(page, link);
    await expect(page.getByText(person.email)).toBeVisible();
    await page.getByLabel('Name').fill(person.name);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(accountButton(page, person)).toBeVisible();

    const other = await newPage(page, { baseURL });
    await follow(other, link);
    await expect(title(other, 'This link is no longer good')).toBeVisible();
    await expect(other.getByText('ask whoever invited you')).toBeVisible();
  });

  test('whoever is signed in is asked to sign out before an invitation is taken', async ({ page }) => {
    const invited = somebody();
    const person = somebody();
    const token = await tokenOf(page.request);
    await run(page.request, 'InviteUser', { input: { email: invited.email, locale: 'EN' } }, token);
    const { link } = await mailTo(page.request, invited.email, 'You are invited');
    await signUp(page, person);
    await follow(page, link);
    await expect(page.getByText(`You are signed in as ${person.email}`)).toBeVisible();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByLabel('Name')).toBeVisible();
  });

  test('a sign-in that was somebody else is ended, and a new password chosen', async ({ page, baseURL }) => {
    const person = somebody();
    await signUp(page, person);
    const thief = await newPage(page, { baseURL, userAgent: firefox });
    await thief.goto('/sign-in');
    await fillSignIn(thief, person);
    await expect(accountButton(thief, person)).toBeVisible();

    const { link } = await mailTo(page.request, person.email, 'Sign-in from a new device');
    const owner = await newPage(page, { baseURL });
    await follow(owner, link);
    await expect(accountButton(thief, person)).toBeVisible();
    await owner.getByRole('button', { name: 'End it and choose a new password' }).click();
    await expect(owner.getByText('That session has ended.')).toBeVisible();
    await expect(sessionEnded(thief)).toBeVisible();
    await owner.getByLabel('New password').fill('a thimble of marmalade');
    await owner.getByRole('button', { name: 'Set the new password' }).click();
    await fillSignIn(owner, { ...person, password: 'a thimble of marmalade' });
    await expect(accountButton(owner, person)).toBeVisible();
  });

  test('mails of a machine without a mail server are read in the console', async ({ page }) => {
    const person = somebody();
    await signUp(page, person);
    await page.goto('/forgot-password');
    await page.getByLabel('Email').fill(person.email);
    await page.getByRole('button', { name: 'Send the link' }).click();
    const mailbox = page.waitForEvent('popup');
    await page.getByRole('link', { name: 'Read its mails here' }).click();
    const mails = await mailbox;
    await mails
      .getByRole('button', { name: person.email })
      .filter({ hasText: 'Choose a new password' })
      .click();
    const letter = mails.waitForEvent('popup');
    await mails.frameLocator('iframe').getByRole('link', { name: 'Choose a new password' }).click();
    await expect(title(await letter, 'Choose a new password')).toBeVisible();
    await mails.getByText('Text', { exact: true }).click();
    await expect(mails.getByRole('link', { name: /reset-password#token=/ })).toBeVisible();
  });
});

test.describe('where addresses have to be verified', () => {
  const baseURL = process.env.E2E_VERIFYING_URL;
  test.skip(!baseURL, 'needs E2E_VERIFYING_URL');
  test.use({ baseURL });

  async function fillSignUp(page: Page, person: { name: string; email: string; password: string }) {
    await page.goto('/sign-up');
    await page.getByLabel('Name').fill(person.name);
    await page.getByLabel('Email').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(title(page, 'Verify your address')).toBeVisible();
  }

  test('the code of the mail signs in', async ({ page }) => {
    const person = somebody();
    await fillSignUp(page, person);
    const { code } = await mailTo(page.request, person.email, 'Verify your email address');
    await page.getByLabel('Code from the mail').fill(code === '000000' ? '111111' : '000000');
    await expect(page.getByText('This code is not right.')).toBeVisible();
    await expect(page.getByLabel('Code from the mail')).toBeFocused();
    await page.getByLabel('Code from the mail').fill(`${code.slice(0, 3)} ${code.slice(3)}`);
    await expect(accountButton(page, person)).toBeVisible();
  });

  test('the link of the mail, on another device, lets the first one in', async ({ page }) => {
    const person = somebody();
    await fillSignUp(page, person);
    const { link } = await mailTo(page.request, person.email, 'Verify your email address');
    const phone = await newPage(page, { baseURL });
    await follow(phone, link);
    await phone.getByRole('button', { name: 'Verify my address' }).click();
    await expect(title(phone, 'Your address is verified')).toBeVisible();
    await page.getByRole('button', { name: 'I have opened the link' }).click();
    await expect(accountButton(page, person)).toBeVisible();
    await phone.getByRole('link', { name: 'Sign in' }).click();
    await expect(phone.getByLabel('Email')).toHaveValue(person.email);
  });

  test('whoever signs in too early is sent a mail, and another one with a code', async ({ page }) => {
    const person = somebody();
    await fillSignUp(page, person);
    await page.clock.install();
    await page.goto('/sign-in');
    await fillSignIn(page, person);
    await expect(title(page, 'Verify your address')).toBeVisible();
    await expect(page.getByLabel('Code from the mail')).toHaveCount(0);
    const resend = page.getByRole('button', { name: /^Send another mail/ });
    await expect(resend).toBeDisabled();
    await page.clock.fastForward(31_000);
    await resend.click();
    await expect(page.getByText('A new mail is on its way.')).toBeVisible();
    // The mail of this challenge takes the place of the earlier ones.
    await expect(async () => {
      const { code } = await mailTo(page.request, person.email, 'Verify your email address');
      await page.getByLabel('Code from the mail').fill(code);
      await expect(accountButton(page, person)).toBeVisible({ timeout: 3_000 });
    }).toPass();
  });

  test('the address of an account is answered like any other, and its owner told', async ({ page }) => {
    const person = somebody();
    await fillSignUp(page, person);
    const other = await newPage(page, { baseURL });
    await fillSignUp(other, { ...person, name: 'Somebody else', password: 'a thimble of marmalade' });
    await mailTo(page.request, person.email, 'You have an account already');
    await expect(other.getByLabel('Code from the mail')).toBeVisible();
  });
});

test.describe('second factors', () => {
  test('an authenticator app is asked for; a wrong code is said, and a used one refused', async ({
    page,
    baseURL,
  }) => {
    const person = somebody();
    await signUp(await newPage(page, { baseURL }), person);
    const { secret } = await enrolTotp((await newPage(page, { baseURL })).request, person);

    await page.goto('/sign-in?next=%2Fprofile');
    await fillSignIn(page, person);
    const code = page.getByLabel('Code', { exact: true });
    await expect(code).toBeFocused();
    await expect(code).toHaveAttribute('autocomplete', 'one-time-code');
    await page.reload();
    await code.fill(totp(secret, 1) === '000000' ? '111111' : '000000');
    await expect(page.getByText('This code is not right.')).toBeVisible();
    await page.getByLabel('Remember this device').check();
    const right = totp(secret, 1);
    await code.fill(right);
    await expect(page).toHaveURL(/\/profile$/);

    // Remembered: the password is enough here, and nowhere else.
    await accountButton(page, person).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await fillSignIn(page, person);
    await expect(accountButton(page, person)).toBeVisible();
    const other = await newPage(page, { baseURL });
    await other.goto('/sign-in');
    await fillSignIn(other, person);
    await other.getByLabel('Code', { exact: true }).fill(right);
    await expect(other.getByText('This code is not right.')).toBeVisible();
  });

  test('a recovery code stands in, once', async ({ page, baseURL }) => {
    const person = somebody();
    await signUp(await newPage(page, { baseURL }), person);
    const { recoveryCodes } = await enrolTotp((await newPage(page, { baseURL })).request, person);
    for (const browser of [page, await newPage(page, { baseURL })]) {
      await browser.goto('/sign-in');
      await fillSignIn(browser, person);
      await browser.getByRole('button', { name: 'Use a recovery code' }).click();
      await browser.getByLabel('Recovery code').fill(recoveryCodes[0] ?? '');
      await browser.getByRole('button', { name: 'Confirm' }).click();
      if (browser === page) await expect(accountButton(browser, person)).toBeVisible();
      else await expect(browser.getByText('or was used already')).toBeVisible();
    }
  });

  test('a challenge that has run out leads back to the beginning, with a word', async ({ page }) => {
    await page.goto('/sign-in/second-factor?next=%2Fprofile#challenge=never-issued');
    await expect(page).toHaveURL(/\/sign-in\?next=%2Fprofile$/);
    await expect(page.getByRole('alert')).toContainText('Please start again.');
  });

  test('a passkey signs in alone, and is the second step after a password', async ({ page, baseURL }) => {
    test.skip(new URL(baseURL ?? '').hostname !== 'localhost', 'passkeys are bound to names');
    const person = somebody();
    await signUp(page, person);
    await addAuthenticator(page);
    await addPasskey(page, person);

    await accountButton(page, person).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(accountButton(page, person)).toBeVisible();

    await accountButton(page, person).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await fillSignIn(page, person);
    await page.getByRole('button', { name: 'Continue with a passkey' }).click();
    await expect(accountButton(page, person)).toBeVisible();
  });

  test('a browser without a passkey says so, and lets one try again', async ({ page, baseURL }) => {
    test.skip(new URL(baseURL ?? '').hostname !== 'localhost', 'passkeys are bound to names');
    await addAuthenticator(page);
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page.getByText('No passkey was chosen')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeEnabled();
  });
});

const reasons = {
  ACCESS_DENIED: 'Sign-in was cancelled',
  STATE_EXPIRED: 'This sign-in is no longer valid',
  PROVIDER_UNAVAILABLE: 'No answer from the sign-in service',
  EMAIL_UNVERIFIED: 'Your address is not verified there',
  EMAIL_TAKEN: 'There is already an account with this address',
  REGISTRATION_CLOSED: 'There is no account for you yet',
  ACCOUNT_SUSPENDED: 'This account is suspended',
  ALREADY_LINKED: 'Linked to another account',
  RATE_LIMITED: 'Too many attempts',
  INTERNAL: 'The sign-in did not work',
  SOMETHING_NEW: 'The sign-in did not work',
};

test('every failure of an identity provider has a page, and a way back', async ({ page }) => {
  for (const [reason, heading] of Object.entries(reasons)) {
    await page.goto(`/sign-in/failed?provider=%3Cb%3Eevil&reason=${reason}&next=%2Fprofile`);
    await expect(title(page, heading)).toBeVisible();
    await expect(page.getByText('evil')).toHaveCount(0);
  }
  await page.getByRole('link', { name: 'Sign in another way' }).click();
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fprofile$/);

  await signUp(page, somebody());
  await page.goto('/sign-in/failed?provider=github&reason=ALREADY_LINKED&next=%2Fsecurity');
  await page.getByRole('link', { name: 'Back to security' }).click();
  await expect(page).toHaveURL(/\/security$/);
});

for (const { name, use } of looks) {
  test.describe(name, () => {
    test.use(use);

    test('every page on the way in passes axe and fits the window', async ({ page }) => {
      for (const address of [
        '/forgot-password',
        '/verify-email#token=never-issued',
        '/reset-password#token=never-issued',
        '/confirm-email',
        '/not-me',
        '/sign-in/failed?provider=github&reason=EMAIL_TAKEN',
      ]) {
        await page.goto(address);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.locator('.ant-skeleton')).toHaveCount(0);
        await expectClean(page);
      }

      if (!(await showsMails(page.request))) return;
      const { email } = somebody();
      const token = await tokenOf(page.request);
      await run(page.request, 'InviteUser', { input: { email, locale: 'EN' } }, token);
      await page.goto((await mailTo(page.request, email, 'You are invited')).link);
      await page.locator('[type=submit]').click();
      await expect(page.locator('[aria-invalid=true]')).toHaveCount(2);
      await expectClean(page);

      // Scripts do not run in the frame of a mail, those of axe neither.
      await page.goto('/dev/mails');
      await page.getByText(/^(Text|纯文本)$/).click();
      await expect(page.locator('iframe')).toHaveCount(0);
      await expectClean(page);
    });
  });
}
