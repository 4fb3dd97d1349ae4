/** The arguments of `apache-lite lint`. */
import type { LintContext } from '../lint/context.ts';
import { LINT_CONTEXTS } from '../lint/context.ts';

export interface LintCommand {
  /** Unset: by the name of each file. */
  readonly context: LintContext | undefined;
  readonly format: 'text' | 'json';
  readonly defines: readonly string[];
  /** `-`: standard input. */
  readonly files: readonly string[];
}

export const LINT_USAGE =
  'Usage: apache-lite lint [--context server|vhost|directory|htaccess] [--format text|json]\n' +
  '                        [-D name] FILE...\n';

/** A text says what is wrong; undefined: the usage is asked for. */
export function parseLintArguments(args: readonly string[]): LintCommand | string | undefined {
  let context: LintContext | undefined;
  let format: 'text' | 'json' = 'text';
  const defines: string[] = [];
  const files: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? '';
    if (word === '--') {
      files.push(...args.slice(index + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      files.push(word);
      continue;
    }
    if (word === '-h' || word === '--help') return undefined;
    const [option, written] = splitOption(word);
    if (option !== '--context' && option !== '--format' && option !== '-D') return `unknown option ${word}`;
    const value = written ?? args[++index];
    if (value === undefined) return `option ${option} needs a value`;
    if (option === '-D') defines.push(value);
    else if (option === '--format') {
      if (value !== 'text' && value !== 'json') return `unknown format ${value}`;
      format = value;
    } else {
      context = LINT_CONTEXTS.find((one) => one === value);
      if (context === undefined) return `unknown context ${value}`;
    }
  }
  return files.length === 0 ? 'no file is named' : { context, format, defines, files };
}

function splitOption(word: string): [option: string, value: string | undefined] {
  if (word.startsWith('-D') && word.length > 2) return ['-D', word.slice(2)];
  const equals = word.indexOf('=');
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}
