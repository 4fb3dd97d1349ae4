/**
 * One socket to a backend, used by one request after another. Listeners are attached once for the life of the socket;
 * what they find goes to whoever uses the connection at that time.
 */

import type { Socket } from 'node:net';
import { type BackendAddress, type ConnectOptions, openSocket, type Traffic } from './connect.ts';
import { backendDeadlines, type Expiring } from './deadlines.ts';
import { type BackendFailure, failureOf } from './failure.ts';
import type { SocketEvents } from './socket-events.ts';

/** Who uses the connection now. */
export interface ConnectionUser {
  /** The chunk is not used again by the connection and may be kept. */
  onData(chunk: Buffer): void;
  /** Everything written has been taken by the system; after a `write` that answered false. */
  onWritable(): void;
  /** The backend has ended its side, orderly. No data follows. */
  onSocketEnd(): void;
  /** The socket broke. Comes at most once, and never after `onSocketEnd`. */
  onSocketFailure(failure: BackendFailure): void;
  /** After `onSocketEnd`: our side is through too, all of it sent or not. For who goes on sending then. */
  onClosedAfterEnd?(): void;
  /** What `arm` waited for has not happened. */
  onIdleTimeout(): void;
}

/** Who owns the connection between uses: its pool. */
export interface ConnectionOwner {
  onConnected(connection: BackendConnection): void;
  onConnectFailure(connection: BackendConnection, failure: BackendFailure): void;
  /** The socket ended, broke, or said something while nobody used it. It was destroyed. */
  onIdleGone(connection: BackendConnection): void;
}

const NOTHING = Buffer.alloc(0);

type State = 'connecting' | 'idle' | 'used' | 'dead';

export class BackendConnection implements Expiring, SocketEvents {
  /** Of `Deadlines`. */
  deadline = 0;
  place = -1;
  /** `performance.now()` when it was last given back; kept by pools that have a ttl. */
  idleSince = 0;
  /** `performance.now()` when it was opened; kept by the pool, where connections may grow too old. */
  openedAt = 0;
  /** In the hands of a client; kept by the pool. */
  isLent = false;
  /** Requests it has carried before the current one. */
  uses = 0;
  /** None once it is dead: by then it may serve another connection. */
  #socket: Socket | undefined;
  readonly #owner: ConnectionOwner;
  readonly #traffic: Traffic | undefined;
  #user: ConnectionUser | undefined;
  #state: State = 'connecting';
  #hasEnded = false;

  /** @param connectTimeout milliseconds, TLS handshake included; 0: as long as the system tries. */
  constructor(
    address: BackendAddress,
    options: ConnectOptions,
    connectTimeout: number,
    owner: ConnectionOwner,
  ) {
    this.#owner = owner;
    this.#traffic = options.traffic;
    this.#socket = openSocket(address, options, this);
    if (connectTimeout > 0) backendDeadlines.arm(this, connectTimeout);
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** Dead, ended by the backend, or with bytes nobody asked for: not to be used for another request. */
  isStale(): boolean {
    const socket = this.#socket;
    return socket === undefined || this.#hasEnded || socket.destroyed || socket.readableLength > 0;
  }

  /** From idle to used. */
  take(user: ConnectionUser): void {
    this.#state = 'used';
    this.#user = user;
  }

  /** From used to idle: the user hears no more. */
  giveBack(): void {
    this.#user = undefined;
    this.uses++;
    backendDeadlines.disarm(this);
    if (this.#state !== 'used') return;
    this.#state = 'idle';
    if (this.#socket?.isPaused() === true) this.#socket.resume();
  }

  /** @param bytes a string is one of bytes. @returns false when the user should wait for `onWritable`. */
  write(bytes: Buffer | string): boolean {
    if (this.#traffic !== undefined) this.#traffic.transferred += bytes.length;
    return this.#socket?.write(bytes, 'latin1') ?? true;
  }

  /** Bytes handed to `write` that the system has not taken yet. */
  get pendingBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /** `done` is called when the system has taken what was handed to `write`, or never will. */
  whenSent(done: () => void): void {
    this.#socket?.write(NOTHING, done);
  }

  /** Ends our side; the backend may go on sending. */
  endWriting(): void {
    this.#socket?.end();
  }

  /** No more `onData` until `resume`: what the backend sends stays in the system's buffers. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** `onIdleTimeout` comes when `disarm` or another `arm` does not come first. @param delay milliseconds. */
  arm(delay: number): void {
    backendDeadlines.arm(this, delay);
  }

  disarm(): void {
    backendDeadlines.disarm(this);
  }

  destroy(): void {
    backendDeadlines.forget(this);
    this.#user = undefined;
    this.#state = 'dead';
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  onDeadline(): void {
    if (this.#state === 'connecting') {
      // Reached, but silent: the handshake has failed.
      this.#failConnecting({
        kind: this.#socket?.connecting === true ? 'connect-timeout' : 'tls',
        detail: 'timeout',
      });
    } else {
      this.#user?.onIdleTimeout();
    }
  }

  // SocketEvents

  onReady(): void {
    if (this.#state !== 'connecting') return;
    backendDeadlines.disarm(this);
    this.#state = 'idle';
    this.#owner.onConnected(this);
  }

  onBytes(bytes: Buffer): void {
    if (this.#traffic !== undefined) this.#traffic.read += bytes.length;
    if (this.#user !== undefined) this.#user.onData(bytes);
    else this.#loseIdle();
  }

  onDrain(): void {
    this.#user?.onWritable();
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (this.#user !== undefined) this.#user.onSocketEnd();
    else this.#loseIdle();
  }

  onError(error: Error): void {
    if (this.#state === 'connecting') {
      this.#failConnecting(failureOf(error, false));
      return;
    }
    this.#breakOff(failureOf(error, true));
  }

  onClose(): void {
    if (this.#state === 'connecting') {
      this.#failConnecting({ kind: 'closed', detail: 'closed while connecting' });
    } else if (this.#state !== 'dead') {
      this.#breakOff({ kind: 'closed', detail: 'closed' });
    }
  }

  #breakOff(failure: BackendFailure): void {
    const user = this.#user;
    if (user === undefined) {
      this.#loseIdle();
      return;
    }
    const hadEnded = this.#hasEnded;
    this.destroy();
    if (hadEnded) user.onClosedAfterEnd?.();
    else user.onSocketFailure(failure);
  }

  #failConnecting(failure: BackendFailure): void {
    this.destroy();
    this.#owner.onConnectFailure(this, failure);
  }

  #loseIdle(): void {
    if (this.#state !== 'idle') return;
    this.destroy();
    this.#owner.onIdleGone(this);
  }
}
