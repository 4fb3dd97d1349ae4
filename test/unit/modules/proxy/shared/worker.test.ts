import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { ConnectionUser } from '../../../../../src/backend/connection.ts';
import {
  addressKey,
  encodePath,
  parseNetloc,
  splitAuthority,
  splitSocket,
  tcpAddress,
} from '../../../../../src/modules/proxy/shared/url.ts';
import { defineWorker, findWorker, Worker } from '../../../../../src/modules/proxy/shared/worker.ts';

function worker(text: string, isMatch = false): Worker {
  const made = defineWorker(text, isMatch);
  if (typeof made === 'string') throw new Error(made);
  return made;
}

describe('defineWorker', () => {
  it.each([
    ['fcgi://H.Test:9000/Srv', 'fcgi://h.test:9000/Srv', 'h.test', 9000, undefined],
    ['fcgi://h', 'fcgi://h', 'h', 8000, undefined],
    ['unix:/run/x.sock|fcgi://php/', 'fcgi://php/', 'php', 8000, '/run/x.sock'],
    ['unix:x.sock|fcgi://', 'fcgi://localhost', 'localhost', 8000, 'x.sock'],
    ['unix:x.sock|http:', 'http://localhost', 'localhost', 80, 'x.sock'],
    ['http://[::1]:81/a', 'http://[::1]:81/a', '::1', 81, undefined],
  ])('%s', (text, name, host, port, socket) => {
    expect(worker(text)).toMatchObject({ name, host, port, socket });
  });

  it.each([
    ['notaurl', 'URL must be absolute!: notaurl'],
    ['fcgi:///x', 'URL must be absolute!: fcgi:///x'],
    ['unix:/x', 'URL must be absolute!: unix:/x'],
    ['fcgi://h:x/', 'Unable to parse URL: fcgi://h:x/'],
  ])('refuses %s', (text, expected) => {
    expect(defineWorker(text, false)).toBe(expected);
  });

  it('cuts what ProxyPassMatch fills in only where it must', () => {
    expect(worker('fcgi://h:9000$1', true).name).toBe('fcgi://h:9000');
    expect(worker('fcgi://h/$1.php', true).name).toBe('fcgi://h/$1.php');
  });
});

describe('findWorker', () => {
  const workers = ['fcgi://h', 'fcgi://h/a', 'fcgi://h/a/b', 'fcgi://h:9000/'].map((text) => worker(text));
  workers.push(worker('fcgi://m/$1.php', true));

  it.each([
    ['fcgi://h/x', 'fcgi://h'],
    ['fcgi://h/abc', 'fcgi://h/a'],
    ['fcgi://H/a/b/c', 'fcgi://h/a/b'],
    ['fcgi://h:9000/x', 'fcgi://h:9000/'],
    ['fcgi://h:9001/x', undefined],
    ['fcgi://hh/x', undefined],
    ['fcgi://m/dir/x.php', 'fcgi://m/$1.php'],
    ['fcgi://m/dir/x.txt', undefined],
    ['nothing', undefined],
    ['fcgi://', undefined],
  ])('%s has %s', (url, name) => {
    expect(findWorker(workers, url)?.name).toBe(name);
  });
});

describe('parameters', () => {
  it.each([
    ['min', '-1', 'Min must be a positive number'],
    ['acquire', 'x', 'Acquire timeout has wrong format'],
    ['acquire', '0', 'Acquire must be at least one millisecond'],
    ['connectiontimeout', '0', 'Connectiontimeout must be at least one millisecond.'],
    ['timeout', '0', 'Timeout must be at least one second'],
    ['ttl', '0', 'TTL must be at least one second'],
    ['retry', '-1', 'Retry must be a positive value'],
    ['loadfactor', '0', 'LoadFactor must be a number between 1..100'],
    ['lbset', '100', 'lbset must be between 0 and 99'],
    ['flushwait', '1001', 'flushwait must be <= 1000, or 0 for system default of 10 millseconds.'],
    ['flushpackets', 'x', 'flushpackets must be on|off|auto'],
    ['status', 'Q', 'Unknown status parameter option'],
    ['route', 'x'.repeat(64), 'Route length must be < 64 characters'],
    ['upgrade', 'x'.repeat(16), 'upgrade protocol length must be < 16 characters'],
    ['addressttl', '-2', 'AddressTTL must be -1 or a number of seconds not exceeding (2147483647)'],
    ['toString', '1', 'unknown Worker parameter'],
  ])('%s=%s: %s', (key, value, expected) => {
    expect(worker('fcgi://h').setOption(key, value)).toBe(expected);
  });

  it('are kept in milliseconds', () => {
    const made = worker('fcgi://h');
    const given = {
      Timeout: '5',
      TTL: '7',
      retry: '0',
      acquire: '9',
      connectiontimeout: '2',
      ping: '30ms',
      max: '3',
    };
    for (const [key, value] of Object.entries(given)) expect(made.setOption(key, value)).toBeUndefined();
    expect(made.options).toEqual({
      timeout: 5000,
      ttl: 7000,
      retry: 0,
      acquire: 9,
      connectTimeout: 2000,
      ping: 30,
      max: 3,
    });
  });

  it.each([
    ['enablereuse', 'on', true],
    ['disablereuse', 'on', false],
    ['disablereuse', 'off', true],
  ])('%s=%s', (key, value, expected) => {
    const made = worker('fcgi://h');
    expect(made.isReusing(false)).toBe(false);
    made.setOption(key, value);
    expect(made.isReusing(!expected)).toBe(expected);
  });

  it.each([
    ['D', false],
    ['+S', false],
    ['D-D', true],
    ['C', false],
    ['OFG', true],
    ['E', true],
    ['E-I', true],
    ['E-E', true],
  ])('status=%s: usable %s', (status, usable) => {
    const made = worker('fcgi://h');
    expect(made.setOption('status', status)).toBeUndefined();
    expect(made.state.isUsable()).toBe(usable);
  });

  it('an error takes a worker out of use only with status=-I', () => {
    const alone = worker('fcgi://h');
    alone.state.markFailed();
    expect(alone.state.isUsable()).toBe(true);
    const strict = worker('fcgi://h');
    strict.setOption('status', '-I');
    strict.state.markFailed();
    expect(strict.state.isUsable()).toBe(false);
  });
});

const NOBODY: ConnectionUser = {
  onData() {},
  onWritable() {},
  onSocketEnd() {},
  onSocketFailure() {},
  onIdleTimeout() {},
};

describe('pools', () => {
  const defaults = { isReusing: false, connectTimeout: 0, localAddress: undefined };

  it('there is one an address, however many addresses come', () => {
    const made = new Worker('', '', '*', 80, undefined);
    const first = tcpAddress('h:1', 80);
    const pool = made.pool(first, defaults);
    expect(made.pool(tcpAddress('h:1', 80), defaults)).toBe(pool);
    for (let port = 2; port < 500; port++) made.pool(tcpAddress(`h:${port}`, 80), defaults);
    expect(made.pool(first, defaults)).not.toBe(pool);
    made.drain();
  });

  it('virtual hosts that share a worker open its connections as each of them says', () => {
    const made = worker('fcgi://h:1');
    const address = tcpAddress('h:1', 80);
    const pool = made.pool(address, defaults);
    expect(made.pool(address, { ...defaults, localAddress: '127.0.0.2' })).not.toBe(pool);
    expect(made.pool(address, { ...defaults, connectTimeout: 5 })).not.toBe(pool);
    expect(made.pool(address, { ...defaults })).toBe(pool);
    made.drain();
  });

  it.each([
    ['localhost', '2', true],
    ['localhost', '-1', false],
    // An address that is none of a name's stays what it is.
    ['127.0.0.1', '2', false],
  ])('connections to %s with addressttl=%s are opened anew in time: %s', async (host, ttl, isFreshLater) => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const made = worker(`fcgi://${host}:${port}`);
    expect(made.setOption('addressttl', ttl)).toBeUndefined();
    const pool = made.pool(tcpAddress(`${host}:${port}`, 80), { ...defaults, isReusing: true });
    const use = (): Promise<boolean> =>
      new Promise((resolve, reject) => {
        pool.acquire({
          onAcquired(connection, isFresh) {
            connection.take(NOBODY);
            pool.release(connection, true);
            resolve(isFresh);
          },
          onAcquireFailed: ({ detail }) => reject(new Error(detail)),
        });
      });
    const before = [await use(), await use()];
    const now = performance.now() + 3000;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now);
    const later = await use();
    clock.mockRestore();
    made.drain();
    server.close();
    expect([...before, later]).toEqual([true, false, isFreshLater]);
  });
});

describe('names with $n', () => {
  it.each([
    ['fcgi://h/srv/$1/x-$2.php', 'fcgi://h/srv/a/b/x-1.php', true],
    ['fcgi://h/srv/$1/x-$2.php', 'fcgi://H/srv/a/b/x-1.phpx', true],
    ['fcgi://h/srv/$1/x-$2.php', 'fcgi://h/srv/a/b/y-1.php', false],
    ['fcgi://h/srv/$1$2', 'fcgi://h/srv/anything', true],
    ['fcgi://h/srv/$1$2', 'fcgi://h/sr', false],
  ])('%s and %s: %s', (name, url, isFound) => {
    const made = worker(name, true);
    expect(findWorker([made], url)).toBe(isFound ? made : undefined);
  });

  it('a URL of slashes takes no longer than another', () => {
    const made = worker('fcgi://h/srv/$1/$2/$3/$4/$5/$6.php', true);
    // With backtracking: the age of the universe.
    expect(findWorker([made], `fcgi://h/srv/${'a/'.repeat(200_000)}`)).toBeUndefined();
  });
});

describe('URLs', () => {
  it.each([
    ['unix:/a|fcgi://h', { socket: '/a', url: 'fcgi://h' }],
    ['UNIX:/a|http:', { socket: '/a', url: 'http://localhost' }],
    ['fcgi://h', { socket: undefined, url: 'fcgi://h' }],
    ['unix:/a|', undefined],
  ])('splitSocket(%s)', (text, expected) => {
    expect(splitSocket(text)).toEqual(expected);
  });

  it.each([
    ['h', { host: 'h', port: undefined }],
    ['u:p@H:9', { host: 'h', port: 9 }],
    ['[::1]:9', { host: '::1', port: 9 }],
    ['[x]', null],
    ['h:99999', null],
    ['h:0', null],
    ['h:21898x', { host: 'h:21898x', port: undefined }],
    ['', null],
  ])('parseNetloc(%s)', (text, expected) => {
    expect(parseNetloc(text)).toEqual(expected);
  });

  it('splitAuthority() says what is wrong', () => {
    expect(splitAuthority('x')).toBe('Malformed URL');
    expect(splitAuthority('//h:99999/')).toBe('Invalid host/port');
    expect(splitAuthority('//h:1/a/b')).toEqual({ host: 'h', port: 1, path: 'a/b' });
  });

  it.each([
    ['a b/%c\xe4?', false, 'a%20b/%25c%E4%3F'],
    ['a%2Fb c%2f%20%41', true, 'a%2Fb%20c%2f%2520%2541'],
    ['a%zz', true, undefined],
    ["~$-_.+!*'(),;:@&=", false, "~$-_.+!*'(),;:@&="],
  ])('encodePath(%s, %s)', (path, keeps, expected) => {
    expect(encodePath(path, keeps)).toBe(expected);
  });

  it('addresses are the same object for the same text', () => {
    expect(tcpAddress('[::1]:9', 80)).toBe(tcpAddress('[::1]:9', 80));
    expect(addressKey(tcpAddress('[h:x]', 80))).toBe('h:x:80');
  });
});
