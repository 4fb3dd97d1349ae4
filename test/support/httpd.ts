import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { accepts } from './accepts.ts';

/** A server program with httpd's command line. */
export interface ServerProgram {
  readonly name: 'httpd' | 'apache-lite';
  readonly command: string;
  /** Arguments that come before httpd's own options. */
  readonly prefix: readonly string[];
}

export interface RunningServer {
  readonly pid: number;
  /** Asks the server to end, and insists after two seconds. Resolves when the process is gone. */
  stop(): Promise<void>;
}

/** The server did not come up; `output` is what it printed. */
export class ServerStartError extends Error {
  readonly output: string;

  constructor(program: ServerProgram, output: string) {
    super(`${program.name} did not start:\n${output}`);
    this.name = 'ServerStartError';
    this.output = output;
  }
}

/** Directories in which distributions keep httpd's modules. */
const moduleDirectories = [
  '/usr/lib/apache2/modules',
  '/usr/lib64/httpd/modules',
  '/usr/local/apache2/modules',
];
const commands = ['/usr/sbin/apache2', '/usr/sbin/httpd', '/usr/local/apache2/bin/httpd'];

/** The httpd whose answers the recorded ones are. Another release may answer differently and is not used. */
export const oracleVersion = '2.4.71';

export interface Httpd extends ServerProgram {
  readonly modules: string;
  /** Names of the modules compiled in, such as `mod_log_config.c`. */
  readonly builtIn: ReadonlySet<string>;
}

/** The installed httpd when it is the one the answers were recorded from; otherwise the reason why not. */
export function findHttpd(): Httpd | { readonly missing: string } {
  const command = process.env.HTTPD ?? commands.find((path) => existsSync(path));
  if (command === undefined) return { missing: 'httpd is not installed' };
  const version = spawnSync(command, ['-v'], { encoding: 'latin1' }).stdout ?? '';
  if (!version.includes(`Apache/${oracleVersion} `)) {
    return { missing: `${command} is not httpd ${oracleVersion}` };
  }
  const modules = moduleDirectories.find((path) => existsSync(path));
  if (modules === undefined) return { missing: 'the modules of httpd are not installed' };
  const listed = spawnSync(command, ['-l'], { encoding: 'latin1' }).stdout ?? '';
  return { name: 'httpd', command, prefix: [], modules, builtIn: new Set(listed.match(/\w+\.c/g)) };
}

/**
 * Starts a server in the foreground with one process and waits until it accepts connections.
 * @param configuration path of the configuration file
 * @param port a port it listens on, on 127.0.0.1
 */
export async function startServer(
  program: ServerProgram,
  configuration: string,
  port: number,
): Promise<RunningServer> {
  const child = spawn(program.command, [...program.prefix, '-f', configuration, '-X'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment(),
    // A group of its own: mod_cgid's daemon outlives a server that had to be killed.
    detached: true,
  });
  living.add(child);
  let output = '';
  const keep = (chunk: Buffer): void => {
    if (output.length < 65536) output += chunk.toString('latin1');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      gone = true;
      resolve();
    });
    child.once('exit', () => killGroup(child));
    child.once('close', () => {
      gone = true;
      living.delete(child);
      resolve();
    });
  });
  const deadline = Date.now() + 10_000;
  for (;;) {
    if (gone) throw new ServerStartError(program, output);
    if (await accepts(port)) break;
    if (Date.now() > deadline) {
      await stopProcess(child, exited);
      throw new ServerStartError(program, `${output}\nno connection on port ${port} within 10 s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { pid: child.pid ?? 0, stop: () => stopProcess(child, exited) };
}

/** Those to be ended with this process. */
const living = new Set<ChildProcess>();
process.once('exit', () => living.forEach(killGroup));

/** Ends what is left of a server and of what it started. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is.
  }
}

async function stopProcess(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const insist = setTimeout(() => killGroup(child), 2000);
  await exited;
  clearTimeout(insist);
}

/** Nothing of the caller's environment but the search path: PassEnv and ${VAR} see the same everywhere. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C', TZ: 'UTC' };
}

/** What httpd says against a configuration that is written to `file`: the last line of its complaint, empty when there is none; and its exit code. */
export function askHttpd(
  { command }: ServerProgram,
  file: string,
  text: string,
): { said: string; status: number | null } {
  writeFileSync(file, text, 'latin1');
  const { status, stderr } = spawnSync(command, ['-t', '-f', file], { encoding: 'latin1', timeout: 20_000 });
  return { said: /Syntax error on line .*:\n(.*)\n/.exec(stderr)?.[1] ?? '', status };
}

export interface CheckResult {
  readonly exitCode: number;
  /** Both streams, error stream first. */
  readonly output: string;
}

/** Runs the program to its end with httpd's options, such as `-f conf -t`. */
export function runToEnd(program: ServerProgram, options: readonly string[]): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program.command, [...program.prefix, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: cleanEnvironment(),
      timeout: 10_000,
    });
    const streams = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (streams.stdout += chunk.toString('latin1')));
    child.stderr.on('data', (chunk: Buffer) => (streams.stderr += chunk.toString('latin1')));
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? -1, output: streams.stderr + streams.stdout }));
  });
}
