import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { TurnBatch } from '../../../src/lib/turn-batch.ts';

afterEach(() => vi.useRealTimers());

it('does at the end of the turn what was added in it, in order', async () => {
  const done: string[] = [];
  const batch = new TurnBatch<string>((item) => done.push(item));
  batch.add('one');
  await null;
  batch.add('two');
  expect(done).toEqual([]);
  await nextTurn();
  expect(done).toEqual(['one', 'two']);
  batch.add('three');
  await nextTurn();
  expect(done).toEqual(['one', 'two', 'three']);
});

it('leaves to the next turn what is added meanwhile', async () => {
  const done: number[] = [];
  const batch = new TurnBatch<number>((item) => {
    done.push(item);
    if (item < 3) batch.add(item + 1);
  });
  batch.add(1);
  await nextTurn();
  expect(done).toEqual([1]);
  await nextTurn();
  expect(done).toEqual([1, 2]);
});

it('puts off no more than 64', async () => {
  const done: number[] = [];
  const batch = new TurnBatch<number>((item) => done.push(item));
  for (let item = 1; item <= 63; item++) batch.add(item);
  expect(done).toEqual([]);
  batch.add(64);
  expect(done).toHaveLength(64);
  batch.add(65);
  await nextTurn();
  expect(done.slice(-2)).toEqual([64, 65]);
});

it('does the others though one of them fails', () => {
  vi.useFakeTimers({ toFake: ['setImmediate'] });
  const done: string[] = [];
  const batch = new TurnBatch<string>((item) => {
    if (item === 'bad') throw new Error('thrown');
    done.push(item);
  });
  for (const item of ['one', 'bad', 'two']) batch.add(item);
  expect(() => vi.runOnlyPendingTimers()).toThrow('thrown');
  expect(done).toEqual(['one']);
  vi.runOnlyPendingTimers();
  expect(done).toEqual(['one', 'two']);
});
