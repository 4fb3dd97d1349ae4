import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../../src/core/configuration.ts';
import type { Connection } from '../../../src/core/connection.ts';
import {
  compileErrorLogFormat,
  type ErrorLogFormat,
  errorLogFormatter,
} from '../../../src/core/error-log-format.ts';
import { Level, type LogEntry } from '../../../src/core/log.ts';
import { Request, type Transport } from '../../../src/core/request.ts';
import { VirtualServer } from '../../../src/core/virtual-server.ts';
import { HeaderFields } from '../../../src/http/header-fields.ts';

const server = new VirtualServer(false, [], undefined);
server.hostname = 'main.test';

function makeEntry(change: Partial<LogEntry> = {}): LogEntry {
  const connection: Connection = {
    id: 1,
    remoteAddr: '192.0.2.7',
    remotePort: 4711,
    localAddr: '192.0.2.1',
    localPort: 80,
    baseServer: server,
    keepalives: 2,
    isTls: false,
    isAborted: false,
  };
  const headers = HeaderFields.from([['Referer', 'http://r"\\/\xe4']]);
  const time = new Date(2026, 10, 3, 12, 36, 5).getTime() + 123.456;
  const request = new Request({} as Configuration, connection, {} as Transport, server, headers, time);
  request.env.set('VAR', 'v\n');
  request.notes.set('note', 'n');
  const message = 'denied: /x\n\x01';
  return {
    time,
    level: Level.error,
    module: 'authz_core',
    tag: 'AH01630',
    message,
    server,
    connection,
    request,
    ...change,
  };
}

function compiled(text: string, kind: 'main' | 'once' = 'main'): ErrorLogFormat {
  const format = compileErrorLogFormat(text, kind);
  if (typeof format === 'string') throw new Error(format);
  return format;
}

function line(text: string, entry = makeEntry()): string | undefined {
  return errorLogFormatter({ main: compiled(text) }, false)(entry);
}

const MESSAGE = 'AH01630: denied: /x\\n\\x01';
const NOBODY = { connection: undefined, request: undefined };

describe('items', () => {
  it.each([
    ['%%', '%'],
    ['%a', '192.0.2.7:4711'],
    ['%{c}a', '192.0.2.7:4711'],
    ['%A', '192.0.2.1:80'],
    ['%{VAR}e', 'v\\n'],
    ['%{Referer}i', 'http://r"\\\\/\\xe4'],
    ['%k', '2'],
    ['%l', 'error'],
    ['%m', 'authz_core'],
    ['%{note}n', 'n'],
    ['%P', String(process.pid)],
    ['%t', 'Tue Nov 03 12:36:05 2026'],
    ['%{u}t', 'Tue Nov 03 12:36:05.123456 2026'],
    ['%{m}t', 'Tue Nov 03 12:36:05.123 2026'],
    ['%{um}t', 'Tue Nov 03 12:36:05.123456 2026'],
    ['%{c}t', '2026-11-03 12:36:05'],
    ['%{cu}t', '2026-11-03 12:36:05.123456'],
    ['%{uc}t', '2026-11-03 12:36:05.123456'],
    ['%{x}t', 'Tue Nov 03 12:36:05 2026'],
    ['%{%Y/%m}t', '2026/11'],
    ['%{u%Y}t', 'u2026'],
    ['%v', 'main.test'],
    ['%V', 'main.test'],
  ])('%s', (item, expected) => {
    const found = line(`${item}|%M`) ?? '';
    // Times print fractions of a floating point number of milliseconds: the last digit may be one less.
    expect(found.replace(/\.123455/, '.123456')).toBe(`${expected}|${MESSAGE}`);
  });

  it('%{cuz}t ends with the zone', () => {
    expect(line('%{cuz}t %M')).toMatch(/^2026-11-03 12:36:05\.12345\d [+-]\d{4} AH/);
  });

  it('%L: request, %{c}L: connection, the same for all lines', () => {
    const entry = makeEntry();
    const [first, again] = [line('%L %{c}L %{C}L %M', entry), line('%L %{c}L %{C}L %M', entry)];
    expect(first).toMatch(/^[A-Za-z0-9+/]{11} [A-Za-z0-9+/]{11} AH/);
    expect(again).toBe(first);
    expect(line('%L %{C}L %M', { ...entry, request: undefined })).toBe(
      `${first?.split(' ')[1] === undefined ? '' : ` ${first.split(' ')[1]}`} ${MESSAGE}`,
    );
  });

  it('%E: what the system said', () => {
    expect(line('%E: %M', makeEntry({ error: '(13)Permission denied' }))).toBe(
      `(13)Permission denied: ${MESSAGE}`,
    );
  });
});

describe('fields without output', () => {
  it.each([
    ['[%F] [%{none}n x] %l %M', ' x] error M'],
    ['pre a%{n}nb mid  two x%{n}n  %{n}n y [%{n}n]% [z] %M', 'pre mid  two y[z] M'],
    ['A %3l B %4l C %-7l D %M', 'A error B C D M'],
    ['%-{n}n-x %M', '--x M'],
    ['x%-{n}n%{n}n% %{n}n% y% z %M', 'yz M'],
    [' lead  %M  tail ', ' lead  M  tail '],
    ['%M% ,\\ referer\\ %{None}i', 'M'],
    ['x %M%{n}n more', 'x more'],
    ['a\\qb\\"c\\\\d\\[e\\%f %M', 'aqb"c\\d[e%f M'],
    ['%M% ', 'M'],
  ])('%s', (format, expected) => {
    expect(line(format)).toBe(expected.replace('M', MESSAGE));
  });
  it('drops what needs a client where there is none', () => {
    expect(line('[%l] [client\\ %a] [%k] %M', makeEntry(NOBODY))).toBe(`[error] ${MESSAGE}`);
  });
});

describe('once a connection and request', () => {
  it('introduces each with the first line about it', () => {
    const format = errorLogFormatter(
      {
        main: compiled('[%l] [C:%{C}L] %M'),
        connection: [compiled('CON %a L=%L x %-l', 'once')],
        request: [
          compiled('REQ %k m=%-m %-l l=%l', 'once'),
          compiled('REQ2 %+{None}i', 'once'),
          compiled('REQ3 %+{Referer}i', 'once'),
        ],
      },
      false,
    );
    const entry = makeEntry();
    expect(format(entry)).toBe(
      `CON 192.0.2.7:4711 x -\nREQ 2 m=- -\nREQ3 http://r"\\\\/\\xe4\n[error] ${MESSAGE}`,
    );
    expect(format(entry)).toBe(`[error] ${MESSAGE}`);
    expect(format({ ...makeEntry(), ...NOBODY })).toBe(`[error] ${MESSAGE}`);
  });
});

describe('wrong formats, in the words of httpd', () => {
  it.each([
    ['%Z', 'main', 'Unrecognized error log format directive %Z'],
    ['%{u', 'main', 'Ran off end of error log format parsing args to some directive'],
    ['%', 'main', 'Ran off end of error log format parsing args to some directive'],
    ['%t', 'main', "main ErrorLogFormat must contain message format string '%M'"],
    ['%+l %M', 'main', "The '+' flag cannot be used in the main error log format"],
    ['%M', 'once', '%M cannot be used in once-per-request or once-per-connection formats'],
    [
      '%7l',
      'once',
      'The loglevel cannot be used as a condition in once-per-request or once-per-connection formats',
    ],
  ] as const)('%s (%s)', (format, kind, expected) => {
    expect(compileErrorLogFormat(format, kind)).toBe(expected);
  });
});

describe('the default format', () => {
  const format = errorLogFormatter(undefined, false);
  it('names time, module, level, process, client and referer', () => {
    expect(format(makeEntry())).toMatch(
      /^\[Tue Nov 03 12:36:05\.12345\d 2026\] \[authz_core:error\] \[pid \d+:tid \d+\] \[client 192\.0\.2\.7:4711\] AH01630: denied: \/x\\n\\x01, referer: http:\/\/r"\\\\\/\\xe4$/,
    );
  });
  it('names what the system said', () => {
    const entry = makeEntry({ ...NOBODY, error: '(21)Is a directory', tag: '' });
    expect(format(entry)).toMatch(/\] \(21\)Is a directory: denied: /);
  });
  it('leaves the time to syslog', () => {
    expect(errorLogFormatter(undefined, true)(makeEntry())).toMatch(/^\[authz_core:error\]/);
  });
  it('cuts lines at 8191 bytes', () => {
    expect(format(makeEntry({ message: 'x'.repeat(20_000) }))).toHaveLength(8191);
  });
});
