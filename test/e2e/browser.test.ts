import { createHash, randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium, missingChromium as missing } from '../support/chromium.ts';
import { type DemoServer, startDemo } from './demo-server.ts';

/** Directory for pictures of the pages; none are made without it. */
const pictures = process.env.DEMO_PICTURES;

describe.skipIf(missing !== undefined)(`in a browser${missing === undefined ? '' : ` (${missing})`}`, () => {
  let demo: DemoServer;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    demo = await startDemo();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
  });

  // Scripts stay off: every page must work without them.
  beforeEach(async () => {
    const context = await browser.newContext({
      baseURL: demo.base,
      javaScriptEnabled: false,
      viewport: { width: 1100, height: 800 },
    });
    page = await context.newPage();
    complaints = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(demo.base)) complaints.push(`left the site: ${request.url()}`);
    });
  });

  afterEach(async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  async function picture(name: string): Promise<void> {
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  }

  test('the first page, and every link on it', async () => {
    await page.goto('/');
    expect(await page.title()).toBe('apache-lite');
    expect(await page.locator('h1').textContent()).toBe('Your Apache configuration, served by Node.js');
    await picture('index');
    const links = await page
      .locator('a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
    expect(links.length).toBeGreaterThan(10);
    for (const link of new Set(links)) {
      const answer = await page.request.head(link);
      expect([link, answer.status()]).toEqual([link, link === '/nothing-here' ? 404 : 200]);
    }
  });

  test('the style sheet is applied, also on a narrow screen and in the dark', async () => {
    await page.goto('/');
    const light = await page.screenshot();
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture('index-dark');
    expect(light.equals(await page.screenshot())).toBe(false);
    await page.setViewportSize({ width: 380, height: 700 });
    await picture('index-narrow');
    const box = await page.locator('main').boundingBox();
    expect(box?.width).toBeLessThanOrEqual(380);
  });

  test('variables', async () => {
    await page.goto('/app/variables.app/more?q=<b>');
    const row = (name: string) => page.locator('tr', { has: page.getByText(name, { exact: true }) });
    expect(await row('PATH_INFO').locator('td').textContent()).toBe('/more');
    expect(await row('SCRIPT_NAME').locator('td').textContent()).toBe('/app/variables.app');
    expect(await page.locator('td b').count()).toBe(0);
    await picture('variables');
  });

  test('the form', async () => {
    await page.goto('/app/form.app');
    await page.getByLabel('Your name').fill('Ada <Lovelace>');
    await page.getByLabel('Favourite directive').selectOption('FilesMatch');
    await page.getByLabel('A few words').fill('two\nlines & more: äöü');
    await page.getByRole('button', { name: 'Send' }).click();
    expect(await page.locator('#answer h2').textContent()).toBe('Hello, Ada <Lovelace>!');
    const values = await page.locator('#answer td').allInnerTexts();
    expect(values.map((value) => value.replace(/\s+/g, ' '))).toEqual([
      'Ada <Lovelace>',
      'FilesMatch',
      expect.stringMatching(/^two.*lines & more: äöü$/),
    ]);
    await picture('form');
  });

  test('the upload', async () => {
    const large = randomBytes(2_500_000);
    await page.goto('/app/upload.app');
    await page.getByLabel('Files').setInputFiles([
      { name: 'größe "x".bin', mimeType: 'application/octet-stream', buffer: large },
      { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('hello\n') },
    ]);
    await page.getByLabel('A remark').fill('from a browser');
    await page.getByRole('button', { name: 'Upload' }).click();
    expect(await page.locator('#answer .file').count()).toBe(2);
    const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(await page.locator('#answer .file dd').allInnerTexts()).toEqual([
      'größe "x".bin',
      'application/octet-stream',
      '2,500,000 bytes',
      sha256(large),
      'note.txt',
      'text/plain',
      '6 bytes',
      sha256(Buffer.from('hello\n')),
    ]);
    expect(await page.locator('#answer td').allInnerTexts()).toEqual(['from a browser']);
    await picture('upload');
  });

  test('the upload with nothing chosen', async () => {
    await page.goto('/app/upload.app');
    await page.getByRole('button', { name: 'Upload' }).click();
    expect(await page.locator('#answer h2').textContent()).toBe('No file came');
  });

  test('the stream grows while it is looked at', async () => {
    await page.goto('/app/stream.app', { waitUntil: 'commit' });
    const lines = page.locator('.stream li');
    await lines.nth(2).waitFor();
    const early = await lines.count();
    expect(early).toBeLessThan(12);
    await picture('stream');
    await lines.nth(17).waitFor({ timeout: 10_000 });
    await page.getByText('That was all.').waitFor();
    expect(await lines.count()).toBe(18);
  });

  test('what is not there', async () => {
    const answer = await page.goto('/nothing-here');
    expect(answer?.status()).toBe(404);
    expect(await page.locator('h1').textContent()).toBe('There is nothing here');
    await picture('missing');
    complaints = complaints.filter((text) => !text.includes('404 (Not Found)'));
  });
});
