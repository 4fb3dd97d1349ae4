/** The real command on a site of its own: a directory, a configuration, a port; what it logs and what it holds can be looked at. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { runsAsRoot, serverUser } from '../differential/server-user.ts';
import { accepts } from './accepts.ts';
import { findApacheLite } from './apache-lite.ts';
import { claimPorts, type PortBlock } from './ports.ts';

const PORTS = { from: 22400, to: 22499, blockSize: 5 };
/** On a loaded machine a start takes seconds. */
const PATIENCE = 15_000;

export interface SiteOptions {
  /** Added to the frame: ServerRoot, Listen, User and Group, DocumentRoot, logs. */
  readonly configuration?: string | ((site: Site) => string);
  /** The whole configuration: without the frame. */
  readonly isFrameless?: boolean;
  /** Contents by path below the root. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** Run in place of the built command. */
  readonly command?: string;
}

export interface StartOptions {
  /** Instead of the site's own. */
  readonly file?: string;
  /** Options of the command, beside -f and -X. */
  readonly options?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Makes the directory and claims ports; starts nothing. */
export async function makeSite(options: SiteOptions = {}): Promise<Site> {
  return new Site(await claimPorts(PORTS), options);
}

/** A site that is being served. */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const site = await makeSite(options);
  try {
    await site.start();
  } catch (error) {
    await site.dispose();
    throw error;
  }
  return site;
}

export class Site {
  readonly root: string;
  readonly file: string;
  /** The first is the one of `Listen`. */
  readonly ports: readonly number[];
  readonly #block: PortBlock;
  readonly #options: SiteOptions;
  #pid = 0;
  #exited: Promise<number | null> = Promise.resolve(null);
  #output = '';

  constructor(block: PortBlock, options: SiteOptions) {
    this.#block = block;
    this.#options = options;
    this.ports = block.ports;
    this.root = mkdtempSync(path.join(tmpdir(), 'apache-lite-site-'));
    chmodSync(this.root, 0o755);
    for (const directory of ['conf', 'htdocs', 'logs', 'run']) mkdirSync(path.join(this.root, directory));
    if (runsAsRoot()) chownSync(path.join(this.root, 'run'), serverUser.uid, serverUser.gid);
    this.file = path.join(this.root, 'conf/httpd.conf');
    this.write('conf/mime.types', 'text/html html\ntext/plain txt\n');
    for (const [name, content] of Object.entries(options.files ?? {})) this.write(name, content);
    const { configuration = '' } = options;
    this.configure(typeof configuration === 'string' ? configuration : configuration(this));
  }

  get port(): number {
    return this.ports[0] ?? 0;
  }
  get pid(): number {
    return this.#pid;
  }

  configure(configuration: string): void {
    writeFileSync(this.file, (this.#options.isFrameless ? '' : this.#frame()) + configuration, 'latin1');
  }

  #frame(): string {
    const user = runsAsRoot() ? `User ${serverUser.name}\nGroup ${serverUser.name}\n` : '';
    return (
      `ServerRoot "${this.root}"\nDefaultRuntimeDir run\nPidFile run/httpd.pid\n${user}` +
      `Listen 127.0.0.1:${this.port}\nServerName localhost\nDocumentRoot htdocs\nTypesConfig conf/mime.types\nErrorLog logs/error.log\n`
    );
  }

  write(name: string, content: string | Buffer): string {
    const file = path.join(this.root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content, 'latin1');
    return file;
  }

  read(name: string): string {
    const file = path.join(this.root, name);
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  }

  get errorLog(): string {
    return this.read('logs/error.log');
  }

  /** Starts the command in the foreground and waits until it serves. */
  async start({ file = this.file, options = [], environment = {} }: StartOptions = {}): Promise<void> {
    const { command } = this.#options;
    const program = command === undefined ? findApacheLite() : { command, prefix: [] };
    if ('missing' in program) throw new Error(program.missing);
    const log = path.join(this.root, 'output.log');
    // A file: on Linux Node.js makes pipes of sockets, and nobody can open /dev/stderr when it is a socket.
    const output = openSync(log, 'w');
    const child = spawn(program.command, [...program.prefix, ...options, '-f', file, '-X'], {
      stdio: ['ignore', output, output],
      env: { PATH: process.env.PATH, LANG: 'C', TZ: 'UTC', ...environment },
    });
    closeSync(output);
    let isGone = false;
    this.#pid = child.pid ?? 0;
    this.#exited = new Promise((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    void this.#exited.then(() => {
      isGone = true;
      this.#pid = 0;
    });
    for (const deadline = Date.now() + PATIENCE; !(await accepts(this.port)); ) {
      this.#output = readFileSync(log, 'latin1');
      if (isGone || Date.now() > deadline) {
        await this.stop();
        throw new Error(`the server did not start:\n${this.#output}${this.errorLog}`);
      }
      await pause(10);
    }
  }

  /** Ends the server; the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const pid = this.#pid;
    if (pid === 0) return this.#exited;
    process.kill(pid, signal);
    const insist = setTimeout(() => {
      if (this.#pid !== 0) process.kill(this.#pid, 'SIGKILL');
    }, 10_000);
    const code = await this.#exited;
    clearTimeout(insist);
    return code;
  }

  /** Waits until the condition holds; says what did not come. */
  async until(what: string, holds: () => boolean): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; !holds(); ) {
      if (Date.now() > deadline)
        throw new Error(`${what} did not come; the error log:\n${this.errorLog.slice(-4000)}`);
      await pause(10);
    }
  }

  /** Resident memory of the server's process, in MiB; `peak`: the most there was. */
  memory(which: 'now' | 'peak' = 'now'): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'latin1');
    const [, kilobytes = '0'] =
      new RegExp(`${which === 'peak' ? 'VmHWM' : 'VmRSS'}:\\s+(\\d+) kB`).exec(status) ?? [];
    return Number(kilobytes) / 1024;
  }

  /** What the server's open descriptors stand for. */
  descriptors(): string[] {
    const directory = `/proc/${this.#pid}/fd`;
    return readdirSync(directory).flatMap((name) => {
      try {
        return [readlinkSync(path.join(directory, name))];
      } catch {
        return []; // Closed since the list was made.
      }
    });
  }

  /** A connection that has sent this; what becomes of it shows in what is read. */
  open(head: string): Socket {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(head);
    return socket;
  }

  get sockets(): number {
    return this.descriptors().filter((name) => name.startsWith('socket:')).length;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.root, { recursive: true, force: true });
    await this.#block.release();
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** All that comes to the connection's end. */
export function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.once('close', () => resolve(text));
  });
}

/** What comes until `wanted` is part of it. */
export function readUntil(socket: Socket, wanted: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (text.includes(wanted)) finish(() => resolve(text));
    };
    const closed = (): void => finish(() => reject(new Error(`${wanted} did not come, but: ${text}`)));
    const finish = (settle: () => void): void => {
      socket.off('data', read);
      socket.off('close', closed);
      settle();
    };
    socket.on('data', read);
    socket.once('close', closed);
  });
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent chunked unless a Content-Length is given. */
  readonly body?: string | Buffer | Readable;
  readonly agent?: Agent;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** One char a byte. */
  readonly body: string;
  /** The connection had served a request before. */
  readonly isReused: boolean;
}

/** One request by Node's own client, on a connection of its own unless an agent is given. Rejects when the answer is cut off. */
export function ask(port: number, target: string, options: AskOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, agent = false } = options;
    const sent = request(
      { host: '127.0.0.1', port, path: target, method, headers, agent, timeout: 30_000 },
      (response) => {
        let text = '';
        response.setEncoding('latin1');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text,
            isReused: sent.reusedSocket,
          }),
        );
      },
    );
    sent.once('timeout', () => sent.destroy(new Error(`no answer to ${target}`)));
    sent.once('error', reject);
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) sent.end(body);
    else body.pipe(sent);
  });
}
