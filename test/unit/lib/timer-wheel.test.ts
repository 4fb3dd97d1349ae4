import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TimerWheel, WheelTimer } from '../../../src/lib/timer-wheel.ts';

class Probe extends WheelTimer {
  fired = 0;
  action: (() => void) | undefined;

  override onTimeout(): void {
    this.fired++;
    this.action?.();
  }
}

let now = 0;
const wheelOf = (slots = 8): TimerWheel => new TimerWheel({ tickMs: 100, slots, now: () => now });
const goTo = (wheel: TimerWheel, time: number): void => {
  now = time;
  wheel.advance();
};

describe('deadlines', () => {
  beforeEach(() => {
    now = 0;
  });

  it('fires at the tick after the deadline, once', () => {
    const wheel = wheelOf();
    const timer = new Probe();
    wheel.arm(timer, 250);
    goTo(wheel, 200);
    expect(timer.fired).toBe(0);
    goTo(wheel, 300);
    goTo(wheel, 1500);
    expect(timer.fired).toBe(1);
    expect(wheel.size).toBe(0);
  });

  it('waits whole rounds for what lies beyond its slots', () => {
    const wheel = wheelOf();
    const timer = new Probe();
    wheel.arm(timer, 1700);
    for (let time = 100; time < 1700; time += 100) goTo(wheel, time);
    expect(timer.fired).toBe(0);
    goTo(wheel, 1700);
    expect(timer.fired).toBe(1);
  });

  it('fires all that came due in a pause longer than a round', () => {
    const wheel = wheelOf();
    const timers = [50, 650, 1450, 5000].map((ms) => {
      const timer = new Probe();
      wheel.arm(timer, ms);
      return timer;
    });
    goTo(wheel, 4000);
    expect(timers.map((timer) => timer.fired)).toEqual([1, 1, 1, 0]);
    goTo(wheel, 5000);
    expect(timers[3]?.fired).toBe(1);
  });

  it('lets a callback arm itself, cancel others and throw', () => {
    const thrown: unknown[] = [];
    const wheel = new TimerWheel({
      tickMs: 100,
      slots: 8,
      now: () => now,
      onError: (error) => thrown.push(error),
    });
    const [first, second, third] = [new Probe(), new Probe(), new Probe()];
    for (const timer of [first, second, third]) wheel.arm(timer, 100);
    first.action = () => {
      wheel.cancel(second);
      wheel.arm(first, 100);
      throw new Error('from a callback');
    };
    goTo(wheel, 100);
    expect([first.fired, second.fired, third.fired]).toEqual([1, 0, 1]);
    expect(thrown).toEqual([new Error('from a callback')]);
    goTo(wheel, 200);
    expect(first.fired).toBe(2);
  });

  it('moves a deadline and takes it back', () => {
    const wheel = wheelOf();
    const timer = new Probe();
    wheel.arm(timer, 100);
    wheel.arm(timer, 400);
    goTo(wheel, 300);
    expect(timer.fired).toBe(0);
    wheel.cancel(timer);
    wheel.cancel(timer);
    goTo(wheel, 900);
    expect(timer.fired).toBe(0);
    expect(wheel.size).toBe(0);
  });

  it('fires never early and at most a tick late', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 2500 }))),
        (plan) => {
          now = 0;
          const wheel = wheelOf();
          const late: number[] = [];
          const byStart = [...plan].sort((a, b) => a[0] - b[0]);
          for (let time = 0; time <= 6000; time += 10) {
            now = time;
            while (byStart[0] !== undefined && byStart[0][0] <= time) {
              const [, ms] = byStart.shift() as [number, number];
              const timer = new Probe();
              const due = time + ms;
              timer.action = () => late.push(now - due);
              wheel.arm(timer, ms);
            }
            if (time % 100 === 0) wheel.advance();
          }
          expect(late.length).toBe(plan.length);
          expect(late.every((by) => by >= 0 && by <= 100)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the interval', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('runs only while something is armed', () => {
    const wheel = new TimerWheel({ tickMs: 100, now: () => Date.now() });
    const timer = new Probe();
    expect(vi.getTimerCount()).toBe(0);
    wheel.arm(timer, 150);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(300);
    expect(timer.fired).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
    wheel.arm(timer, 150);
    wheel.stop();
    vi.advanceTimersByTime(1000);
    expect([timer.fired, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
