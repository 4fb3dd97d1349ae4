import { describe, expect, it } from 'vitest';
import {
  mergeDir,
  mergeServer,
  OPTION_IGNORE_INHERIT,
  OPTION_INHERIT,
  OPTION_INHERIT_BEFORE,
  OPTION_INHERIT_DOWN,
  OPTION_INHERIT_DOWN_BEFORE,
  OPTION_MERGE_BASE,
  type Rule,
} from '../../../../../src/modules/mappers/mod_rewrite/conf.ts';
import { modRewrite } from '../../../../../src/modules/mappers/mod_rewrite/index.ts';
import { applyText } from '../../support.ts';

const rule = (pattern: string): Rule => ({ pattern }) as Rule;
const patterns = (rules: readonly Rule[] | undefined) => rules?.map(({ pattern }) => pattern).join('');

describe('what is taken over', () => {
  it.each([
    [undefined, undefined, 'own'],
    [undefined, OPTION_INHERIT, 'ownbase'],
    [undefined, OPTION_INHERIT_BEFORE, 'baseown'],
    [OPTION_INHERIT_DOWN, 0, 'ownbase'],
    [OPTION_INHERIT_DOWN_BEFORE, 0, 'baseown'],
    [OPTION_INHERIT_DOWN, OPTION_IGNORE_INHERIT, 'own'],
    [OPTION_INHERIT_DOWN_BEFORE, OPTION_IGNORE_INHERIT, 'own'],
    [OPTION_INHERIT_DOWN, undefined, 'ownbase'],
    // Options that are not said anew hold on, also those that inherit.
    [OPTION_INHERIT, undefined, 'ownbase'],
  ])('base %s, own %s: %s', (base, own, expected) => {
    const older = { rules: [rule('base')], ...(base === undefined ? {} : { options: base }) };
    const newer = { rules: [rule('own')], ...(own === undefined ? {} : { options: own }) };
    expect(patterns(mergeServer(older, newer).rules)).toBe(expected);
    expect(patterns(mergeDir(older, newer).rules)).toBe(expected);
  });
  it('the base URL only with MergeBase', () => {
    expect(mergeDir({ base: '/a' }, {}).base).toBeUndefined();
    expect(mergeDir({ base: '/a' }, { options: OPTION_MERGE_BASE }).base).toBe('/a');
    expect(mergeDir({ base: '/a' }, { base: '/b', options: OPTION_MERGE_BASE }).base).toBe('/b');
  });
  it('the engine, unless it is said anew; the directory never', () => {
    expect(mergeDir({ engine: true, directory: '/a/' }, { directory: '/b/' })).toMatchObject({
      engine: true,
      directory: '/b/',
    });
    expect(mergeDir({ engine: true }, { engine: false }).engine).toBe(false);
    expect(mergeServer({ engine: true }, {}).engine).toBe(true);
  });
});

describe('directives', () => {
  const rulesOf = (text: string) => modRewrite.server(applyText(text).server).rules ?? [];

  it('gives conditions to the rule behind them', () => {
    const rules = rulesOf('RewriteCond a b\nRewriteCond c !d\nRewriteRule ^ -\nRewriteRule ^ -');
    expect(rules.map(({ conditions }) => conditions.map(({ pattern }) => pattern))).toEqual([
      ['b', '!d'],
      [],
    ]);
  });
  it.each([
    ['^ /x?', '/x', true],
    ['^ /x? [QSA]', '/x?', false],
    ['^ /x?a', '/x?a', false],
    ['^ /x [QSD]', '/x', true],
    ['^ /x?a [QSD]', '/x?a', false],
    ['^ ?', '', true],
  ])('RewriteRule %s', (text, written, dropsQuery) => {
    expect(rulesOf(`RewriteRule ${text}`)[0]).toMatchObject({ text: written, dropsQuery });
  });
  it.each([
    ['^ -', false],
    ['^ - [F]', false],
    ['^ /x [F]', false],
    ['^ /x', true],
    ['^ -x', true],
  ])('RewriteRule %s substitutes: %s', (text, substitutes) => {
    expect(rulesOf(`RewriteRule ${text}`)[0]?.output !== undefined).toBe(substitutes);
  });
  it.each([
    ['^(a) /$1', true],
    ['^(a) /%1', false],
    ['^(a) - [E=x:$1]', true],
    ['!^(a) /$1', false],
  ])('RewriteRule %s looks at its groups: %s', (text, usesGroups) => {
    expect(rulesOf(`RewriteRule ${text}`)[0]?.usesGroups).toBe(usesGroups);
  });
  it.each([
    ['RewriteRule ^', "RewriteRule: bad argument line '^'"],
    ['RewriteRule ( -', "RewriteRule: cannot compile regular expression '('"],
    ['RewriteRule ^ - L', 'RewriteRule: bad flag delimiters'],
    ['RewriteCond a', "RewriteCond: bad argument line 'a'"],
    ['RewriteCond a b [X]', "RewriteCond: unknown flag 'X'"],
    ['RewriteCond a !(', "RewriteCond: cannot compile regular expression '('"],
    ['RewriteOptions x', "RewriteOptions: unknown option 'x'"],
    ['RewriteBase /', 'RewriteBase: only valid in per-directory config files'],
    ['RewriteMap a int:x', 'RewriteMap: internal map not found:x'],
    ['RewriteMap a dbd:x', 'RewriteMap types dbd and fastdbd require mod_dbd!'],
    ['RewriteMap a dbm=ndbm:x', 'RewriteMap: dbm type ndbm is invalid'],
    ['RewriteMap a dbmx', 'RewriteMap: bad map:dbmx'],
    ['RewriteMap a /not/there', 'RewriteMap: file for map a not found:/not/there'],
  ])('%s is refused', (text, error) => {
    expect(applyText(text).errors).toEqual([error]);
  });
});
