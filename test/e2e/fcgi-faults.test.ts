/** FastCGI applications that fail in every way: each ends with httpd's status and log lines, in bounded time and memory, and leaves nothing open. */
import { chmodSync, readFileSync, renameSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeStream } from '../../src/fcgi/encode.ts';
import { encodeEndRequest, ResponderDecoder } from '../../src/fcgi/responder.ts';
import { findHttpd } from '../support/httpd.ts';
import { findPhpFpm, makePhpPool, type PhpPool } from '../support/php-fpm.ts';
import { ask, makeSite, type Site } from '../support/with-server.ts';

const HEAD = 'Content-Type: text/plain\r\n\r\n';
const STDOUT = 6;
const STDERR = 7;

const output = (text: string): Buffer => encodeStream(STDOUT, 1, Buffer.from(text, 'latin1'));
const END = encodeEndRequest(1, 0, 0);

/** What an application does with a connection once a request has come, `count` requests into the test. */
type Behaviour = (socket: Socket, count: number) => void;

const sockets = new Set<Socket>();

/** An application on a socket of its own. */
async function listen(file: string, behave: Behaviour): Promise<Server> {
  let count = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    // Once for a request, in however many pieces it comes.
    const decoder = new ResponderDecoder({
      onRequest: () => undefined,
      onStdin: () => undefined,
      onStdinEnd() {
        decoder.finishRequest();
        behave(socket, count++);
      },
      onAbort: () => undefined,
      onReply: () => undefined,
      onFailure: () => socket.destroy(),
    });
    socket.on('data', (chunk) => decoder.push(chunk));
  });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  chmodSync(file, 0o777);
  return server;
}

interface Fault {
  readonly name: string;
  readonly behave: Behaviour;
  /** Status, or how the answer is cut off. */
  readonly status: number | 'cut';
  readonly log: readonly string[];
}

const FAULTS: readonly Fault[] = [
  { name: 'silent', behave: () => undefined, status: 504, log: ['AH01075'] },
  { name: 'closes', behave: (socket) => socket.end(), status: 503, log: ['AH01067', 'AH01075'] },
  {
    name: 'part-of-header',
    behave: (socket) => socket.write(output('x').subarray(0, 5)),
    status: 504,
    log: ['AH01067', 'AH01075'],
  },
  {
    name: 'part-of-header-closes',
    behave: (socket) => socket.end(output('x').subarray(0, 5)),
    status: 503,
    log: ['AH01067', 'AH01075'],
  },
  {
    name: 'half-record',
    behave: (socket) => socket.write(output(HEAD).subarray(0, 20)),
    status: 504,
    log: ['AH01075'],
  },
  {
    name: 'half-record-closes',
    behave: (socket) => socket.end(output(HEAD).subarray(0, 20)),
    status: 503,
    log: ['AH01075'],
  },
  {
    name: 'half-head',
    behave: (socket) => socket.write(output('Content-Type: text/plain\r\n')),
    status: 504,
    log: ['AH01075'],
  },
  {
    name: 'half-body',
    behave: (socket) => socket.write(output(`${HEAD}half`)),
    status: 'cut',
    log: ['AH01075'],
  },
  {
    name: 'half-body-closes',
    behave: (socket) => socket.end(output(`${HEAD}half`)),
    status: 'cut',
    log: ['AH01067', 'AH01075'],
  },
  {
    name: 'no-end',
    behave: (socket) => socket.write(Buffer.concat([output(HEAD), output('whole')])),
    status: 'cut',
    log: ['AH01075'],
  },
  {
    name: 'noise',
    behave: (socket) => socket.end('\0'.repeat(3000)),
    status: 503,
    log: ['AH01068', 'AH01075'],
  },
  {
    name: 'http',
    behave: (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'),
    status: 503,
    log: ['AH01068', 'AH01075'],
  },
];

describe('an application that fails', () => {
  const httpd = findHttpd();
  const sites: Site[] = [];
  const servers: Server[] = [];
  let descriptors = 0;

  beforeAll(async () => {
    const site = await makeSite();
    sites.push(site);
    if (!('missing' in httpd)) sites.push(await makeSite({ command: httpd.command }));
    const run = path.join(site.root, 'run');
    for (const { name, behave } of FAULTS) servers.push(await listen(path.join(run, `${name}.sock`), behave));
    servers.push(await listen(path.join(run, 'stderr.sock'), flood));
    servers.push(await listen(path.join(run, 'once.sock'), answerOnce));
    servers.push(await listen(path.join(run, 'more.sock'), answerMore));
    servers.push(await listen(path.join(run, 'moved.sock'), answerWith('old')));
    const passes = FAULTS.map(
      ({ name }) => `ProxyPass /${name} unix:${run}/${name}.sock|fcgi://${name}/ timeout=1 retry=0\n`,
    );
    const modules = ['authz_core', 'mime', 'proxy', 'proxy_fcgi'].map(
      (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`,
    );
    for (const each of sites) {
      const mpm =
        each === site ? '' : 'LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n';
      each.configure(`${modules.join('')}${mpm}${passes.join('')}
ProxyPass /once unix:${run}/once.sock|fcgi://once/ enablereuse=on
ProxyPass /more unix:${run}/more.sock|fcgi://more/ enablereuse=on
ProxyPass /moved unix:${run}/moved.sock|fcgi://moved/ enablereuse=on
Listen 127.0.0.1:${each.ports[1]}
<VirtualHost *:${each.ports[1]}>
  ErrorLog /dev/null
  ProxyPass /stderr unix:${run}/stderr.sock|fcgi://stderr/
</VirtualHost>
`);
      await each.start();
    }
    await ask(site.port, '/nothing');
    descriptors = site.descriptors().length;
  }, 30_000);
  afterAll(async () => {
    for (const site of sites.slice(1)) await site.dispose();
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
    await sites[0]?.dispose();
  });

  const outcome = async (site: Site, target: string): Promise<number | string> =>
    ask(site.port, target).then(
      ({ status }) => status,
      () => 'cut',
    );
  /** AH numbers of the errors logged for a target. */
  const logged = (log: string): string[] =>
    [...log.matchAll(/:error\][^\n]*?(AH\d{5})/g)].map(([, tag]) => tag ?? '').sort();

  it('ends as httpd does', async () => {
    const seen = await Promise.all(
      sites.map(async (site) => {
        const all: Record<string, unknown> = {};
        // Those that wait for the timeout wait at the same time; the log is told apart by the rest of the line.
        const statuses = await Promise.all(FAULTS.map(({ name }) => outcome(site, `/${name}?${name}`)));
        for (const [index, { name }] of FAULTS.entries()) all[name] = statuses[index];
        return { all, log: logged(site.errorLog) };
      }),
    );
    const expected = Object.fromEntries(FAULTS.map(({ name, status }) => [name, status]));
    for (const { all } of seen) expect(all).toEqual(expected);
    for (const { log } of seen) expect(log).toEqual(FAULTS.flatMap(({ log: tags }) => tags).sort());
  });

  it('with a GiB of error output, and no memory for it', async () => {
    const [site] = sites as [Site];
    const before = site.memory('peak');
    const reply = await ask(site.ports[1] ?? 0, '/stderr');
    expect([reply.status, reply.body]).toEqual([200, 'after all']);
    expect(site.memory('peak') - before).toBeLessThan(64);
  }, 30_000);

  it('by closing kept connections: what may be sent again is', async () => {
    const [site] = sites as [Site];
    for (let i = 0; i < 30; i++) {
      const { status, body } = await ask(site.port, '/once');
      expect([status, body]).toEqual([200, 'once']);
    }
  });

  it('by saying more than was asked: the connection is not used again', async () => {
    const [site] = sites as [Site];
    const seen = new Set<string>();
    for (let i = 0; i < 5; i++) seen.add((await ask(site.port, '/more')).body);
    expect([...seen]).toEqual(['0', '1', '2', '3', '4']);
  });

  it('by its socket being another one now', async () => {
    const [site] = sites as [Site];
    const file = path.join(site.root, 'run/moved.sock');
    expect((await ask(site.port, '/moved')).body).toBe('old');
    const next = await listen(`${file}.new`, answerWith('new'));
    servers.push(next);
    renameSync(`${file}.new`, file);
    // A kept connection leads to the old one for as long as that lives.
    expect((await ask(site.port, '/moved')).body).toBe('old');
    for (const socket of sockets) socket.destroy();
    expect((await ask(site.port, '/moved')).body).toBe('new');
  });

  it('leaves no socket behind', async () => {
    const [site] = sites as [Site];
    for (const socket of sockets) socket.destroy();
    await site.until('the close of all connections', () => site.descriptors().length <= descriptors);
  });
});

const STDERR_PIECE = encodeStream(STDERR, 1, Buffer.alloc(65_000, 'something went wrong\n'));

/** A GiB of error output, as fast as it is read, then an answer. */
function flood(socket: Socket): void {
  let left = 2 ** 30;
  const more = (): void => {
    while (left > 0) {
      left -= 65_000;
      if (!socket.write(STDERR_PIECE)) {
        socket.once('drain', more);
        return;
      }
    }
    socket.end(Buffer.concat([output(`${HEAD}after all`), END]));
  };
  more();
}

/** Every other request on a connection finds it closed. */
function answerOnce(socket: Socket): void {
  if (socket.bytesWritten > 0) socket.destroy();
  else socket.write(Buffer.concat([output(`${HEAD}once`), END]));
}

function answerMore(socket: Socket, count: number): void {
  if (socket.bytesWritten > 0) socket.write(Buffer.concat([output(`${HEAD}again`), END]));
  else socket.write(Buffer.concat([output(HEAD + String(count)), END, output('more')]));
}

function answerWith(text: string): Behaviour {
  return (socket) => socket.write(Buffer.concat([output(HEAD + text), END]));
}

describe.skipIf(findPhpFpm() === undefined)('PHP-FPM (skipped where it is not installed)', () => {
  let site: Site;
  let pool: PhpPool;
  let descriptors = 0;

  beforeAll(async () => {
    site = await makeSite({ files: { 'site/x.php': '<?php usleep(15000); echo getmypid();' } });
    pool = makePhpPool(`${site.root}/run`, [
      'pm.max_children = 8',
      '[global]',
      'process_control_timeout = 5',
    ]);
    site.configure(`
DocumentRoot "${site.root}/site"
<FilesMatch "\\.php$">
  SetHandler "proxy:unix:${pool.socket}|fcgi://kept/"
</FilesMatch>
<Proxy "fcgi://kept/" enablereuse=on max=6 timeout=5>
</Proxy>
ProxyPass /fresh/ unix:${pool.socket}|fcgi://fresh${site.root}/site/ timeout=5
`);
    await pool.start();
    await site.start();
    await ask(site.port, '/nothing');
    descriptors = site.descriptors().length;
  }, 30_000);
  afterAll(async () => {
    await site.dispose();
    await pool.stop();
  });

  const children = (): number[] =>
    readFileSync(`/proc/${pool.pid}/task/${pool.pid}/children`, 'latin1').trim().split(' ').map(Number);

  interface Load {
    /** Waits until there are more answers of that status. */
    answered(more: number, status?: number): Promise<void>;
    stop(): Promise<Map<number | string, number>>;
  }

  /** Eight clients ask one request after another until told to stop; what they were answered. */
  function load(target: string): Load {
    const answers = new Map<number | string, number>();
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const answer = await ask(site.port, target).then(
          ({ status }) => status,
          (error: unknown) => String(error),
        );
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    return {
      answered(more, status = 200) {
        const wanted = (answers.get(status) ?? 0) + more;
        return site.until(`${more} answers`, () => (answers.get(status) ?? 0) >= wanted);
      },
      async stop() {
        isOver = true;
        await Promise.all(clients);
        return answers;
      },
    };
  }

  it.each(['/x.php', '/fresh/x.php'])('its processes are killed under load: %s', async (target) => {
    const running = load(target);
    const killed = 6;
    for (let i = 0; i < killed; i++) {
      await running.answered(10);
      const [pid] = children();
      if (pid !== undefined && pid > 0) process.kill(pid, 'SIGKILL');
    }
    await running.answered(10);
    const answers = await running.stop();
    // Who had its request taken and nothing answered is told so, once for each that was killed at most.
    expect([...answers.keys()].filter((answer) => answer !== 200 && answer !== 503)).toEqual([]);
    expect(answers.get(503) ?? 0).toBeLessThanOrEqual(killed);
    expect((await ask(site.port, target)).status).toBe(200);
  });

  it('it is told to reload under load: no request is lost', async () => {
    const running = load('/x.php');
    const before = children();
    for (let i = 0; i < 3; i++) {
      await running.answered(10);
      const old = children();
      process.kill(pool.pid, 'SIGUSR2');
      await site.until('the end of the processes before', () =>
        children().every((pid) => pid === 0 || !old.includes(pid)),
      );
      await site.until('new ones', () => children().some((pid) => pid > 0));
    }
    await running.answered(10);
    const answers = await running.stop();
    expect([...answers.keys()], site.errorLog.slice(-1500)).toEqual([200]);
    expect(children().filter((pid) => before.includes(pid))).toEqual([]);
  });

  it('master and children are killed: 503, and it is there again with the next', async () => {
    const running = load('/x.php');
    await running.answered(10);
    const all = [pool.pid, ...children()];
    for (const pid of all) process.kill(pid, 'SIGKILL');
    await running.answered(10, 503);
    const gone = await ask(site.port, '/x.php');
    expect(gone.status).toBe(503);
    const answers = await running.stop();
    expect([...answers.keys()].sort()).toEqual([200, 503]);
    expect(site.errorLog).toMatch(
      /\(111\)Connection refused: AH02454: FCGI: attempt to connect to Unix domain socket/,
    );
    await pool.start();
    expect((await ask(site.port, '/x.php')).status).toBe(200);
  });

  it('leaves no socket behind', async () => {
    await pool.stop();
    await site.until('the close of all connections', () => site.descriptors().length <= descriptors);
  });
});
