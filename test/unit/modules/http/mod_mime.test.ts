import { describe, expect, it } from 'vitest';
import { type MimeDirConf, mergeDir } from '../../../../src/modules/http/mod_mime/conf.ts';
import { withCharset } from '../../../../src/modules/http/mod_mime/content-type.ts';
import { modMime } from '../../../../src/modules/http/mod_mime/index.ts';
import { describe as describeName } from '../../../../src/modules/http/mod_mime/metadata.ts';
import { loadTypes, parseTypes } from '../../../../src/modules/http/mod_mime/types.ts';
import { applyText } from '../support.ts';

const types = parseTypes(
  '# comment\ntext/html html htm\ntext/plain  txt\tTEXT\nx/none\n\napplication/x-tar tar',
);
const confOf = (text: string): Readonly<MimeDirConf> => modMime.dirOf(applyText(text).server.lookupDefaults);

describe('parseTypes', () => {
  it('takes a line a type, extensions in lower case', () => {
    expect([...types]).toEqual([
      ['html', 'text/html'],
      ['htm', 'text/html'],
      ['txt', 'text/plain'],
      ['text', 'text/plain'],
      ['tar', 'application/x-tar'],
    ]);
  });
  it('falls back, and says so, when the configured file is missing', () => {
    const missing: string[] = [];
    expect(loadTypes('conf/none.types', '/srv', (path) => missing.push(path)).get('html')).toBe('text/html');
    expect(missing).toEqual(['/srv/conf/none.types']);
  });
});

describe('what a name says', () => {
  const conf = confOf(
    [
      'AddEncoding x-gzip .gz',
      'AddEncoding compress Z',
      'AddLanguage pt-BR .PT',
      'AddLanguage en en',
      'AddCharset UTF-8 .utf8',
      'AddHandler Some-Handler .h',
      'AddOutputFilter A;B .f',
      'AddType Text/X .x',
    ].join('\n'),
  );
  it.each([
    ['html', { type: 'text/html' }],
    ['HTML', { type: 'text/html' }],
    ['x.html', { type: 'text/html' }],
    ['html.x', { type: 'text/x' }],
    ['txt.gz.Z', { type: 'text/plain', encoding: 'x-gzip, compress' }],
    ['pt.en', { languages: ['pt-br', 'en'] }],
    ['utf8.html', { type: 'text/html', charset: 'utf-8' }],
    ['h', { handler: 'some-handler', exceptions: undefined }],
    ['html.h.nope', { type: 'text/html', exceptions: ['h', 'nope'] }],
    ['f', { outputFilters: ['a', 'b'] }],
    ['..html.', { type: 'text/html' }],
    ['unknown', { type: undefined, exceptions: undefined }],
  ])('%s', (extensions, expected) => {
    expect(describeName(extensions, conf, types)).toMatchObject(expected);
  });
});

describe('removals', () => {
  it('RemoveType counts at once, and for the types of the file too', () => {
    const conf = confOf('AddType a/b .q\nRemoveType .q .txt\nRemoveType .r\nAddType c/d .r');
    expect(describeName('q', conf, types).type).toBeUndefined();
    expect(describeName('txt', conf, types).type).toBeUndefined();
    expect(describeName('html.txt', conf, types).type).toBe('text/html');
    expect(describeName('r', conf, types).type).toBe('c/d');
  });
  it('the others count when merged, against additions beside them too', () => {
    const text = 'AddLanguage en .en\nRemoveLanguage .en .fr';
    expect(describeName('en', confOf(text), types).languages).toEqual(['en']);
    const base = confOf('AddLanguage fr .fr\nAddCharset utf-8 .fr');
    const merged = mergeDir(base, confOf(text));
    expect(describeName('en', merged, types).languages).toBeUndefined();
    expect(describeName('fr', merged, types)).toMatchObject({ languages: undefined, charset: 'utf-8' });
    expect(describeName('fr', base, types).languages).toEqual(['fr']);
  });
});

describe('withCharset', () => {
  it.each([
    ['text/html', undefined, 'text/html'],
    ['text/html', 'utf-8', 'text/html; charset=utf-8'],
    ['text/html;charset=a', 'b', 'text/html; charset=b'],
    ['text/foo; charset="a;b"; x=y', undefined, 'text/foo; charset="a;b"; x=y'],
    ['text/plain; a', undefined, 'text/plain'],
    ['text/plain;charset="x y" ; b=c', undefined, 'text/plain; charset="x y"; b=c'],
    ['foo', undefined, undefined],
    ['/x', undefined, undefined],
  ])('%s with %s: %s', (text, charset, expected) => {
    expect(withCharset(text, charset)).toBe(expected);
  });
});

describe('errors', () => {
  it.each([
    [
      'AddType foo',
      'AddType requires at least two arguments, a mime type followed by one or more file extensions',
    ],
    ['RemoveType', 'RemoveType requires at least one argument, one or more file extensions'],
    ['MultiviewsMatch foo', "Unrecognized option 'foo'"],
    ['MultiviewsMatch any handlers', 'Handlers is incompatible with Any and NegotiatedOnly'],
    [
      'MultiviewsMatch handlers negotiatedonly',
      'NegotiatedOnly is incompatible with Any, Filters and Handlers',
    ],
    ['MultiviewsMatch filters any', 'Any is incompatible with NegotiatedOnly, Filters and Handlers'],
    ['ModMimeUsePathInfo on', 'ModMimeUsePathInfo not allowed here'],
  ])('%s', (text, error) => {
    expect(applyText(text).errors).toEqual([error]);
  });
});
