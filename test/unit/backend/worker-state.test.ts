import { describe, expect, it } from 'vitest';
import { WorkerState } from '../../../src/backend/worker-state.ts';

function workerAt(start: number, retry = 60_000) {
  const clock = { now: start };
  return { clock, state: new WorkerState(retry, () => clock.now) };
}

describe('a worker', () => {
  it('in error is left alone until retry has passed, then tried by the next request', () => {
    const { clock, state } = workerAt(1000);
    state.markFailed();
    clock.now = 60_999;
    expect(state.isUsable()).toBe(false);
    clock.now = 61_000;
    expect([state.isUsable(), state.isInError, state.retries]).toEqual([true, false, 1]);
    state.markFailed();
    expect(state.isUsable()).toBe(false);
  });

  it('with retry=0 is tried every time', () => {
    const { state } = workerAt(5, 0);
    state.markFailed();
    expect(state.isUsable()).toBe(true);
  });

  it('can be forced back; one that was stopped is not retried', () => {
    const { clock, state } = workerAt(0);
    state.markFailed();
    expect([state.retry(), state.isAvailable]).toEqual(['too-soon', false]);
    state.recover();
    expect([state.retry(), state.isAvailable]).toEqual(['usable', true]);
    state.markFailed();
    state.setFlag('S', true);
    clock.now = 100_000;
    expect([state.retry(), state.isInError]).toEqual(['stopped', true]);
  });

  it('in error by configuration is tried by the first request', () => {
    const { state } = workerAt(1_000_000);
    state.setFlag('E', true);
    expect([state.isAvailable, state.retry(), state.retries]).toEqual([false, 'retried', 1]);
  });

  it.each([
    ['D', false],
    ['S', false],
    ['U', false],
    ['C', false],
    ['G', true],
    ['O', true],
    ['F', true],
    ['I', true],
    ['H', true],
    ['R', true],
    ['N', true],
    ['d', false],
  ])('with status=%s is usable: %s', (letter, isUsable) => {
    const { state } = workerAt(0);
    expect(state.setFlag(letter, true)).toBe(true);
    expect(state.isUsable()).toBe(isUsable);
    state.setFlag(letter, false);
    expect(state.isUsable()).toBe(true);
  });

  it('that ignores errors stays in use', () => {
    const { state } = workerAt(0);
    state.setFlag('I', true);
    state.markFailed();
    expect(state.isUsable()).toBe(true);
  });

  it('knows no other letters', () => {
    const { state } = workerAt(0);
    expect([state.setFlag('X', true), state.setFlag('constructor', true)]).toEqual([false, false]);
  });

  it('that answers starts counting again', () => {
    const { state } = workerAt(0, 0);
    state.markFailed();
    state.isUsable();
    state.markReached();
    expect([state.retries, state.isInError, state.errorTime]).toEqual([0, false, 0]);
  });
});
