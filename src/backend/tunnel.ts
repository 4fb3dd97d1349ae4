/**
 * A client's and a backend's connection joined, byte for byte, both ways at once (ap_proxy_tunnel_run of httpd's proxy_util.c).
 *
 * - Who reads slowly stops the other one's socket.
 * - Who ends its side is half closed: what it said before is passed on, then the end; the other direction goes on. Both ended: over.
 * - Nothing in either direction for `timeout`: over. What waits for a slow reader counts as nothing.
 * - Whoever breaks takes the other one along. Each end is given up exactly once, whatever happens.
 */
import type { BackendConnection, ConnectionUser } from './connection.ts';

/** What the tunnel hears of the client. */
export interface TunnelReader {
  /** The piece may be kept. Answers false to pause until `resume()`. */
  onData(chunk: Buffer): boolean;
  onEnd(): void;
  onWritable(): void;
  onGone(): void;
}

/** The client's connection; core's RawConnection is one. */
export interface TunnelClient {
  start(reader: TunnelReader): void;
  resume(): void;
  /** Answers false when the tunnel should wait for `onWritable`. */
  write(bytes: Buffer): boolean;
  endWriting(): void;
  /** Over: what was written goes out still. */
  close(): void;
  /** Over at once. */
  abort(): void;
}

/** How a tunnel came to its end. */
export interface TunnelResult {
  /** `ended`: both sides were. `client`: it broke, or the server cut it. `backend`: it broke. `timeout`: both were silent. `defect`: of ours. */
  readonly why: 'ended' | 'timeout' | 'client' | 'backend' | 'defect';
  /** What was thrown, with `defect`. */
  readonly error: unknown;
}

export interface TunnelOptions {
  readonly client: TunnelClient;
  /** Taken by the tunnel; nobody else uses it. */
  readonly backend: BackendConnection;
  /** Gives the backend's connection back, never to be used again: `pool.release(backend, false)`. */
  readonly release: (backend: BackendConnection) => void;
  /** Milliseconds without a byte either way; 0: no limit. */
  readonly timeout: number;
  /** One that ends its side ends both: nothing is half closed. */
  readonly endsTogether?: boolean;
  /** Comes once, when both ends have been given up. */
  readonly onEnd: (result: TunnelResult) => void;
}

export class Tunnel implements TunnelReader {
  readonly #client: TunnelClient;
  readonly #backend: BackendConnection;
  readonly #options: TunnelOptions;
  #hasClientEnded = false;
  #isClientPaused = false;
  #isBackendPaused = false;
  #isOver = false;

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#backend = options.backend;
  }

  /** Joins them; `onEnd` may come within the call. @param first what the backend sent already, for the client. */
  start(first?: Buffer): void {
    this.#guarded(() => {
      this.#backend.take(this.#backendUser());
      this.#arm();
      if (first !== undefined && first.length > 0) this.#toTheClient(first);
      this.#client.start(this);
    });
  }

  /** Ends it from outside, at once. */
  abort(): void {
    this.#finish('client');
  }

  // ---- TunnelReader: what the client does ----

  onData(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    this.#arm();
    this.#isClientPaused = !this.#backend.write(chunk);
    return !this.#isClientPaused;
  }

  onEnd(): void {
    if (this.#isOver) return;
    this.#hasClientEnded = true;
    this.#arm();
    this.#backend.endWriting();
    if (this.#options.endsTogether === true && this.#backend.pendingBytes === 0) this.#finish('ended');
  }

  onWritable(): void {
    if (this.#isOver || !this.#isBackendPaused) return;
    this.#isBackendPaused = false;
    this.#arm();
    this.#backend.resume();
  }

  onGone(): void {
    this.#finish('client');
  }

  // ---- what the backend does: called by its socket and the clock, where nobody would catch what is thrown ----

  #backendUser(): ConnectionUser {
    return {
      onData: (chunk) => this.#guarded(() => this.#toTheClient(chunk)),
      onWritable: () => this.#guarded(() => this.#resumeClient()),
      onSocketEnd: () => this.#guarded(() => this.#onBackendEnd()),
      onSocketFailure: () => this.#finish('backend'),
      onClosedAfterEnd: () => this.#finish(this.#hasClientEnded ? 'ended' : 'backend'),
      onIdleTimeout: () => this.#finish('timeout'),
    };
  }

  #toTheClient(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#arm();
    if (this.#client.write(chunk) || this.#isBackendPaused) return;
    this.#isBackendPaused = true;
    this.#backend.pause();
  }

  #resumeClient(): void {
    if (this.#hasClientEnded && this.#options.endsTogether === true) this.#finish('ended');
    if (this.#isOver || !this.#isClientPaused) return;
    this.#isClientPaused = false;
    this.#arm();
    this.#client.resume();
  }

  /** When the client has ended too the socket closes as soon as its last bytes are out: `onClosedAfterEnd`. */
  #onBackendEnd(): void {
    if (this.#isOver) return;
    this.#arm();
    if (this.#options.endsTogether === true) this.#finish('ended');
    else this.#client.endWriting();
  }

  // ---- the end ----

  #arm(): void {
    if (this.#options.timeout > 0) this.#backend.arm(this.#options.timeout);
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#finish('defect', error);
    }
  }

  #finish(why: TunnelResult['why'], error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.release(this.#backend);
    if (why === 'client' || why === 'defect') this.#client.abort();
    else this.#client.close();
    this.#options.onEnd({ why, error });
  }
}
