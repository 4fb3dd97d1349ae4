/** What a request costs under .htaccess files: which files the real command looks at and reads, and what breaks when one of them does. */
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runsAsRoot } from '../differential/server-user.ts';
import { ask, makeSite, type Site } from '../support/with-server.ts';

const COUNTER = fileURLToPath(new URL('count-files.cjs', import.meta.url));
const LONG_AGO = new Date('2024-01-02T03:04:05Z');

/** `d1/d2/.../` */
const below = (depth: number): string => Array.from({ length: depth }, (_, i) => `d${i + 1}/`).join('');
const DEEP = below(10);

let site: Site;
const page = (directory: string): string => `/${directory}page.html`;

/** Writes a .htaccess file that has long been there: what has just changed is not trusted to stay. */
function htaccess(directory: string, text: string): void {
  const file = site.write(`htdocs/${directory}.htaccess`, text);
  utimesSync(file, LONG_AGO, LONG_AGO);
}

/** What a request makes the server look at and open, below the document root. */
async function filesOf(target: string, status = 200): Promise<string[]> {
  truncateSync(path.join(site.root, 'count'));
  expect((await ask(site.port, target)).status).toBe(status);
  return site.read('count').split('\n').slice(0, -1);
}

/** ctime is the present's, and cannot be set: a file counts as settled when it is older than this. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 120));

beforeAll(async () => {
  site = await makeSite({
    configuration: ({ root }) => `<Directory />\nAllowOverride None\nRequire all denied\n</Directory>
<Directory "${root}/htdocs">\nAllowOverride All\nOptions FollowSymLinks\nRequire all granted\n</Directory>\n`,
    files: {
      [`htdocs${page(DEEP)}`]: 'deep\n',
      'htdocs/index.html': 'top\n',
      'htdocs/other/page.html': 'other\n',
    },
  });
  const count = site.write('count', '');
  chmodSync(count, 0o666);
  for (const file of [`htdocs${page(DEEP)}`, 'htdocs/index.html', 'htdocs/other/page.html'])
    utimesSync(path.join(site.root, file), LONG_AGO, LONG_AGO);
  await site.start({
    environment: {
      NODE_OPTIONS: `--require ${COUNTER}`,
      COUNT_BELOW: `${site.root}/htdocs/`,
      COUNT_TO: count,
    },
  });
});
afterAll(() => site.dispose());
beforeEach(async () => {
  for (let depth = 0; depth <= 10; depth++)
    rmSync(path.join(site.root, `htdocs/${below(depth)}.htaccess`), { force: true, recursive: true });
});

describe('under ten .htaccess files', () => {
  const places = Array.from({ length: 10 }, (_, i) => below(i + 1));
  const looks = ['look .htaccess', ...places.map((place) => `look ${place}.htaccess`)];

  it('a file that is asked for again costs one look at each of them and at itself, and nothing is read', async () => {
    for (const [i, place] of places.entries())
      htaccess(place, `Header set X-Level ${i}\nHeader set X-${i} yes\n`);
    await settle();
    const first = await filesOf(page(DEEP));
    const opened = first.filter((line) => line.startsWith('open'));
    expect(opened.sort()).toEqual(
      [...places.map((place) => `open ${place}.htaccess`), `open ${DEEP}page.html`].sort(),
    );
    for (let again = 0; again < 3; again++)
      expect((await filesOf(page(DEEP))).sort()).toEqual([...looks, `look ${DEEP}page.html`].sort());
    const { headers } = await ask(site.port, page(DEEP));
    expect(headers).toMatchObject({ 'x-level': '9', 'x-0': 'yes', 'x-9': 'yes' });
  });

  it('an edit is read, and it alone', async () => {
    for (const place of places) htaccess(place, 'Header set X-From before\n');
    await settle();
    await filesOf(page(DEEP));
    htaccess(below(4), 'Header set X-Fourth now\n');
    await settle();
    expect((await filesOf(page(DEEP))).filter((line) => line.startsWith('open'))).toEqual([
      `open ${below(4)}.htaccess`,
    ]);
    expect((await ask(site.port, page(DEEP))).headers).toMatchObject({
      'x-fourth': 'now',
      'x-from': 'before',
    });
  });

  it('an edit of the same size at once after another is not missed', async () => {
    for (let round = 0; round < 50; round++) {
      site.write(`htdocs/${below(2)}.htaccess`, `Header set X-Round ${round % 10}\n`);
      expect((await ask(site.port, page(DEEP))).headers['x-round']).toBe(String(round % 10));
    }
  });

  it('removed and put back', async () => {
    const fieldNow = async (): Promise<unknown> => (await ask(site.port, page(DEEP))).headers['x-here'];
    for (const value of ['one', 'two', 'three']) {
      htaccess(below(5), `Header set X-Here ${value}\n`);
      expect(await fieldNow()).toBe(value);
      rmSync(path.join(site.root, `htdocs/${below(5)}.htaccess`));
      expect(await fieldNow()).toBeUndefined();
    }
  });
});

describe('requests that lead to others', () => {
  it('a rewritten URL is found with one more look: its .htaccess files are known', async () => {
    htaccess(
      'other/',
      'RewriteEngine On\nRewriteRule ^page\\.html$ - [L]\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule . /other/page.html [L]\n',
    );
    await settle();
    await filesOf('/other/2024/05/a/b/');
    expect(await filesOf('/other/2024/05/a/b/')).toEqual([
      'look other/2024',
      'look .htaccess',
      'look other/.htaccess',
      'look other/page.html',
    ]);
    rmSync(path.join(site.root, 'htdocs/other/.htaccess'));
  });

  it('a name of a thousand directories that are not there costs one', async () => {
    expect((await filesOf(`/${'x/'.repeat(1000)}`, 404)).length).toBeLessThan(5);
    expect((await filesOf(`/${DEEP}${'x/'.repeat(500)}`, 404)).length).toBeLessThan(30);
  });

  it('a directory that has gone is not taken to be there', async () => {
    site.write('htdocs/gone/deep/page.html', 'x');
    expect((await ask(site.port, '/gone/deep/page.html')).status).toBe(200);
    rmSync(path.join(site.root, 'htdocs/gone'), { recursive: true });
    expect((await ask(site.port, '/gone/deep/page.html')).status).toBe(404);
    site.write('htdocs/gone', 'a file now');
    expect((await ask(site.port, '/gone/deep/page.html')).status).toBe(404);
    expect(await ask(site.port, '/gone')).toMatchObject({ status: 200, body: 'a file now' });
    rmSync(path.join(site.root, 'htdocs/gone'));
    symlinkSync('nowhere', path.join(site.root, 'htdocs/gone'));
    expect((await ask(site.port, '/gone/deep/page.html')).status).toBe(403);
    rmSync(path.join(site.root, 'htdocs/gone'));
  });

  it('links are looked at from the .htaccess file on that says so', async () => {
    mkdirSync(path.join(site.root, 'htdocs/linked'));
    symlinkSync('../other', path.join(site.root, 'htdocs/linked/other'));
    expect((await ask(site.port, '/linked/other/page.html')).status).toBe(200);
    htaccess('linked/', 'Options -FollowSymLinks\n');
    expect((await ask(site.port, '/linked/other/page.html')).status).toBe(403);
    expect(site.errorLog).toMatch(
      /AH00037: Symbolic link not allowed or link target not accessible: .*\/linked\/other$/m,
    );
    rmSync(path.join(site.root, 'htdocs/linked/.htaccess'));
    expect((await ask(site.port, '/linked/other/page.html')).status).toBe(200);
  });
});

describe('one that cannot be used', () => {
  it('is a 500 with its log line for what is below it, and for nothing else', async () => {
    htaccess(below(3), 'Header set X-Third yes\nNonsense on\n');
    expect((await ask(site.port, page(DEEP))).status).toBe(500);
    expect((await ask(site.port, `/${below(3)}`)).status).toBe(500);
    expect((await ask(site.port, `/${below(3)}missing/x`)).status).toBe(500);
    expect((await ask(site.port, `/${below(2)}missing`)).status).toBe(404);
    expect((await ask(site.port, '/index.html')).status).toBe(200);
    expect((await ask(site.port, page('other/'))).status).toBe(200);
    const lines = site.errorLog.split('\n').filter((line) => line.includes('Nonsense'));
    expect(lines).toHaveLength(3);
    for (const line of lines)
      expect(line).toMatch(
        /\[core:alert\] \[pid \d+:tid \d+\] \[client 127\.0\.0\.1:\d+\] .*\/d3\/\.htaccess: Invalid command 'Nonsense', perhaps misspelled/,
      );
    htaccess(below(3), 'Header set X-Third yes\n');
    expect((await ask(site.port, page(DEEP))).headers['x-third']).toBe('yes');
  });

  it.skipIf(!runsAsRoot())(
    'is a 403 when it may not be read (as root only: the server is another user)',
    async () => {
      htaccess(below(6), 'Header set X-Sixth yes\n');
      const file = path.join(site.root, `htdocs/${below(6)}.htaccess`);
      chmodSync(file, 0o600);
      expect((await ask(site.port, page(DEEP))).status).toBe(403);
      expect(site.errorLog).toMatch(
        /\(13\)Permission denied: .*AH00529: .*d6\/\.htaccess pcfg_openfile: unable to check htaccess file, ensure it is readable and that '.*d6\/' is executable/,
      );
      expect((await ask(site.port, `/${below(5)}none`)).status).toBe(404);
      chmodSync(file, 0o644);
      expect((await ask(site.port, page(DEEP))).headers['x-sixth']).toBe('yes');
    },
  );
});
