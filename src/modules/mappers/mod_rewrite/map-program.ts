/**
 * `prg:` maps: a program that reads a key a line and writes a value a line, one after the other (lookup_map_program). It is started once; when
 * it ends it is not started again, and every look-up is empty from then on.
 *
 * It starts with the configuration: when the server starts as the user who does so, at a reload as the one the server has become, in both cases as
 * the user that the directive names where the server may change users. A program that does not answer within the server's Timeout is ended: httpd
 * would wait for ever.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { serverTimeout } from '../../../core/core-config.ts';
import { Level, logServer } from '../../../core/log.ts';
import { groupId, primaryGroupId, userId } from '../../../core/owner-names.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';

/** What a program may write without a line end. */
const LONGEST_ANSWER = 1024 * 1024;
const KILL_AFTER_MS = 3000;

/** Words between blanks; quotes hold them together, a backslash takes the next character as it is (apr_tokenize_to_argv). */
export function splitProgram(text: string): string[] {
  const words: string[] = [];
  const word = /(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|((?:\\.|[^\s\\])+))/gs;
  for (const [, double, single, bare] of text.matchAll(word)) {
    words.push((double ?? single ?? bare ?? '').replace(/\\([\s"'\\])/g, '$1'));
  }
  return words;
}

interface Waiting {
  readonly key: string;
  readonly resolve: (value: string | undefined) => void;
}

export class MapProgram {
  readonly argv: readonly string[];
  /** `user:group` of the directive. */
  readonly user: string | undefined;
  /** Whether a server that uses it has its engine on: httpd starts it for no other. */
  isWanted = false;
  #child: ChildProcess | undefined;
  #state: 'new' | 'running' | 'ended' = 'new';
  #text = '';
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(argv: readonly string[], user: string | undefined) {
    this.argv = argv;
    this.user = user;
  }

  /** Asks for a key; undefined when there is nothing for it, the empty text when the program is no more. */
  lookUp(server: VirtualServer, key: string): string | undefined | Promise<string | undefined> {
    // A line end in a key would make two of it, and every answer from then on would be for the key before.
    if (!this.isWanted || key.includes('\n')) return undefined;
    if (this.#state === 'new') this.#start(server);
    if (this.#state !== 'running') return '';
    return new Promise((resolve) => {
      this.#waiting.push({ key, resolve });
      if (this.#waiting.length === 1) this.#ask(server);
    });
  }

  /** Starts it, where it is wanted. */
  begin(server: VirtualServer): void {
    if (this.isWanted && this.#state === 'new') this.#start(server);
  }

  /** The configuration is no more in use. */
  stop(): void {
    const child = this.#child;
    this.#end();
    if (child === undefined || child.exitCode !== null) return;
    // The end of its input ends a program that reads; a signal may not reach one that has more rights than the server has left.
    child.stdin?.destroy();
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
  }

  #start(server: VirtualServer): void {
    const [file = '', ...rest] = this.argv.map((word) => Buffer.from(word, 'latin1').toString());
    const ids = idsOf(this.user);
    this.#state = 'running';
    const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'], ...ids });
    this.#child = child;
    child.stdin?.on('error', () => this.#end());
    child.stdout?.setEncoding('latin1');
    child.stdout?.on('data', (text: string) => this.#onText(server, text));
    child.stdout?.on('end', () => this.#end());
    child.on('error', (error) => {
      if (this.#state === 'ended') return;
      const message = `mod_rewrite: could not start RewriteMap program ${file}`;
      logServer(server, 'rewrite', Level.error, 'AH00654', message, error.message);
      this.#end();
    });
    // The server does not stay for it.
    child.unref();
    for (const stream of [child.stdin, child.stdout])
      (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }

  #ask(server: VirtualServer): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#timer = setTimeout(() => {
      logServer(
        server,
        'rewrite',
        Level.error,
        '',
        `RewriteMap program ${this.argv[0]} does not answer and is ended`,
      );
      this.stop();
    }, serverTimeout(server));
    this.#child?.stdin?.write(`${next.key}\n`, 'latin1');
  }

  #onText(server: VirtualServer, text: string): void {
    this.#text += text;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const end = this.#text.indexOf('\n');
    if (end < 0) {
      if (this.#text.length > LONGEST_ANSWER) this.stop();
      return;
    }
    const answer = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    clearTimeout(this.#timer);
    this.#waiting.shift();
    first.resolve(/^null$/i.test(answer) ? undefined : answer);
    this.#ask(server);
    // What it said before it was asked is its next answer.
    if (this.#waiting.length > 0 && this.#text.includes('\n')) this.#onText(server, '');
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#child = undefined;
    clearTimeout(this.#timer);
    // What it said without a line end is an answer all the same.
    let rest = this.#text;
    for (const { resolve } of this.#waiting.splice(0)) {
      resolve(rest);
      rest = '';
    }
  }
}

/** The ids of `user:group`; nothing where the server may not change users. */
function idsOf(user: string | undefined): { uid?: number; gid?: number } {
  if (user === undefined || process.getuid?.() !== 0) return {};
  const [name = '', group] = user.split(':');
  const uid = userId(name);
  const gid = group === undefined ? primaryGroupId(name) : groupId(group);
  return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
}
