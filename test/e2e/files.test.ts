/** Files of all sizes over real sockets: bytes, memory, permissions, changes while the server runs. */
import { chmodSync, closeSync, openSync, renameSync, symlinkSync, truncateSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type Site, startSite } from '../support/with-server.ts';

const MIB = 1 << 20;
const GIB = 1 << 30;
const HUGE = 2 * GIB + 12_345;

let site: Site;
beforeAll(async () => {
  site = await startSite({
    configuration: (site) =>
      `CustomLog logs/access.log "%r %>s %B"\n<Directory "${site.root}/htdocs">\nOptions FollowSymLinks\n</Directory>
<Directory "${site.root}/htdocs/strict">\nOptions None\n</Directory>\n`,
    files: {
      'htdocs/index.html': 'hello\n',
      'htdocs/ten.txt': Buffer.alloc(10 * MIB, 'abcdefgh'),
      'htdocs/secret.txt': 'nobody reads this\n',
      'htdocs/strict/file.txt': 'plain\n',
    },
  });
  chmodSync(path.join(site.root, 'htdocs/secret.txt'), 0o000);
  symlinkSync('../index.html', path.join(site.root, 'htdocs/strict/link.html'));
  symlinkSync('index.html', path.join(site.root, 'htdocs/link.html'));
  const huge = path.join(site.root, 'htdocs/huge.bin');
  const descriptor = openSync(huge, 'w');
  writeSync(descriptor, 'the end', HUGE - 7);
  closeSync(descriptor);
});
afterAll(() => site.dispose());

/** Asks for a file and reads it at most at a pace; answers the count of bytes after the head. */
function read(
  target: string,
  onChunk: (socket: Socket, total: number) => void = () => undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let total = 0;
    let head: string | undefined = '';
    const socket = connect(site.port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    );
    socket.on('data', (chunk) => {
      if (head === undefined) total += chunk.length;
      else {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end >= 0) {
          total = head.length - end - 4;
          head = undefined;
        }
      }
      onChunk(socket, total);
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(total));
  });
}

describe('memory', () => {
  it('stays where it is while many slow readers take a large file', async () => {
    await read('/ten.txt');
    const before = site.memory('peak');
    let waiting = 0;
    const readers: Socket[] = [];
    const slow = Array.from({ length: 40 }, () =>
      read('/ten.txt', (socket, total) => {
        // Each takes a little, then nothing until all have begun.
        if (total > 0 && total < 2 * MIB && !readers.includes(socket)) {
          readers.push(socket);
          waiting++;
          socket.pause();
        }
      }),
    );
    await site.until('all readers', () => waiting === 40);
    for (const socket of readers) socket.resume();
    expect(await Promise.all(slow)).toEqual(Array.from({ length: 40 }, () => 10 * MIB));
    // Less than one file for all of them together would be 400 MiB.
    expect(site.memory('peak') - before).toBeLessThan(100);
  });

  it('stays where it is while a file of 2 GiB goes out', async () => {
    const before = site.memory('peak');
    expect(await read('/huge.bin')).toBe(HUGE);
    expect(site.memory('peak') - before).toBeLessThan(100);
  }, 60_000);
});

describe('ranges beyond 2 GiB', () => {
  it.each([
    ['bytes=-7', `bytes ${HUGE - 7}-${HUGE - 1}/${HUGE}`, 'the end'],
    [`bytes=${HUGE - 7}-${HUGE - 5}`, `bytes ${HUGE - 7}-${HUGE - 5}/${HUGE}`, 'the'],
    [`bytes=${2 ** 31}-${2 ** 31}`, `bytes ${2 ** 31}-${2 ** 31}/${HUGE}`, '\0'],
  ])('%s', async (range, contentRange, body) => {
    expect(await ask(site.port, '/huge.bin', { headers: { Range: range } })).toMatchObject({
      status: 206,
      headers: { 'content-range': contentRange, 'content-length': String(body.length) },
      body,
    });
  });

  it('HEAD tells the length', async () => {
    expect(await ask(site.port, '/huge.bin', { method: 'HEAD' })).toMatchObject({
      status: 200,
      headers: { 'content-length': String(HUGE) },
    });
  });
});

describe('what cannot be served', () => {
  it('a file without read permission: 403, and the log says why', async () => {
    expect((await ask(site.port, '/secret.txt')).status).toBe(403);
    expect(site.errorLog).toMatch(
      /\[core:error\] \[pid \d+:tid \d+\] \(13\)Permission denied: \[client 127\.0\.0\.1:\d+\] AH00132: file permissions deny server access: .*secret\.txt/,
    );
  });

  it('a link where links are not followed: 403, and the log says so', async () => {
    expect((await ask(site.port, '/link.html')).body).toBe('hello\n');
    expect((await ask(site.port, '/strict/file.txt')).body).toBe('plain\n');
    expect((await ask(site.port, '/strict/link.html')).status).toBe(403);
    expect(site.errorLog).toMatch(
      /AH00037: Symbolic link not allowed or link target not accessible: .*strict\/link\.html/,
    );
  });

  it('a directory in which nothing may be looked up: 403', async () => {
    site.write('htdocs/closed/file.txt', 'x');
    const directory = path.join(site.root, 'htdocs/closed');
    chmodSync(directory, 0o600);
    expect((await ask(site.port, '/closed/file.txt')).status).toBe(403);
    chmodSync(directory, 0o755);
    expect((await ask(site.port, '/closed/file.txt')).body).toBe('x');
  });
});

describe('changes while the server runs', () => {
  it('count from the next request on', async () => {
    site.write('htdocs/changing.txt', 'one');
    const first = await ask(site.port, '/changing.txt');
    expect(first.body).toBe('one');
    site.write('htdocs/changing.txt', 'two');
    expect((await ask(site.port, '/changing.txt')).body).toBe('two');
    site.write('htdocs/new.txt', 'three');
    renameSync(path.join(site.root, 'htdocs/new.txt'), path.join(site.root, 'htdocs/changing.txt'));
    const third = await ask(site.port, '/changing.txt', {
      headers: { 'If-None-Match': first.headers.etag ?? '' },
    });
    expect(third).toMatchObject({ status: 200, body: 'three' });
    expect(
      (await ask(site.port, '/changing.txt', { headers: { 'If-None-Match': third.headers.etag ?? '' } }))
        .status,
    ).toBe(304);
    renameSync(path.join(site.root, 'htdocs/changing.txt'), path.join(site.root, 'htdocs/gone.txt'));
    expect((await ask(site.port, '/changing.txt')).status).toBe(404);
  });

  it('a file that shrinks under an answer cuts the connection: no answer looks whole that is not', async () => {
    const file = site.write('htdocs/shrinking.txt', Buffer.alloc(64 * MIB, 's'));
    let isCut = false;
    const total = await read('/shrinking.txt', () => {
      if (isCut) return;
      isCut = true;
      truncateSync(file, MIB);
    });
    expect(total).toBeLessThan(64 * MIB);
  });
});

it('what was sent is logged', async () => {
  await site.until('the line', () =>
    site.read('logs/access.log').includes(`GET /huge.bin HTTP/1.1 200 ${HUGE}\n`),
  );
  expect(site.descriptors().filter((name) => /\.(bin|txt)/.test(name))).toEqual([]);
});
