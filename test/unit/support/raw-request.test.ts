import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { claimPorts } from '../../support/ports.ts';
import { RawConnection, rawRequest } from '../../support/raw-request.ts';

const servers: Server[] = [];

/** A server that answers the first bytes of a connection with the pieces, and then ends or keeps it. */
async function answering(pieces: readonly string[], ending: 'end' | 'keep' | 'reset'): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', async () => {
      for (const piece of pieces) {
        socket.write(piece, 'latin1');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (ending === 'end') socket.end();
      if (ending === 'reset') socket.resetAndDestroy();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

describe('framing', () => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  const rows: [
    name: string,
    method: string,
    bytes: string,
    framing: string,
    body: string,
    truncated: boolean,
  ][] = [
    ['length', 'GET', `${ok}Content-Length: 3\r\n\r\nabc`, 'length', 'abc', false],
    ['length cut short', 'GET', `${ok}Content-Length: 9\r\n\r\nabc`, 'length', 'abc', true],
    ['length of a HEAD', 'HEAD', `${ok}Content-Length: 3\r\n\r\n`, 'none', '', false],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n', 'none', '', false],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', 'none', '', false],
    [
      'chunked',
      'GET',
      `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\n\r\n`,
      'chunked',
      'abc0123456789',
      false,
    ],
    [
      'chunked without the last chunk',
      'GET',
      `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      'chunked',
      'abc',
      true,
    ],
    [
      'chunked cut in a chunk',
      'GET',
      `${ok}Transfer-Encoding: chunked\r\n\r\n9\r\nabc`,
      'chunked',
      'abc',
      true,
    ],
    ['close', 'GET', `${ok}\r\nabc`, 'close', 'abc', false],
    ['no status line', 'GET', 'hello', 'close', 'hello', false],
    ['bytes', 'GET', `${ok}Content-Length: 2\r\n\r\n\xe4\0`, 'length', '\xe4\0', false],
  ];
  test.each(rows)('%s', async (_name, method, bytes, framing, body, truncated) => {
    for (const pieces of [[bytes], [...bytes]]) {
      const port = await answering(pieces, 'end');
      const { responses } = await rawRequest('x', { port, methods: [method], timeout: 500 });
      expect(responses).toHaveLength(1);
      expect(responses[0]).toMatchObject({ framing, body, truncated });
    }
  });

  test('names keep their case, values everything but one blank', async () => {
    const port = await answering([`${ok}x-A:  b \r\nx-a:c\r\nContent-Length: 0\r\n\r\n`], 'end');
    const { responses } = await rawRequest('x', { port });
    expect(responses[0]?.headers).toEqual([
      ['x-A', ' b '],
      ['x-a', 'c'],
      ['Content-Length', '0'],
    ]);
  });

  test('trailers and interim answers', async () => {
    const port = await answering(
      [`HTTP/1.1 100 Continue\r\n\r\n${ok}Transfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n`],
      'end',
    );
    const { responses } = await rawRequest('x', { port });
    expect(responses[0]?.interim.map((interim) => interim.status)).toEqual([100]);
    expect(responses[0]?.trailers).toEqual([['X-T', '1']]);
  });
});

describe('the fate of a connection', () => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  test.each([
    ['closed', [answer], 'end'],
    ['closed', [answer], 'reset'],
    ['kept', [answer, answer], 'keep'],
    ['silent', [answer], 'keep'],
  ] as const)('%s', async (fate, pieces, ending) => {
    const port = await answering(pieces, ending);
    const exchange = await rawRequest('x', { port, probe: true, timeout: 100 });
    expect(exchange.connection).toBe(fate);
  });

  test('an end without an answer gives none', async () => {
    const port = await answering([], 'end');
    expect((await rawRequest('x', { port })).responses).toEqual([]);
  });

  test('answers on one connection are told apart', async () => {
    const port = await answering(
      [`${answer}HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx${answer}`],
      'keep',
    );
    const connection = await RawConnection.open({ port, timeout: 200 });
    await connection.send('x');
    const statuses = [];
    for (let index = 0; index < 3; index++) statuses.push((await connection.readResponse())?.status);
    connection.close();
    expect(statuses).toEqual([200, 404, 200]);
  });
});

test('two blocks of ports never overlap, and a released one is free again', async () => {
  // Room for two blocks, where no other test is, nor this one of another run.
  const from = 23_000 + (process.pid % 400) * 20;
  const range = { from, to: from + 19, blockSize: 10 };
  const first = await claimPorts(range);
  const second = await claimPorts(range);
  expect(new Set([...first.ports, ...second.ports]).size).toBe(18);
  await expect(claimPorts(range)).rejects.toThrow(/no free block/);
  await first.release();
  const third = await claimPorts(range);
  expect(third.ports).toEqual(first.ports);
  await second.release();
  await third.release();
});
