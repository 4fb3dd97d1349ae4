/** php_value and its kin with a real php-fpm of one process: what one request is told must not show in the next. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPhpFpm, makePhpPool, type PhpPool } from '../support/php-fpm.ts';
import { ask, makeSite, type Site } from '../support/with-server.ts';

const SHOW = `<?php foreach (explode(',', $_GET['n']) as $n) echo $n, '=', var_export(ini_get($n), true), ' ';
if (isset($_GET['set'])) echo 'set=', var_export(ini_set($_GET['set'], $_GET['v']), true);`;

const FILES = {
  'site/show.php': SHOW,
  'site/sub/show.php': SHOW,
  'site/lines/show.php': SHOW,
  'site/file/show.php': SHOW,
  'site/file/.htaccess': 'php_value memory_limit 10M\nphp_flag display_errors Off\n',
  'site/foreign/show.php': SHOW,
  'site/foreign/.htaccess': 'php_value xdebug.mode debug\n',
  'site/admin/show.php': SHOW,
  'site/admin/.htaccess': 'php_admin_value precision 3\n',
  'site/off/show.php': SHOW,
  'site/off/.htaccess': 'php_flag engine off\n',
  'site/old/show.php': SHOW,
  'site/old/.htaccess': 'php_flag magic_quotes_gpc off\nphp_value allow_url_fopen 0\n',
};

const configuration = (site: Site, socket: string): string => `
Listen 127.0.0.1:${site.ports[1]}
PHPDirectives fcgi memory_limit user_agent display_errors xdebug.max_nesting_level=512
php_admin_value post_max_size 3M
<FilesMatch "\\.php$">
  SetHandler "proxy:unix:${socket}|fcgi://localhost/"
</FilesMatch>
<Directory "${site.root}/site">
  Require all granted
  AllowOverride Options
  php_value user_agent "outer 'one' \${HOME} ; # \\\\ x"
  php_value post_max_size 9M
</Directory>
<Directory "${site.root}/site/sub">
  php_value memory_limit 222M
  php_flag html_errors on
  php_value error_prepend_string none
  php_admin_flag file_uploads off
</Directory>
<Directory "${site.root}/site/lines">
  SetEnv PHP_VALUE "user_agent=by-setenv"
</Directory>
<VirtualHost *:${site.port}>
  DocumentRoot "${site.root}/site"
</VirtualHost>
<VirtualHost *:${site.ports[1]}>
  PHPDirectives refuse
  DocumentRoot "${site.root}/site"
</VirtualHost>
`;

describe.skipIf(findPhpFpm() === undefined)(
  'settings of PHP (skipped where php-fpm is not installed)',
  () => {
    let site: Site;
    let pool: PhpPool;
    const show = async (target: string, port = site.port): Promise<string> =>
      (await ask(port, target)).body.trim();

    beforeAll(async () => {
      site = await makeSite({ files: FILES });
      pool = makePhpPool(`${site.root}/run`, ['pm.max_children = 1', 'php_admin_value[post_max_size] = 8M']);
      site.configure(configuration(site, pool.socket));
      await pool.start();
      await site.start();
    });
    afterAll(async () => {
      await site?.dispose();
      await pool?.stop();
    });

    it('come to the request that they are for, and to no other of the same process', async () => {
      const query = 'n=memory_limit,html_errors,file_uploads';
      const before = "memory_limit='128M' html_errors='1' file_uploads='1'";
      expect(await show(`/show.php?${query}`)).toBe(before);
      expect(await show(`/sub/show.php?${query}`)).toBe(
        "memory_limit='222M' html_errors='1' file_uploads='0'",
      );
      expect(await show(`/show.php?${query}`)).toBe(before);
      expect(await show(`/sub/show.php?${query}`)).toContain("'222M'");
      expect(await show(`/show.php?${query}`, site.ports[1])).toBe(before);
    });

    it('of a server that sends none are taken back too', async () => {
      expect(await show('/file/show.php?n=memory_limit,display_errors')).toBe(
        "memory_limit='10M' display_errors='0'",
      );
      expect((await ask(site.ports[1] ?? 0, '/show.php?n=memory_limit,display_errors,user_agent')).body).toBe(
        "memory_limit='128M' display_errors='1' user_agent='' ",
      );
    });

    it('are what was written, whatever the characters', async () => {
      expect(await show('/show.php?n=user_agent')).toBe(`user_agent='outer \\'one\\' \${HOME} ; # \\\\ x'`);
    });

    it('of an administrator stay, in sections below, .htaccess files and scripts', async () => {
      expect(await show('/show.php?n=post_max_size')).toBe("post_max_size='3M'");
      expect(await show('/sub/show.php?n=file_uploads&set=file_uploads&v=1')).toBe(
        "file_uploads='0' set=false",
      );
      expect((await ask(site.port, '/admin/show.php?n=precision')).status).toBe(500);
      expect(site.errorLog).toContain('php_admin_value not allowed here');
    });

    it('that a script changes itself last for its request only', async () => {
      expect(await show('/show.php?n=memory_limit&set=memory_limit&v=99M')).toContain("set='128M'");
      expect(await show('/show.php?n=memory_limit')).toBe("memory_limit='128M'");
    });

    it('of SetEnv PHP_VALUE come after them', async () => {
      expect(await show('/lines/show.php?n=user_agent,post_max_size')).toBe(
        "user_agent='by-setenv' post_max_size='3M'",
      );
      expect(await show('/show.php?n=user_agent')).toContain('outer');
    });

    it.each([
      ['/foreign/', 500, 'does not let .htaccess files set xdebug.mode'],
      ['/off/', 403, 'AL0120: PHP is switched off for /off/show.php'],
    ])('%s is refused with %i', async (directory, status, line) => {
      expect((await ask(site.port, `${directory}show.php?n=precision`)).status).toBe(status);
      expect(site.errorLog).toContain(line);
    });

    it('that no PHP has any more, or that are not for sections, change nothing', async () => {
      expect(await show('/old/show.php?n=allow_url_fopen,magic_quotes_gpc')).toBe(
        "allow_url_fopen='1' magic_quotes_gpc=false",
      );
      expect(site.errorLog).toContain(
        'allow_url_fopen can be changed by php_admin_value and php_admin_flag only',
      );
    });

    it('are unknown where PHPDirectives refuses them', async () => {
      expect((await ask(site.ports[1] ?? 0, '/file/show.php?n=precision')).status).toBe(500);
      expect(site.errorLog).toContain("Invalid command 'php_value', perhaps misspelled");
    });
  },
);
