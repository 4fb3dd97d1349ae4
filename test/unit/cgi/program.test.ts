import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatProblem, type Program, ProgramEnvironment, startProgram } from '../../../src/cgi/program.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'program-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string | Buffer, mode = 0o755): string {
  const full = path.join(directory, name);
  writeFileSync(full, content);
  chmodSync(full, mode);
  return full;
}

function textOf(program: Program): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    program.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    program.stdout.on('close', () => resolve(text));
  });
}

function shell(command: string, onErrorLine?: (line: string) => void): Program {
  const program = startProgram(
    {
      file: '/bin/sh',
      args: ['-c', command],
      environment: new ProgramEnvironment(),
      readsInput: false,
      ...(onErrorLine === undefined ? {} : { onErrorLine }),
    },
    (error) => {
      throw error;
    },
  );
  if (program === undefined) throw new Error('no shell');
  return program;
}

describe('formatProblem', () => {
  it.each([
    ['an interpreter', '#!/bin/sh\n', undefined],
    ['an interpreter behind blanks', '#! \t/bin/sh', undefined],
    ['no interpreter behind the mark', '#! \n/bin/sh', 'ENOEXEC'],
    ['text', 'echo ran\n', 'ENOEXEC'],
    ['text beyond ASCII', 'echo \xe4\n', 'ENOEXEC'],
    ['nothing', '', 'ENOEXEC'],
    ['a mark in the second line', '\n#!/bin/sh\n', 'ENOEXEC'],
  ])('%s', (name, content, code) => {
    expect(formatProblem(file(name, content))?.code).toBe(code);
  });
  it('leaves programs, and what cannot be read, to the system', () => {
    expect(formatProblem(process.execPath)).toBeUndefined();
    expect(formatProblem(path.join(directory, 'nothing there'))).toBeUndefined();
    expect(formatProblem(directory)).toBeUndefined();
  });
});

describe('startProgram', () => {
  const failureOf = (name: string, options: { directory?: string; value?: string } = {}): Promise<string> =>
    new Promise((resolve) => {
      const environment = new ProgramEnvironment();
      environment.add('VALUE', options.value ?? '');
      const program = startProgram(
        {
          file: name,
          args: [],
          environment,
          readsInput: true,
          ...(options.directory === undefined ? {} : { directory: options.directory }),
        },
        (error) => resolve(error.code ?? ''),
      );
      if (program !== undefined) resolve('started');
    });

  it.each([
    ['a file that is not there', () => failureOf('/nowhere/program'), 'ENOENT'],
    ['a file that may not be run', () => failureOf(file('closed', '#!/bin/sh\n', 0o644)), 'EACCES'],
    ['an interpreter that is not there', () => failureOf(file('lost', '#!/nowhere/sh\n')), 'ENOENT'],
    ['a file taken for a directory', () => failureOf(`${file('plain', '#!/bin/sh\n')}/program`), 'ENOTDIR'],
    ['a directory that is not there', () => failureOf('/bin/sh', { directory: '/nowhere' }), 'ENOENT'],
    ['too long a variable', () => failureOf('/bin/true', { value: 'x'.repeat(200_000) }), 'E2BIG'],
    ['nothing wrong', () => failureOf('/bin/true'), 'started'],
  ])('tells of %s', async (_, start, code) => {
    expect(await start()).toBe(code);
  });

  it('gives names that a shell can say, and values up to a zero byte', async () => {
    const environment = new ProgramEnvironment();
    environment.add('1-a.b', 'one\0two');
    environment.add('__proto__', 'plain');
    environment.add('BYTES', '\xc3\xa4');
    const program = startProgram(
      { file: '/usr/bin/env', args: [], environment, readsInput: false },
      () => undefined,
    ) as Program;
    expect((await textOf(program)).split('\n').sort()).toEqual([
      '',
      'BYTES=\xc3\xa4',
      '__a_b=one',
      '__proto__=plain',
    ]);
  });

  it('tells of stderr in lines, long ones in pieces', async () => {
    const lines: string[] = [];
    const program = shell(
      `printf 'one\\n\\ntwo\\n' >&2; head -c 20000 /dev/zero | tr '\\0' x >&2; printf '\\nlast' >&2`,
      (line) => lines.push(line),
    );
    await textOf(program);
    await expect.poll(() => lines.at(-1)).toBe('last');
    expect(lines.slice(0, 3)).toEqual(['one', '', 'two']);
    expect(lines.slice(3, -1).map((line) => line.length)).toEqual([8191, 8191, 3618]);
  });
});

describe('a program', () => {
  const running = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  const pidOf = (program: Program): Promise<number> =>
    new Promise((resolve) =>
      program.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
    );

  it('that does not end when asked is ended', async () => {
    const program = shell(`trap '' TERM; echo $$; while :; do sleep 0.05; done`);
    const pid = await pidOf(program);
    program.end();
    await expect.poll(() => running(pid), { timeout: 6000 }).toBe(false);
  }, 10_000);
  it('that is left is ended when nothing is heard of it', async () => {
    const program = shell('echo $$; exec sleep 60');
    const pid = await pidOf(program);
    program.leave(50);
    await expect.poll(() => running(pid)).toBe(false);
  });
  it('that is left goes on as long as it speaks', async () => {
    const done = path.join(directory, 'done');
    const program = shell(
      `echo $$; for i in 1 2 3 4 5 6; do sleep 0.1; echo; done; echo $$ > ${done}; exec sleep 60`,
    );
    const pid = await pidOf(program);
    program.leave(300);
    await expect.poll(() => running(pid), { timeout: 5000 }).toBe(false);
    expect(Number(readFileSync(done, 'utf8'))).toBe(pid);
  }, 10_000);
});
