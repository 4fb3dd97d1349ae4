/** ExtFilterDefine's words (define_filter and parse_cmd of mod_ext_filter.c). */
import { atoi } from '../../../config/values.ts';
import { FilterType } from '../../../core/filters.ts';

export interface ExternalFilter {
  readonly name: string;
  readonly mode: 'output' | 'input';
  /** FilterType's numbers. */
  readonly type: number;
  /** Types it is for, and makes; undefined: all, and the same. */
  readonly inType: string | undefined;
  readonly outType: string | undefined;
  readonly enableEnv: string | undefined;
  readonly disableEnv: string | undefined;
  readonly preservesLength: boolean;
  /** Program and arguments. */
  readonly argv: readonly string[];
}

type Draft = { -readonly [K in keyof ExternalFilter]: ExternalFilter[K] };

const PRESERVES = /^preservescontentlength/i;
const WORDS = {
  'enableenv=': 'enableEnv',
  'disableenv=': 'disableEnv',
  'intype=': 'inType',
  'outtype=': 'outType',
} as const;

/** A word up to white space, and what follows (ap_getword_white). */
function word(text: string): [found: string, rest: string] {
  const [, found = '', rest = ''] = /^([^\s]*)\s*(.*)$/s.exec(text) ?? [];
  return [found, rest];
}

/** Answers httpd's complaint for what is no definition. */
export function parseDefinition(text: string): ExternalFilter | string {
  const [name, afterName] = word(text.trimStart());
  const filter: Draft = {
    name,
    mode: 'output',
    type: FilterType.resource,
    inType: undefined,
    outType: undefined,
    enableEnv: undefined,
    disableEnv: undefined,
    preservesLength: false,
    argv: [],
  };
  let rest = afterName;
  while (rest !== '') {
    const read = parseParameter(filter, rest);
    if ('problem' in read) return read.problem;
    rest = read.rest.trimStart();
  }
  return filter;
}

type Parsed = { readonly rest: string } | { readonly problem: string };

function parseParameter(filter: Draft, text: string): Parsed {
  if (PRESERVES.test(text)) {
    const rest = text.slice('preservescontentlength'.length);
    if (rest !== '' && !/^\s/.test(rest)) return { problem: `mangled argument \`${word(text)[0]}'` };
    filter.preservesLength = true;
    return { rest };
  }
  const key = /^[a-z]+=/i.exec(text)?.[0] ?? '';
  const value = text.slice(key.length);
  switch (key.toLowerCase()) {
    case 'mode=': {
      const mode = /^(output|input)/i.exec(value)?.[0];
      if (mode === undefined) return { problem: `Invalid mode: \`${word(value)[0]}'` };
      filter.mode = mode.toLowerCase() as Draft['mode'];
      return { rest: value.slice(mode.length) };
    }
    case 'ftype=': {
      const [number, rest] = word(value);
      filter.type = atoi(number);
      return { rest };
    }
    case 'cmd=':
      return parseCommand(filter, value);
    case 'enableenv=':
    case 'disableenv=':
    case 'intype=':
    case 'outtype=': {
      const [found, rest] = word(value);
      filter[WORDS[key.toLowerCase() as keyof typeof WORDS]] = found;
      return { rest };
    }
    default:
      return { problem: `Unexpected parameter: \`${text}'` };
  }
}

function parseCommand(filter: Draft, text: string): Parsed {
  if (!text.startsWith('"')) {
    const [program, rest] = word(text);
    filter.argv = [program];
    return { rest };
  }
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(text);
  if (quoted === null) return { problem: 'Expected cmd= delimiter' };
  const argv = commandWords(quoted[1] as string);
  if (argv.length === 0) return { problem: 'Invalid cmd= parameter' };
  filter.argv = argv;
  return { rest: text.slice(quoted[0].length) };
}

/** Words between blanks; a word in quotes is one, a backslash takes a blank or a quote as it is (apr_tokenize_to_argv). */
export function commandWords(text: string): string[] {
  const words: string[] = [];
  for (const [found] of text.matchAll(/"(?:\\["\s]|[^"])*"|'(?:\\['\s]|[^'])*'|(?:\\[\s"']|\S)+/gs)) {
    const quote = found[0];
    const isQuoted = found.length > 1 && (quote === '"' || quote === "'") && found.endsWith(quote);
    words.push((isQuoted ? found.slice(1, -1) : found).replace(/\\(.)/gs, '$1'));
  }
  return words;
}
