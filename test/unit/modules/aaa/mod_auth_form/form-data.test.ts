import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseForm } from '../../../../../src/modules/aaa/mod_auth_form/form-data.ts';

const entries = (text: string, size = 8192): unknown => {
  const form = parseForm(text, size);
  return typeof form === 'number' ? form : Object.fromEntries(form);
};

describe('parseForm', () => {
  it.each([
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=1&a=2', { a: '1' }],
    ['%61=%41+b', { a: 'A b' }],
    ['a==b', { a: '=b' }],
    ['a', { a: '' }],
    ['=&&a=1&=', { '': '', a: '1' }],
    ['a=%zz', { a: 'S' }],
    ['a=x%', { a: 'x' }],
    ['a=x%7', { a: 'x' }],
    ['', {}],
  ])('%s', (text, expected) => {
    expect(entries(text)).toEqual(expected);
  });

  it('counts characters as they are decoded, without separators', () => {
    expect(entries(`abc=${'x'.repeat(17)}`, 20)).not.toBe(413);
    expect(entries(`abc=${'x'.repeat(18)}`, 20)).toBe(413);
    expect(entries(`abc=${'%31'.repeat(17)}`, 20)).not.toBe(413);
    expect(entries('=&'.repeat(100), 20)).not.toBe(413);
  });

  it('reads what forms write', () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)) });
    fc.assert(
      fc.property(text, text, (name, value) => {
        const escaped = (s: string): string =>
          s.replace(/[^A-Za-z0-9]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
        fc.pre(name !== '');
        expect(entries(`${escaped(name)}=${escaped(value)}`)).toEqual(Object.fromEntries([[name, value]]));
      }),
    );
  });
});
