import { afterEach, describe, expect, it } from 'vitest';
import { compilePcre, PCRE_DEFAULTS, setPcreDefaults } from '../../../../src/lib/pcre/index.ts';
import { changedOptions } from '../../../../src/modules/core/regex-options.ts';

describe('RegexDefaultOptions', () => {
  const on = (ignoreCase: boolean, dotAll: boolean, dollarEndOnly: boolean) => ({
    ignoreCase,
    dotAll,
    dollarEndOnly,
  });
  it.each([
    ['', on(false, true, true)],
    ['+ICASE', on(true, true, true)],
    ['-dotall', on(false, false, true)],
    ['None', on(false, false, false)],
    ['None +Dollar_EndOnly', on(false, false, true)],
    ['ICASE', on(true, false, false)],
    ['ICASE DOTALL', on(false, true, false)],
    ['+ICASE DOTALL -DOLLAR_ENDONLY', on(false, true, false)],
    ['+EXTENDED', "RegexDefaultOptions: option 'EXTENDED' unknown"],
    ['+', "RegexDefaultOptions: option '' unknown"],
    ['constructor', "RegexDefaultOptions: option 'constructor' unknown"],
  ])('%s', (text, wanted) => {
    expect(changedOptions(PCRE_DEFAULTS, text)).toEqual(wanted);
  });

  afterEach(() => setPcreDefaults(PCRE_DEFAULTS));
  it('holds for what is compiled afterwards', () => {
    const before = compilePcre('^a.b$');
    setPcreDefaults(on(true, false, false));
    const after = compilePcre('^a.b$');
    expect([before.test('A.b'), before.test('a\nb'), before.test('axb\n')]).toEqual([false, true, false]);
    expect([after.test('A.b'), after.test('a\nb'), after.test('axb\n')]).toEqual([true, false, true]);
  });
});
