import { describe, expect, it } from 'vitest';
import { commandWords, parseDefinition } from '../../../../src/modules/filters/mod_ext_filter/define.ts';

describe('ExtFilterDefine', () => {
  it.each([
    ['a cmd=/bin/cat b', "Unexpected parameter: `b'"],
    ['a mode=x cmd=/bin/cat', "Invalid mode: `x'"],
    ['a cmd="/bin/cat', 'Expected cmd= delimiter'],
    ['a PreservesContentLengthX cmd=/bin/cat', "mangled argument `PreservesContentLengthX'"],
    ['"a b" cmd=/bin/cat', 'Unexpected parameter: `b" cmd=/bin/cat\''],
  ])('%s is refused', (text, problem) => {
    expect(parseDefinition(text)).toBe(problem);
  });

  it('takes every parameter, in any order and case', () => {
    const text =
      'f MODE=INPUT ftype=21 enableenv=on disableenv=off intype=a/b outtype=c/d preservescontentlength cmd="/x y \\"z z\\""';
    expect(parseDefinition(text)).toEqual({
      name: 'f',
      mode: 'input',
      type: 21,
      enableEnv: 'on',
      disableEnv: 'off',
      inType: 'a/b',
      outType: 'c/d',
      preservesLength: true,
      argv: ['/x', 'y', '"z', 'z"'],
    });
  });

  it.each([
    ['/bin/cat', ['/bin/cat']],
    ['/bin/sh -c "a b" \'c d\'', ['/bin/sh', '-c', 'a b', 'c d']],
    ['p a\\ b c\\\\ d', ['p', 'a b', 'c\\ d']],
  ])('words of %s', (text, words) => {
    expect(commandWords(text)).toEqual(words);
  });
});
