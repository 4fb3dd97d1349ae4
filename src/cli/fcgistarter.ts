/**
 * `apache-lite fcgistarter`: starts FastCGI applications that do not listen themselves, as httpd's fcgistarter (support/fcgistarter.c): each of them
 * has the listening socket for its descriptor 0. Options, messages and exit codes are its; `-s` is of us.
 *
 * Different on purpose: a program that cannot be run is an error, where fcgistarter says nothing and ends with 0; ports beyond 65535 are refused.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fstatSync, readdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type ListenOptions } from 'node:net';
import { resolve } from 'node:path';
import { atoi } from '../config/values.ts';
import { systemError } from '../lib/error-text.ts';
import { Getopt } from './options.ts';
import { printBytes, printError } from './output.ts';

const NAME = 'fcgistarter';
const USAGE = `usage: ${NAME} -c <command> -p <port> [-i <interface> -N <num>]
       ${NAME} -c <command> -s <socket> [-N <num>]

If an interface is not specified, any available will be used.
A socket's mode is what the umask leaves of it.
`;
const BACKLOG = 1024;

export interface StarterOptions {
  readonly command: string;
  /** Where to listen. */
  readonly listen: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Processes to start; fewer than one: none. */
  readonly count: number;
}

/** Reads the arguments behind `fcgistarter`; a text says what is wrong with them, empty when only the usage does. */
export function parseStarterArguments(args: readonly string[]): StarterOptions | string {
  const getopt = new Getopt(args, 'c:p:i:N:s:');
  let command = '';
  let host = '0.0.0.0';
  let socket = '';
  let port = 0;
  let count = 1;
  for (;;) {
    const step = getopt.next();
    if ('rest' in step) break;
    if ('error' in step) return step.error;
    const value = step.value ?? '';
    if (step.letter === 'c') command = value;
    else if (step.letter === 'p') port = atoi(value);
    else if (step.letter === 'i') host = value;
    else if (step.letter === 's') socket = value;
    else count = atoi(value);
  }
  if (command === '' || count === 0) return '';
  if (socket !== '') return port === 0 ? { command, listen: { path: resolve(socket) }, count } : '';
  if (port < 1 || port > 65535) return '';
  return { command, listen: { host, port }, count };
}

/** Runs the command; the answer is its exit code. */
export async function startApplications(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    printBytes(USAGE);
    return 0;
  }
  const options = parseStarterArguments(args);
  if (typeof options === 'string') {
    printError(`${options === '' ? '' : `${NAME}: ${options}\n`}${USAGE}`);
    return 1;
  }
  try {
    const descriptor = await listen(options.listen);
    await startAll(options, descriptor);
    return 0;
  } catch (error) {
    printError(`${describe(error as NodeJS.ErrnoException)}\n`);
    return 1;
  }
}

/** Named by the function that fails in fcgistarter. */
function describe(error: NodeJS.ErrnoException): string {
  const { code = '', syscall = '' } = error;
  if (syscall === 'getaddrinfo') return 'apr_sockaddr_info_get: Name or service not known';
  const text = systemError(code)?.replace(/^\(\d+\)/, '') ?? error.message;
  if (syscall === 'listen') return `apr_socket_bind: ${text}`;
  return `execl: ${error.path ?? ''}: ${text}`;
}

/** Listens, and answers the descriptor. The socket is never closed here: it is the applications' from now on. */
async function listen(where: StarterOptions['listen']): Promise<number> {
  if ('path' in where) await removeStale(where.path);
  const before = openSockets();
  await open({ ...where, backlog: BACKLOG });
  // Node.js tells nobody the descriptor of a server; here it is the only one that is new.
  for (const descriptor of openSockets()) {
    if (!before.has(descriptor)) return descriptor;
  }
  throw new Error('the listening socket has no descriptor in /dev/fd');
}

function open(options: ListenOptions): Promise<void> {
  return new Promise((done, fail) => {
    // Nobody accepts here: a connection that came before the first application is up would be lost.
    const server = createServer({ pauseOnConnect: true });
    server.maxConnections = 0;
    server.once('error', fail);
    server.listen(options, () => done());
  });
}

function openSockets(): ReadonlySet<number> {
  const found = new Set<number>();
  for (const name of readdirSync('/dev/fd')) {
    try {
      if (fstatSync(Number(name)).isSocket()) found.add(Number(name));
    } catch {
      // The descriptor that the directory was read by.
    }
  }
  return found;
}

/** A socket file that nobody listens on is of an application that has ended. */
function removeStale(path: string): Promise<void> {
  return new Promise((done) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      done();
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') unlinkSync(path);
      done();
    });
  });
}

function startAll({ command, count }: StarterOptions, descriptor: number): Promise<unknown> {
  const started: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    const child = spawn(resolve('/', command), [], {
      cwd: '/',
      detached: true,
      stdio: [descriptor, 'ignore', 'ignore'],
    });
    child.unref();
    started.push(running(child));
  }
  return Promise.all(started);
}

function running(child: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    child.once('spawn', () => done());
    child.once('error', fail);
  });
}
