/** What one Header or RequestHeader line does to a table of header fields (do_headers_fixup). */
import { evaluateBoolean } from '../../../core/expression-context.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import type { BooleanExpr } from '../../../expr/index.ts';
import { isSpace } from '../../../http/bytes.ts';
import type { HeaderFields } from '../../../http/header-fields.ts';
import { MAX_SUBSTITUTION, type Pcre, substitute } from '../../../lib/pcre/index.ts';
import type { Format } from './format.ts';

export type Action =
  | 'add'
  | 'set'
  | 'setifempty'
  | 'append'
  | 'merge'
  | 'unset'
  | 'echo'
  | 'note'
  | 'edit'
  | 'edit*';

export interface Entry {
  readonly action: Action;
  /** Field name; of `echo` the pattern that names are compared with. */
  readonly header: string;
  /** The same in lower case. */
  readonly key: string;
  readonly format: Format;
  /** Of `edit`, `edit*` and `echo`. */
  readonly regex: Pcre | undefined;
  /** `env=name` or `env=!name`. */
  readonly env: { readonly name: string; readonly isNegated: boolean } | undefined;
  readonly expr: BooleanExpr | undefined;
}

/** Which table the entries change: Content-Type lives beside the answer's tables, not in them. */
export type Side = 'request' | 'response';

/** Runs entries in order. Answers a promise only for conditions that ask by sub-request. */
export function runEntries(
  r: Request,
  fields: HeaderFields,
  entries: readonly Entry[],
  side: Side,
  from = 0,
): undefined | Promise<undefined> {
  for (let i = from; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    const holds = isConditionMet(r, entry);
    if (typeof holds !== 'boolean') {
      return holds.then((value) => {
        if (value && !perform(r, fields, entry, side)) return undefined;
        return runEntries(r, fields, entries, side, i + 1);
      });
    }
    if (holds && !perform(r, fields, entry, side)) return undefined;
  }
  return undefined;
}

/** The same where nothing can wait (the head is about to be made): conditions that would have to do not hold. */
export function runEntriesNow(r: Request, fields: HeaderFields, entries: readonly Entry[]): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    let holds = isConditionMet(r, entry);
    if (typeof holds !== 'boolean') {
      holds.catch(() => false);
      conditionFailed(r, 'a sub-request cannot be waited for when the answer is being sent');
      holds = false;
    }
    if (holds && !perform(r, fields, entry, 'response')) return;
  }
}

function isConditionMet(r: Request, { env, expr }: Entry): boolean | Promise<boolean> {
  if (expr !== undefined) return evaluateBoolean(expr, r, (reason) => conditionFailed(r, reason));
  return env === undefined || (r.getEnv(env.name) === undefined) === env.isNegated;
}

function conditionFailed(r: Request, reason: string): void {
  logRequest(r, 'headers', Level.error, 'AH01501', `Failed to evaluate expression (${reason}) - ignoring`);
}

function isContentType({ key }: Entry, side: Side): boolean {
  return side === 'response' && key === 'content-type';
}

/** False: the entries behind this one are not run any more. */
function perform(r: Request, fields: HeaderFields, entry: Entry, side: Side): boolean {
  const { header } = entry;
  switch (entry.action) {
    case 'add':
      fields.append(header, entry.format(r));
      return true;
    case 'append':
      fields.merge(header, entry.format(r));
      return true;
    case 'merge':
      mergeValue(fields, header, entry.format(r));
      return true;
    case 'setifempty':
      if (!fields.has(header)) setValue(r, fields, entry, side);
      return true;
    case 'set':
      setValue(r, fields, entry, side);
      return true;
    case 'unset':
      if (isContentType(entry, side)) r.contentType = undefined;
      fields.delete(header);
      return true;
    case 'echo':
      echo(r, fields, entry);
      return true;
    case 'note': {
      const value = fields.get(header);
      const name = entry.format(r);
      if (value === undefined) r.notes.delete(name);
      else r.notes.set(name, value);
      return true;
    }
    case 'edit':
    case 'edit*':
      return edit(r, fields, entry, side);
  }
}

function setValue(r: Request, fields: HeaderFields, entry: Entry, side: Side): void {
  const value = entry.format(r);
  if (isContentType(entry, side)) r.contentType = value;
  fields.set(entry.header, value);
}

/** Appends unless the list has the value already. */
function mergeValue(fields: HeaderFields, header: string, value: string): void {
  const present = fields.get(header);
  if (present === undefined) fields.append(header, value);
  else if (!hasListItem(present, value)) fields.merge(header, value);
}

/** Whether a list has an item, in quotes or not, exactly so. Blanks behind an item are part of it. */
export function hasListItem(list: string, item: string): boolean {
  let at = 0;
  while (at < list.length) {
    while (at < list.length && isSpace(list.charCodeAt(at))) at++;
    const start = at;
    while (at < list.length && list[at] !== ',') {
      if (list[at++] !== '"') continue;
      while (at < list.length && list[at++] !== '"');
    }
    if (list.slice(start, at) === item) return true;
    at++;
  }
  return false;
}

function echo(r: Request, fields: HeaderFields, entry: Entry): void {
  for (const [name, value] of r.headersIn) {
    if (entry.regex?.test(name) === true) fields.append(name, value);
  }
}

/** `edit` and `edit*`: all lines of the name; they move behind the others, as in httpd. */
function edit(r: Request, fields: HeaderFields, entry: Entry, side: Side): boolean {
  if (isContentType(entry, side) && r.contentType !== undefined) {
    const type = editValue(r, entry, r.contentType);
    if (type === undefined) return tooLong(r);
    r.contentType = type;
  }
  const values = fields.getAll(entry.header);
  if (values.length === 0) return true;
  const edited: string[] = [];
  for (const value of values) {
    const result = editValue(r, entry, value);
    if (result === undefined) return tooLong(r);
    edited.push(result);
  }
  const { key } = entry;
  const names: string[] = [];
  for (let i = 0; i < fields.size; i++) if (fields.keyAt(i) === key) names.push(fields.nameAt(i));
  fields.delete(entry.header);
  for (let i = 0; i < edited.length; i++) fields.append(names[i] ?? entry.header, edited[i] as string);
  return true;
}

function tooLong(r: Request): false {
  logRequest(
    r,
    'headers',
    Level.error,
    'AH01504',
    'Regular expression replacement failed (replacement too long?)',
  );
  return false;
}

/**
 * Replaces the first match, or every one: each is looked for in what is left, as if that were a text of its own (process_regexp). The value's
 * specifiers are filled in first, its `$1` after that. undefined: too long.
 */
function editValue(r: Request, entry: Entry, value: string): string | undefined {
  const { regex } = entry;
  if (regex === undefined) return value;
  let result = '';
  let rest = value;
  let template: string | undefined;
  for (;;) {
    const match = regex.exec(rest);
    if (match === null) return result + rest;
    template ??= entry.format(r);
    const replacement = substitute(template, match);
    if (replacement === undefined) return undefined;
    result += rest.slice(0, match.index) + replacement;
    rest = rest.slice(match.end);
    if (entry.action === 'edit') return result + rest;
    if (match.end === 0) {
      // An empty match would be found here for ever.
      if (rest === '') return result;
      result += rest[0];
      rest = rest.slice(1);
    }
    if (result.length > MAX_SUBSTITUTION) return undefined;
  }
}
