import { describe, expect, test } from 'vitest';
import {
  checkLines,
  errorLogFacts,
  normaliseText,
  reducedCheck,
  toAnswer,
} from '../../differential/answers.ts';
import { CaseFormatError, parseCase, unescapeBytes } from '../../differential/case-format.ts';
import { placeholders } from '../../differential/site.ts';

const values = placeholders('/tmp/ald-abcdef', [21400, 21401, 21402, 21403, 21404]);

describe('cases', () => {
  test('a structured request is completed', () => {
    const { requests } = parseCase('# x\n@request\nPOST /a\nX: 1\n\nbody\n\n', 'f');
    expect(requests[0]?.pieces).toEqual([
      'POST /a HTTP/1.1\r\nHost: localhost\r\nX: 1\r\nContent-Length: 4\r\n\r\nbody',
    ]);
    expect(requests[0]).toMatchObject({ methods: ['POST'], label: 'POST /a | X: 1', sameConnection: false });
  });

  test('what is there already is not added', () => {
    const { requests } = parseCase('# x\n@then\nGET /a HTTP/1.0\n@request nohost\nGET /b\n', 'f');
    expect(requests.map((request) => request.pieces[0])).toEqual([
      'GET /a HTTP/1.0\r\n\r\n',
      'GET /b HTTP/1.1\r\n\r\n',
    ]);
    expect(requests[0]?.sameConnection).toBe(true);
  });

  test('raw bytes, pieces and several methods', () => {
    const { requests } = parseCase('# x\n@raw methods=GET,HEAD noprobe\nGET /\\x41\\r\n\\n\\{wait}b\n', 'f');
    expect(requests[0]).toMatchObject({
      pieces: ['GET /A\r\n', 'b'],
      methods: ['GET', 'HEAD'],
      probe: false,
    });
  });

  test('files', () => {
    const { files } = parseCase(
      '# x\n@check\n@file a/b mode=600 mtime=1970-01-01T00:00:01Z\nx\n\\@y\n\n@file! c\\x20d\na\\nb\n@symlink l -> ../t\n',
      'f',
    );
    expect(files).toEqual([
      { kind: 'file', path: 'a/b', content: 'x\n@y\n', mode: 0o600, mtime: 1, owned: false },
      { kind: 'file', path: 'c d', content: 'a\nb', mode: undefined, mtime: undefined, owned: false },
      { kind: 'symlink', path: 'l', content: '../t', mode: undefined, mtime: undefined, owned: false },
    ]);
  });

  test.each([
    ['@request\nGET /\n', /says what it shows/],
    ['# x\n', /nothing is asked/],
    ['# x\n@requests\n', /f:2: unknown heading/],
    ['# x\n@modules a\nstray\n', /f:3: text outside/],
    ['# x\n@request odd\nGET /\n', /f:2: unknown flag odd/],
    ['# x\n@request prot=1\nGET /\n', /unknown option prot/],
    ['# x\n@request pause=9\nGET /\n', /f:2: a pause is made at/],
    ['# x\n@symlink a b\n@check\n', /path -> target/],
    ['# x\n@difference\n@check\n', /needs its reason/],
  ])('%j is refused', (source, message) => {
    expect(() => parseCase(source, 'f')).toThrow(CaseFormatError);
    expect(() => parseCase(source, 'f')).toThrow(message);
  });

  test.each([
    ['a\\r\\n\\t\\0\\\\b', 'a\r\n\t\0\\b'],
    ['\\xe4\\x00', '\xe4\0'],
    ['\\{3*ab}', 'ababab'],
    ['\\{2*\\r\\n}', '\r\n\r\n'],
    ['\\$1 {2*x}', '\\$1 {2*x}'],
  ])('escapes of %j', (text, bytes) => {
    expect(unescapeBytes(text)).toBe(bytes);
  });
});

describe('normalising', () => {
  test('ports, root and product', () => {
    const text = 'http://h:21400/ 214001 /tmp/ald-abcdef/x Apache/2.4.71 (apache-lite)';
    expect(normaliseText(text, values)).toBe(`http://h:\${port}/ 214001 \${root}/x Apache/2.4.71 (*)`);
  });

  test('lengths stay right, headers in their case, Allow sorted', () => {
    const body = 'port 21400';
    const answer = toAnswer(
      {
        statusLine: 'HTTP/1.1 200 OK',
        status: 200,
        headers: [
          ['date', 'Tue, 02 Jan 2024 03:04:05 GMT'],
          ['Content-Length', String(body.length)],
          ['Allow', 'POST,GET'],
        ],
        framing: 'length',
        body,
        trailers: [],
        truncated: false,
        interim: [],
      },
      values,
    );
    expect(answer.headers).toEqual(['date: *', 'Content-Length: 12', 'Allow: GET,POST']);
    expect(answer.body).toBe(`port \${port}`);
  });

  test('error log facts', () => {
    const log = [
      '[Mon Nov 23 12:00:00.1 2026] [mpm_event:notice] [pid 1:tid 1] AH00489: resuming',
      '[Mon Nov 23 12:00:00.1 2026] [core:error] [pid 1:tid 1] (13)Permission denied: [client 1] AH00132: x',
      '[Mon Nov 23 12:00:00.1 2026] [core:alert] [pid 1:tid 1] [client 1] /x/.htaccess: Invalid command',
    ].join('\n');
    expect(errorLogFacts(log)).toEqual(['alert -', 'error AH00132']);
  });

  test('check output', () => {
    const output = '[date] [core:warn] [pid 1] AH00111: x\napache2: Syntax error\nAH00543: apache2: bad\n\n';
    expect(checkLines(output, values)).toEqual(['AH00111: x', 'httpd: Syntax error', 'AH00543: httpd: bad']);
  });

  test.each([
    [
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ],
    [
      ['a', 'caret', 'b', 'more'],
      ['a', 'b'],
      ['a', 'b'],
    ],
    [
      ['x', 'a', 'b'],
      ['a', 'b'],
      ['x', 'a', 'b'],
    ],
    [
      ['a', 'c'],
      ['a', 'b'],
      ['a', 'c'],
    ],
  ])('%j against %j', (actual, expected, reduced) => {
    expect(reducedCheck(actual, expected)).toEqual(reduced);
  });
});

test('backends: a name, a match, the steps', () => {
  const { backends } = parseCase(
    '# x\n@backend\necho\n@backend /slow\nwait 5\n\nclose\n@backend backend2 POST /x\nseen\n@request\nGET /\n',
    'a.case',
  );
  expect(backends).toEqual([
    { name: 'backend', match: '', steps: ['echo'] },
    { name: 'backend', match: '/slow', steps: ['wait 5', 'close'] },
    { name: 'backend2', match: 'POST /x', steps: ['seen'] },
  ]);
});
