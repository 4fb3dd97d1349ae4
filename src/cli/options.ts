/**
 * The command line, as httpd reads it: apr_getopt's rules, -k taken out first (ap_mpm_rewrite_args of server/mpm_unix.c), then the options in
 * their order, some of which answer at once (main() of server/main.c).
 */

export const PROGRAM = 'apache-lite';

/** What -k asks for; `none` when it was not given, which starts as well. */
export type Control = 'none' | 'start' | 'restart' | 'graceful' | 'graceful-stop' | 'stop';
const CONTROLS: ReadonlySet<string> = new Set(['start', 'restart', 'graceful', 'graceful-stop', 'stop']);

/** What the command is to do. `usage` is for errors: it goes to the error stream and the exit code is 1. */
export type Action =
  | { readonly kind: 'usage'; readonly error: string | undefined }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' | 'compiled-in' | 'directives' }
  | { readonly kind: 'run'; readonly options: Options };

export interface Options {
  readonly control: Control;
  /** -D, in the order given, with those that -S, -M and -X stand for. */
  readonly defines: readonly string[];
  /** -d, as given. */
  readonly serverRoot: string | undefined;
  /** -f, as given. */
  readonly file: string | undefined;
  /** -C and -c. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** -e: the least severe level of start-up messages that is shown, as LogLevel's number. */
  readonly startupLevel: number | undefined;
  /** -E: where start-up errors go. */
  readonly startupLog: string | undefined;
  /** -V: show the settings once the configuration is read. */
  readonly showSettings: boolean;
  /** -t, -S, -M. */
  readonly checkOnly: boolean;
  /** -T. */
  readonly noDocumentRootCheck: boolean;
  /** -X. */
  readonly isDebug: boolean;
  /** The line that is logged at start: options apart from their arguments, without -k. */
  readonly commandLine: string;
}

/** AP_SERVER_BASEARGS of include/http_main.h. */
const LETTERS = 'C:c:D:d:E:e:f:vVlLtTSMh?X';
const LEVELS = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug'];

type Step =
  | { readonly letter: string; readonly value: string | undefined }
  | { readonly error: string; readonly at: number }
  | { readonly rest: number };

/** One argument list, read letter by letter (apr_getopt). */
export class Getopt {
  readonly #args: readonly string[];
  readonly #letters: string;
  #index = 0;
  /** Place in the word whose letters are being read; 0: at the start of a word. */
  #place = 0;

  constructor(args: readonly string[], letters: string) {
    this.#args = args;
    this.#letters = letters;
  }

  next(): Step {
    const word = this.#args[this.#index];
    if (this.#place === 0) {
      if (word === undefined || !word.startsWith('-') || word === '-') return { rest: this.#index };
      if (word.startsWith('--')) return { rest: this.#index + 1 };
      this.#place = 1;
    }
    const at = this.#index;
    const letter = (word ?? '').charAt(this.#place++);
    const tail = (word ?? '').slice(this.#place);
    const known = letter === ':' ? -1 : this.#letters.indexOf(letter);
    if (known < 0) {
      if (tail === '') this.#nextWord();
      return { error: `illegal option -- ${letter}`, at };
    }
    if (this.#letters[known + 1] !== ':') {
      if (tail === '') this.#nextWord();
      return { letter, value: undefined };
    }
    this.#nextWord();
    if (tail !== '') return { letter, value: tail };
    const value = this.#args[this.#index];
    if (value === undefined) return { error: `option requires an argument -- ${letter}`, at };
    this.#index++;
    return { letter, value };
  }

  #nextWord(): void {
    this.#place = 0;
    this.#index++;
  }
}

/** Takes -k out of the arguments and sets the other options apart from each other. What cannot be read stays for the second reading. */
function takeControl(args: readonly string[]): { control: Control; args: string[] } {
  const getopt = new Getopt(args, `k:${LETTERS}`);
  const kept: string[] = [];
  let control: Control = 'none';
  for (;;) {
    const step = getopt.next();
    if ('rest' in step) {
      return {
        control,
        args: [...kept, ...args.slice(args[step.rest - 1]?.startsWith('--') ? step.rest - 1 : step.rest)],
      };
    }
    if ('error' in step) return { control, args: [...kept, ...args.slice(step.at)] };
    const { letter, value } = step;
    if (letter === 'k' && control === 'none' && value !== undefined && CONTROLS.has(value)) {
      control = value as Control;
    } else {
      kept.push(`-${letter}`);
      if (value !== undefined) kept.push(value);
    }
  }
}

/** Reads the arguments behind the program's name. */
export function parseArguments(given: readonly string[]): Action {
  // httpd takes two hyphens for the end of its options and starts; nobody means that by these two.
  if (given.includes('--help')) return { kind: 'help' };
  if (given.includes('--version')) return { kind: 'version' };
  const { control, args } = takeControl(given);
  const getopt = new Getopt(args, LETTERS);
  const options = {
    control,
    defines: [] as string[],
    serverRoot: undefined as string | undefined,
    file: undefined as string | undefined,
    before: [] as string[],
    after: [] as string[],
    startupLevel: undefined as number | undefined,
    startupLog: undefined as string | undefined,
    showSettings: false,
    checkOnly: false,
    noDocumentRootCheck: false,
    isDebug: false,
    commandLine: [PROGRAM, ...args].join(' '),
  };
  for (;;) {
    const step = getopt.next();
    if ('rest' in step) {
      return step.rest < args.length ? { kind: 'usage', error: undefined } : { kind: 'run', options };
    }
    if ('error' in step) return { kind: 'usage', error: step.error };
    const value = step.value ?? '';
    switch (step.letter) {
      case 'C':
        options.before.push(value);
        break;
      case 'c':
        options.after.push(value);
        break;
      case 'D':
        options.defines.push(value);
        break;
      case 'd':
        options.serverRoot = value;
        break;
      case 'E':
        options.startupLog = value;
        break;
      case 'e':
        options.startupLevel = LEVELS.indexOf(value.toLowerCase());
        if (options.startupLevel < 0) return { kind: 'usage', error: undefined };
        break;
      case 'f':
        options.file = value;
        break;
      case 'v':
        return { kind: 'version' };
      case 'l':
        return { kind: 'compiled-in' };
      case 'L':
        return { kind: 'directives' };
      case 'V':
        options.showSettings = true;
        break;
      case 't':
        options.checkOnly = true;
        break;
      case 'T':
        options.noDocumentRootCheck = true;
        break;
      case 'S':
        options.checkOnly = true;
        options.defines.push('DUMP_VHOSTS', 'DUMP_RUN_CFG');
        break;
      case 'M':
        options.checkOnly = true;
        options.defines.push('DUMP_MODULES');
        break;
      case 'X':
        options.isDebug = true;
        options.defines.push('DEBUG');
        break;
      default:
        return { kind: 'usage', error: undefined };
    }
  }
}
