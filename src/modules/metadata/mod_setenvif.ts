/**
 * mod_setenvif: variables set by what a request is (modules/metadata/mod_setenvif.c). Complete. Entries outside of sections run when the request
 * has been read, those inside sections in the header-parser phase.
 */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  type DirectiveError,
  OR_FILEINFO,
} from '../../config/directive.ts';
import { compileDirectivePcre } from '../../config/patterns.ts';
import { getWord, wordsUntilEmpty } from '../../config/words.ts';
import { evaluateBoolean, RequestExprContext } from '../../core/expression-context.ts';
import type { Answer } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED } from '../../core/status.ts';
import { type BooleanExpr, compileBoolean } from '../../expr/index.ts';
import { asciiLower } from '../../lib/ascii.ts';
import { MAX_SUBSTITUTION, type Pcre, substitute } from '../../lib/pcre/index.ts';

type Groups = readonly (string | undefined)[];

/** One condition, and the variables it sets. */
interface Entry {
  /** Lower case; entries of the same name in a row look at one value. Undefined for an expression. */
  readonly name: string | undefined;
  readonly value: (r: Request) => string | undefined;
  readonly pattern: string;
  readonly ignoreCase: boolean;
  /** The pattern, where it has nothing special in it: found anywhere in the value. */
  readonly simple: string | undefined;
  readonly regex: Pcre | undefined;
  readonly expr: BooleanExpr | undefined;
  readonly features: Features;
}

/** By their names in lower case, in the order in which they were first said. */
export type Features = Map<string, Feature>;

/** A variable to set, or to take away. */
export interface Feature {
  readonly name: string;
  /** undefined: it is taken away. */
  readonly value: string | undefined;
  /** The value has something in it that a match fills in. */
  readonly needsGroups: boolean;
}

export interface SetEnvIfConf {
  entries?: Entry[];
}
type Cmd = Command<SetEnvIfConf, SetEnvIfConf>;

function merge(base: SetEnvIfConf, add: SetEnvIfConf): SetEnvIfConf {
  return { entries: [...(base.entries ?? []), ...(add.entries ?? [])] };
}

/** What else than a header an attribute may name. */
const SPECIAL: ReadonlyMap<string, (r: Request) => string | undefined> = new Map([
  ['remote_addr', (r: Request) => r.clientAddr],
  ['remote_host', (r: Request) => r.remoteHost ?? r.clientAddr],
  ['server_addr', (r: Request) => r.connection.localAddr],
  ['request_uri', (r: Request) => r.uri],
  ['request_method', (r: Request) => r.method],
  ['request_protocol', (r: Request) => r.protocol],
]);

/** A header, else a variable set earlier; the last header of all whose names match, for a regular expression. */
function readerOf(
  directive: string,
  name: string,
  ignoreCase: boolean,
): ((r: Request) => string | undefined) | DirectiveError {
  const key = asciiLower(name);
  const special = SPECIAL.get(key);
  if (special !== undefined) return special;
  if (/^[-A-Za-z0-9_]*$/.test(name)) return (r) => r.headersIn.get(key) ?? r.getEnv(name);
  const regex = compileDirectivePcre(name, `${directive}Header name regex could not be compiled.`, {
    ignoreCase,
  });
  if ('message' in regex) return regex;
  return (r) => {
    const { headersIn } = r;
    for (let i = headersIn.size - 1; i >= 0; i--) {
      if (regex.test(headersIn.nameAt(i))) return headersIn.valueAt(i);
    }
    return undefined;
  };
}

/** The text a pattern stands for when it is found by looking for that text; undefined for a real pattern (non_regex_pattern). */
export function simplePattern(pattern: string): string | undefined {
  let text = '';
  for (let i = 0; i < pattern.length; i++) {
    let c = pattern[i] as string;
    if (c === '\\') {
      c = pattern[++i] ?? '';
      if (!/^[\\^.$|()[\]*+?{}]$/.test(c)) return undefined;
    } else if (/[\^.$|()[\]*+?{}]/.test(c)) {
      return undefined;
    }
    text += c;
  }
  return text;
}

/** `name`, `!name`, `name=value` (add_envvars); false: there is none. What is said of a name later takes the place of what was said before. */
export function parseFeatures(text: string, features: Features): boolean {
  let isAny = false;
  for (const word of wordsUntilEmpty(text)) {
    isAny = true;
    const equal = word.indexOf('=');
    const value = equal < 0 ? '' : word.slice(equal + 1);
    const name = equal < 0 ? word : word.slice(0, equal);
    if (value !== '') setFeature(features, name, value);
    else if (name.startsWith('!')) setFeature(features, name.slice(1), '!');
    else setFeature(features, name, '1');
  }
  return isAny;
}

function setFeature(features: Features, name: string, text: string): void {
  const key = asciiLower(name);
  // A value that begins so takes the variable away, too.
  const value = text.startsWith('!') ? undefined : text;
  const needsGroups = /[$\\]/.test(text) || text.length >= MAX_SUBSTITUTION;
  features.set(key, { name: features.get(key)?.name ?? name, value, needsGroups });
}

/** SetEnvIf behind its attribute (add_setenvif_core). */
function addEntry(cmd: Cmd, name: string, text: string, ignoreCase: boolean): ApplyResult {
  const directive = cmd.node.name;
  const [pattern, rest] = getWord(text);
  if (pattern === '') return `Missing regular expression for ${directive}`;
  const conf = cmd.path === undefined ? cmd.server : cmd.dir;
  conf.entries ??= [];
  const { entries } = conf;
  const last = entries[entries.length - 1];
  const key = asciiLower(name);
  if (last?.name === key && last.ignoreCase === ignoreCase && last.pattern === pattern) {
    return parseFeatures(rest, last.features) ? undefined : `Missing envariable expression for ${directive}`;
  }
  const plain = simplePattern(pattern);
  const regex =
    plain === undefined
      ? compileDirectivePcre(pattern, `${directive} regex could not be compiled.`, { ignoreCase })
      : undefined;
  if (regex !== undefined && 'message' in regex) return regex;
  const value = readerOf(directive, name, ignoreCase);
  if (typeof value !== 'function') return value;
  const features: Features = new Map();
  if (!parseFeatures(rest, features)) return `Missing envariable expression for ${directive}`;
  const simple = plain !== undefined && ignoreCase ? asciiLower(plain) : plain;
  entries.push({ name: key, value, pattern, ignoreCase, simple, regex, expr: undefined, features });
  return undefined;
}

function setEnvIf(ignoreCase: boolean) {
  return (cmd: Cmd, text: string): ApplyResult => {
    const [name, rest] = getWord(text);
    if (name === '') return `Missing header-field name for ${cmd.node.name}`;
    return addEntry(cmd, name, rest, ignoreCase);
  };
}

function browserMatch(ignoreCase: boolean) {
  return (cmd: Cmd, text: string): ApplyResult => addEntry(cmd, 'User-Agent', text, ignoreCase);
}

function setEnvIfExpr(cmd: Cmd, text: string): ApplyResult {
  const [source, rest] = getWord(text);
  if (source === '') return `Missing expression for ${cmd.node.name}`;
  const compiled = compileBoolean(source, { restricted: cmd.isHtaccess, captures: 'shared' });
  if (!compiled.ok) return `Could not parse expression "${source}": ${compiled.error.message}`;
  const features: Features = new Map();
  if (!parseFeatures(rest, features)) return `Missing envariable expression for ${cmd.node.name}`;
  const conf = cmd.path === undefined ? cmd.server : cmd.dir;
  const entry: Entry = {
    name: undefined,
    value: () => undefined,
    pattern: source,
    ignoreCase: false,
    simple: undefined,
    regex: undefined,
    expr: compiled.expr,
    features,
  };
  (conf.entries ??= []).push(entry);
  return undefined;
}

type Row = AnyRow<SetEnvIfConf, SetEnvIfConf>;
function row(name: string, usage: string, apply: (cmd: Cmd, text: string) => ApplyResult): Row {
  return { name, shape: 'RAW_ARGS', where: OR_FILEINFO, usage, apply };
}

const directives: readonly Row[] = [
  row('SetEnvIf', 'A header-name, regex and a list of variables.', setEnvIf(false)),
  row('SetEnvIfNoCase', 'a header-name, regex and a list of variables.', setEnvIf(true)),
  row('SetEnvIfExpr', 'an expression and a list of variables.', setEnvIfExpr),
  row('BrowserMatch', 'A browser regex and a list of variables.', browserMatch(false)),
  row('BrowserMatchNoCase', 'A browser regex and a list of variables.', browserMatch(true)),
];

/** What one run over the entries remembers: the value last looked at, and the groups of the last match. */
interface Run {
  name: string | undefined;
  value: string;
  /** The same in lower case, once somebody has asked. */
  lower: string | undefined;
  groups: Groups | undefined;
}

/** Runs the entries in order (match_headers). Waits only for expressions that ask by sub-request. */
function runEntries(r: Request, entries: readonly Entry[], run: Run, from: number): Answer {
  for (let i = from; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (entry.expr !== undefined) {
      const holds = evaluate(r, entry.expr, run);
      if (typeof holds !== 'boolean') {
        return holds.then((value) => {
          if (value) applyFeatures(r, entry, run.groups);
          return runEntries(r, entries, run, i + 1);
        });
      }
      if (holds) applyFeatures(r, entry, run.groups);
      continue;
    }
    if (entry.name !== run.name) {
      run.name = entry.name;
      // What is not there is the empty string: ^$ matches it.
      run.value = entry.value(r) ?? '';
      run.lower = undefined;
    }
    if (matches(entry, run)) applyFeatures(r, entry, run.groups);
  }
  return DECLINED;
}

function matches(entry: Entry, run: Run): boolean {
  if (entry.simple !== undefined) {
    if (entry.ignoreCase) run.lower ??= asciiLower(run.value);
    return (entry.ignoreCase ? (run.lower as string) : run.value).includes(entry.simple);
  }
  const found = entry.regex?.exec(run.value) ?? null;
  if (found === null) return false;
  run.groups = found.groups;
  return true;
}

/** An expression that cannot be evaluated does not hold, and nobody is told. */
function evaluate(r: Request, expr: BooleanExpr, run: Run): boolean | Promise<boolean> {
  const context = new RequestExprContext(r);
  context.captures = run.groups;
  const keep = (value: boolean): boolean => {
    run.groups = context.captures ?? run.groups;
    return value;
  };
  const value = evaluateBoolean(expr, r, () => {}, context);
  return typeof value === 'boolean' ? keep(value) : value.then(keep);
}

function applyFeatures(r: Request, { features, simple }: Entry, groups: Groups | undefined): void {
  const { env } = r;
  for (const { name, value, needsGroups } of features.values()) {
    if (value === undefined) {
      env.delete(name);
      continue;
    }
    const filled =
      needsGroups && simple === undefined
        ? substitute(value, { groups: groups ?? [], index: 0, end: 0 })
        : value;
    if (filled !== undefined) {
      env.set(name, filled);
      continue;
    }
    const message = `Regular expression replacement failed for '${name}', value too long?`;
    logRequest(r, 'setenvif', Level.error, 'AH01505', message);
  }
}

function matchHeaders(r: Request, conf: Readonly<SetEnvIfConf>): Answer {
  const { entries } = conf;
  if (entries === undefined) return DECLINED;
  return runEntries(r, entries, { name: undefined, value: '', lower: undefined, groups: undefined }, 0);
}

function matchServerEntries(r: Request): Answer {
  return matchHeaders(r, modSetenvif.server(r.server));
}

function matchSectionEntries(r: Request): Answer {
  return matchHeaders(r, modSetenvif.dir(r));
}

export const modSetenvif = defineModule<SetEnvIfConf, SetEnvIfConf>({
  name: 'setenvif_module',
  file: 'mod_setenvif.c',
  directives,
  mergeServer: merge,
  mergeDir: merge,
  hooks: { postReadRequest: matchServerEntries, headerParser: matchSectionEntries },
});
