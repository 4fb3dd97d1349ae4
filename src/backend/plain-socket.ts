/**
 * Sockets without TLS. Making a net.Socket costs more than all that a request does besides, and what is left of it outlives several collections;
 * so one that was closed in good order is connected again, as Node.js allows (`socket.connect()` after 'close').
 */

import { type NetConnectOpts, Socket } from 'node:net';
import { TurnBatch } from '../lib/turn-batch.ts';
import { keepReadingAfterFailedWrite, type SocketEvents } from './socket-events.ts';

/**
 * What all of them read into: the bytes are copied out before the next read. Without it every read, however small, costs a
 * buffer of this size of its own.
 */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

function copyOf(buffer: Uint8Array, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  bytes.set(length === buffer.length ? buffer : buffer.subarray(0, length));
  return bytes;
}

/** Sockets that differ in nothing but where they are connected to. */
export interface SocketKind {
  readonly options: { readonly noDelay?: boolean; readonly keepAlive?: boolean };
  /** Closed ones that may be connected again; few, as one comes back for every one that was needed at once. */
  readonly spare: PlainSocket[];
}

export function makeKind(options: SocketKind['options']): SocketKind {
  return { options, spare: [] };
}

const MAX_SPARE = 64;

/** Their first writes follow each other: each of them wakes another process, which may take the processor at once. */
const connected = new TurnBatch<PlainSocket>((plain) => plain.tellReady());

class PlainSocket {
  readonly socket: Socket;
  readonly #kind: SocketKind;
  #events: SocketEvents | undefined;
  #hasConnected = false;

  constructor(kind: SocketKind) {
    this.#kind = kind;
    const onread = {
      buffer: readBuffer,
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.#events?.onBytes(copyOf(buffer, length));
        return true;
      },
    };
    // Half-open: a backend that ends its side may still be sent to, and its end must not end ours unasked.
    const socket = new Socket({ ...kind.options, allowHalfOpen: true, onread } as object);
    this.socket = socket;
    keepReadingAfterFailedWrite(socket);
    socket.on('connect', () => {
      this.#hasConnected = true;
      connected.add(this);
    });
    socket.on('drain', () => this.#events?.onDrain());
    socket.on('end', () => this.#events?.onEnd());
    socket.on('error', (error) => this.#events?.onError(error));
    socket.on('close', () => this.#onClose());
  }

  connect(target: NetConnectOpts, events: SocketEvents): void {
    this.#events = events;
    this.#hasConnected = false;
    this.socket.connect(target);
  }

  tellReady(): void {
    this.#events?.onReady();
  }

  #onClose(): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onClose();
    const { spare } = this.#kind;
    if (spare.length < MAX_SPARE && this.#isAsNew()) spare.push(this);
  }

  /** Nothing is left that connecting again would not reset: a write that never ended, a pause, listeners for a connection that never was. */
  #isAsNew(): boolean {
    const { socket } = this;
    return (
      this.#hasConnected &&
      socket.errored === null &&
      !socket.readableEnded &&
      !socket.writableEnded &&
      !socket.writableNeedDrain &&
      socket.writableLength === 0 &&
      !socket.isPaused()
    );
  }
}

/** Starts connecting. */
export function openPlain(kind: SocketKind, target: NetConnectOpts, events: SocketEvents): Socket {
  const plain = kind.spare.pop() ?? new PlainSocket(kind);
  plain.connect(target, events);
  return plain.socket;
}
