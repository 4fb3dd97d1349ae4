import { randomBytes } from 'node:crypto';
import { createGunzip, gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { type BodyWriter, endBody, type OutputFilter } from '../../../../src/core/body.ts';
import { addOutputFilter, startFilters } from '../../../../src/core/filters.ts';
import { allowedTime } from '../../../../src/core/read-timeouts.ts';
import type { Request } from '../../../../src/core/request.ts';
import { CompressingWriter } from '../../../../src/modules/filters/mod_deflate/gzip-writer.ts';
import { acceptsGzip } from '../../../../src/modules/filters/mod_deflate/negotiate.ts';
import { chainStep, mergeDir, protocolBits } from '../../../../src/modules/filters/mod_filter.ts';
import { parseStage } from '../../../../src/modules/filters/mod_reqtimeout.ts';
import { isPlain } from '../../../../src/modules/filters/shared/codings.ts';

/** Takes what it gets; full after `capacity` bytes until drained. */
class Sink implements BodyWriter {
  readonly pieces: Buffer[] = [];
  capacity = Number.POSITIVE_INFINITY;
  ended: 'no' | 'end' | 'whole' | 'abort' = 'no';
  onEnd: () => void = () => undefined;
  onPiece: (piece: Buffer) => void = () => undefined;
  write(chunk: Buffer): boolean {
    this.pieces.push(chunk);
    this.onPiece(chunk);
    this.capacity -= chunk.length;
    return this.capacity > 0;
  }
  end(): void {
    this.ended = 'end';
    this.onEnd();
  }
  endWith(chunk: Buffer): void {
    this.pieces.push(chunk);
    this.ended = 'whole';
    this.onEnd();
  }
  abort(): void {
    this.ended = 'abort';
    this.onEnd();
  }
  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

/** As much of a request as filters ask for. */
function fakeRequest(): Request & { drain: (() => void) | undefined } {
  const r = {
    outputFilters: undefined,
    drain: undefined as (() => void) | undefined,
    transport: {
      onDrain: (callback: () => void) => {
        r.drain = callback;
      },
    },
  };
  return r as unknown as Request & { drain: (() => void) | undefined };
}

function named(name: string, type: number, log: string[], stepsAside = false): OutputFilter {
  return {
    type,
    start: (_r, next, length) => {
      log.push(`${name}:${length}`);
      if (stepsAside) return undefined;
      return {
        write: (chunk) => next.write(Buffer.from(`${name}${chunk}`)),
        end: () => next.end(),
        abort: () => next.abort(),
      };
    },
  };
}

describe('chains of filters', () => {
  it('stand by type, and by insertion within one', () => {
    const r = fakeRequest();
    const log: string[] = [];
    for (const [name, type] of [
      ['a', 20],
      ['b', 10],
      ['c', 20],
      ['d', 9],
    ] as const)
      addOutputFilter(r, named(name, type, log));
    const sink = new Sink();
    const writer = startFilters(r, sink, undefined) as BodyWriter;
    writer.write(Buffer.from('-'));
    writer.end();
    expect(sink.bytes.toString()).toBe('cabd-');
    expect(log).toEqual(['d:undefined', 'b:undefined', 'a:undefined', 'c:undefined']);
  });

  it('are not there when all step aside from a whole body', () => {
    const r = fakeRequest();
    const log: string[] = [];
    addOutputFilter(r, named('a', 20, log, true));
    addOutputFilter(r, named('b', 20, log, true));
    expect(startFilters(r, new Sink(), 7)).toBeUndefined();
    expect(log).toEqual(['a:7', 'b:7']);
  });

  it('start when the body reaches them', () => {
    const r = fakeRequest();
    const log: string[] = [];
    addOutputFilter(r, named('a', 10, log));
    addOutputFilter(r, named('b', 20, log));
    const writer = startFilters(r, new Sink(), 3) as BodyWriter;
    expect(log).toEqual(['a:3']);
    endBody(writer, Buffer.from('xyz'));
    expect(log).toEqual(['a:3', 'b:undefined']);
  });
});

describe('CompressingWriter', () => {
  const options = { windowBits: 15, level: -1, memLevel: 9 };

  it('gives a small whole body at once, with its length', () => {
    const sink = new Sink();
    const counts: number[] = [];
    const writer = new CompressingWriter(fakeRequest(), sink, options, 8096, (bytesIn, bytesOut) =>
      counts.push(bytesIn, bytesOut),
    );
    writer.endWith(Buffer.alloc(5000, 'x'));
    expect(sink.ended).toBe('whole');
    expect(gunzipSync(sink.bytes).length).toBe(5000);
    expect(counts).toEqual([5000, sink.bytes.length - 18]);
  });

  it('streams large bodies, and waits for a slow client', async () => {
    const r = fakeRequest();
    const sink = new Sink();
    sink.capacity = 20_000;
    const writer = new CompressingWriter(r, sink, options, 8096, () => undefined);
    const noise = randomBytes(400_000);
    const ended = new Promise<void>((resolve) => {
      sink.onEnd = resolve;
    });
    writer.write(noise);
    writer.end();
    // Compressed in a thread: it takes what it takes.
    await vi.waitFor(() => expect(r.drain).toBeDefined(), 10_000);
    expect(sink.ended).toBe('no');
    expect(sink.bytes.length).toBeLessThan(200_000);
    sink.capacity = Number.POSITIVE_INFINITY;
    r.drain?.();
    await ended;
    expect(sink.ended).toBe('end');
    expect(gunzipSync(sink.bytes).equals(noise)).toBe(true);
  });

  it('lets everything go on a flush', async () => {
    const sink = new Sink();
    const writer = new CompressingWriter(fakeRequest(), sink, options, 8096, () => undefined);
    writer.write(Buffer.from('event: 1\n\n'));
    writer.flush();
    const gunzip = createGunzip();
    const first = new Promise<string>((resolve) =>
      gunzip.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    for (const piece of sink.pieces) gunzip.write(piece);
    sink.onPiece = (piece) => gunzip.write(piece);
    expect(await first).toBe('event: 1\n\n');
  });
});

describe('what mod_deflate reads', () => {
  it.each([
    ['gzip', true],
    ['GZIP;q=0.5', true],
    ['deflate, gzip', true],
    ['gzip;q=0', false],
    ['gzip;q=0.000', false],
    ['gzip;q=0.001', true],
    ['x-gzip', false],
    ['*', false],
    ['', false],
    [undefined, false],
  ])('Accept-Encoding %s', (field, accepted) => {
    expect(acceptsGzip(field)).toBe(accepted);
  });

  it.each([
    ['', true],
    ['identity', true],
    ['identity, 8bit', true],
    ['gzip', false],
    ['identity,br', false],
  ])('codings %j are plain: %s', (codings, plain) => {
    expect(isPlain(codings)).toBe(plain);
  });
});

describe('mod_filter', () => {
  it.each([
    [undefined, 'a', ['a']],
    [['a'], '+b', ['a', 'b']],
    [['a'], '@b', ['b', 'a']],
    [['a', 'b', 'A'], '-a', ['b']],
    [['a'], '!', [null]],
    [['a'], '=b', [null, 'b']],
  ])('FilterChain %j %s', (chain, word, expected) => {
    expect(chainStep(chain, word)).toEqual(expected);
  });

  it.each([
    [['a'], ['b'], ['a', 'b']],
    [['a'], [null, 'b'], ['b']],
    [['a'], ['c', null, 'b'], ['b']],
    [['a'], undefined, ['a']],
    [undefined, [null, 'b'], [null, 'b']],
  ])('chains %j and %j merge', (base, add, expected) => {
    const conf = (chain: (string | null)[] | undefined) => (chain === undefined ? {} : { chain });
    expect(mergeDir(conf(base), conf(add)).chain).toEqual(expected);
  });

  it.each([
    ['change=yes', 3],
    ['change=1:1', 1],
    ['byteranges=no; proxy=no', 12],
    ['cache=no proxy=transform nonsense', 48],
  ])('FilterProtocol %s', (text, bits) => {
    expect(protocolBits(text)).toBe(bits);
  });
});

describe('RequestReadTimeout', () => {
  it.each([
    ['10', { timeout: 10_000, longest: 0, minRate: 0 }],
    ['0', { timeout: 0, longest: 0, minRate: 0 }],
    ['20-40,MinRate=500', { timeout: 20_000, longest: 40_000, minRate: 500 }],
    ['20,minrate=1', { timeout: 20_000, longest: 0, minRate: 1 }],
    ['x', "Value 'x' not numerical"],
    ['', "Value '' not numerical"],
    ['10-', 'Must set MinRate option if using timeout range'],
    ['10-5,MinRate=3', 'Maximum timeout must be larger than initial timeout'],
    ['10,MinRate=x', "Value 'x' not numerical"],
    ['10,MinRate=0', 'Minimum data rate must be larger than 0'],
    ['10,Foo=3', "Cannot parse ',Foo=3'"],
    ['-1', 'Must set MinRate option if using timeout range'],
  ])('%s', (text, expected) => {
    expect(parseStage(text)).toEqual(expected);
  });

  it.each([
    [{ timeout: 2000, longest: 4000, minRate: 10 }, 0, 2000],
    [{ timeout: 2000, longest: 4000, minRate: 10 }, 15, 3500],
    [{ timeout: 2000, longest: 4000, minRate: 10 }, 500, 4000],
    [{ timeout: 2000, longest: 0, minRate: 10 }, 500, 52_000],
    [{ timeout: 2000, longest: 0, minRate: 0 }, 500, 2000],
  ])('%j allows %d bytes %d ms', (stage, bytes, expected) => {
    expect(allowedTime(stage, bytes)).toBe(expected);
  });
});
