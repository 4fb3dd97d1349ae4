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

type Draft = {
  -readonly [Name in keyof Options]: Options[Name] extends readonly string[] ? string[] : Options[Name];
};

const USAGE: Action = { kind: 'usage', error: undefined };

/** What each letter says; an action is what the command does at once, whatever stands behind. */
const SAID: Readonly<Record<string, (options: Draft, value: string) => Action | undefined>> = {
  C: (options, value) => void options.before.push(value),
  c: (options, value) => void options.after.push(value),
  D: (options, value) => void options.defines.push(value),
  d: (options, value) => void (options.serverRoot = value),
  E: (options, value) => void (options.startupLog = value),
  e(options, value) {
    options.startupLevel = LEVELS.indexOf(value.toLowerCase());
    return options.startupLevel < 0 ? USAGE : undefined;
  },
  f: (options, value) => void (options.file = value),
  v: () => ({ kind: 'version' }),
  l: () => ({ kind: 'compiled-in' }),
  L: () => ({ kind: 'directives' }),
  V: (options) => void (options.showSettings = true),
  t: (options) => void (options.checkOnly = true),
  T: (options) => void (options.noDocumentRootCheck = true),
  S(options) {
    options.checkOnly = true;
    options.defines.push('DUMP_VHOSTS', 'DUMP_RUN_CFG');
  },
  M(options) {
    options.checkOnly = true;
    options.defines.push('DUMP_MODULES');
  },
  X(options) {
    options.isDebug = true;
    options.defines.push('DEBUG');
  },
};

/** Reads the arguments behind the program's name. */
export function parseArguments(given: readonly string[]): Action {
  // httpd takes two hyphens for the end of its options and starts; nobody means that by these two.
  if (given.includes('--help')) return { kind: 'help' };
  if (given.includes('--version')) return { kind: 'version' };
  const { control, args } = takeControl(given);
  const getopt = new Getopt(args, LETTERS);
  const options: Draft = {
    control,
    defines: [],
    serverRoot: undefined,
    file: undefined,
    before: [],
    after: [],
    startupLevel: undefined,
    startupLog: undefined,
    showSettings: false,
    checkOnly: false,
    noDocumentRootCheck: false,
    isDebug: false,
    commandLine: [PROGRAM, ...args].join(' '),
  };
  for (;;) {
    const step = getopt.next();
    if ('rest' in step) return step.rest < args.length ? USAGE : { kind: 'run', options };
    if ('error' in step) return { kind: 'usage', error: step.error };
    const say = SAID[step.letter];
    const action = say === undefined ? USAGE : say(options, step.value ?? '');
    if (action !== undefined) return action;
  }
}
