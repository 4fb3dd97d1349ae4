import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RawReader } from '../../../src/core/raw-connection.ts';
import { TakenConnection, type TakenFrom } from '../../../src/server/taken-connection.ts';

let server: Server;
let socket: Socket;
let peer: Socket;
const calls: string[] = [];
let drain: (() => void) | undefined;

const from: TakenFrom = {
  countRead: (bytes) => calls.push(`read ${bytes}`),
  countWritten: (bytes) => calls.push(`written ${bytes}`),
  onDrain: (callback) => {
    drain = callback;
  },
  release: () => calls.push('release'),
  abort: () => calls.push('abort'),
};

/** Writes down what it hears; pauses at pieces that say so. */
class Reader implements RawReader {
  heard: string[] = [];
  onData(chunk: Buffer): boolean {
    const text = chunk.toString('latin1');
    this.heard.push(text);
    return !text.includes('pause');
  }
  onEnd(): void {
    this.heard.push('END');
  }
  onWritable(): void {
    this.heard.push('WRITABLE');
  }
  onGone(): void {
    this.heard.push('GONE');
  }
}

beforeEach(async () => {
  calls.length = 0;
  drain = undefined;
  await new Promise<void>((resolve) => {
    server = createServer({ allowHalfOpen: true }, (accepted) => {
      socket = accepted;
      resolve();
    }).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      peer = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    });
  });
});

afterEach(async () => {
  peer.destroy();
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const bytes = (...pieces: string[]): Buffer[] => pieces.map((piece) => Buffer.from(piece, 'latin1'));

it('what was received before is delivered first, as the reader takes it, and then the end', () => {
  const taken = new TakenConnection(socket, from, bytes('a', 'pause', 'b', 'c'), true);
  const reader = new Reader();
  taken.start(reader);
  expect(reader.heard).toEqual(['a', 'pause']);
  taken.resume();
  taken.resume();
  expect(reader.heard).toEqual(['a', 'pause', 'b', 'c', 'END']);
  expect(calls).toEqual(['read 1', 'read 5', 'read 1', 'read 1']);
});

it('the socket is not read before somebody reads, nor while the reader pauses', () => {
  const taken = new TakenConnection(socket, from, [], false);
  expect(socket.isPaused()).toBe(true);
  const reader = new Reader();
  taken.start(reader);
  expect(socket.isPaused()).toBe(false);
  taken.receive(Buffer.from('pause'));
  expect(socket.isPaused()).toBe(true);
  taken.receive(Buffer.from('late'));
  taken.end();
  expect(reader.heard).toEqual(['pause']);
  taken.resume();
  expect(reader.heard).toEqual(['pause', 'late', 'END']);
});

it('a writer that is told to wait is told when to go on', () => {
  const taken = new TakenConnection(socket, from, [], false);
  const reader = new Reader();
  taken.start(reader);
  let flows = true;
  for (let i = 0; i < 1000 && flows; i++) flows = taken.write(Buffer.alloc(65536));
  expect(flows).toBe(false);
  drain?.();
  expect(reader.heard).toEqual(['WRITABLE']);
});

it.each([
  ['close', 'release'],
  ['abort', 'abort'],
] as const)('after %s nothing is heard and nothing is sent', (how, call) => {
  const taken = new TakenConnection(socket, from, [], false);
  const reader = new Reader();
  taken.start(reader);
  taken[how]();
  taken[how]();
  taken.receive(Buffer.from('x'));
  taken.end();
  taken.gone();
  expect(taken.write(Buffer.from('x'))).toBe(true);
  expect(reader.heard).toEqual([]);
  expect(calls).toEqual([call]);
});

it('a lost connection is told of once', () => {
  const taken = new TakenConnection(socket, from, [], false);
  const reader = new Reader();
  taken.start(reader);
  taken.gone();
  taken.gone();
  taken.close();
  expect(reader.heard).toEqual(['GONE']);
  expect(calls).toEqual([]);
});
