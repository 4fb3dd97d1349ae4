import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadlines, type Expiring } from '../../../src/backend/deadlines.ts';

class Entry implements Expiring {
  deadline = 0;
  place = -1;
  fired = 0;
  onFire: () => void = () => {};
  onDeadline(): void {
    this.fired++;
    this.onFire();
  }
}

describe('deadlines', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('pass at most a tick late, once', () => {
    const deadlines = new Deadlines(100);
    const entry = new Entry();
    deadlines.arm(entry, 250);
    vi.advanceTimersByTime(249);
    expect(entry.fired).toBe(0);
    vi.advanceTimersByTime(101);
    expect(entry.fired).toBe(1);
    vi.advanceTimersByTime(1000);
    expect(entry.fired).toBe(1);
  });

  it('can be moved and taken back', () => {
    const deadlines = new Deadlines(10);
    const [moved, taken] = [new Entry(), new Entry()];
    deadlines.arm(moved, 50);
    deadlines.arm(taken, 50);
    vi.advanceTimersByTime(40);
    deadlines.arm(moved, 50);
    deadlines.disarm(taken);
    vi.advanceTimersByTime(40);
    expect([moved.fired, taken.fired]).toEqual([0, 0]);
    vi.advanceTimersByTime(30);
    expect([moved.fired, taken.fired]).toEqual([1, 0]);
  });

  it('can be armed again from within, and leave no timer when all have passed', () => {
    const deadlines = new Deadlines(10);
    const entry = new Entry();
    entry.onFire = () => {
      if (entry.fired < 3) deadlines.arm(entry, 20);
    };
    deadlines.arm(entry, 20);
    vi.advanceTimersByTime(500);
    expect([entry.fired, deadlines.size, vi.getTimerCount()]).toEqual([3, 0, 0]);
  });

  it('keep each in the list once, however often it is armed', () => {
    const deadlines = new Deadlines(10);
    const entry = new Entry();
    for (let i = 0; i < 1000; i++) {
      deadlines.arm(entry, 1000);
      deadlines.disarm(entry);
    }
    expect(deadlines.size).toBe(1);
  });

  it('lets go of what is forgotten at once, and keeps the others in their places', () => {
    const deadlines = new Deadlines(10);
    const entries = Array.from({ length: 6 }, () => new Entry());
    for (const entry of entries) deadlines.arm(entry, 25);
    deadlines.forget(entries[1] as Entry);
    deadlines.forget(entries[4] as Entry);
    deadlines.forget(entries[4] as Entry);
    expect(deadlines.size).toBe(4);
    vi.advanceTimersByTime(10);
    deadlines.forget(entries[5] as Entry);
    deadlines.arm(entries[1] as Entry, 5);
    expect(deadlines.size).toBe(4);
    vi.advanceTimersByTime(100);
    expect(entries.map(({ fired }) => fired)).toEqual([1, 1, 1, 1, 0, 0]);
    expect([deadlines.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('does not tell one that another one takes back as both pass', () => {
    const deadlines = new Deadlines(10);
    const [first, second, third] = [new Entry(), new Entry(), new Entry()];
    first.onFire = () => {
      deadlines.forget(second);
      deadlines.arm(third, 100);
    };
    for (const entry of [first, second, third]) deadlines.arm(entry, 20);
    vi.advanceTimersByTime(50);
    expect([first.fired, second.fired, third.fired, deadlines.size]).toEqual([1, 0, 0, 1]);
  });
});
