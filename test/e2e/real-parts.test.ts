/**
 * Tests that need a real part skip, by name, where it is missing. Where everything is meant to be there (`CI=true`) a missing part is a failure:
 * a suite that skips what matters would pass.
 */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runsAsRoot } from '../differential/server-user.ts';
import { hasOpenssl } from '../support/certificates.ts';
import { missingChromium } from '../support/chromium.ts';
import { findHttpd } from '../support/httpd.ts';
import { findPhpFpm } from '../support/php-fpm.ts';
import { STOCK } from '../support/stock.ts';
import { findUwsgi } from '../support/uwsgi.ts';
import { NEEDS } from './applications/needs.ts';

const parts: readonly (readonly [name: string, isThere: () => boolean])[] = [
  ['httpd 2.4', () => !('missing' in findHttpd())],
  ["Debian's configuration tree", () => existsSync('/etc/apache2/apache2.conf')],
  ['php-fpm', () => findPhpFpm() !== undefined],
  ['Chromium', () => missingChromium === undefined],
  [
    "Debian's PHP applications",
    () =>
      Object.values(NEEDS)
        .flat()
        .every((file) => existsSync(file)),
  ],
  ['openssl', hasOpenssl],
  ["httpd's own configuration, as Debian's documentation has it", () => existsSync(STOCK)],
  ['php-cgi', () => existsSync('/usr/bin/php-cgi')],
  ['uWSGI with its plugin for Python', () => findUwsgi() !== undefined],
  ['root', runsAsRoot],
  ['the built command', () => existsSync(new URL('../../dist/bin/apache-lite.js', import.meta.url))],
];

describe('real parts', () => {
  it.each(parts)('%s', (name, isThere) => {
    const mayBeMissing = process.env.CI !== 'true';
    expect(isThere() || mayBeMissing, `${name} is needed here`).toBe(true);
  });
});
