/**
 * The connections of one worker in this process, after httpd's use of apr_reslist: at most `max` open, those idle
 * handed out last-in first-out, those beyond `smax` idle for longer than `ttl` closed, requests beyond `max` waiting in
 * order.
 */

import type { BackendAddress, ConnectOptions } from './connect.ts';
import { BackendConnection, type ConnectionOwner } from './connection.ts';
import { backendDeadlines, type Expiring } from './deadlines.ts';
import type { BackendFailure } from './failure.ts';

/** Who wants a connection. Exactly one of the two is called, maybe within `acquire`, unless it was cancelled. */
export interface PoolClient {
  /** @param isFresh it has carried no request before. */
  onAcquired(connection: BackendConnection, isFresh: boolean): void;
  onAcquireFailed(failure: BackendFailure): void;
}

export interface PoolOptions extends ConnectOptions {
  readonly address: BackendAddress;
  /** Most connections open at once, idle ones included; default no limit. */
  readonly max?: number;
  /** Idle connections that may outlive `ttl`; default `max`. */
  readonly smax?: number;
  /** Milliseconds after which an idle connection is not used again; default none. */
  readonly ttl?: number;
  /** Milliseconds after its opening when a connection is not used again; default none. */
  readonly maxAge?: number;
  /** Milliseconds to wait for a connection when `max` are in use; default as long as it takes. */
  readonly acquireTimeout?: number;
  /** Milliseconds to connect in; 0 or none: as the system does. */
  readonly connectTimeout?: number;
  /** False with `disablereuse=on`: every request has a connection of its own. Default true. */
  readonly isReusing?: boolean;
}

export interface PoolCounters {
  /** Open and in use. */
  readonly used: number;
  readonly idle: number;
  readonly connecting: number;
  readonly waiting: number;
  /** Since the start: connections opened, requests served by one used before, failed attempts. */
  readonly opened: number;
  readonly reused: number;
  readonly failed: number;
}

/** A client in the queue, or waiting for its connection to open. */
class Waiter implements Expiring {
  deadline = 0;
  place = -1;
  readonly client: PoolClient;
  readonly #expired: (waiter: Waiter) => void;

  constructor(client: PoolClient, expired: (waiter: Waiter) => void) {
    this.client = client;
    this.#expired = expired;
  }

  onDeadline(): void {
    this.#expired(this);
  }
}

/** A connection that is being made, and for whom; nobody once the client was cancelled. */
interface Opening {
  readonly connection: BackendConnection;
  waiter: Waiter | undefined;
}

export class BackendPool implements ConnectionOwner, Expiring {
  deadline = 0;
  place = -1;
  readonly #options: PoolOptions;
  readonly #max: number;
  readonly #smax: number;
  readonly #ttl: number;
  /** Last given back is last. */
  readonly #idle: BackendConnection[] = [];
  /**
   * No Set and no Map: a table of theirs that has moved to the old generation keeps alive, when it is replaced, all that was in it and every table
   * that follows, and with connections that live for one request this is each request.
   */
  readonly #opening: Opening[] = [];
  #used = 0;
  readonly #queue: Waiter[] = [];
  #isClosed = false;
  #opened = 0;
  #reused = 0;
  #failed = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#max = options.max ?? Number.POSITIVE_INFINITY;
    this.#smax = options.smax ?? this.#max;
    this.#ttl = options.ttl ?? Number.POSITIVE_INFINITY;
  }

  get counters(): PoolCounters {
    return {
      used: this.#used,
      idle: this.#idle.length,
      connecting: this.#opening.length,
      waiting: this.#queue.length,
      opened: this.#opened,
      reused: this.#reused,
      failed: this.#failed,
    };
  }

  /** @param isFreshWanted an idle connection will not do: the one that would have been given is closed, and a new one takes its place. */
  acquire(client: PoolClient, isFreshWanted = false): void {
    if (this.#isClosed) {
      client.onAcquireFailed({ kind: 'shutdown', detail: 'pool is closed' });
      return;
    }
    if (!isFreshWanted) {
      const connection = this.#takeIdle();
      if (connection !== undefined) {
        this.#give(connection, client);
        return;
      }
    } else {
      this.#takeIdle()?.destroy();
    }
    const waiter = new Waiter(client, this.#onWaitedTooLong);
    if (this.#total() >= this.#max) this.#dropOldestIdle();
    if (this.#total() < this.#max) {
      this.#open(waiter);
      return;
    }
    this.#queue.push(waiter);
    const { acquireTimeout } = this.#options;
    if (acquireTimeout !== undefined) backendDeadlines.arm(waiter, acquireTimeout);
  }

  /** The client no longer wants what it asked for; nothing is called. No effect once it has been answered. */
  cancel(client: PoolClient): void {
    const place = this.#queue.findIndex((waiter) => waiter.client === client);
    if (place >= 0) {
      const [waiter] = this.#queue.splice(place, 1);
      if (waiter !== undefined) backendDeadlines.disarm(waiter);
      return;
    }
    for (const opening of this.#opening) {
      // The connection goes on opening and serves whoever comes next, where connections are kept at all.
      if (opening.waiter?.client === client) opening.waiter = undefined;
    }
  }

  /** Ends the use of a connection. @param isReusable it may carry another request. */
  release(connection: BackendConnection, isReusable: boolean): void {
    if (!connection.isLent) return;
    connection.isLent = false;
    this.#used--;
    if (!isReusable || this.#isClosed || this.#options.isReusing === false || this.#isSpent(connection)) {
      connection.destroy();
      this.#serveQueue();
      return;
    }
    connection.giveBack();
    this.#offer(connection);
  }

  /** Closes idle connections and those in use as they come back; who waits is turned away. For a reload. */
  drain(): void {
    this.#isClosed = true;
    backendDeadlines.disarm(this);
    for (const connection of this.#idle.splice(0)) connection.destroy();
    for (const waiter of this.#queue.splice(0)) {
      backendDeadlines.disarm(waiter);
      waiter.client.onAcquireFailed({ kind: 'shutdown', detail: 'pool is closed' });
    }
    for (const { connection, waiter } of [...this.#opening]) {
      if (waiter !== undefined) continue;
      this.#takeOpening(connection);
      connection.destroy();
    }
  }

  onConnected(connection: BackendConnection): void {
    const waiter = this.#takeOpening(connection);
    if (waiter === undefined) {
      this.#offer(connection);
      return;
    }
    this.#lend(connection);
    waiter.client.onAcquired(connection, true);
  }

  onConnectFailure(connection: BackendConnection, failure: BackendFailure): void {
    const waiter = this.#takeOpening(connection);
    this.#failed++;
    // Those who wait come first: the client told now may ask again.
    this.#serveQueue();
    waiter?.client.onAcquireFailed(failure);
  }

  onIdleGone(connection: BackendConnection): void {
    const place = this.#idle.indexOf(connection);
    if (place >= 0) this.#idle.splice(place, 1);
    this.#serveQueue();
  }

  /** Looks for idle connections beyond `smax` that are older than `ttl`. */
  onDeadline(): void {
    const oldest = performance.now() - this.#ttl;
    while (this.#idle.length > this.#smax && (this.#idle[0]?.idleSince ?? oldest) < oldest) {
      this.#idle.shift()?.destroy();
    }
    this.#watchIdle();
  }

  #total(): number {
    return this.#idle.length + this.#used + this.#opening.length;
  }

  #open(waiter: Waiter): void {
    const { address, connectTimeout, maxAge } = this.#options;
    this.#opened++;
    const connection = new BackendConnection(address, this.#options, connectTimeout ?? 0, this);
    if (maxAge !== undefined) connection.openedAt = performance.now();
    this.#opening.push({ connection, waiter });
  }

  #takeOpening(connection: BackendConnection): Waiter | undefined {
    const place = this.#opening.findIndex((opening) => opening.connection === connection);
    return place < 0 ? undefined : this.#opening.splice(place, 1)[0]?.waiter;
  }

  #lend(connection: BackendConnection): void {
    connection.isLent = true;
    this.#used++;
  }

  #give(connection: BackendConnection, client: PoolClient): void {
    const isFresh = connection.uses === 0;
    if (!isFresh) this.#reused++;
    this.#lend(connection);
    client.onAcquired(connection, isFresh);
  }

  #takeIdle(): BackendConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      if (!this.#isSpent(connection) && !this.#isTooOld(connection)) return connection;
      connection.destroy();
    }
  }

  #isTooOld(connection: BackendConnection): boolean {
    return this.#ttl !== Number.POSITIVE_INFINITY && performance.now() - connection.idleSince > this.#ttl;
  }

  #isSpent(connection: BackendConnection): boolean {
    const { maxAge } = this.#options;
    return connection.isStale() || (maxAge !== undefined && performance.now() - connection.openedAt > maxAge);
  }

  #dropOldestIdle(): void {
    this.#idle.shift()?.destroy();
  }

  /** A connection is free: to the first who waits, else to the idle ones. */
  #offer(connection: BackendConnection): void {
    const waiter = this.#queue.shift();
    if (waiter === undefined) {
      // Whom it was opened for may have left.
      if (this.#isClosed || this.#options.isReusing === false) {
        connection.destroy();
        return;
      }
      if (this.#ttl !== Number.POSITIVE_INFINITY) connection.idleSince = performance.now();
      this.#idle.push(connection);
      this.#watchIdle();
      return;
    }
    backendDeadlines.disarm(waiter);
    this.#give(connection, waiter.client);
  }

  /** A place is free: opens a connection for the first who waits. */
  #serveQueue(): void {
    if (this.#isClosed || this.#total() >= this.#max) return;
    const waiter = this.#queue.shift();
    if (waiter === undefined) return;
    backendDeadlines.disarm(waiter);
    this.#open(waiter);
  }

  #watchIdle(): void {
    if (this.#idle.length <= this.#smax || this.#ttl === Number.POSITIVE_INFINITY || this.deadline > 0)
      return;
    backendDeadlines.arm(this, this.#ttl);
  }

  readonly #onWaitedTooLong = (waiter: Waiter): void => {
    const place = this.#queue.indexOf(waiter);
    if (place < 0) return;
    this.#queue.splice(place, 1);
    waiter.client.onAcquireFailed({ kind: 'busy', detail: 'no free connection in time' });
  };
}
