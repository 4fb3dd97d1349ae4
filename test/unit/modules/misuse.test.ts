/** What is said of misused directives: a line a case, with httpd's own words, asked of httpd itself where it is installed. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfiguration, STATIC_MODULES } from '../../../src/core/load.ts';
import { httpdLines } from '../../../src/diagnostics/render.ts';
import { modules } from '../../../src/modules/index.ts';
import { askHttpd, findHttpd } from '../../support/httpd.ts';

const ROOT = mkdtempSync(path.join(os.tmpdir(), 'misuse-'));
mkdirSync(path.join(ROOT, 'logs'));
afterAll(() => rmSync(ROOT, { recursive: true }));

const httpd = findHttpd();
const FOLDER = 'missing' in httpd ? 'modules' : httpd.modules;
const EITHER_OF_TWO = ['worker.c', 'prefork.c', 'mod_cgi.c'];
const PREAMBLE = [
  `ServerRoot "${ROOT}"`,
  'ServerName localhost',
  ...modules
    .filter(({ name, file }) => !STATIC_MODULES.includes(name) && !EITHER_OF_TWO.includes(file))
    .map(({ name, file }) => {
      const shared = file === 'event.c' ? 'mod_mpm_event.so' : file.replace(/\.c$/, '.so');
      return `LoadModule ${name} ${FOLDER}/${shared}`;
    }),
  'Listen 127.0.0.1:22690',
];

/** Lines, separated by `; ` as a section has several, and the message; empty where all is well. ROOT stands for the server's root. */
const CASES: readonly (readonly [lines: string, message: string])[] = [
  // Numbers.
  [
    'LimitRequestLine 99999999999999999999',
    'LimitRequestLine "99999999999999999999" must be a non-negative integer',
  ],
  ['ListenBacklog 99999999999999999999', 'ListenBacklog must be > 0'],
  ['ListenTCPDeferAccept x', 'ListenTCPDeferAccept must be > 0'],
  ['SendBufferSize -1', 'SendBufferSize must be >= 512 bytes, or 0 for system default.'],
  [
    'ProxyReceiveBufferSize 99999999999999999999',
    'ProxyReceiveBufferSize must be >= 512 bytes, or 0 for system default.',
  ],
  ['ProxyIOBufferSize 99999999999999999999', ''],
  ['ProxyTimeout 5ms', ''],
  ['ProxyTimeout 0', 'Proxy Timeout must be at least 1 second.'],
  ['MaxRanges 0', "MaxRanges requires 'none', 'default', 'unlimited' or a positive integer"],
  ['MaxRanges 5x', ''],
  ['LimitRequestBody +5', ''],
  ['LimitRequestBody 5x', 'LimitRequestBody requires a non-negative integer.'],
  ['LimitRequestBody 99999999999999999999', 'LimitRequestBody argument is not parsable.'],
  ['LimitXMLRequestBody 3074457345618258602', 'LimitXMLRequestBody must not exceed 3074457345618258601'],
  ['LimitInternalRecursion 5x', ''],
  ['LimitInternalRecursion 5 0', 'The recursion limit must be greater than zero.'],
  ['ReadBufferSize 4294967296', 'parameter must be a number between 0 and (4294967295U)): 4294967296'],
  ['FlushMaxPipelined x', 'parameter must be a number between -1 and (2147483647): x'],
  ['MaxMemFree -1', 'Invalid MaxMemFree value: -1'],
  ['ThreadStackSize 99999999999999999999', 'Invalid ThreadStackSize value: 99999999999999999999'],
  ['DeflateInflateLimitRequestBody 99999999999999999999', 'DeflateInflateLimitRequestBody is not parsable.'],
  ['DeflateBufferSize 99999999999999999999', 'DeflateBufferSize should be positive'],
  // Times.
  ['KeepAliveTimeout h', ''],
  ['KeepAliveTimeout 5m', 'KeepAliveTimeout has wrong format'],
  ['KeepAliveTimeout -1', 'KeepAliveTimeout has wrong format'],
  ['KeepAliveTimeout 9223372036854', ''],
  ['KeepAliveTimeout 9223372036855', 'KeepAliveTimeout has wrong format'],
  ['WatchdogInterval sx', 'Invalid WatchdogInterval: minimal value 100ms'],
  // Words.
  ['AccessFileName', ''],
  ['ServerAlias', 'ServerAlias only used in <VirtualHost>'],
  ['ServerName a*', 'Invalid ServerName "a*" use ServerAlias to set multiple server names.'],
  ['RegexDefaultOptions', ''],
  ['RegexDefaultOptions +none', "RegexDefaultOptions: option 'none' unknown"],
  ['Options ""', 'Illegal option '],
  ['FileETag ""', "Unknown keyword '' for FileETag directive"],
  ['ErrorDocument 404x /x', ''],
  ['ErrorDocument 404 two words', 'ErrorDocument takes two arguments, Change responses for HTTP errors'],
  ['ErrorDocument x y', 'Unsupported HTTP response code x'],
  ['ProtocolsHonorOrder x', "ProtocolsHonorOrder must be 'on' or 'off'"],
  [
    'UseCanonicalPhysicalPort On Off',
    'UseCanonicalPhysicalPort takes one argument, Whether to use the physical Port when constructing URLs',
  ],
  ['LogLevel nope:', "Module specifier 'nope' must be followed by a log level keyword"],
  ['LogLevel nope:info', 'Cannot find module nope'],
  ['Mutex none', 'None is not allowed for mutex type default'],
  ['Mutex file:/does/not/exist', 'Invalid Mutex directory in argument file:/does/not/exist'],
  [
    'SetHandler %{',
    "Can't parse expression : syntax error, unexpected T_ERROR, expecting T_ID: Unterminated string or variable",
  ],
  ["Error 'a b' c", "'a b' c"],
  ['Error "a\\"b"', 'a\\\\"b'],
  [
    'RequestReadTimeout ""',
    "Invalid RequestReadTimeout parameter. Parameter must be in the form 'key=value'",
  ],
  // Paths.
  ['DocumentRoot x/../y//z', "DocumentRoot 'ROOT/y/z' is not a directory, or is not readable"],
  ['CoreDumpDirectory x', 'CoreDumpDirectory ROOT/x does not exist'],
  ['CoreDumpDirectory /etc/passwd', 'CoreDumpDirectory /etc/passwd is not a directory'],
  ['<Directory /tmp>; DefaultRuntimeDir logs; </Directory>', ''],
  // Sections and places.
  ['<ElseIf x>; </ElseIf>', "Cannot parse condition clause: syntax error, unexpected $end, expecting '('"],
  [
    '<ElseIf true>; </ElseIf>',
    '<Else> or <ElseIf> section without previous <If> or <ElseIf> section in same scope',
  ],
  ['<DirectoryMatch ~ x>; </DirectoryMatch>', ''],
  ['<LocationMatch ~ x>; </LocationMatch>', 'Multiple <LocationMatch> arguments not (yet) supported.'],
  ['<VirtualHost 5>; </VirtualHost>', 'Missing address for VirtualHost'],
  ['<VirtualHost :80>; </VirtualHost>', 'The address or port is invalid'],
  ['<VirtualHost 65536>; </VirtualHost>', 'The address or port is invalid'],
  ['<VirtualHost /x>; </VirtualHost>', ''],
  ['Listen x:y', 'Port must be specified'],
  ['<VirtualHost *:22690>; CacheNegotiatedDocs On; </VirtualHost>', ''],
  ['<VirtualHost *:22690>; Suexec Off; </VirtualHost>', 'Suexec cannot occur within <VirtualHost> section'],
  [
    '<Location />; MultiviewsMatch Any; </Location>',
    'MultiviewsMatch cannot occur within <Location> section',
  ],
  ['<Directory /tmp>; AllowOverride x=y; </Directory>', 'Illegal override option x'],
  [
    '<Directory /tmp>; <Limit GET>; <Limit GET POST>; </Limit>; </Limit>; </Directory>',
    '<Limit> directive specifies methods already excluded',
  ],
  [
    '<Directory /tmp>; <Limit GET>; <LimitExcept PUT>; </LimitExcept>; </Limit>; </Directory>',
    '<LimitExcept> directive specifies methods already excluded',
  ],
  ['<Directory /tmp>; <Limit GET POST>; <LimitExcept GET>; </LimitExcept>; </Limit>; </Directory>', ''],
  [
    '<Directory /tmp>; <RequireAll>; FilterChain x; </RequireAll>; </Directory>',
    'FilterChain not allowed in <RequireAll> context',
  ],
];

const textOf = (lines: string): string => `${[...PREAMBLE, ...lines.split('; ')].join('\n')}\n`;
const named = (message: string): string => message.replace('ROOT', ROOT);

describe('misused directives', () => {
  test.each(CASES)('%s', async (lines, message) => {
    const entry = { name: 'test.conf', text: textOf(lines) };
    const { problems } = await loadConfiguration(modules, { entry, serverRoot: ROOT, environment: {} });
    const [first] = problems.errors;
    expect(first === undefined ? '' : httpdLines(first).at(-1)).toBe(named(message));
  });
});

describe.skipIf('missing' in httpd)('misused directives, in httpd', () => {
  test.each(CASES)('%s', (lines, message) => {
    if ('missing' in httpd) return;
    const answer = askHttpd(httpd, path.join(ROOT, 'test.conf'), textOf(lines));
    expect(answer).toEqual({ said: named(message), status: message === '' ? 0 : 1 });
  });
});
