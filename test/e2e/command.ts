/** The real command in a directory of its own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findApacheLite } from '../support/apache-lite.ts';

const program = findApacheLite();

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. */
export function run(args: readonly string[], cwd?: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    if ('missing' in program) throw new Error(program.missing);
    const child = spawn(program.command, [...program.prefix, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 15_000,
      cwd,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A server root with a configuration, removed at the end together with the server that runs on it. */
export class Site {
  readonly root = mkdtempSync(path.join(tmpdir(), 'apache-lite-e2e-'));
  readonly file = path.join(this.root, 'httpd.conf');
  readonly port: number;

  constructor(port: number, extra = '') {
    this.port = port;
    mkdirSync(path.join(this.root, 'logs'));
    mkdirSync(path.join(this.root, 'htdocs'));
    writeFileSync(path.join(this.root, 'htdocs/index.html'), 'hello\n');
    this.configure(extra);
  }

  configure(extra: string, port = this.port): void {
    writeFileSync(
      this.file,
      `ServerRoot "${this.root}"\nServerName main.example\nListen 127.0.0.1:${port}\nDocumentRoot htdocs\nLogLevel info\n${extra}\n`,
    );
  }

  run(...args: string[]): Promise<Outcome> {
    return run(['-f', this.file, ...args]);
  }

  get pid(): number | undefined {
    const file = path.join(this.root, 'logs/httpd.pid');
    return existsSync(file) ? Number(readFileSync(file, 'latin1')) : undefined;
  }

  get errorLog(): string {
    const file = path.join(this.root, 'logs/error_log');
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  }

  /** Waits until the condition holds; says what did not come. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = Date.now() + 8000;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`${what} did not come; the error log:\n${this.errorLog}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async dispose(): Promise<void> {
    const { pid } = this;
    if (pid !== undefined && isAlive(pid)) {
      process.kill(pid, 'SIGTERM');
      await this.until('the end', () => !isAlive(pid));
    }
    rmSync(this.root, { recursive: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Asks for `/index.html` on a connection of its own; the whole answer, or the error's code. */
export function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /index.html HTTP/1.1\r\nHost: main.example\r\nConnection: close\r\n\r\n'),
    );
    socket.setTimeout(5000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve(answer));
  });
}
