import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLong } from '../../../../../src/modules/metadata/mod_mime_magic/integer.ts';
import { readMagic } from '../../../../../src/modules/metadata/mod_mime_magic/magic-file.ts';
import { describeContent, format } from '../../../../../src/modules/metadata/mod_mime_magic/match.ts';
import { readResult } from '../../../../../src/modules/metadata/mod_mime_magic/result.ts';
import { describeText } from '../../../../../src/modules/metadata/mod_mime_magic/words.ts';

const bytesOf = (text: string): Buffer => Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(80)]);

describe('readLong', () => {
  it.each([
    ['12x', { hi: 0, lo: 12 }, 2],
    ['010', { hi: 0, lo: 8 }, 3],
    ['08', { hi: 0, lo: 0 }, 1],
    ['0x1F', { hi: 0, lo: 31 }, 4],
    ['0xg', { hi: 0, lo: 0 }, 1],
    [' -1', { hi: -1, lo: -1 }, 3],
    ['0xffffffff', { hi: 0, lo: -1 }, 10],
    ['99999999999999999999', { hi: 0x7fffffff, lo: -1 }, 20],
    ['x', { hi: 0, lo: 0 }, 0],
  ])('reads %j', (text, value, length) => {
    expect(readLong(text)).toEqual({ value, length });
  });
});

describe('readMagic', () => {
  it.each([
    ['0 string a\\tb\\x41\\101\\ c text/x', { text: 'a\tbAA c', description: 'text/x', relation: '=' }],
    ['>>4 byte >3 \\bmore', { level: 2, relation: '>', description: 'more', joins: true }],
    [
      '>(4.s-2) belong&0xff x y',
      { indirect: { type: 'short', offset: -2 }, relation: 'x', description: 'y' },
    ],
    ['0 beshort 0xffd8 image/jpeg', { number: { hi: -1, lo: -40 } }],
    ['0 belong 0xffd8ffe0 image/jpeg', { number: { hi: 0, lo: -2555936 } }],
  ])('reads %s', (line, expected) => {
    const { rules, problems } = readMagic(line);
    expect(problems).toEqual([]);
    expect(rules).toMatchObject([expected]);
  });

  it.each([
    ['x byte 1', 'AH01521', 'offset x byte 1 invalid'],
    ['>(4.q) byte 1', 'AH01522', 'indirect offset type q invalid'],
    ['>(4.b byte 1', 'AH01523', "missing ')' in indirect offset"],
    ['0 quad 5', 'AH01524', 'type quad 5 invalid'],
    [`0 string ${'a'.repeat(64)}`, 'AH01526', `string too long: ${'a'.repeat(64)}`],
  ])('complains of %s', (line, code, message) => {
    expect(readMagic(line).problems[0]).toEqual({ code, message, at: 0 });
  });
  it('tells where a bad line begins', () => {
    const text = '# a comment\n0 byte 1 a/b\n  x byte 1\n';
    expect(readMagic(text).problems[0]?.at).toBe(text.indexOf('  x'));
  });
});

describe('describeContent', () => {
  const { rules } = readMagic(
    '0 string GIF image/gif\n0 string RIFF\n>8 string WAVE audio/x-wav\n0 belong 0x89504e47 image/high\n0 byte >0x40 text/%c',
  );
  it.each([
    ['GIF89a', 'image/gif'],
    ['RIFFxxxxWAVE', 'audio/x-wav'],
    ['RIFFxxxxAVI ', ''],
    // A value of 32 bits is sign-extended where it comes from the file, but not where it comes from the rule.
    ['\x89PNG', undefined],
    ['A', 'text/A'],
    ['1', undefined],
  ])('finds in %j %j', (text, printed) => {
    expect(describeContent(rules, bytesOf(text))).toBe(printed);
  });

  it('wants 64 bytes', () => {
    expect(describeContent(rules, Buffer.from(`GIF${'\0'.repeat(60)}`))).toBeUndefined();
  });

  it('answers whatever the bytes and rules are', () => {
    const line = fc
      .tuple(
        fc.constantFrom('', '>', '>>', '>('),
        fc.integer({ min: -70, max: 200 }),
        fc.constantFrom('.b)', '.l+9)', ''),
        fc.constantFrom(' byte', ' short', ' long', ' belong&0xff', ' string', ' ledate'),
        fc.constantFrom(' x ', ' >1 ', ' !0 ', ' a\\', ' ^7 '),
        fc.constantFrom('a/b', '%s', '%5ld %x', ''),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(line), fc.uint8Array({ maxLength: 300 }), (lines, bytes) => {
        const printed = describeContent(readMagic(lines.join('\n')).rules, Buffer.from(bytes));
        expect(printed === undefined || typeof printed === 'string').toBe(true);
      }),
    );
  });
});

describe('describeText', () => {
  it.each([
    ['.TH x', 'application/x-troff'],
    ['.\\" x', undefined],
    ['c a', 'text/plain'],
    ['x the y', 'text/plain'],
    ['see \x1b the', 'text/plain (with escape sequences)'],
    ['Received: x', 'message/rfc822'],
    ['<H1>', 'text/html'],
    ['a <h1> b', 'text/html'],
  ])('%j is %j', (text, type) => {
    expect(describeText(Buffer.from(`${text}\0`))).toBe(type);
  });
});

describe('readResult', () => {
  it.each([
    ['image/gif', { type: 'image/gif', encoding: undefined }],
    [' Image/GIF;Q=A ', { type: 'image/gif;Q=A ', encoding: undefined }],
    ['text/enc 8BIT', { type: 'text/enc ', encoding: '8bit' }],
    ['text/a1 8BIT x', { type: 'text/a1 8bit ', encoding: '8bit ' }],
  ])('reads %j', (printed, magic) => {
    expect(readResult(printed)).toEqual(magic);
  });
  it.each(['', 'noslash', 'no slash/here'])('refuses %j', (printed) => {
    expect(readResult(printed)).toBeUndefined();
  });
});

describe('format', () => {
  it.each([
    ['a %s b', 'x', 'a x b'],
    ['%5.2s|', 'xyz', '   xy|'],
    ['%d', 0xffffffffn, '-1'],
    ['%ld', 0xffffffffn, '4294967295'],
    ['%04x', 0xabn, '00ab'],
    ['%c%%', 65n, 'A%'],
    ['%s', 65n, ''],
    ['%999999999s', 'x', `${' '.repeat(254)}x`],
  ])('%s with %s', (description, value, text) => {
    expect(format(description, value)).toBe(text);
  });
});
