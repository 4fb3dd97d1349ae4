import { describe, expect, it } from 'vitest';
import type { Request } from '../../../../src/core/request.ts';
import { INITIAL_SLOTS, Scoreboard } from '../../../../src/modules/generators/mod_status/scoreboard.ts';

const request = { requestTime: 1000, clientAddr: '192.0.2.1', requestLine: 'GET / HTTP/1.1' } as Request;

describe('Scoreboard', () => {
  it('counts what is under way', () => {
    const board = new Scoreboard();
    const slots = Array.from({ length: INITIAL_SLOTS + 1 }, () => board.begin(request, 'a:80'));
    expect(board.busy).toBe(INITIAL_SLOTS + 1);
    expect(new Set(slots.map(({ index }) => index)).size).toBe(INITIAL_SLOTS + 1);
    for (const slot of slots) board.end(request, slot, 5, 1500);
    expect(board.busy).toBe(0);
    expect(board.totals).toEqual({
      accesses: slots.length,
      bytes: slots.length * 5,
      duration: slots.length * 500,
    });
    expect(board.slots.every(({ request }) => request === undefined)).toBe(true);
  });
  it('counts requests that were refused before they began as accesses alone', () => {
    const board = new Scoreboard();
    const slot = board.begin(request, 'a:80');
    board.end(request, undefined, 300, 1000);
    expect([board.busy, board.totals.accesses]).toEqual([1, 1]);
    board.end(request, slot, 5, 1000);
    expect([board.busy, board.totals.accesses]).toEqual([0, 2]);
  });
  it('counts more than it remembers', () => {
    const board = new Scoreboard();
    const slots = Array.from({ length: 5000 }, () => board.begin(request, 'a:80'));
    expect([board.busy, board.slots.length]).toEqual([5000, 4096]);
    for (const slot of slots) board.end(request, slot, 0, 1000);
    expect([board.busy, board.slots.length]).toEqual([0, 4096]);
    expect(board.begin(request, 'a:80').index).toBeGreaterThanOrEqual(0);
  });
});
