import { describe, expect, it } from 'vitest';
import {
  findCookie,
  netscapeDate,
  parseCookiePeriod,
} from '../../../../src/modules/metadata/mod_usertrack.ts';

describe('parseCookiePeriod', () => {
  it.each([
    ['3600', 3600],
    ['12x3', 12],
    ['2 weeks 1 day 1 second', 1296001],
    ['plus 1 month', 2592000],
    ['1 y 1 mi', 31536060],
    ['soon', 'bad expires code, numeric value expected.'],
    ['plus 1', 'bad expires code, missing <type>'],
    ['1 fortnight', 'bad expires code, unrecognized type'],
  ])('%s', (text, expected) => {
    expect(parseCookiePeriod(text)).toBe(expected);
  });
});

describe('findCookie', () => {
  it.each([
    ['Apache=1', '1'],
    ['x=1; Apache=2; y=3', '2'],
    ['x=1,Apache=3', '3'],
    ['xApache=4', undefined],
    ['x Apache=4', undefined],
    ['Apache=; Apache=7', '7'],
    ['Apache=a b,c', 'a b'],
    ['apache=1', undefined],
  ])('%j', (header, value) => {
    expect(findCookie(header, 'Apache')).toBe(value);
  });
});

describe('netscapeDate', () => {
  it('has two digits of the year', () => {
    expect(netscapeDate(Date.UTC(2024, 0, 2, 3, 4, 5))).toBe('Tue, 02-Jan-24 03:04:05 GMT');
  });
});
