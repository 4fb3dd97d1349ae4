/** What the error log says of rules, for those who have to find them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, type Site, startSite } from '../support/with-server.ts';

let site: Site;
beforeAll(async () => {
  site = await startSite({
    configuration: (site) => `<Directory "${site.root}/htdocs">\nAllowOverride All\nOptions FollowSymLinks
Require all granted\n</Directory>\n`,
    files: {
      'htdocs/index.html': 'top\n',
      'htdocs/r/.htaccess':
        'RewriteEngine On\n# a comment\nRewriteRule ^go/(.*)$ /$1\nRewriteRule ^loop$ loop [N=5]\n',
    },
  });
});
afterAll(() => site.dispose());

it('a refused rule is named with its file and line', async () => {
  expect((await ask(site.port, '/r/go/a%3fb')).status).toBe(403);
  expect(site.errorLog).toMatch(
    /AH10508: Unsafe URL with %3f URL rewritten without UnsafeAllow3F.*\/htdocs\/r\/\.htaccess:3/,
  );
});

it('so is one that does not end', async () => {
  expect((await ask(site.port, '/r/loop')).status).toBe(500);
  expect(site.errorLog).toMatch(/AH02596: .*\/htdocs\/r\/\.htaccess:4/);
});
