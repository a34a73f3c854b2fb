import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** The page passes axe, and fits its window. */
export async function expectClean(page: Page) {
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

/** Each language, theme and width, in half of their combinations. */
export const looks = (
  [
    { locale: 'en-US', colorScheme: 'light', width: 1280 },
    { locale: 'en-US', colorScheme: 'dark', width: 375 },
    { locale: 'zh-CN', colorScheme: 'dark', width: 1280 },
    { locale: 'zh-CN', colorScheme: 'light', width: 375 },
  ] as const
).map(({ locale, colorScheme, width }) => ({
  name: `${locale}, ${colorScheme}, ${width} px`,
  use: {
    locale,
    colorScheme,
    viewport: { width, height: 800 },
    // Colours are judged once they have settled.
    contextOptions: { reducedMotion: 'reduce' as const },
  },
}));
