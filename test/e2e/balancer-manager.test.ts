/** The balancer-manager page in a browser: what is pressed there moves traffic. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, missingChromium as missing } from '../support/chromium.ts';
import { type Site, startSite } from '../support/with-server.ts';

describe.skipIf(missing !== undefined)(`in a browser${missing === undefined ? '' : ` (${missing})`}`, () => {
  const backends: Server[] = [];
  let site: Site;
  let browser: Browser;
  let page: Page;
  let base: string;

  beforeAll(async () => {
    const members: string[] = [];
    for (const name of ['one', 'two']) {
      const server = createServer((_request, response) => response.end(name));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      backends.push(server);
      members.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
    site = await startSite({
      configuration:
        '<Location "/manager">\nSetHandler balancer-manager\n</Location>\n<Proxy "balancer://app">\n' +
        `${members.map((url) => `BalancerMember ${url}`).join('\n')}\n</Proxy>\nProxyPass "/app/" "balancer://app/"`,
    });
    base = `http://127.0.0.1:${site.ports[0]}`;
    browser = await launchChromium();
    const context = await browser.newContext({ baseURL: base, javaScriptEnabled: false });
    page = await context.newPage();
  });

  afterAll(async () => {
    await browser?.close();
    await site?.dispose();
    for (const server of backends) server.close();
  });

  async function answers(): Promise<string[]> {
    const texts = new Set<string>();
    for (let i = 0; i < 6; i++) texts.add(await (await fetch(`${base}/app/`)).text());
    return [...texts].sort();
  }

  async function pressDisabled(first: boolean, value: 0 | 1): Promise<void> {
    await page.goto('/manager');
    const link = page.locator('td a').nth(first ? 0 : 1);
    await link.click();
    await page.locator(`#w_status_D${value}`).check();
    await page.getByRole('button', { name: 'Submit' }).click();
  }

  test('a member is disabled, and comes back', async () => {
    expect(await answers()).toEqual(['one', 'two']);
    await pressDisabled(true, 1);
    expect(await page.locator('td', { hasText: 'Init Dis' }).count()).toBe(1);
    expect(await answers()).toEqual(['two']);
    await pressDisabled(true, 0);
    expect(await page.locator('td', { hasText: 'Init Dis' }).count()).toBe(0);
    expect(await answers()).toEqual(['one', 'two']);
    await pressDisabled(false, 1);
    expect(await answers()).toEqual(['one']);
  });

  test('what another page sends changes nothing', async () => {
    await page.goto('/manager');
    const href = (await page.locator('td a').first().getAttribute('href')) ?? '';
    const body = `${href.slice(href.indexOf('?') + 1)}&w_status_D=1`;
    const send = (headers: Record<string, string>) =>
      fetch(`${base}/manager`, { method: 'POST', headers, body });
    await send({ Referer: 'http://elsewhere.example/' });
    await send({});
    expect(await answers()).toEqual(['one']);
    const guess = body.replace(/nonce=[^&]*/, 'nonce=00000000-0000-0000-0000-000000000000');
    await fetch(`${base}/manager`, { method: 'POST', headers: { Referer: `${base}/` }, body: guess });
    expect(await answers()).toEqual(['one']);
    expect((await send({ Referer: `${base}/` })).status).toBe(200);
    expect((await fetch(`${base}/app/`)).status).toBe(503);
  });
});
