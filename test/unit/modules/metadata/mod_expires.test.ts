import { describe, expect, it } from 'vitest';
import { type ExpiresDirConf, mergeDir, parseExpiry } from '../../../../src/modules/metadata/mod_expires.ts';

describe('parseExpiry', () => {
  it.each([
    ['A3600', 'access', 3600],
    ['M60', 'modification', 60],
    ['A-5', 'access', -5],
    ['A', 'access', 0],
    ['Mx', 'modification', 0],
    ['access', 'access', 0],
    ['now plus 1 hour 30 minutes', 'access', 5400],
    ['modification plus 1 y 2 mo 3 w 4 d 5 h 6 mi 7 s', 'modification', 38898367],
    ['a 1 day', 'access', 86400],
    ['NOW PLUS 2 WEEKS', 'access', 1209600],
    // Sixty-eight years are all that an int of seconds holds.
    ['now plus 100 years', 'access', -1141367296],
  ])('reads %s', (code, base, seconds) => {
    expect(parseExpiry(code)).toEqual({ base, seconds });
  });

  it.each([
    ['soon', "bad expires code, unrecognised <base> 'soon'"],
    ['', "bad expires code, unrecognised <base> ''"],
    ['now plus x day', "bad expires code, numeric value expected <num> 'x'"],
    ['now plus 1', 'bad expires code, missing <type>'],
    ['now plus 1 fortnight', "bad expires code, unrecognised <type>'fortnight'"],
  ])('refuses %s', (code, message) => {
    expect(parseExpiry(code)).toBe(message);
  });
});

describe('mergeDir', () => {
  const hour: ExpiresDirConf['fallback'] & object = { base: 'access', seconds: 3600 };
  const day: typeof hour = { base: 'access', seconds: 86400 };

  it('takes types one by one, the newer ones first', () => {
    const merged = mergeDir(
      { isActive: true, fallback: hour, byType: new Map([['text/css', hour]]) },
      {
        byType: new Map([
          ['text/css', day],
          ['text/html', hour],
        ]),
      },
    );
    expect(merged).toEqual({
      isActive: true,
      fallback: hour,
      byType: new Map([
        ['text/css', day],
        ['text/html', hour],
      ]),
    });
  });
});
