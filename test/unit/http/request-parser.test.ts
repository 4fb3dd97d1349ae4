import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFailure } from '../../../src/http/body.ts';
import { escapeErrorLogItem, escapeLogItem } from '../../../src/http/escape.ts';
import { checkRequest } from '../../../src/http/request-checks.ts';
import type { FailureLog, ParserOptions, RequestFailure } from '../../../src/http/request-head.ts';
import { ParseState, RequestParser } from '../../../src/http/request-parser.ts';
import { bytes, joinSegments, OPTIONS, recorded, type Segment } from './support.ts';

interface RecordedHead {
  name: string;
  options: keyof typeof OPTIONS;
  raw: Segment[];
  refused: boolean;
  status?: number;
  detail?: string;
  logs?: [number: string, level: string, message: string][];
  line?: string;
  method?: string;
  uri?: string;
  query?: string;
  protocol?: string;
  /** body length, body, CONTENT_LENGTH, Transfer-Encoding, field A, Host as a CGI script saw them */
  echo?: [string, string, string, string, string, string];
}

interface Judged {
  parser: RequestParser;
  failure: RequestFailure | undefined;
  logs: readonly FailureLog[];
  framing: string;
}

function judge(raw: string, options: ParserOptions): Judged {
  const parser = new RequestParser(options);
  parser.feed(bytes(raw), 0);
  if (parser.state === ParseState.failed) {
    return { parser, failure: parser.failure, logs: parser.failure?.logs ?? [], framing: '' };
  }
  expect(parser.state).toBe(ParseState.complete);
  if (parser.head.isSimple) return { parser, failure: undefined, logs: [], framing: '' };
  const checked = checkRequest(parser.head, options.strict, 'http');
  if (isFailure(checked)) return { parser, failure: checked, logs: checked.logs, framing: '' };
  return { parser, failure: undefined, logs: checked.logs, framing: checked.framing.kind };
}

/** httpd logs at most so much of a message that holds a whole field line; ours is cut by the error log. */
function comparable(logs: readonly { number: string; level: string; message: string }[]): string[] {
  return logs.map(
    ({ number, level, message }) => `${level} ${number} ${escapeErrorLogItem(message).slice(0, 90)}`,
  );
}

describe('heads judged as httpd 2.4.71 judged them', () => {
  const cases = recorded<RecordedHead>('request-heads');

  it('has recordings', () => {
    expect(cases.length).toBeGreaterThan(400);
  });

  it.each(cases)('$options: $name', (recording) => {
    const { parser, failure, logs, framing } = judge(joinSegments(recording.raw), OPTIONS[recording.options]);
    expect(failure !== undefined).toBe(recording.refused);
    if (failure !== undefined) {
      expect(failure.status).toBe(recording.status);
      // The 417 page has its own text; 501 shows no notes.
      if (failure.status === 400) expect(failure.detail ?? '').toBe(recording.detail);
    }
    const expected = (recording.logs ?? []).map(([number, level, message]) => ({ number, level, message }));
    const unescaped = expected.map((log) => `${log.level} ${log.number} ${log.message.slice(0, 90)}`);
    expect(comparable(logs)).toEqual(unescaped);
    const { head } = parser;
    if (recording.line !== undefined && !head.target.includes('u:p@')) {
      expect(escapeLogItem(head.requestLine)).toBe(recording.line);
    }
    if (recording.method !== undefined)
      expect(escapeLogItem(head.method)).toBe(recording.method.replace(/^-$/, ''));
    if (recording.protocol !== undefined) expect(head.protocol).toBe(recording.protocol);
    if (recording.query !== undefined) {
      expect(head.query === undefined ? '' : `?${escapeLogItem(head.query)}`).toBe(recording.query);
    }
    if (recording.echo !== undefined) {
      const [length, , contentLength, encoding, fieldA, host] = recording.echo;
      expect(head.fields.get('content-length') ?? '').toBe(contentLength);
      expect(head.fields.get('transfer-encoding') ?? '').toBe(encoding);
      expect(head.fields.get('a') ?? '').toBe(fieldA);
      expect(head.fields.get('host')).toBe(host);
      expect(framing === 'chunked').toBe(encoding !== '');
      if (framing === 'none') expect(length).toBe('0');
    }
  });
});

function snapshot(parser: RequestParser): unknown {
  const { head } = parser;
  return {
    state: parser.state,
    failure: parser.failure,
    head: { ...head, fields: [...head.fields] },
  };
}

/** All events of a stream of heads without bodies, fed in the given pieces. */
function events(stream: Buffer, cuts: readonly number[], options: ParserOptions): unknown[] {
  const parser = new RequestParser(options);
  const seen: unknown[] = [];
  const bounds = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
  for (let index = 0; index + 1 < bounds.length; index++) {
    const piece = stream.subarray(bounds[index], bounds[index + 1]);
    for (let at = 0; at < piece.length; ) {
      at = parser.feed(piece, at);
      if (parser.state === ParseState.more) break;
      seen.push(snapshot(parser));
      if (parser.state === ParseState.failed) return seen;
      if (parser.head.isSimple) return seen;
      parser.reset();
    }
  }
  seen.push(parser.state);
  return seen;
}

/** A head near the grammar: valid in the main, with the odd byte out of place. */
const oddText = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'Host', 'x-y', '*/*', 'text/html', 'q=0.5', '1', '/', 'é') },
  { weight: 1, arbitrary: fc.constantFrom('\r', '\n', '\0', ' ', '\t', ':', '\x7f', '#', '?', '@', '\r\n ') },
);
const oddWord = fc.array(oddText, { minLength: 0, maxLength: 4 }).map((parts) => parts.join(''));
const fieldLine = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('Host', 'A', 'b-c', 'Cookie'), oddWord).map((p) => p.join(': ')),
  },
  { weight: 1, arbitrary: oddWord },
);
const headText = fc
  .record({
    blank: fc.constantFrom('', '', '', '\r\n', '\r\n\r\n'),
    method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'foo', 'G@T', ''),
    target: fc.constantFrom('/', '/a?b=c', '//x', '/a#b', '*', 'http://u@h/', '/a b', ''),
    protocol: fc.constantFrom(
      'HTTP/1.1',
      'HTTP/1.1',
      'HTTP/1.1',
      'HTTP/1.0',
      'http/1.1',
      'HTTP/2.0',
      'HTTP/1.1 ',
    ),
    fields: fc.array(fieldLine, { maxLength: 5 }),
  })
  .map(({ blank, method, target, protocol, fields }) => {
    return `${blank}${[`${method} ${target} ${protocol}`, ...fields].join('\r\n')}\r\n\r\n`;
  });

describe('chunk boundaries', () => {
  it.each(Object.entries(OPTIONS))('do not matter: %s', (_name, options) => {
    fc.assert(
      fc.property(
        fc.array(headText, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (heads, cuts) => {
          const stream = bytes(heads.join(''));
          const whole = events(stream, [], options);
          const places = cuts.map((cut) => cut % (stream.length + 1));
          expect(events(stream, places, options)).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('do not matter at any single byte of every recorded head', () => {
    for (const recording of recorded<RecordedHead>('request-heads')) {
      const stream = bytes(joinSegments(recording.raw));
      if (stream.length > 400) continue;
      const options = OPTIONS[recording.options];
      const judgedWhole = events(stream, [], options)[0];
      for (let cut = 1; cut < stream.length; cut++)
        expect(events(stream, [cut], options)[0]).toEqual(judgedWhole);
    }
  });

  it('do not matter when every byte comes alone', () => {
    const text = 'GET /a?b HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\nA: d\r\n\r\n';
    const stream = bytes(text + text);
    const cuts = Array.from({ length: stream.length - 1 }, (_, index) => index + 1);
    expect(events(stream, cuts, OPTIONS.strict)).toEqual(events(stream, [], OPTIONS.strict));
  });
});

describe('bounds', () => {
  const endless: [what: string, start: string, more: string, status: number][] = [
    ['a request line', 'GET /', 'a'.repeat(1000), 414],
    ['a field', 'GET / HTTP/1.1\r\nA: ', 'b'.repeat(1000), 400],
    ['a folded field', 'GET / HTTP/1.1\r\nA: b\r\n', ' c\r\n'.repeat(100), 400],
    ['fields', 'GET / HTTP/1.1\r\n', 'A: b\r\n'.repeat(10), 400],
    ['blank lines', '', '\r\n', 400],
  ];
  it.each(endless)('%s without end is refused before much of it is read', (_what, start, more, status) => {
    const parser = new RequestParser(OPTIONS.strict);
    let fed = start.length;
    parser.feed(bytes(start), 0);
    while (parser.state === ParseState.more && fed < 1_000_000) fed += parser.feed(bytes(more), 0);
    expect(parser.failure?.status).toBe(status);
    expect(fed).toBeLessThan(20_000);
  });

  it('LimitRequestFields 0 takes thousands of fields, in good time', () => {
    const options = { ...OPTIONS.strict, limits: { ...OPTIONS.strict.limits, fields: 0 } };
    const lines = Array.from({ length: 20_000 }, (_, index) => `A${index % 5000}: b\r\n`).join('');
    const parser = new RequestParser(options);
    parser.feed(bytes(`GET / HTTP/1.1\r\n${lines}\r\n`), 0);
    expect(parser.state).toBe(ParseState.complete);
    expect(parser.head.fields.size).toBe(5000);
    expect(parser.head.fields.get('a4999')).toBe('b, b, b, b');
  });
});
