/**
 * Front controllers under rules as frameworks and applications ship them: the same requests to httpd and to apache-lite. Where the applications
 * would be, scripts tell what they were told.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DRUPAL } from './frameworks/drupal.ts';
import { JOOMLA } from './frameworks/joomla.ts';
import { LARAVEL } from './frameworks/laravel.ts';
import { NEXTCLOUD } from './frameworks/nextcloud.ts';
import { SYMFONY } from './frameworks/symfony.ts';
import { Pair, whatIsMissing } from './side-by-side.ts';

const reason = whatIsMissing();
describe.each([LARAVEL, SYMFONY, DRUPAL, JOOMLA, NEXTCLOUD])(
  `$name${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  { skip: reason !== undefined },
  ({ documentRoot, files, host = '', requests }) => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await Pair.start({
        files,
        configuration: ({ root, ports }) => `<Directory "${root}">
  AllowOverride All
  Require all granted
</Directory>
<VirtualHost *:${ports[0]} *:${ports[1]}>
  ServerName www.example
  DocumentRoot "${root}/${documentRoot}"
  ${host.replaceAll('${ROOT}', root)}
</VirtualHost>
`,
      });
    });
    afterAll(() => pair?.stop());

    it.each(
      requests.map(([target, status, asked = {}]) => ({
        method: asked.method ?? 'GET',
        target,
        status,
        asked,
      })),
    )('$method $target: $status', async ({ target, status, asked }) => {
      const { httpd, ours } = await pair.ask(target, asked);
      expect(ours).toEqual(httpd);
      expect(httpd.status).toContain(` ${status} `);
    });
  },
);
