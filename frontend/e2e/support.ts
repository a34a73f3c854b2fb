import { randomUUID } from 'node:crypto';
import { expect, type Locator, type Page } from '@playwright/test';

export interface Person {
  name: string;
  email: string;
  password: string;
}

/** The account that a new installation comes with. */
export const admin: Person = {
  name: 'Administrator',
  email: 'admin@example.com',
  password: 'Admin@123456',
};

/** What a browser says of itself that is not the one the journeys are made with. */
export const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0';

/** Someone nobody has met, so that journeys do not disturb each other's sessions. */
export function somebody(): Person {
  const id = randomUUID().slice(0, 8);
  return { name: `Robin ${id}`, email: `robin-${id}@example.com`, password: `violet kettle ${id}` };
}

export async function signUp(page: Page, person: Person): Promise<void> {
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill(person.name);
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'My sessions' })).toBeVisible();
}

/** Fills in and sends the form of the sign-in page that is open. */
export async function fillSignIn(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto('/sign-in');
  await fillSignIn(page, person);
  await expect(page.getByRole('heading', { level: 1, name: 'My sessions' })).toBeVisible();
}

/** The rows of the list of sessions. */
export function sessionRows(page: Page): Locator {
  return page.getByRole('main').getByRole('listitem').filter({ hasText: 'Signed in' });
}

export function accountButton(page: Page, { name }: Person): Locator {
  return page.getByRole('button', { name: `Account: ${name}` });
}

/** What the sign-in page says to someone whose session was ended from elsewhere. */
export function sessionEnded(page: Page): Locator {
  return page.getByRole('alert').filter({ hasText: 'Your session was ended.' });
}
