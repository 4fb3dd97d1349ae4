import { describe, expect, it } from 'vitest';
import {
  type Features,
  modSetenvif,
  parseFeatures,
  simplePattern,
} from '../../../../src/modules/metadata/mod_setenvif.ts';
import { applyText } from '../support.ts';

describe('simplePattern', () => {
  it.each([
    ['plain text', 'plain text'],
    ['a\\.b\\\\', 'a.b\\'],
    ['^a', undefined],
    ['a.b', undefined],
    ['a\\d', undefined],
    ['a\\', undefined],
    ['', ''],
  ])('%s: %s', (pattern, text) => {
    expect(simplePattern(pattern)).toBe(text);
  });
});

describe('parseFeatures', () => {
  it.each([
    ['a b=c !d', { a: '1', b: 'c', d: undefined }],
    ['x= "y=two words"', { x: '1', y: 'two words' }],
    ['a A=2', { a: '2' }],
    ['!d=1', { '!d': '1' }],
  ])('%s', (text, expected) => {
    const features: Features = new Map();
    expect(parseFeatures(text, features)).toBe(true);
    expect(Object.fromEntries([...features.values()].map(({ name, value }) => [name, value]))).toEqual(
      expected,
    );
  });
  it('wants at least one', () => {
    expect(parseFeatures('', new Map())).toBe(false);
  });
});

describe('entries', () => {
  it('joins an entry with one before it of the same attribute and pattern', () => {
    const conf = modSetenvif.server(
      applyText('SetEnvIf Host x a\nSetEnvIf host x b\nSetEnvIfNoCase host x c').server,
    );
    expect(conf.entries?.map(({ features }) => [...features.values()].map(({ name }) => name))).toEqual([
      ['a', 'b'],
      ['c'],
    ]);
  });
});

describe('errors', () => {
  it.each([
    ['SetEnvIf', 'Missing header-field name for SetEnvIf'],
    ['SetEnvIf ^A', 'Missing regular expression for SetEnvIf'],
    ['SetEnvIf A b', 'Missing envariable expression for SetEnvIf'],
    ['SetEnvIf A ( x', 'SetEnvIf regex could not be compiled.'],
    ['SetEnvIf ^( b x', 'SetEnvIfHeader name regex could not be compiled.'],
    ['SetEnvIfExpr', 'Missing expression for SetEnvIfExpr'],
    ['SetEnvIfExpr true', 'Missing envariable expression for SetEnvIfExpr'],
    [
      'SetEnvIfExpr "foo" x',
      'Could not parse expression "foo": syntax error, unexpected $end, expecting \'(\'',
    ],
    ['BrowserMatch', 'Missing regular expression for BrowserMatch'],
    ['BrowserMatch x', 'Missing envariable expression for BrowserMatch'],
  ])('%s', (text, error) => {
    expect(applyText(text).errors).toEqual([error]);
  });
});
