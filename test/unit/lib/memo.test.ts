import { expect, it } from 'vitest';
import { Memo } from '../../../src/lib/memo.ts';

it('knows what it was told, the last one asked for and the others', () => {
  const memo = new Memo<number | null>(4);
  memo.set('one', 1);
  memo.set('nothing', null);
  expect([memo.get('nothing'), memo.get('one'), memo.get('one'), memo.get('nothing')]).toEqual([
    null,
    1,
    1,
    null,
  ]);
  expect(memo.get('two')).toBeUndefined();
  memo.set('one', 11);
  expect(memo.get('one')).toBe(11);
});

it('forgets all when one too many comes', () => {
  const memo = new Memo<number>(2);
  memo.set('one', 1);
  memo.set('two', 2);
  memo.set('three', 3);
  expect([memo.get('one'), memo.get('two'), memo.get('three')]).toEqual([undefined, undefined, 3]);
});
