import { describe, expect, it } from 'vitest';
import { compareNames, judge, Likeness } from '../../../../src/modules/mappers/mod_speling.ts';

describe('compareNames', () => {
  it.each([
    ['README', 'readme', 'miscapitalized'],
    ['reamde', 'readme', 'transposed'],
    ['readm', 'readme', 'missing'],
    ['eadme', 'readme', 'missing'],
    ['readmee', 'readme', 'extra'],
    ['xreadme', 'readme', 'extra'],
    ['readmx', 'readme', 'mistyped'],
    ['rexxme', 'readme', 'different'],
    ['read', 'readme', 'different'],
    ['', 'r', 'missing'],
    ['', '', 'miscapitalized'],
  ] as const)('%j, %j: %s', (asked, present, likeness) => {
    expect(compareNames(asked, present)).toBe(Likeness[likeness]);
  });
});

describe('judge', () => {
  it.each([
    ['a.b', 'A.B', { caseOnly: true }, Likeness.miscapitalized],
    ['a.bc', 'a.bd', { caseOnly: true }, Likeness.different],
    ['a.bc', 'a.bd', { caseOnly: true, baseNames: false }, undefined],
    ['abc.html', 'ABC.x', {}, Likeness.different],
    ['abc.html', 'abd.x', {}, undefined],
  ])('%s, %s', (asked, name, conf, likeness) => {
    expect(judge(asked, name, conf)).toBe(likeness);
  });
});
