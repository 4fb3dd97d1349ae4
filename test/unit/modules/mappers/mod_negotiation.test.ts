import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderFields } from '../../../../src/http/header-fields.ts';
import {
  parseItem,
  parseQuality,
  readClient,
  readMode,
} from '../../../../src/modules/mappers/mod_negotiation/accept.ts';
import {
  choose,
  type LanguageRules,
  type Variant,
} from '../../../../src/modules/mappers/mod_negotiation/choose.ts';
import { parseTypeMap } from '../../../../src/modules/mappers/mod_negotiation/type-map.ts';

const variant = (fileName: string, more: Partial<Variant> = {}): Variant => ({
  fileName,
  description: '',
  mimeType: 'text/html',
  charset: '',
  encoding: undefined,
  languages: [],
  sourceQuality: 1,
  level: 0,
  length: 10,
  sub: undefined,
  body: undefined,
  ...more,
});
const NO_RULES: LanguageRules = { priority: [], prefers: true, fallsBack: false };

function best(variants: Variant[], fields: Record<string, string>, rules = NO_RULES): string | undefined {
  const headers = HeaderFields.from(Object.entries(fields));
  const mode = readMode(headers, true);
  const choice = choose(
    { variants, client: readClient(headers, mode, false), mode, rules, preferred: undefined },
    ({ length }) => length,
  );
  return choice.isChoice ? choice.best?.fileName : undefined;
}

const LANGUAGES = [
  variant('de', { languages: ['de'] }),
  variant('en', { languages: ['en'] }),
  variant('fr', { languages: ['fr'], length: 5 }),
];

describe('choosing by language', () => {
  it.each<[Record<string, string>, string | undefined]>([
    [{}, 'fr'],
    [{ 'Accept-Language': 'en' }, 'en'],
    [{ 'Accept-Language': 'en-US' }, 'en'],
    [{ 'Accept-Language': 'de;q=0.2, fr;q=0.5, *;q=0.7' }, 'en'],
    [{ 'Accept-Language': 'es' }, undefined],
  ])('%j', (fields, expected) => {
    expect(best(LANGUAGES, fields)).toBe(expected);
  });

  it('falls back to LanguagePriority', () => {
    expect(
      best(
        LANGUAGES,
        { 'Accept-Language': 'es' },
        { priority: ['en', 'de'], prefers: false, fallsBack: true },
      ),
    ).toBe('en');
  });
  it('prefers by LanguagePriority among equals', () => {
    expect(best(LANGUAGES, {}, { priority: ['en', 'de'], prefers: true, fallsBack: false })).toBe('en');
  });
});

describe('choosing by type, encoding, charset', () => {
  const types = [
    variant('html'),
    variant('txt', { mimeType: 'text/plain' }),
    variant('png', { mimeType: 'image/png', sourceQuality: 0.5 }),
  ];
  it.each<[Record<string, string>, string | undefined]>([
    [{ Accept: 'text/plain' }, 'txt'],
    [{ Accept: 'text/*, image/png' }, 'png'],
    [{ Accept: 'image/png;q=0.1, text/html;q=0.9' }, 'html'],
    [{ Accept: 'audio/*' }, undefined],
  ])('%j', (fields, expected) => {
    expect(best(types, fields)).toBe(expected);
  });

  const codings = [variant('plain', { length: 100 }), variant('gz', { encoding: 'x-gzip' })];
  it.each<[Record<string, string>, string | undefined]>([
    [{}, 'plain'],
    [{ 'Accept-Encoding': 'gzip' }, 'gz'],
    [{ 'Accept-Encoding': 'br' }, 'plain'],
    [{ 'Accept-Encoding': 'identity;q=0, *;q=0' }, undefined],
  ])('%j', (fields, expected) => {
    expect(best(codings, fields)).toBe(expected);
  });

  it('by charset', () => {
    const charsets = [variant('u', { charset: 'utf-8' }), variant('s', { charset: 'shift_jis' })];
    expect(best(charsets, { 'Accept-Charset': 'shift_jis, *;q=0.1' })).toBe('s');
    expect(best(charsets, { 'Accept-Charset': 'koi8-r' })).toBeUndefined();
  });

  it('leaves the choice to a client that wants the list', () => {
    expect(best(types, { Negotiate: 'trans' })).toBeUndefined();
    expect(best(types, { Negotiate: '*' })).toBe('html');
  });
});

describe('parts of fields', () => {
  it.each([
    ['1', 1],
    ['0.5', 0.5],
    ['.25', 0.25],
    ['0.1234', 0.123],
    ['5', 1],
    ['x', 1],
    ['0', 0],
  ])('quality %s', (text, quality) => {
    expect(parseQuality(text)).toBe(quality);
  });
  it('reads an item', () => {
    expect(parseItem('Text/HTML; level=2; q=0.5; charset="UTF-8"')).toEqual({
      name: 'text/html',
      quality: 0.5,
      level: 2,
      charset: 'utf-8',
    });
  });
});

describe('type maps', () => {
  it('reads files and bodies', () => {
    const text =
      'URI: m\n\n# a comment\nURI: m.en\nContent-Type: text/html;\n  qs=0.8 (nearly)\nContent-Language: en, en-GB\n\n' +
      'Content-Type: text/plain\nBody:--x--\nhello\n\nthere\n--x--\n\nURI: m.fr\nContent-Language: fr\n';
    const { variants } = parseTypeMap(text);
    expect(
      variants.map(({ fileName, mimeType, languages, sourceQuality }) => [
        fileName,
        mimeType,
        languages.join(),
        sourceQuality,
      ]),
    ).toEqual([
      ['m.en', 'text/html', 'en,en-gb', 0.8],
      ['', 'text/plain', '', 1],
      ['m.fr', '', 'fr', 1],
    ]);
    const body = variants[1]?.body as { start: number; length: number };
    expect(text.slice(body.start, body.start + body.length)).toBe('hello\n\nthere\n');
  });
  it.each([
    ['no colon\n', 'AH00681', true],
    ['Body: \n', 'AH00682', true],
    ['Body:xx\nnever ends\n', 'AH00685', false],
  ])('refuses %j', (text, code, isFatal) => {
    expect(parseTypeMap(text).problem).toMatchObject({ code, isFatal });
  });
  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        parseTypeMap(text);
      }),
    );
  });
});
