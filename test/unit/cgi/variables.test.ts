import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCgiVariables, type CgiRequest, findPathInfo } from '../../../src/cgi/variables.ts';
import { HeaderFields } from '../../../src/http/header-fields.ts';

interface Recorded {
  readonly cases: readonly {
    readonly name: string;
    readonly request: Record<string, unknown> & {
      env: Record<string, string>;
      pathTranslated?: string;
    };
    readonly params: readonly [string, string][];
  }[];
}

const recorded = JSON.parse(
  readFileSync(new URL('../../../fixtures/fcgi/params.json', import.meta.url), 'utf8'),
) as Recorded;

const BASE: CgiRequest = {
  method: 'GET',
  protocol: 'HTTP/1.1',
  unparsedUri: '/a.php',
  uri: '/a.php',
  args: undefined,
  headers: new HeaderFields(),
  env: undefined,
  processPath: '/usr/bin:/bin',
  serverSignature: '',
  serverSoftware: 'Apache/2.4.71 (Debian)',
  serverName: 'www.example.com',
  serverAddr: '127.0.0.1',
  serverPort: 80,
  serverAdmin: 'admin@example.com',
  documentRoot: '/srv/www',
  scheme: 'http',
  contextPrefix: '',
  contextDocumentRoot: '/srv/www',
  filename: '/srv/www/a.php',
  pathInfo: '',
  pathTranslated: () => undefined,
  remoteHost: undefined,
  remoteAddr: '127.0.0.1',
  remotePort: 50000,
  remoteIdent: undefined,
  user: undefined,
  authType: undefined,
  previous: undefined,
  isAuthPassed: false,
  isRequestUriCurrent: false,
};

/** @param headers name, value, name, value, ... */
function fieldsOf(headers: readonly string[]): HeaderFields {
  const fields = new HeaderFields();
  for (let i = 0; i + 1 < headers.length; i += 2)
    fields.append(headers[i] as string, headers[i + 1] as string);
  return fields;
}

/** A head as the server has it once it is read: repeated fields joined. */
function asRead(headers: readonly string[]): HeaderFields {
  const fields = fieldsOf(headers);
  fields.mergeRepeated();
  return fields;
}

function variablesOf(request: Partial<CgiRequest>): [string, string][] {
  const pairs: [string, string][] = [];
  addCgiVariables({ ...BASE, ...request }, (name, value) => pairs.push([name, value]));
  return pairs;
}

function variableOf(request: Partial<CgiRequest>, name: string): string | undefined {
  return variablesOf(request).find(([key]) => key === name)?.[1];
}

describe('addCgiVariables gives what httpd 2.4.71 sent, in its order', () => {
  it.each(recorded.cases)('$name', ({ request, params }) => {
    const { env, pathTranslated, ...fields } = request;
    const given: Partial<CgiRequest> = {
      ...fields,
      headers: asRead(fields.headers as readonly string[]),
      env: new Map(Object.entries(env)),
      pathTranslated: () => pathTranslated,
    };
    expect(variablesOf(given)).toEqual(params);
  });
});

describe('header names', () => {
  it.each([
    ['X-Empty', 'HTTP_X_EMPTY'],
    ['1-2', 'HTTP_1_2'],
    ['-', 'HTTP__'],
    ['--A-', 'HTTP___A_'],
    ['Expect', 'HTTP_EXPECT'],
    ['TE', 'HTTP_TE'],
    ['Connection', 'HTTP_CONNECTION'],
    ['CONTENT-TYPE', 'CONTENT_TYPE'],
    ['content-length', 'CONTENT_LENGTH'],
  ])('%s is passed on as %s', (header, variable) => {
    expect(variableOf({ headers: fieldsOf([header, 'v']) }, variable)).toBe('v');
  });

  it.each([
    'X_A',
    'X.A',
    'X+A',
    'X A',
    '',
    'Proxy',
    'PROXY',
    'Authorization',
    'proxy-authorization',
    'X\xe9',
  ])('%s is not passed on', (header) => {
    expect(variablesOf({ headers: fieldsOf([header, 'secret']) })).toEqual(variablesOf({}));
  });

  it.each<[string, ReadonlyMap<string, string> | undefined, [string, string][]]>([
    [
      'both without other variables',
      undefined,
      [
        ['HTTP_X_LOW', 'v'],
        ['HTTP_ACCEPT', '*/*'],
        ['HTTP_X_LOW', 'w'],
      ],
    ],
    [
      'the last one with others',
      new Map([['A', '1']]),
      [
        ['A', '1'],
        ['HTTP_X_LOW', 'w'],
        ['HTTP_ACCEPT', '*/*'],
      ],
    ],
  ])('passes on of a header added twice: %s', (_which, env, expected) => {
    const headers = fieldsOf(['x-low', 'v', 'Accept', '*/*', 'X-LOW', 'w']);
    expect(variablesOf({ headers, env }).slice(0, 3)).toEqual(expected);
  });

  it('finds repeated headers among very many', () => {
    const headers = new HeaderFields();
    for (let i = 0; i < 3000; i++) headers.append(`X-${i % 1500}`, String(i));
    const env = new Map([['A', '1']]);
    const pairs = variablesOf({ headers, env }).filter(([name]) => name.startsWith('HTTP_'));
    expect(pairs).toHaveLength(1500);
    expect(pairs[7]).toEqual(['HTTP_X_7', '1507']);
  });

  it('names each variable once', () => {
    const name = fc.constantFrom('X-A', 'x-a', 'Host', 'Content-Type', 'Proxy', 'X_A');
    const env = fc.dictionary(fc.constantFrom('path', 'PATH', 'http_x_a', 'A', 'Query_String'), fc.string());
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), env, (headers, variables) => {
        const pairs = variablesOf({
          headers: asRead(headers.flat()),
          env: new Map(Object.entries(variables)),
        });
        const keys = pairs.map(([key]) => key.toUpperCase());
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

describe('single variables', () => {
  const before = { redirectUrl: '/b', args: undefined, user: 'joe', previous: undefined };
  it.each<[string, Partial<CgiRequest>, string, string | undefined]>([
    ['the absolute target stays', { unparsedUri: 'http://h:99//a?x' }, 'REQUEST_URI', 'http://h:99//a?x'],
    [
      'CGIVar current-uri',
      { unparsedUri: '/r?a', uri: '/a.php', isRequestUriCurrent: true },
      'REQUEST_URI',
      '/a.php',
    ],
    ['host name lookups', { remoteHost: 'client.example' }, 'REMOTE_HOST', 'client.example'],
    ['no host name', {}, 'REMOTE_HOST', undefined],
    ['PATH of the process', {}, 'PATH', '/usr/bin:/bin'],
    ['PATH of nobody', { processPath: undefined }, 'PATH', '/bin:/usr/bin:/usr/ucb:/usr/bsd:/usr/local/bin'],
    [
      'an included request keeps its path',
      { protocol: 'INCLUDED', pathInfo: '/php' },
      'SCRIPT_NAME',
      '/a.php',
    ],
    [
      'the user of an earlier request',
      { previous: { ...before, user: undefined, previous: before } },
      'REDIRECT_REMOTE_USER',
      'joe',
    ],
    ['but not beside one of its own', { user: 'eve', previous: before }, 'REDIRECT_REMOTE_USER', undefined],
    ['a redirect without query', { previous: before }, 'REDIRECT_QUERY_STRING', undefined],
    ['ident', { remoteIdent: 'me' }, 'REMOTE_IDENT', 'me'],
  ])('%s', (_what, request, name, value) => {
    expect(variableOf(request, name)).toBe(value);
  });

  it('does not map PATH_INFO when there is none', () => {
    const pathTranslated = () => {
      throw new Error('mapped');
    };
    expect(variableOf({ pathTranslated }, 'PATH_TRANSLATED')).toBeUndefined();
  });

  it.each([
    ['/a.php/x', '/x', 6],
    ['/a.php//x', '/x', 6],
    ['/a.php//x///y', '/x/y', 6],
    ['/x', '/x', 0],
    ['/a/b', 'xb', 2],
    ['/a.php/y', '/x', 8],
    ['', '/x', 0],
    ['/ab', 'b', 3],
  ])('PATH_INFO of %s ending in %s starts at %i', (uri, pathInfo, start) => {
    expect(findPathInfo(uri, pathInfo)).toBe(start);
  });
});
