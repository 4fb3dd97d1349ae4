import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BodyDecoder, BodyEvent, LengthDecoder, parseContentLength } from '../../../src/http/body.ts';
import { CHUNK_END, ChunkedDecoder, chunkHeader, LAST_CHUNK } from '../../../src/http/chunked.ts';
import { HeaderFields } from '../../../src/http/header-fields.ts';
import { DEFAULT_LIMITS } from '../../../src/http/request-head.ts';
import { bytes, joinSegments, recorded, type Segment } from './support.ts';

interface Outcome {
  data: string;
  event: BodyEvent;
  /** Bytes taken of the whole stream. */
  used: number;
  status: number | undefined;
  trailers: [string, string][];
}

function decode(stream: Buffer, cuts: readonly number[], decoder: BodyDecoder): Outcome {
  const bounds = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
  let data = '';
  let event: BodyEvent = BodyEvent.more;
  let used = 0;
  for (let index = 0; index + 1 < bounds.length && event === BodyEvent.more; index++) {
    const start = bounds[index] as number;
    const piece = stream.subarray(start, bounds[index + 1]);
    let at = 0;
    while ((event = decoder.read(piece, at)) === BodyEvent.data) {
      data += piece.toString('latin1', decoder.dataStart, decoder.dataEnd);
      at = decoder.offset;
    }
    used = start + decoder.offset;
  }
  const trailers = decoder instanceof ChunkedDecoder ? [...decoder.trailers] : [];
  return { data, event, used, status: decoder.failure?.status, trailers };
}

function encode(parts: readonly string[], trailers?: HeaderFields): string {
  const chunks = parts
    .filter((part) => part !== '')
    .map((part) => chunkHeader(part.length) + part + CHUNK_END);
  const fields = [...(trailers ?? [])].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return chunks.join('') + (fields === '' ? LAST_CHUNK : `0\r\n${fields}\r\n`);
}

const byteText = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));

describe('ChunkedDecoder', () => {
  it('takes back what was encoded, however it is cut, and no byte more', () => {
    fc.assert(
      fc.property(
        fc.array(byteText, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        (parts, cuts) => {
          const body = encode(parts, HeaderFields.from([['X-Sum', 'abc']]));
          const stream = bytes(`${body}GET /`);
          const places = cuts.map((cut) => cut % (stream.length + 1));
          expect(decode(stream, places, new ChunkedDecoder())).toEqual({
            data: parts.join(''),
            event: BodyEvent.end,
            used: body.length,
            status: undefined,
            trailers: [['X-Sum', 'abc']],
          });
        },
      ),
    );
  });

  it('judges the recorded bodies alike at every cut', () => {
    for (const { body } of recorded<{ body: Segment[] }>('chunked-bodies')) {
      const stream = bytes(joinSegments(body));
      if (stream.length > 300) continue;
      const { data, event, status, trailers } = decode(stream, [], new ChunkedDecoder());
      for (let cut = 1; cut < stream.length; cut++) {
        expect(decode(stream, [cut], new ChunkedDecoder())).toMatchObject({ data, event, status, trailers });
      }
    }
  });

  const tables: [what: string, body: string, strict: boolean, status: number | undefined][] = [
    ['ten blanks after the size', `1${' '.repeat(10)}\r\na\r\n0\r\n\r\n`, true, undefined],
    ['eleven blanks after the size', `1${' '.repeat(11)}\r\na\r\n0\r\n\r\n`, true, 400],
    ['63 bits', '7fffffffffffffff\r\n', true, undefined],
    ['64 bits', '8000000000000000\r\n', true, 413],
    ['zeros before 16 digits', '0007fffffffffffffff\r\n', true, undefined],
    ['bare line feeds, strict', '1\na\n0\n\n', true, 400],
    ['bare line feeds, unsafe', '1\na\n0\n\n', false, undefined],
  ];
  it.each(tables)('%s', (_what, body, strict, status) => {
    expect(decode(bytes(body), [], new ChunkedDecoder(DEFAULT_LIMITS, strict)).status).toBe(status);
  });

  it('bounds endless size lines and endless trailers', () => {
    for (const [start, more] of [
      ['1;', 'x'.repeat(1000)],
      ['', '0'.repeat(1000)],
      ['0\r\n', 'A: b\r\n'.repeat(10)],
      ['0\r\nA: ', 'b'.repeat(1000)],
    ] as const) {
      const decoder = new ChunkedDecoder();
      let fed = start.length;
      let event = decoder.read(bytes(start), 0);
      while (event === BodyEvent.more && fed < 100_000) {
        event = decoder.read(bytes(more), 0);
        fed += more.length;
      }
      expect(event).toBe(BodyEvent.failed);
      expect(fed).toBeLessThan(12_000);
    }
  });

  it('stays failed and stays ended', () => {
    const failed = new ChunkedDecoder();
    expect(failed.read(bytes('x'), 0)).toBe(BodyEvent.failed);
    expect(failed.read(bytes('5\r\n'), 0)).toBe(BodyEvent.failed);
    const ended = new ChunkedDecoder();
    expect(ended.read(bytes(LAST_CHUNK), 0)).toBe(BodyEvent.end);
    expect(ended.read(bytes('5\r\n'), 0)).toBe(BodyEvent.end);
    expect(ended.offset).toBe(0);
  });
});

describe('LengthDecoder', () => {
  it('takes exactly the length, however it is cut', () => {
    fc.assert(
      fc.property(byteText, byteText, fc.array(fc.nat(), { maxLength: 5 }), (body, rest, cuts) => {
        const stream = bytes(body + rest);
        const places = cuts.map((cut) => cut % (stream.length + 1));
        const outcome = decode(stream, places, new LengthDecoder(body.length));
        expect(outcome.data).toBe(body);
        if (rest !== '') expect([outcome.event, outcome.used]).toEqual([BodyEvent.end, body.length]);
      }),
    );
  });
});

describe('parseContentLength', () => {
  it.each([
    ['0', 0],
    ['0005', 5],
    ['9223372036854775807', 2 ** 63],
    ['9223372036854775808', -1],
    ['18446744073709551617', -1],
    ['', -1],
    ['+5', -1],
    ['-5', -1],
    ['5,5', -1],
    ['5 ', -1],
    ['0x5', -1],
  ])('%s', (text, length) => {
    expect(parseContentLength(text)).toBe(length);
  });
});
