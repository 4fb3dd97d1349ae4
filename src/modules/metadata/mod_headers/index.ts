/**
 * mod_headers: changes to request and response headers (modules/metadata/mod_headers.c). Complete, but for conditions with -F, -U or -A on
 * Header: there is nothing to wait with when the head is being made, they do not hold and are logged.
 */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  type DirectiveError,
  OR_FILEINFO,
} from '../../../config/directive.ts';
import { compileDirectivePcre } from '../../../config/patterns.ts';
import { WordCursor } from '../../../config/words.ts';
import { type Answer, FIRST, LAST } from '../../../core/hooks.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { alikeForFiles } from '../../../core/siblings.ts';
import { DECLINED } from '../../../core/status.ts';
import { compileBoolean } from '../../../expr/index.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { Pcre } from '../../../lib/pcre/index.ts';
import { type Action, type Entry, runEntries, runEntriesNow } from './actions.ts';
import { compileFormat } from './format.ts';

/** Lists in the order they run: RequestHeader, Header, Header always; and those marked `early`. */
export interface HeadersDirConf {
  request?: Entry[];
  onSuccess?: Entry[];
  always?: Entry[];
  earlyRequest?: Entry[];
  earlyOnSuccess?: Entry[];
  earlyAlways?: Entry[];
}
type List = keyof HeadersDirConf;
const LISTS: readonly List[] = [
  'request',
  'onSuccess',
  'always',
  'earlyRequest',
  'earlyOnSuccess',
  'earlyAlways',
];
type Cmd = Command<object, HeadersDirConf>;

/** Every list: the older entries first. */
export function mergeDir(base: HeadersDirConf, add: HeadersDirConf): HeadersDirConf {
  const merged: HeadersDirConf = { ...base, ...add };
  for (const list of LISTS) {
    const older = base[list];
    const newer = add[list];
    if (older !== undefined && newer !== undefined) merged[list] = [...older, ...newer];
  }
  return merged;
}

const ACTIONS: ReadonlySet<string> = new Set<Action>([
  'add',
  'set',
  'setifempty',
  'append',
  'merge',
  'unset',
  'echo',
  'note',
  'edit',
  'edit*',
]);
const BAD_ACTION =
  "first argument must be 'add', 'set', 'setifempty', 'append', 'merge', 'unset', 'echo', 'note', 'edit', or 'edit*'.";

function isAction(word: string): word is Action {
  return ACTIONS.has(word);
}

/** `Header [always|onsuccess] action name [value [substitution]] [condition]` (header_cmd). */
function header(cmd: Cmd, text: string): ApplyResult {
  const cursor = new WordCursor(text);
  let action = cursor.next();
  let list: List = 'onSuccess';
  const table = action.toLowerCase();
  if (table === 'always' || table === 'onsuccess') {
    if (table === 'always') list = 'always';
    action = cursor.next();
  }
  return addHeader(cmd, list, action, cursor);
}

function requestHeader(cmd: Cmd, text: string): ApplyResult {
  const cursor = new WordCursor(text);
  return addHeader(cmd, 'request', cursor.next(), cursor);
}

function addHeader(
  cmd: Cmd,
  list: 'request' | 'onSuccess' | 'always',
  word: string,
  cursor: WordCursor,
): ApplyResult {
  const name = cursor.next();
  const optional = (): string | undefined => (cursor.atEnd ? undefined : cursor.next());
  const words = [optional(), optional(), optional()] as const;
  if (!cursor.atEnd) return `${cmd.node.name} has too many arguments`;
  const action = word.toLowerCase();
  if (!isAction(action)) return BAD_ACTION;
  if (action === 'note' && list === 'request') return "RequestHeader does not support the 'note' action";
  const split = splitWords(action, list, words);
  if (typeof split === 'string') return split;
  const condition = parseCondition(split.condition, cmd.isHtaccess);
  if (typeof condition === 'string') return condition;
  const pattern = action === 'echo' ? name : split.pattern;
  const regex = pattern === undefined ? undefined : compile(pattern, action);
  if (regex !== undefined && 'message' in regex) return regex;
  const compiled = compileFormat(split.value ?? '', cmd.isHtaccess);
  if ('error' in compiled) return compiled.error;
  const colon = name.indexOf(':');
  const field = colon < 0 ? name : name.slice(0, colon);
  const entry: Entry = {
    action,
    header: field,
    key: asciiLower(field),
    format: compiled.format,
    regex,
    env: condition.env,
    expr: condition.expr,
  };
  const target = condition.isEarly ? EARLY[list] : list;
  (cmd.dir[target] ??= []).push(entry);
  return undefined;
}

const EARLY = { request: 'earlyRequest', onSuccess: 'earlyOnSuccess', always: 'earlyAlways' } as const;

interface SplitWords {
  readonly pattern: string | undefined;
  readonly value: string | undefined;
  readonly condition: string | undefined;
}

/** Which word is what depends on the action (header_inout_cmd). */
function splitWords(
  action: Action,
  list: List,
  [value, second, third]: readonly [string | undefined, string | undefined, string | undefined],
): SplitWords | string {
  if (action === 'edit' || action === 'edit*') {
    if (value === undefined || second === undefined) return 'Header edit requires a match and a substitution';
    return { pattern: value, value: second, condition: third };
  }
  if (third !== undefined) return 'Too many arguments to directive';
  if (action === 'unset' || action === 'echo') {
    if (value !== undefined && second !== undefined) {
      return action === 'unset' ? 'header unset takes two arguments' : 'Header echo takes two arguments';
    }
    if (action === 'echo' && list === 'request') return 'Header echo only valid on Header directives';
    return { pattern: undefined, value: undefined, condition: value };
  }
  if (value === undefined) return 'Header requires three arguments';
  return { pattern: undefined, value, condition: second };
}

function compile(pattern: string, action: Action): Pcre | DirectiveError {
  const message = `Header ${action === 'echo' ? 'echo' : 'edit'} regex could not be compiled`;
  return compileDirectivePcre(pattern, message);
}

type Condition = Pick<Entry, 'env' | 'expr'> & { readonly isEarly: boolean };

/** `early`, `env=[!]name`, `expr=condition`. */
function parseCondition(word: string | undefined, restricted: boolean): Condition | string {
  const none: Condition = { env: undefined, expr: undefined, isEarly: false };
  if (word === undefined) return none;
  const lower = word.toLowerCase();
  if (lower === 'early') return { ...none, isEarly: true };
  if (lower.startsWith('env=')) {
    const isNegated = word[4] === '!';
    const name = word.slice(isNegated ? 5 : 4);
    if (name === '')
      return 'error: missing environment variable name. envclause should be in the form env=envar ';
    return { ...none, env: { name, isNegated } };
  }
  if (lower.startsWith('expr=')) {
    const compiled = compileBoolean(word.slice(5), { restricted });
    return compiled.ok
      ? { ...none, expr: compiled.expr }
      : `Can't parse envclause/expression: ${compiled.error.message}`;
  }
  return `Unknown parameter: ${word}`;
}

const directives: readonly AnyRow<object, HeadersDirConf>[] = [
  {
    name: 'Header',
    shape: 'RAW_ARGS',
    where: OR_FILEINFO,
    usage: 'an optional condition, an action, header and value followed by optional env clause',
    apply: header,
  },
  {
    name: 'RequestHeader',
    shape: 'RAW_ARGS',
    where: OR_FILEINFO,
    usage: 'an action, header and value followed by optional env clause',
    apply: requestHeader,
  },
];

/** What is marked `early`: before any section is known, so only outside of sections (ap_headers_early). */
function changeEarly(r: Request): Answer {
  const conf = modHeaders.dir(r);
  if (
    conf.earlyRequest === undefined &&
    conf.earlyOnSuccess === undefined &&
    conf.earlyAlways === undefined
  ) {
    return DECLINED;
  }
  const request = runEntries(r, r.headersIn, conf.earlyRequest ?? [], 'request');
  const answer = (): number => {
    runEntriesNow(r, r.errHeadersOut, conf.earlyAlways ?? []);
    runEntriesNow(r, r.headersOut, conf.earlyOnSuccess ?? []);
    return DECLINED;
  };
  return request === undefined ? answer() : request.then(answer);
}

/** RequestHeader (ap_headers_fixup). */
function changeRequest(r: Request): Answer {
  const { request } = modHeaders.dir(r);
  if (request === undefined) return DECLINED;
  const running = runEntries(r, r.headersIn, request, 'request');
  return running === undefined ? DECLINED : running.then(() => DECLINED);
}

/** Just before the head of an answer is made (ap_headers_output_filter). */
function changeResponse(r: Request): void {
  const { always, onSuccess } = modHeaders.dir(r);
  if (always !== undefined) changeAlways(r, always);
  if (onSuccess !== undefined) runEntriesNow(r, r.headersOut, onSuccess);
}

/** The same for the pages the server makes of errors (ap_headers_error_filter). */
function changeErrorResponse(r: Request): void {
  const { always } = modHeaders.dir(r);
  if (always !== undefined) changeAlways(r, always);
}

/** The request's own type is the one that is sent, whatever stands in a table. */
function changeAlways(r: Request, entries: readonly Entry[]): void {
  runEntriesNow(r, r.errHeadersOut, entries);
  if (r.contentType !== undefined) r.errHeadersOut.delete('content-type');
}

function insertResponseChange(r: Request): void {
  const { always, onSuccess } = modHeaders.dir(r);
  if (always !== undefined || onSuccess !== undefined) (r.beforeHead ??= []).push(changeResponse);
}

function insertErrorChange(r: Request): void {
  if (modHeaders.dir(r).always !== undefined) (r.beforeHead ??= []).push(changeErrorResponse);
}

export const modHeaders = defineModule<object, HeadersDirConf>({
  name: 'headers_module',
  file: 'mod_headers.c',
  directives,
  mergeDir,
  hooks: {
    postReadRequest: { run: changeEarly, order: FIRST },
    fixups: { run: alikeForFiles(changeRequest), order: LAST },
    insertFilter: { run: insertResponseChange, order: LAST },
    insertErrorFilter: { run: insertErrorChange, order: LAST },
  },
});
