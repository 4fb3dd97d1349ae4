/**
 * mod_ext_filter: programs as filters (modules/filters/mod_ext_filter.c). One process a request, ended with it. Complete; what a program makes of
 * an answer has a length only up to 64 KiB, since nothing is kept to count it.
 */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  RSRC_CONF,
} from '../../../config/directive.ts';
import {
  type BodyReader,
  type InputFilter,
  type InputStage,
  NOWHERE,
  type OutputFilter,
} from '../../../core/body.ts';
import { sendFilterError } from '../../../core/errors.ts';
import { FilterTransport, findOutputFilter, OUTPUT_FILTER } from '../../../core/filters.ts';
import { findInputFilter, INPUT_FILTER } from '../../../core/input-filters.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { type FilterProcess, startFilter } from './child.ts';
import { type ExternalFilter, parseDefinition } from './define.ts';
import { ProgramStage, ProgramWriter } from './streams.ts';

interface DirConf {
  logsErrors?: boolean;
  /** What happens when the program cannot be started: abort (the default), or go on without. */
  isRemovable?: boolean;
}
type Cmd = Command<object, DirConf>;

function define(cmd: Cmd, text: string): ApplyResult {
  const filter = parseDefinition(text);
  const name = (typeof filter === 'string' ? (/^\s*(\S*)/.exec(text)?.[1] ?? '') : filter.name).toLowerCase();
  const { providers } = cmd;
  if (defined.get(providers)?.has(name) === true)
    return `ExtFilter ${text.trimStart().split(/\s/)[0] ?? ''} is already defined`;
  if (typeof filter === 'string') return filter;
  const names = defined.get(providers) ?? new Set();
  defined.set(providers, names.add(name));
  // Names of others are theirs: httpd says nothing of it.
  if (filter.mode === 'input') {
    if (findInputFilter(providers, name) === undefined)
      providers.register(INPUT_FILTER, name, inputFilter(filter));
  } else if (findOutputFilter(providers, name) === undefined) {
    providers.register(OUTPUT_FILTER, name, outputFilter(filter));
  }
  return undefined;
}

/** Names defined in a configuration, lower case. */
const defined = new WeakMap<object, Set<string>>();

function option(cmd: Cmd, word: string): ApplyResult {
  switch (word.toLowerCase()) {
    case 'logstderr':
      cmd.dir.logsErrors = true;
      return undefined;
    case 'nologstderr':
      cmd.dir.logsErrors = false;
      return undefined;
    case 'onfail=remove':
      cmd.dir.isRemovable = true;
      return undefined;
    case 'onfail=abort':
      cmd.dir.isRemovable = false;
      return undefined;
    default:
      return `Invalid ExtFilterOptions option: ${word}`;
  }
}

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'ExtFilterOptions',
    shape: 'ITERATE',
    where: ACCESS_CONF,
    usage: 'valid options: LogStderr, NoLogStderr',
    apply: option,
  },
  {
    name: 'ExtFilterDefine',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    usage: 'Define an external filter',
    apply: define,
  },
];

/** Whether this request's variables and the body's type leave it alone (init_filter_instance). */
function isIdle(
  r: Request,
  { enableEnv, disableEnv, inType }: ExternalFilter,
  type: string | undefined,
): boolean {
  if (enableEnv !== undefined && r.getEnv(enableEnv) === undefined) return true;
  if (disableEnv !== undefined && r.getEnv(disableEnv) !== undefined) return true;
  if (inType === undefined || inType === '*/*') return false;
  return type?.split(';', 1)[0]?.toLowerCase() !== inType.toLowerCase();
}

/** Starts the program, and remembers it for the end of the request. */
function run(r: Request, filter: ExternalFilter): FilterProcess | undefined {
  const program = startFilter(r, filter, modExtFilter.dir(r).logsErrors === true);
  if (program === undefined) return undefined;
  const first = r.initial;
  const running = (first.getState(modExtFilter.index) as FilterProcess[] | undefined) ?? [];
  running.push(program);
  first.setState(modExtFilter.index, running);
  return program;
}

/** Answers whether the filter is left out. */
function onFailure(r: Request, filter: ExternalFilter, tag: string): boolean {
  const isRemovable = modExtFilter.dir(r).isRemovable === true;
  const message = `can't initialise ${filter.mode} filter ${filter.name}: ${isRemovable ? 'removing' : 'aborting'}`;
  logRequest(r, 'ext_filter', Level.error, tag, message);
  return isRemovable;
}

function outputFilter(filter: ExternalFilter): OutputFilter {
  return {
    type: filter.type,
    start(r, next) {
      if (isIdle(r, filter, r.contentType)) return undefined;
      const program = run(r, filter);
      if (program === undefined) {
        if (onFailure(r, filter, 'AH01467')) return undefined;
        if (r.isHeadSent) next.abort();
        else sendFilterError(r);
        return NOWHERE;
      }
      if (filter.outType !== undefined) r.contentType = filter.outType;
      if (!filter.preservesLength) r.headersOut.delete('content-length');
      return new ProgramWriter(program, next, new FilterTransport(r));
    },
    lengthAfter: (r, length) =>
      filter.preservesLength || isIdle(r, filter, r.contentType) ? length : undefined,
  };
}

function inputFilter(filter: ExternalFilter): InputFilter {
  return {
    type: filter.type,
    start(r, next, source) {
      if (isIdle(r, filter, r.headersIn.get('content-type'))) return undefined;
      const program = run(r, filter);
      if (program !== undefined) return new ProgramStage(program, next, source);
      return onFailure(r, filter, 'AH01470') ? undefined : failedStage(next);
    },
  };
}

/** The body cannot be read: whoever wants it hears so with the first of it. */
function failedStage(next: BodyReader): InputStage {
  let isTold = false;
  const tell = (): void => {
    if (isTold) return;
    isTold = true;
    next.onBodyError(400);
  };
  return {
    onBody() {
      tell();
      return true;
    },
    onBodyEnd: tell,
    onBodyError: tell,
    resume: () => undefined,
  };
}

/** No program outlives its request. */
function endPrograms(r: Request): void {
  const running = r.getState(modExtFilter.index) as FilterProcess[] | undefined;
  if (running !== undefined) for (const program of running) program.kill();
}

export const modExtFilter = defineModule<object, DirConf>({
  name: 'ext_filter_module',
  file: 'mod_ext_filter.c',
  directives: rows,
  mergeDir: (base, add) => ({ ...base, ...add }),
  hooks: { logTransaction: endPrograms },
  always: true,
});
