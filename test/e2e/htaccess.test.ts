/** .htaccess files as people edit them while the server runs. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, makeSite, type Site, startSite } from '../support/with-server.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite({
    configuration: (site) => `<Directory />\nAllowOverride None\nRequire all denied\n</Directory>
<Directory "${site.root}/htdocs">\nAllowOverride All\nOptions FollowSymLinks\nRequire all granted\n</Directory>
<Directory "${site.root}/htdocs/frozen">\nAllowOverride None\n</Directory>
<Directory "${site.root}/htdocs/some">\nAllowOverride FileInfo\n</Directory>\n`,
    files: {
      'htdocs/index.html': 'top\n',
      'htdocs/a/b/page.html': 'page\n',
      'htdocs/frozen/page.html': 'page\n',
      'htdocs/some/page.html': 'page\n',
    },
  });
});
afterAll(() => site.dispose());
beforeEach(() => {
  for (const directory of ['', 'a/', 'a/b/', 'frozen/', 'some/'])
    rmSync(path.join(site.root, `htdocs/${directory}.htaccess`), { force: true });
});

const page = '/a/b/page.html';

describe('an edit counts from the next request on', () => {
  it('appearing, changing, becoming wrong, mended, gone', async () => {
    const fieldNow = async (): Promise<[number, string | undefined]> => {
      const { status, headers } = await ask(site.port, page);
      return [status, headers['x-from'] as string | undefined];
    };
    expect(await fieldNow()).toEqual([200, undefined]);
    site.write('htdocs/a/.htaccess', 'Header set X-From one\n');
    expect(await fieldNow()).toEqual([200, 'one']);
    site.write('htdocs/a/.htaccess', 'Header set X-From two\n');
    expect(await fieldNow()).toEqual([200, 'two']);
    site.write('htdocs/a/b/.htaccess', 'Header set X-From inner\n');
    expect(await fieldNow()).toEqual([200, 'inner']);
    site.write('htdocs/a/b/.htaccess', 'Bogus directive\n');
    expect((await fieldNow())[0]).toBe(500);
    expect(site.errorLog).toMatch(
      /\[core:alert\] .*\/a\/b\/\.htaccess: Invalid command 'Bogus', perhaps misspelled or defined by a module not included in the server configuration/,
    );
    site.write('htdocs/a/b/.htaccess', '# fine\n');
    expect(await fieldNow()).toEqual([200, 'two']);
    rmSync(path.join(site.root, 'htdocs/a/.htaccess'));
    expect(await fieldNow()).toEqual([200, undefined]);
  });

  it('for many requests at once', async () => {
    for (let round = 0; round < 20; round++) {
      site.write('htdocs/a/.htaccess', `Header set X-Round ${round}\n`);
      const replies = await Promise.all(Array.from({ length: 10 }, () => ask(site.port, page)));
      expect(new Set(replies.map(({ headers }) => headers['x-round']))).toEqual(new Set([String(round)]));
    }
  });
});

describe('what may be said', () => {
  it('nothing where AllowOverride is None, not even nonsense is seen', async () => {
    site.write('htdocs/frozen/.htaccess', 'Bogus\nRequire all denied\n');
    expect((await ask(site.port, '/frozen/page.html')).status).toBe(200);
  });

  it('only what AllowOverride grants', async () => {
    site.write('htdocs/some/.htaccess', 'Header set X-Some yes\n');
    expect((await ask(site.port, '/some/page.html')).headers['x-some']).toBe('yes');
    site.write('htdocs/some/.htaccess', 'Require all denied\n');
    expect((await ask(site.port, '/some/page.html')).status).toBe(500);
    expect(site.errorLog).toContain('some/.htaccess: Require not allowed here');
  });

  it('access, redirects, error documents, types', async () => {
    site.write(
      'htdocs/a/.htaccess',
      'Redirect 301 /a/old http://new.example\nErrorDocument 404 "not here\nAddType text/x-special .html\n<Files "*.bak">\nRequire all denied\n</Files>\nDirectoryIndex page.html\n',
    );
    site.write('htdocs/a/b/page.bak', 'old');
    expect(await ask(site.port, '/a/old/x')).toMatchObject({
      status: 301,
      headers: { location: 'http://new.example/x' },
    });
    expect(await ask(site.port, '/a/none')).toMatchObject({ status: 404, body: 'not here' });
    expect((await ask(site.port, '/a/b/page.bak')).status).toBe(403);
    expect(await ask(site.port, '/a/b/')).toMatchObject({
      body: 'page\n',
      headers: { 'content-type': 'text/x-special' },
    });
  });

  it('a password file is asked', async () => {
    const users = site.write('conf/users', 'jo:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n');
    site.write(
      'htdocs/a/.htaccess',
      `AuthType Basic\nAuthName "Area"\nAuthUserFile "${users}"\nRequire valid-user\n`,
    );
    const tell = (password: string) => ({
      headers: { Authorization: `Basic ${Buffer.from(`jo:${password}`).toString('base64')}` },
    });
    expect(await ask(site.port, page)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="Area"' },
    });
    expect((await ask(site.port, page, tell('test'))).status).toBe(200);
    expect((await ask(site.port, page, tell('wrong'))).status).toBe(401);
    expect((await ask(site.port, '/')).status).toBe(200);
  });
});

it('a directory called .htaccess closes what is below: nobody can tell what it would have said', async () => {
  mkdirSync(path.join(site.root, 'htdocs/c/.htaccess'), { recursive: true });
  site.write('htdocs/c/page.html', 'c');
  expect((await ask(site.port, '/c/page.html')).status).toBe(403);
});

it('thousands of them are read within bounded memory', async () => {
  for (let i = 0; i < 3000; i++) {
    site.write(`htdocs/many/d${i}/.htaccess`, `Header set X-Number ${i}\nSetEnv NUMBER ${i}\n`);
    site.write(`htdocs/many/d${i}/page.html`, 'x');
  }
  const visit = async (): Promise<void> => {
    for (let i = 0; i < 3000; i += 50) {
      const numbers = Array.from({ length: 50 }, (_, n) => i + n);
      const replies = await Promise.all(numbers.map((n) => ask(site.port, `/many/d${n}/page.html`)));
      expect(replies.map(({ headers }) => Number(headers['x-number']))).toEqual(numbers);
    }
  };
  await visit();
  const before = site.memory();
  await visit();
  expect(site.memory() - before).toBeLessThan(60);
}, 30_000);

it('large ones are kept only as far as there is memory meant for them', async () => {
  const rules = (i: number): string =>
    Array.from(
      { length: 150 },
      (_, n) => `RewriteRule ^old-${n}-${i}/x(.*)$ /new-${n}/$1 [R=301,L]\nHeader set X-${n} ${i}\n`,
    ).join('');
  const small = await makeSite({
    configuration: ({ root }) =>
      `<Directory "${root}/htdocs">\nAllowOverride All\nRequire all granted\n</Directory>\n`,
  });
  try {
    for (let i = 0; i < 500; i++) {
      small.write(`htdocs/d${i}/.htaccess`, `RewriteEngine On\n${rules(i)}`);
      small.write(`htdocs/d${i}/page.html`, 'x');
    }
    // What all of them come to is more than this.
    await small.start({ environment: { NODE_OPTIONS: '--max-old-space-size=200' } });
    for (let i = 0; i < 500; i++) {
      const { headers } = await ask(small.port, `/d${i}/page.html`);
      expect(headers['x-149']).toBe(String(i));
    }
    expect(await small.stop()).toBe(0);
  } finally {
    await small.dispose();
  }
}, 60_000);
