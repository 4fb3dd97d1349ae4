import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimPorts, type PortBlock } from '../support/ports.ts';
import { ask, isAlive, Site } from './command.ts';

let block: PortBlock;
let site: Site;
beforeAll(async () => {
  block = await claimPorts({ from: 21900, to: 21999, blockSize: 10 });
});
afterAll(() => block.release());
beforeEach(() => {
  site = new Site(block.ports[0] ?? 0);
});
afterEach(() => site.dispose());

const pidPath = (): string => path.join(site.root, 'logs/httpd.pid');

describe('start and stop', () => {
  it('starts in the background, serves, and stops', async () => {
    expect(await site.run('-k', 'start')).toEqual({ code: 0, stdout: '', stderr: '' });
    const { pid } = site;
    expect(await ask(site.port)).toMatch(/^HTTP\/1\.1 200 OK(?:.|\r?\n)*hello\n$/);
    expect(await site.run('-k', 'start')).toEqual({
      code: 0,
      stdout: `httpd (pid ${pid}) already running\n`,
      stderr: '',
    });
    expect(await site.run('-k', 'stop')).toEqual({ code: 0, stdout: '', stderr: '' });
    await site.until('the end', () => !isAlive(pid ?? 0));
    expect(site.pid).toBeUndefined();
    expect(site.errorLog).toMatch(
      /AH00489: Apache\/2\.4\.71 \(apache-lite\) configured -- resuming normal operations\n.*AH00490: Server built: .*\n.*AH00094: Command line: 'apache-lite -f .*httpd\.conf'\n.*AH00096: removed PID file .*\n.*\[mpm_event:notice\].*AH00491: caught SIGTERM, shutting down\n$/,
    );
  });

  it('says what is not running and starts what is to be restarted', async () => {
    expect(await site.run('-k', 'stop')).toMatchObject({
      code: 0,
      stdout: 'httpd (no pid file) not running\n',
    });
    expect(await site.run('-k', 'graceful')).toMatchObject({
      code: 0,
      stdout: 'httpd not running, trying to start\n',
    });
    expect(await ask(site.port)).toContain('200 OK');
  });

  it('ends gracefully', async () => {
    await site.run();
    const { pid } = site;
    expect((await site.run('-k', 'graceful-stop')).code).toBe(0);
    await site.until('the end', () => !isAlive(pid ?? 0));
    expect(site.errorLog).toContain('AH00492: caught SIGWINCH, shutting down gracefully');
  });
});

describe('pid file', () => {
  it('refuses to start over garbage', async () => {
    writeFileSync(pidPath(), 'garbage\n');
    const expected = {
      code: 1,
      stdout: '',
      stderr:
        '(20014)Internal error (specific information not available): AH00058: Error retrieving pid file logs/httpd.pid\n' +
        'AH00059: Remove it before continuing if it is corrupted.\n',
    };
    expect(await site.run()).toEqual(expected);
    expect(await site.run('-k', 'stop')).toEqual(expected);
  });

  it('overwrites a stale one', async () => {
    writeFileSync(pidPath(), '2147483646\n');
    expect(await site.run('-k', 'stop')).toMatchObject({
      code: 0,
      stdout: 'httpd (pid 2147483646?) not running\n',
    });
    expect((await site.run()).code).toBe(0);
    expect(site.errorLog).toContain('AH00098: pid file');
  });

  it('complains where it cannot be written', async () => {
    site.configure('PidFile nowhere/x.pid');
    const outcome = await site.run();
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('(2)No such file or directory: AH00099: could not create');
    expect(await ask(site.port)).toBe('ECONNREFUSED');
  });
});

it('says which port is in use, and leaves nothing behind', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(site.port, '127.0.0.1', () => resolve()));
  const outcome = await site.run();
  await new Promise((resolve) => other.close(resolve));
  expect(outcome).toEqual({
    code: 1,
    stdout: '',
    stderr:
      `(98)Address already in use: AH00072: make_sock: could not bind to address 127.0.0.1:${site.port}\n` +
      'no listening sockets available, shutting down\nAH00015: Unable to open logs\n',
  });
  expect(site.pid).toBeUndefined();
});

describe('reload', () => {
  it('drops no request, however often it is asked for under load', async () => {
    await site.run();
    const { pid = 0 } = site;
    let isDone = false;
    const answers: string[] = [];
    const client = async (): Promise<void> => {
      while (!isDone) answers.push(await ask(site.port));
    };
    const clients = Array.from({ length: 8 }, client);
    for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGUSR1', 'SIGUSR1', 'SIGHUP'] as const) {
      const before = site.errorLog.split('AH00489').length;
      process.kill(pid, signal);
      await site.until('the reload', () => site.errorLog.split('AH00489').length > before);
      const served = answers.length;
      await site.until('answers', () => answers.length > served + 20);
    }
    isDone = true;
    await Promise.all(clients);
    expect(answers.filter((answer) => !/^HTTP\/1\.1 200 OK(?:.|\r?\n)*hello\n$/.test(answer))).toEqual([]);
    expect(site.pid).toBe(pid);
  });

  it('keeps what is in force when the new configuration is wrong', async () => {
    await site.run();
    const { pid = 0 } = site;
    site.configure('Bogus one\nFaulty two');
    const outcome = await site.run('-k', 'graceful');
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^AH00526: Syntax error on line 6 of .*:\nInvalid command 'Bogus', /);
    process.kill(pid, 'SIGHUP');
    await site.until('the complaint', () => site.errorLog.includes('AL0100'));
    expect(site.errorLog).toContain("Invalid command 'Faulty'");
    expect(await ask(site.port)).toContain('200 OK');
    site.configure('');
    expect((await site.run('-k', 'restart')).code).toBe(0);
    await site.until('the reload', () => site.errorLog.split('AH00489').length === 3);
    expect(await ask(site.port)).toContain('200 OK');
  });

  it('moves to another port, and stays where the other is taken', async () => {
    const [first = 0, second = 0, third = 0] = block.ports;
    await site.run();
    const { pid = 0 } = site;
    site.configure('', second);
    process.kill(pid, 'SIGUSR1');
    await site.until('the reload', () => site.errorLog.split('AH00489').length === 3);
    expect(await ask(second)).toContain('200 OK');
    expect(await ask(first)).toBe('ECONNREFUSED');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(third, '127.0.0.1', () => resolve()));
    site.configure('', third);
    process.kill(pid, 'SIGUSR1');
    await site.until('the complaint', () => site.errorLog.includes('AL0100'));
    await new Promise((resolve) => other.close(resolve));
    expect(site.errorLog).toContain(`AH00072: make_sock: could not bind to address 127.0.0.1:${third}`);
    expect(await ask(second)).toContain('200 OK');
  });
});
