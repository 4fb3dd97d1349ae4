import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordType } from '../../../src/fcgi/constants.ts';
import { Exchange, type ExchangeHandler } from '../../../src/fcgi/exchange.ts';
import { encodeEndRequest } from '../../../src/fcgi/responder.ts';

function record(type: number, content: string, { id = 1, padding = 0, version = 1 } = {}): Buffer {
  const body = Buffer.from(content, 'latin1');
  const header = Buffer.from([
    version,
    type,
    id >> 8,
    id & 255,
    body.length >> 8,
    body.length & 255,
    padding,
    0,
  ]);
  return Buffer.concat([header, body, Buffer.alloc(padding, 0xee)]);
}

const out = (content: string, padding = 0) => record(RecordType.Stdout, content, { padding });
const err = (content: string) => record(RecordType.Stderr, content);
const end = (app = 0, protocol = 0) => encodeEndRequest(1, app, protocol);

/** Events with neighbouring slices of one stream joined, since how they are cut is up to the chunks. */
function run(chunks: readonly Buffer[], isSocketEnded = false): { events: string[]; isReusable: boolean } {
  const events: string[] = [];
  let stream = '';
  const add = (kind: string, text: string) => {
    if (stream === kind) events[events.length - 1] += text;
    else events.push(`${kind} ${text}`);
    stream = kind;
  };
  const other = (text: string) => {
    stream = '';
    events.push(text);
  };
  const handler: ExchangeHandler = {
    onStdout: (slice) => add('out', slice.toString('latin1')),
    onStdoutEnd: () => other('out ended'),
    onStderr: (slice) => add('err', slice.toString('latin1')),
    onEnd: (app, protocol) => other(`end ${app} ${protocol}`),
    onFailure: (kind) => other(`failure ${kind}`),
  };
  const exchange = new Exchange(1, handler);
  for (const chunk of chunks) exchange.receive(chunk);
  const { isReusable } = exchange;
  if (isSocketEnded) exchange.socketEnd();
  return { events, isReusable };
}

describe('an exchange', () => {
  it.each<[string, Buffer[], string[], boolean]>([
    ['a usual answer', [out('a'), out('b'), end()], ['out ab', 'end 0 0'], true],
    [
      'stdout closed by an empty record',
      [out('a'), out(''), out('lost'), end()],
      ['out a', 'out ended', 'end 0 0'],
      true,
    ],
    ['padding', [out('a', 7), out('b', 255), end()], ['out ab', 'end 0 0'], true],
    ['both streams', [err('x'), out('a'), err('y'), end()], ['err x', 'out a', 'err y', 'end 0 0'], true],
    ['an exit status', [end(0xfffffffe)], ['end 4294967294 0'], true],
    ['an overloaded application', [end(0, 2)], ['end 0 2'], true],
    [
      'types nobody knows',
      [record(77, 'noise', { padding: 3 }), out('a'), end()],
      ['out a', 'end 0 0'],
      true,
    ],
    ['bytes behind the end', [out('a'), end(), out('b')], ['out a', 'end 0 0'], false],
    ['an end without fields', [record(RecordType.EndRequest, '')], ['end 0 0'], false],
    [
      'another version',
      [record(RecordType.Stdout, 'a', { version: 2 }), end()],
      ['failure bad-version'],
      false,
    ],
    [
      'another request',
      [record(RecordType.Stdout, 'a', { id: 2 }), end()],
      ['failure wrong-request-id'],
      false,
    ],
    ['a management record', [record(77, '', { id: 0 }), end()], ['failure wrong-request-id'], false],
    [
      'something else altogether',
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
      ['failure bad-version'],
      false,
    ],
  ])('%s', (_name, records, events, isReusable) => {
    const all = Buffer.concat(records);
    expect(run([all])).toEqual({ events, isReusable });
    expect(run([...all].map((byte) => Buffer.from([byte])))).toEqual({ events, isReusable });
  });

  it('never takes the end of the socket for the end of the answer', () => {
    const all = Buffer.concat([out('head'), out('body', 4), out(''), end()]);
    for (let length = 0; length < all.length; length++) {
      const last = run([all.subarray(0, length)], true).events.at(-1);
      // The last three bytes of END_REQUEST are reserved: the answer is whole without them.
      if (length < all.length - 3) expect(['failure closed', 'failure cut']).toContain(last);
      else expect(last).toBe('end 0 0');
    }
  });

  it.each([
    [0, 'failure closed'],
    [5, 'failure closed'],
    [8, 'failure cut'],
    [10, 'failure cut'],
    [12, 'failure closed'],
  ])('tells an end between records from one within: %i bytes', (length, expected) => {
    expect(run([out('head').subarray(0, length)], true).events.at(-1)).toBe(expected);
  });

  it('gives the same events for any split', () => {
    const some = fc.oneof(
      fc.tuple(fc.string({ maxLength: 20 }), fc.nat(20)).map(([text, padding]) => out(text, padding)),
      fc.string({ maxLength: 20 }).map(err),
      fc.constantFrom(record(9, 'x'), record(6, 'x', { version: 3 }), record(6, 'x', { id: 7 }), end(1, 1)),
    );
    fc.assert(
      fc.property(
        fc.array(some, { maxLength: 8 }),
        fc.array(fc.nat(200), { maxLength: 10 }),
        fc.boolean(),
        (records, cuts, isEnded) => {
          const all = Buffer.concat(records);
          const at = cuts.sort((a, b) => a - b);
          const chunks = [0, ...at].map((from, i) => all.subarray(from, at[i] ?? all.length));
          expect(run(chunks, isEnded)).toEqual(run([all], isEnded));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (chunks) => {
        const { events } = run(
          chunks.map((chunk) => Buffer.from(chunk)),
          true,
        );
        expect(events.filter((event) => event.startsWith('end') || event.startsWith('failure'))).toHaveLength(
          1,
        );
      }),
    );
  });
});
