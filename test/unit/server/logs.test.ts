import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogFile } from '../../../src/server/log-file.ts';
import { LogProgram, parseProgram, splitArguments } from '../../../src/server/log-program.ts';
import { facilityNumber } from '../../../src/server/syslog.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'logs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const read = (name: string): string => readFileSync(join(dir, name), 'latin1');

describe('LogFile', () => {
  it('writes the lines of one turn together, after it', async () => {
    const file = new LogFile(join(dir, 'a'));
    file.write('one\n');
    file.write('t\xe4o\n');
    expect(read('a')).toBe('');
    await new Promise((resolve) => setImmediate(resolve));
    expect(read('a')).toBe('one\nt\xe4o\n');
    await file.close();
  });
  it('keeps the order when a line is urgent, and appends to what is there', async () => {
    writeFileSync(join(dir, 'a'), 'old\n');
    const file = new LogFile(join(dir, 'a'));
    file.write('one\n');
    file.writeNow('two\n');
    expect(read('a')).toBe('old\none\ntwo\n');
    await file.close();
  });
  it('holds buffered lines for a short time only', async () => {
    const file = new LogFile(join(dir, 'a'));
    file.writeBuffered('one\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(read('a')).toBe('');
    await vi.waitFor(() => expect(read('a')).toBe('one\n'));
    await file.close();
  });
  it('writes out many lines before the turn ends', async () => {
    const file = new LogFile(join(dir, 'a'));
    file.write('x'.repeat(70_000));
    expect(read('a')).toHaveLength(70_000);
    await file.close();
  });
  it('follows its name when it is opened again', async () => {
    const file = new LogFile(join(dir, 'a'));
    file.write('before\n');
    renameSync(join(dir, 'a'), join(dir, 'a.1'));
    file.reopen();
    file.write('after\n');
    await file.close();
    expect([read('a.1'), read('a')]).toEqual(['before\n', 'after\n']);
  });
  it('stays as it is when it cannot be opened again', async () => {
    mkdirSync(join(dir, 'sub'));
    const file = new LogFile(join(dir, 'sub', 'a'));
    renameSync(join(dir, 'sub'), join(dir, 'moved'));
    expect(() => file.reopen()).toThrow('ENOENT');
    file.writeNow('still\n');
    expect(read('moved/a')).toBe('still\n');
    await file.close();
  });
  it('loses nothing that comes after it was closed', async () => {
    const file = new LogFile(join(dir, 'a'));
    await file.close();
    file.writeNow('late\n');
    expect(read('a')).toBe('late\n');
  });
});

describe('LogProgram', () => {
  const nothing = { onDeath: () => undefined, onDropped: () => undefined };

  it('gives lines to a program, and ends it', async () => {
    const program = new LogProgram(parseProgram(`$cat > ${join(dir, 'out')}`), nothing);
    await program.start();
    program.write('one\n');
    program.write('t\xe4o\n');
    await program.close();
    expect(read('out')).toBe('one\nt\xe4o\n');
  });
  it('rejects what cannot be run', async () => {
    for (const command of ['/no/such/program', '$/no/such/program x', 'no-such-program-anywhere']) {
      const program = new LogProgram(parseProgram(command), nothing);
      await expect(program.start()).rejects.toMatchObject({ code: 'ENOENT' });
      await program.close();
    }
  });
  it('starts a program again that ended, and keeps lines until then', async () => {
    const script = join(dir, 'one-line');
    writeFileSync(script, `#!/bin/sh\nread line\necho "$line" >> ${join(dir, 'out')}\n`);
    chmodSync(script, 0o755);
    const onDeath = vi.fn();
    const program = new LogProgram(parseProgram(script), { ...nothing, onDeath });
    await program.start();
    program.write('one\n');
    await vi.waitFor(() => expect(onDeath).toHaveBeenCalledTimes(1), 3000);
    program.write('two\n');
    await vi.waitFor(() => expect(read('out')).toBe('one\ntwo\n'), 3000);
    await program.close();
  });
  it('ends a program that neither sees the end of its input nor listens to signals', async () => {
    const script = join(dir, 'deaf');
    writeFileSync(
      script,
      `#!/bin/sh\ntrap '' TERM\necho $$ > ${join(dir, 'pid')}\nwhile :; do sleep 0.1; done\n`,
    );
    chmodSync(script, 0o755);
    const program = new LogProgram(parseProgram(script), nothing);
    await program.start();
    const pid = await vi.waitFor(() => {
      expect(read('pid')).toMatch(/^\d+\n$/);
      return Number(read('pid'));
    }, 10_000);
    await program.close();
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), 10_000);
  });
  it('puts the priority before every line', async () => {
    const program = new LogProgram(
      parseProgram(`$cat > ${join(dir, 'out')}`),
      nothing,
      (level) => `<${level}>`,
    );
    await program.start();
    program.writeNow('a\nb\n', 3);
    await program.close();
    expect(read('out')).toBe('<3>a\n<3>b\n');
    expect(existsSync(join(dir, 'out'))).toBe(true);
  });
});

describe('parseProgram', () => {
  it.each([
    ['/bin/p a "b c"', ['/bin/p', 'a', 'b c']],
    ['|/bin/p a', ['/bin/p', 'a']],
    ['$p a | q', ['/bin/sh', '-c', 'p a | q']],
    ['|$p', ['/bin/sh', '-c', 'p']],
    ['', []],
  ])('%s', (text, argv) => {
    expect(parseProgram(text).argv).toEqual(argv);
  });
  it.each([
    ['  a   b ', ['a', 'b']],
    ["'a b' c\\ d", ['a b', 'c d']],
    ['"a\\"b"', ['a"b']],
    ['a\\b', ['a\\b']],
    ['"open', ['"open']],
  ])('splits %j', (text, words) => {
    expect(splitArguments(text)).toEqual(words);
  });
});

describe('facilityNumber', () => {
  it.each([
    ['user', 1],
    ['DAEMON', 3],
    ['local0', 16],
    ['local3', 19],
    ['', 23],
    ['nonsense', 23],
  ])('%s', (name, number) => {
    expect(facilityNumber(name)).toBe(number);
  });
});
