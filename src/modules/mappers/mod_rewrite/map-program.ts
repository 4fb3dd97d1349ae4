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

/** What a program may have written that nobody has asked for, or without a line end. */
const MOST_TEXT = 1024 * 1024;
const KILL_AFTER_MS = 3000;

/** Words between blanks; quotes hold them together, a backslash takes the next character as it is (apr_tokenize_to_argv). */
export function splitProgram(text: string): string[] {
  const words: string[] = [];
  // White space of C, that is: \s would also take the byte 0xA0, which is a part of many letters.
  const word = /(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|((?:\\.|[^\t-\r \\])+))/gs;
  for (const [, double, single, bare] of text.matchAll(word)) {
    words.push((double ?? single ?? bare ?? '').replace(/\\([\t-\r "'\\])/g, '$1'));
  }
  return words;
}

export interface ProgramIds {
  readonly uid: number;
  readonly gid: number;
}

/** The ids of `user:group`, by name alone as in httpd; without a group it is the user's own. Undefined where nobody has such a name. */
export function programIds(text: string): ProgramIds | undefined {
  const [user = '', group = ''] = text.split(':');
  if (/^#/.test(user) || /^#/.test(group)) return undefined;
  const uid = userId(user);
  const gid = group === '' ? primaryGroupId(user) : groupId(group);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

interface Waiting {
  readonly key: string;
  readonly resolve: (value: string | undefined) => void;
}

export class MapProgram {
  readonly argv: readonly string[];
  /** Of the directive; undefined: those of the server. */
  readonly ids: ProgramIds | undefined;
  /** Whether a server that uses it has its engine on: httpd starts it for no other. */
  isWanted = false;
  /** As long as it runs: one that has closed its output still does. */
  #child: ChildProcess | undefined;
  #state: 'new' | 'running' | 'ended' = 'new';
  #text = '';
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(argv: readonly string[], ids: ProgramIds | undefined) {
    this.argv = argv;
    this.ids = ids;
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
    if (child === undefined) return;
    // The end of its input ends a program that reads; a signal may not reach one that has more rights than the server has left.
    child.stdin?.destroy();
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
  }

  #start(server: VirtualServer): void {
    const [file = '', ...rest] = this.argv.map((word) => Buffer.from(word, 'latin1').toString());
    // Nobody else may change users.
    const ids = process.getuid?.() === 0 ? this.ids : undefined;
    this.#state = 'running';
    const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'], ...ids });
    this.#child = child;
    child.on('exit', () => {
      this.#child = undefined;
    });
    child.stdin?.on('error', () => this.#end());
    child.stdout?.setEncoding('latin1');
    child.stdout?.on('data', (text: string) => this.#onText(server, text));
    child.stdout?.on('end', () => this.#end());
    child.on('error', (error) => {
      // It never ran, and will not exit.
      if (child.pid === undefined) this.#child = undefined;
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
      this.#giveUp(server, 'does not answer');
    }, serverTimeout(server));
    this.#child?.stdin?.write(`${next.key}\n`, 'latin1');
  }

  #giveUp(server: VirtualServer, why: string): void {
    const message = `RewriteMap program ${this.argv[0]} ${why} and is ended`;
    logServer(server, 'rewrite', Level.error, '', message);
    this.stop();
  }

  #onText(server: VirtualServer, text: string): void {
    if (this.#state !== 'running') return;
    if (this.#text.length + text.length > MOST_TEXT) {
      this.#giveUp(server, 'writes more than it is asked for');
      return;
    }
    this.#text += text;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const end = this.#text.indexOf('\n');
    if (end < 0) return;
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
    clearTimeout(this.#timer);
    // What it said without a line end is an answer all the same.
    let rest = this.#text;
    this.#text = '';
    for (const { resolve } of this.#waiting.splice(0)) {
      resolve(rest);
      rest = '';
    }
  }
}
