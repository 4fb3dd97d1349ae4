import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { readSocket } from '../../../src/server/socket-reading.ts';

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

/** Both ends of a connection: [who is read from, who sends]. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const sender = connect(port, '127.0.0.1');
  const [reader] = (await once(server, 'connection')) as [Socket];
  server.close();
  open.push(reader, sender);
  return [reader, sender];
}

/** What was taken so far, as text. */
function takenBy(reader: Socket, onChunk: (text: string) => void = () => undefined): () => string {
  let text = '';
  readSocket(reader, (chunk) => {
    text += chunk.toString();
    onChunk(text);
  });
  return () => text;
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition() && waited < 400; waited++) await pause(5);
  expect(condition()).toBe(true);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('gives every chunk, and the end behind them', async () => {
  const [reader, sender] = await pair();
  const taken = takenBy(reader);
  sender.write('one ');
  await until(() => taken() === 'one ');
  sender.end('two');
  await once(reader, 'end');
  expect(taken()).toBe('one two');
});

it('gives what was put back before what follows it', async () => {
  const [reader, sender] = await pair();
  reader.pause();
  reader.unshift(Buffer.from('first '));
  sender.write('second');
  const taken = takenBy(reader);
  await pause(20);
  expect(taken()).toBe('');
  reader.resume();
  await until(() => taken() === 'first second');
});

it('keeps what comes while it is paused, within the bounds of the stream, and goes on', async () => {
  const [reader, sender] = await pair();
  const size = 8 * 1024 * 1024;
  const taken = takenBy(reader, (text) => {
    if (text === 'begin') reader.pause();
  });
  sender.write('begin');
  await until(() => taken() === 'begin');
  sender.write(Buffer.alloc(size, 'x'));
  await pause(50);
  expect(taken()).toBe('begin');
  expect(reader.readableLength).toBeLessThanOrEqual(2 * 64 * 1024);
  expect(sender.bytesWritten - sender.writableLength).toBeLessThan(size);
  reader.resume();
  await until(() => taken().length === 'begin'.length + size);
  // The first chunk after a long pause comes the short way again, and so does the next pause.
  reader.pause();
  sender.write('end');
  await pause(20);
  expect(taken().endsWith('x')).toBe(true);
  reader.resume();
  await until(() => taken().endsWith('xend'));
});

it('goes on when it is paused and resumed within one chunk', async () => {
  const [reader, sender] = await pair();
  const taken = takenBy(reader, (text) => {
    reader.pause();
    if (text.length % 2 === 1) reader.resume();
    else setImmediate(() => reader.resume());
  });
  for (const letter of 'abcdef') {
    sender.write(letter);
    await until(() => taken().endsWith(letter));
  }
  expect(taken()).toBe('abcdef');
});
