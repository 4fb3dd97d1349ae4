/** What the server is busy with: a slot for each request under way, kept with its last request when it is free (the scoreboard of httpd). */
import type { Request } from '../../../core/request.ts';

/** As many slots as a child process of httpd has threads; more are made when more requests run. */
export const INITIAL_SLOTS = 25;
/** Slots beyond it are not remembered, only counted. */
const MOST_SLOTS = 4096;

export interface Slot {
  /** -1: one that is not remembered. */
  readonly index: number;
  /** The request under way. */
  request: Request | undefined;
  /** Milliseconds since 1970 of its last request's start. */
  since: number;
  accesses: number;
  bytes: number;
  /** Milliseconds. */
  duration: number;
  lastDuration: number;
  /** Of its last request. */
  client: string;
  protocol: string;
  server: string;
  line: string;
}

export interface Totals {
  accesses: number;
  bytes: number;
  duration: number;
}

export class Scoreboard {
  readonly slots: Slot[] = [];
  readonly totals: Totals = { accesses: 0, bytes: 0, duration: 0 };
  /** Milliseconds since 1970. */
  readonly started: number = Date.now();
  busy = 0;
  /** Configurations read so far (AP_SQ_CONFIG_GEN). */
  generation = 0;
  readonly #free: number[] = [];

  constructor() {
    for (let index = INITIAL_SLOTS - 1; index >= 0; index--) this.#free.push(index);
    for (let index = 0; index < INITIAL_SLOTS; index++) this.slots.push(newSlot(index));
  }

  begin(r: Request, server: string): Slot {
    this.busy++;
    const slot = this.#takeSlot();
    slot.request = r;
    slot.since = r.requestTime;
    slot.client = r.clientAddr;
    slot.protocol = 'http/1.1';
    slot.server = server;
    slot.line = r.requestLine;
    return slot;
  }

  /** `slot`: what begin() answered; a request that was refused before it began has none. */
  end(r: Request, slot: Slot | undefined, bytes: number, now: number): void {
    const duration = Math.max(0, Math.round(now - r.requestTime));
    this.totals.accesses++;
    this.totals.bytes += bytes;
    this.totals.duration += duration;
    if (slot === undefined) return;
    this.busy--;
    slot.request = undefined;
    slot.accesses++;
    slot.bytes += bytes;
    slot.duration += duration;
    slot.lastDuration = duration;
    if (slot.index >= 0) this.#free.push(slot.index);
  }

  #takeSlot(): Slot {
    const free = this.#free.pop();
    if (free !== undefined) return this.slots[free] as Slot;
    if (this.slots.length >= MOST_SLOTS) return newSlot(-1);
    const slot = newSlot(this.slots.length);
    this.slots.push(slot);
    return slot;
  }
}

function newSlot(index: number): Slot {
  const none = { request: undefined, since: 0, accesses: 0, bytes: 0, duration: 0, lastDuration: 0 };
  return { index, ...none, client: '', protocol: '', server: '', line: '' };
}
