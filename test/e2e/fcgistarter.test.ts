/** `apache-lite fcgistarter`: applications started with their listening socket for descriptor 0, then asked through the server. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findApacheLite } from '../support/apache-lite.ts';
import { claimPorts } from '../support/ports.ts';
import { ask, makeSite, type Site } from '../support/with-server.ts';

const PHP_CGI = ['/usr/bin/php-cgi', '/usr/bin/php-cgi8.2'].find((file) => existsSync(file));
const program = findApacheLite();

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function starter(...args: string[]): Outcome {
  if ('missing' in program) throw new Error(program.missing);
  const { status, stdout, stderr } = spawnSync(program.command, [...program.prefix, 'fcgistarter', ...args], {
    encoding: 'latin1',
    timeout: 15_000,
  });
  return { code: status, stdout, stderr };
}

/** Process ids of those whose command line is exactly this. */
function processesOf(...commandLine: string[]): number[] {
  const wanted = `${commandLine.join('\0')}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1') === wanted;
      } catch {
        return false; // Gone since the list was made.
      }
    });
}

describe('what is not started', () => {
  const usage = /^usage: fcgistarter -c <command> -p <port> \[-i <interface> -N <num>\]\n/;

  it.each<[string, string[]]>([
    ['nothing', []],
    ['no place', ['-c', '/bin/true']],
    ['no command', ['-p', '21750']],
    ['two places', ['-c', '/bin/true', '-p', '21750', '-s', '/tmp/x.sock']],
    ['port 0', ['-c', '/bin/true', '-p', '0']],
    ['a port that is none', ['-c', '/bin/true', '-p', 'abc']],
    ['a port too high', ['-c', '/bin/true', '-p', '65536']],
    ['none of it', ['-c', '/bin/true', '-p', '21750', '-N', '0']],
  ])('%s: the usage', (_, args) => {
    expect(starter(...args)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(usage) });
  });

  it.each<[string, string[], string]>([
    ['an unknown option', ['-x'], 'fcgistarter: illegal option -- x\n'],
    ['an option without its argument', ['-c'], 'fcgistarter: option requires an argument -- c\n'],
    [
      'an interface nobody knows',
      ['-c', '/bin/true', '-p', '21750', '-i', 'no.such.invalid'],
      'apr_sockaddr_info_get: ',
    ],
    [
      'an interface of others',
      ['-c', '/bin/true', '-p', '21750', '-i', '192.0.2.1'],
      'apr_socket_bind: Cannot assign requested address\n',
    ],
  ])('%s', (_, args, message) => {
    const { code, stderr } = starter(...args);
    expect([code, stderr.startsWith(message)]).toEqual([1, true]);
  });

  it('a program that is not there', async () => {
    const block = await claimPorts();
    const port = String(block.ports[0]);
    const outcome = starter('-c', '/bin/no-such', '-p', port, '-i', '127.0.0.1');
    await block.release();
    expect(outcome).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('execl: /bin/no-such: No such file or directory\n'),
    });
  });

  it('on a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect(starter('-c', '/bin/true', '-i', '127.0.0.1', '-p', String(port))).toEqual({
      code: 1,
      stdout: '',
      stderr: 'apr_socket_bind: Address already in use\n',
    });
    await new Promise((resolve) => server.close(resolve));
  });

  it('but explained', () => {
    expect(starter('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(usage) });
    if ('missing' in program) return;
    const help = spawnSync(program.command, [...program.prefix, '-h'], { encoding: 'latin1' }).stderr;
    expect(help).toContain('apache-lite fcgistarter -c command -p port|-s socket [-i interface] [-N num]');
  });
});

describe('an application', () => {
  let site: Site;
  const pids: number[] = [];

  beforeAll(async () => {
    site = await makeSite({ files: { 'site/pid.php': '<?php usleep(20000); echo getmypid();' } });
    mkdirSync(path.join(site.root, 'apps'));
    site.configure(`
<VirtualHost *:*>
  ServerName tcp.test
  ProxyFCGIBackendType GENERIC
  ProxyPass / fcgi://127.0.0.1:${site.ports[1]}${site.root}/site/
</VirtualHost>
<VirtualHost *:*>
  ServerName socket.test
  ProxyFCGIBackendType GENERIC
  ProxyPass / unix:${site.root}/apps/php.sock|fcgi://localhost${site.root}/site/
</VirtualHost>
<VirtualHost *:*>
  ServerName node.test
  ProxyPass / unix:${site.root}/apps/node.sock|fcgi://node/
</VirtualHost>
`);
    await site.start();
  });
  afterAll(async () => {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await site.dispose();
  });

  /** Starts it, and notes what is to be ended. */
  function start(command: readonly string[], ...args: string[]): number[] {
    const before = new Set(processesOf(...command));
    // A script's process has its interpreter in front.
    expect(starter('-c', command.at(-1) ?? '', ...args)).toEqual({ code: 0, stdout: '', stderr: '' });
    const started = processesOf(...command).filter((pid) => !before.has(pid));
    pids.push(...started);
    return started;
  }
  const get = async (host: string, target: string): Promise<string> =>
    (await ask(site.port, target, { headers: { Host: host } })).body;

  it.skipIf(PHP_CGI === undefined)('of PHP on a port, several times (skipped without php-cgi)', async () => {
    const started = start([PHP_CGI ?? ''], '-p', String(site.ports[1]), '-i', '127.0.0.1', '-N', '3');
    expect(started).toHaveLength(3);
    for (const pid of started) {
      expect(readlinkSync(`/proc/${pid}/fd/0`)).toMatch(/^socket:/);
      expect(readlinkSync(`/proc/${pid}/fd/1`)).toBe('/dev/null');
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    }
    // The first ones ready may take all there is to do while another is still starting.
    const answered = new Set<string>();
    for (let tries = 0; answered.size < 3 && tries < 50; tries++) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => get('tcp.test', '/pid.php')));
      for (const answer of answers) answered.add(answer);
    }
    expect(answered).toEqual(new Set(started.map(String)));
  });

  it.skipIf(PHP_CGI === undefined)('of PHP on a socket, again where one was left', async () => {
    const socket = path.join(site.root, 'apps/php.sock');
    const umask = process.umask(0);
    const [first = 0] = start([PHP_CGI ?? ''], '-s', socket);
    expect(await get('socket.test', '/pid.php')).toBe(String(first));
    expect(starter('-c', PHP_CGI ?? '', '-s', socket)).toMatchObject({
      code: 1,
      stderr: 'apr_socket_bind: Address already in use\n',
    });
    process.kill(first, 'SIGKILL');
    await site.until('its end', () => !processesOf(PHP_CGI ?? '').includes(first));
    pids.splice(pids.indexOf(first), 1);
    expect(existsSync(socket)).toBe(true);
    const [second = 0] = start([PHP_CGI ?? ''], '-s', socket);
    process.umask(umask);
    expect(await get('socket.test', '/pid.php')).toBe(String(second));
  });

  it('of ours, in Node.js', async () => {
    if ('missing' in program) return;
    const module = new URL('../src/fcgi/responder-server.js', pathToFileURL(program.prefix[0] ?? ''));
    const script = path.join(site.root, 'apps/app.mjs');
    writeFileSync(
      script,
      `#!${process.execPath}
import { createFcgiServer } from ${JSON.stringify(module.href)};
createFcgiServer((request, reply) => {
  reply.write('Content-Type: text/plain\\r\\n\\r\\n');
  reply.end(process.pid + ' ' + request.params.get('REQUEST_URI'));
}).listen({ fd: 0 });
`,
      { mode: 0o755 },
    );
    const umask = process.umask(0);
    const started = start(
      [process.execPath, script],
      '-s',
      path.join(site.root, 'apps/node.sock'),
      '-N',
      '2',
    );
    process.umask(umask);
    expect(started).toHaveLength(2);
    const [pid, uri] = (await get('node.test', '/where?x=1')).split(' ');
    expect(started.map(String)).toContain(pid);
    expect(uri).toBe('/where?x=1');
  });
});
