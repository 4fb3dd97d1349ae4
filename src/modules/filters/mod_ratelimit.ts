/**
 * mod_ratelimit: the output filter RATE_LIMIT (modules/filters/mod_ratelimit.c). It stands at the wire, behind everything that changes the answer:
 * so much every 200 ms, by one timer that runs only while something waits. Complete.
 */
import { atoi } from '../../config/values.ts';
import { type BodyWriter, endBody, type OutputFilter } from '../../core/body.ts';
import { FilterTransport, FilterType, OUTPUT_FILTER } from '../../core/filters.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';

const INTERVAL_MS = 200;
const KIB = 1024;

/** Kibibytes as bytes; 0 where that is none that 32 bits hold. */
export function kibibytes(text: string): number {
  return Math.max(0, Math.imul(atoi(text), KIB));
}

/** Bytes an interval, and those that may go before the limit holds. */
interface Pace {
  readonly chunk: number;
  readonly burst: number;
}

class RateTransport extends FilterTransport {
  readonly #r: Request;
  readonly #pace: Pace;

  constructor(r: Request, pace: Pace) {
    super(r);
    this.#r = r;
    this.#pace = pace;
  }
  override sendWhole(r: Request, body: Buffer | undefined): void {
    if (body === undefined || body.length === 0) super.sendWhole(r, body);
    else endBody(this.begin(r, body.length), body);
  }
  override begin(r: Request, length: number | undefined): BodyWriter {
    return new PacedWriter(super.begin(r, length), this, this.#r, this.#pace);
  }
}

class PacedWriter implements BodyWriter {
  readonly #next: BodyWriter;
  readonly #transport: RateTransport;
  readonly #r: Request;
  readonly #chunk: number;
  /** What may still go before the limit holds. */
  #burst: number;
  /** What the last turn sent too much. */
  #debt = 0;
  #queue: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Since the last turn not enough time has passed, or the client is slow. */
  #isResting = false;
  #isEnded = false;
  #isOver = false;

  constructor(next: BodyWriter, transport: RateTransport, r: Request, { chunk, burst }: Pace) {
    this.#next = next;
    this.#transport = transport;
    this.#r = r;
    this.#chunk = chunk;
    this.#burst = burst;
  }
  write(chunk: Buffer): boolean {
    if (this.#isOver || chunk.length === 0) return true;
    this.#queue.push(chunk);
    if (!this.#isResting) this.#send();
    return this.#queue.length === 0;
  }
  end(): void {
    this.#isEnded = true;
    if (!this.#isResting || this.#queue.length === 0) this.#send();
  }
  endWith(chunk: Buffer): void {
    this.#isEnded = true;
    if (!this.#isOver && chunk.length > 0) this.#queue.push(chunk);
    if (!this.#isResting || this.#queue.length === 0) this.#send();
  }
  flush(): void {
    this.#next.flush?.();
  }
  abort(): void {
    if (this.#isOver) return;
    this.#stop();
    this.#next.abort();
  }

  /** One turn: as much as is allowed of what waits. */
  #send(): void {
    if (this.#isOver) return;
    if (this.#r.connection.isAborted) {
      this.#stop();
      return;
    }
    const pieces: Buffer[] = [];
    const allowed = Math.max(this.#chunk - this.#debt, this.#burst);
    let left = allowed;
    for (let first = this.#queue[0]; first !== undefined && left > 0; first = this.#queue[0]) {
      pieces.push(first.subarray(0, left));
      if (first.length <= left) this.#queue.shift();
      else this.#queue[0] = first.subarray(left);
      left -= Math.min(first.length, left);
    }
    const piece = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    if (this.#isEnded && this.#queue.length === 0) {
      this.#stop();
      endBody(this.#next, piece);
      return;
    }
    if (piece.length === 0) return;
    const before = this.#transport.bytesWritten;
    const flows = this.#next.write(piece);
    // Head and framing count too: what they took beyond it is missing from the next turn.
    const sent = Math.max(piece.length, this.#transport.bytesWritten - before);
    this.#burst = Math.max(0, this.#burst - sent);
    this.#debt = Math.min(this.#chunk - 1, Math.max(0, sent - allowed));
    this.#isResting = true;
    if (flows) this.#rest();
    else this.#transport.onDrainBehind(() => this.#rest());
  }

  #rest(): void {
    this.#timer = setTimeout(() => {
      this.#isResting = false;
      this.#send();
      if (!this.#isOver && this.#queue.length === 0) this.#transport.drained();
    }, INTERVAL_MS);
  }

  #stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#transport.drained();
  }
}

/** Slows the transport, and steps aside: what the answer is like is none of its business. */
function startRateLimit(r: Request): undefined {
  const limit = r.main === undefined ? r.getEnv('rate-limit') : undefined;
  if (limit === undefined) return undefined;
  const rate = kibibytes(limit);
  if (rate === 0) {
    logRequest(r, 'ratelimit', Level.info, 'AH03488', `rl: disabling: rate-limit = ${limit} (too high?)`);
    return undefined;
  }
  const initial = r.getEnv('rate-initial-burst');
  const burst = initial === undefined ? 0 : kibibytes(initial);
  if (initial !== undefined && burst === 0) {
    const message = `rl: disabling burst: rate-initial-burst = ${initial} (too high?)`;
    logRequest(r, 'ratelimit', Level.info, 'AH03489', message);
  }
  new RateTransport(r, { chunk: Math.floor(rate / (1000 / INTERVAL_MS)), burst });
  return undefined;
}

const rateLimit: OutputFilter = {
  type: FilterType.connection - 1,
  start: startRateLimit,
  lengthAfter: (_r, length) => length,
};

export const modRatelimit = defineModule({
  name: 'ratelimit_module',
  file: 'mod_ratelimit.c',
  providers: { [OUTPUT_FILTER]: { rate_limit: rateLimit } },
});
