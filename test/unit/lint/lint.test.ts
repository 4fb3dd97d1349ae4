/** What lint makes of errors, places and contexts. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { lint } from '../../../src/index.ts';
import { contextOf, type LintContext } from '../../../src/lint/context.ts';
import { type LintOptions, lintFile, lintText } from '../../../src/lint/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'lint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const said = (text: string, options: LintOptions = {}): string[] =>
  lintText({ name: 'test.conf', text }, options).map(
    ({ severity, code, line, message }) => `${severity} ${code}:${line} ${message}`,
  );
const INVALID = (name: string): string =>
  `Invalid command '${name}', perhaps misspelled or defined by a module not included in the server configuration`;

describe('contexts', () => {
  it.each([
    ['.htaccess', 'htaccess'],
    ['/a/b/.htaccess', 'htaccess'],
    ['.htaccess.dist', 'htaccess'],
    ['htaccess.txt', 'htaccess'],
    ['_.htaccess', 'htaccess'],
    ['site_htaccess', 'htaccess'],
    ['root-htaccess', 'htaccess'],
    ['ht.access', 'htaccess'],
    ['httpd.conf', 'server'],
    ['/a/.htaccess/site.conf', 'server'],
    ['htaccessible.txt', 'server'],
    ['htaccess.conf', 'server'],
    ['vhost.conf', 'server'],
  ] as const)('%s is %s', (name, context) => expect(contextOf(name)).toBe(context));

  it.each<[LintContext, string, string[]]>([
    ['server', 'ServerAlias a\n', ['error AH00526:1 ServerAlias only used in <VirtualHost>']],
    ['vhost', 'ServerAlias a\n', []],
    [
      'vhost',
      '<VirtualHost *:80>\n</VirtualHost>\n',
      ['error AH00526:1 <VirtualHost> cannot occur within <VirtualHost> section'],
    ],
    ['server', 'Require all granted\n', ['error AH00526:1 Require not allowed here']],
    ['directory', 'Require all granted\nAllowOverride None\n', []],
    ['directory', 'DocumentRoot /\n', ['error AH00526:1 DocumentRoot not allowed in <Directory> context']],
    ['htaccess', 'Require all granted\n', []],
    ['htaccess', 'AllowOverride None\n', ['error AH00526:1 AllowOverride not allowed here']],
    [
      'htaccess',
      'Options +Indexes FollowSymLinks\n',
      ['error AH00526:1 Either all Options must start with + or -, or no Option may.'],
    ],
  ])('%s: %s', (context, text, expected) => expect(said(text, { context })).toEqual(expected));

  it('are found by the name of a file', () => {
    const file = path.join(folder, '.htaccess');
    writeFileSync(file, 'AllowOverride None\n');
    expect(lintFile(file).map(({ message }) => message)).toEqual(['AllowOverride not allowed here']);
    expect(lintFile(file, { context: 'directory' })).toEqual([]);
  });
});

describe('what is wrong here only', () => {
  it.each<[string, string]>([
    ['Include nowhere/x.conf\n', 'note AL1003:1'],
    ['Include nowhere/*.conf\n', 'note AL1003:1'],
    ['ServerRoot /nowhere\n', 'note AL1003:1'],
    ['DocumentRoot /nowhere\n', 'note AL1003:1'],
    ['User nobody-of-that-name\n', 'note AL1003:1'],
    ['Group nobody-of-that-name\n', 'note AL1003:1'],
    ['SSLCertificateFile /nowhere/x.pem\n', 'note AL1003:1'],
    ['SSLCACertificatePath /nowhere\n', 'note AL1003:1'],
    ['RewriteMap a txt:/nowhere/x\n', 'note AL1003:1'],
    ['Define B x\nListen ${A}\n', 'note AH00111:2'],
    ['LoadModule php_module modules/libphp.so\n', 'note AL1001:1'],
    ['PassEnv NOWHERE_AT_ALL\n', 'note AH01506:1'],
    ['<IfModule mod_security2.c>\nSecRuleEngine On\n</IfModule>\n', 'note AL1001:1'],
    ['LoadModule security2_module x.so\nSecRuleEngine On\n', 'note AL1001:2'],
    ['LoadModule security2_module x.so\nDocumentRoott /x\n', 'warning AL1001:2'],
    ['Require ldap-group x\n', 'warning AL1002:1'],
  ])('%s is no error', (text, expected) => {
    const problems = said(text, { context: text.startsWith('Require') ? 'directory' : 'server' });
    expect(problems.filter((line) => line.startsWith('error'))).toEqual([]);
    expect(problems.some((line) => line.startsWith(expected))).toBe(true);
  });

  it('values of variables that nothing here defines are not judged', () => {
    expect(said('Listen ${PORT}\nSSLProtocol ${TLS}\n')).toEqual([
      'note AL1004:1 Port must be specified',
      'note AH00111:1 Config variable ${PORT} is not defined',
      "note AL1004:2 SSLProtocol: Illegal protocol '${TLS}'",
      'note AH00111:2 Config variable ${TLS} is not defined',
    ]);
    expect(said('Listen ${PORT}\n', { environment: { PORT: 'x' } })).toHaveLength(1);
    expect(said('Listen ${PORT}\n', { environment: { PORT: '80' } })).toEqual([]);
    expect(said('ExpiresActive ${SWITCH}\n', { context: 'htaccess', environment: { SWITCH: 'on' } })).toEqual(
      [],
    );
    expect(said('Nonsense ${PORT}\n')).toContain(`error AH00526:1 ${INVALID('Nonsense')}`);
  });

  it('what is included is looked at where it is there', () => {
    writeFileSync(path.join(folder, 'part.conf'), '# a\nServerAlias x\n');
    const problems = lintText({ name: 'a.conf', text: 'Include part.conf\n' }, { serverRoot: folder });
    expect(problems).toEqual([
      expect.objectContaining({ file: path.join(folder, 'part.conf'), line: 2, severity: 'error' }),
    ]);
  });
});

describe('errors', () => {
  it('of unknown directives say what may have been meant', () => {
    const hint = (text: string): string | undefined => lintText({ name: 'a.conf', text })[0]?.hint;
    expect(said('DocumentRoott /x\n')).toEqual([`error AH00526:1 ${INVALID('DocumentRoott')}`]);
    expect(hint('DocumentRoott /x\n')).toBe('did you mean DocumentRoot?');
    expect(hint('php_value a b\n')).toMatch(/mod_php/);
    expect(hint('RewriteLog logs/x\n')).toMatch(/LogLevel rewrite:trace3/);
    expect(hint('SecRuleEngine On\n')).toMatch(/ModSecurity/);
    expect(hint('OIDCProviderMetadataURL https://a\n')).toMatch(/mod_auth_openidc/);
  });

  it('are all reported, by their lines', () => {
    expect(
      said('Listen\n<Directory /a>\nOptions +A B\nOptions None\n</Directory>\nKeepAlive Maybe\n'),
    ).toEqual([
      expect.stringMatching(/^error AH00526:1 Listen /),
      expect.stringMatching(/^error AH00526:3 /),
      'error AH00526:6 KeepAlive must be On or Off',
    ]);
  });

  it('of what a whole configuration does not load are errors, of a piece are not', () => {
    const piece = 'LoadModule dir_module a.so\nRewriteEngine On\n';
    expect(said(piece)).toEqual([]);
    expect(said(`Listen 80\n${piece}`)).toEqual([`error AH00526:3 ${INVALID('RewriteEngine')}`]);
    expect(said(`Listen 80\nInclude nowhere/modules.conf\n${piece}`)).toHaveLength(1);
    expect(
      said(`Listen 80\nLoadModule mpm_prefork_module a.so\n${piece}LoadModule rewrite_module b.so\n`),
    ).toEqual([]);
  });

  it('every MPM has its directives', () => {
    expect(said('StartServers 5\nMinSpareServers 5\nThreadsPerChild 5\n')).toEqual([]);
  });

  it('have their places: bytes, from 1, the end behind the last', () => {
    expect(lintText({ name: 'x.conf', text: '# \xc3\xa4\n  KeepAlive \xc3\xa4\n' })).toEqual([
      {
        file: 'x.conf',
        line: 2,
        column: 3,
        endLine: 2,
        endColumn: 12,
        severity: 'error',
        code: 'AH00526',
        message: 'KeepAlive must be On or Off',
      },
    ]);
  });

  it('a file that cannot be read is one', () => {
    const file = path.join(folder, 'none.conf');
    expect(lintFile(file)).toEqual([
      expect.objectContaining({ file, line: 1, code: 'AL1000', severity: 'error' }),
    ]);
  });
});

describe('side effects', () => {
  it('no program is started, no log is opened', () => {
    const mark = path.join(folder, 'mark');
    const program = path.join(folder, 'program');
    writeFileSync(program, `#!/bin/sh\ntouch ${mark}\necho secret\n`, { mode: 0o755 });
    mkdirSync(path.join(folder, 'logs'));
    const text = [
      `ServerRoot ${folder}`,
      `SessionCryptoPassphrase exec:${program}`,
      `SSLPassPhraseDialog exec:${program}`,
      `RewriteMap a prg:${program}`,
      `ErrorLog "|${program}"`,
      `CustomLog "|${program}" %h`,
      'CustomLog logs/access %h',
      `PidFile logs/pid`,
      '<VirtualHost no-such-host.invalid:80>',
      'SSLEngine on',
      '</VirtualHost>',
      '',
    ].join('\n');
    expect(said(text, { serverRoot: folder }).filter((line) => line.startsWith('error'))).toEqual([]);
    expect(existsSync(mark)).toBe(false);
    expect(existsSync(path.join(folder, 'logs/access'))).toBe(false);
  });

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom(
      ...'RewriteRule RewriteCond <Files > </Files> <If ProxyPass / ^/ ( ) [L ] " \\ \n ${A} %{X} <VirtualHost *:80 </VirtualHost> Redirect ServerAlias Use <Macro </Macro> SetHandler php Header'.split(
        ' ',
      ),
    );
    const context = fc.constantFrom<LintContext[]>('server', 'vhost', 'directory', 'htaccess');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), context, (pieces, where) => {
        for (const { line, column, endLine } of lintText(
          { name: 'x', text: pieces.join(' ') },
          { context: where },
        )) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
          expect(endLine).toBeGreaterThanOrEqual(line);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the library', () => {
  it('lints a text, and files', async () => {
    const file = path.join(folder, 'one.conf');
    writeFileSync(file, 'KeepAlive ä\n');
    expect(await lint('KeepAlive ä\n', { name: 'ä.conf' })).toEqual([
      expect.objectContaining({ file: 'ä.conf', line: 1 }),
    ]);
    expect(await lint([file, file])).toHaveLength(2);
    expect(await lint('')).toEqual([]);
  });
});
