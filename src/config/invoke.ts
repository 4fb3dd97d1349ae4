/**
 * Calls a row's `apply` after every check that httpd makes before a command runs: place and override (invoke_cmd), argument shape
 * (invoke_cmd), forbidden sections (ap_check_cmd_context); all in httpd's server/config.c and server/core.c, whose wording is kept.
 */
import { distance } from 'fastest-levenshtein';
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  type DirectiveError,
  NOT_IN_DIR_CONTEXT,
  NOT_IN_DIRECTORY,
  NOT_IN_FILES,
  NOT_IN_HTACCESS,
  NOT_IN_LOCATION,
  NOT_IN_PROXY,
  NOT_IN_VIRTUALHOST,
} from './directive.ts';
import { knownDirectives } from './known-directives.ts';
import { legacyAdvice } from './legacy-directives.ts';
import type { ConfigNode } from './tree.ts';
import { splitArguments } from './words.ts';

type Row = AnyRow<unknown, unknown>;

/** Checks, splits, applies. Answers what is wrong, or nothing; the first wrong word of an ITERATE row ends it. */
export function invoke(row: Row, cmd: Command): ApplyResult {
  const granted = isGranted(row, cmd);
  if (granted !== true) {
    if (granted === false) return misplaced(row, cmd);
    cmd.warn(granted);
    return undefined;
  }
  const split = splitArguments(row.shape, cmd.node.args);
  if (!split.ok) return problem(withUsage(row, split.error), undefinedVariableHint(cmd.node));
  const forbidden = checkContext(row.name, row.forbidden ?? 0, cmd);
  if (forbidden !== undefined) return forbidden;
  const apply = row.apply as (cmd: Command, ...args: unknown[]) => ApplyResult;
  for (const words of split.calls) {
    const result = apply.apply(row, [cmd, ...argumentsOf(row, words)]);
    if (result !== undefined) return result;
  }
  return undefined;
}

function problem(message: string, hint: string | undefined): DirectiveError {
  return hint === undefined ? { message } : { message, hint };
}

/** Is the row allowed by the override classes in force? A text: no, but a log line is all that comes of it (AllowOverride Nonfatal). */
function isGranted(row: Row, cmd: Command): boolean | string {
  if ((cmd.override & row.where) !== 0) return true;
  if (cmd.overrideList?.has(row.name.toLowerCase())) return true;
  // What is forgiven is not looked at, not even whether the directive has a place in such a file.
  if (cmd.nonfatalOverride !== 0) return `AH02295: ${row.name} in .htaccess forbidden by AllowOverride`;
  return false;
}

function misplaced(row: Row, cmd: Command): DirectiveError {
  const [parent] = cmd.enclosing;
  if (parent !== undefined)
    return { message: `${row.name} not allowed in ${canonicalName(parent)}> context` };
  const hint = cmd.isHtaccess
    ? 'AllowOverride of this directory does not grant it, or it has no place in .htaccess'
    : undefined;
  return problem(`${row.name} not allowed here`, hint);
}

/** The name as httpd's table writes it: messages name an enclosing section so, however the file writes it. */
function canonicalName(key: string): string {
  return knownDirectives().get(key)?.name ?? key;
}

/** ` takes one argument` with the name in front and the row's usage text behind it, as httpd puts it. */
export function withUsage(row: Row, error: string): string {
  // A flag's and an argument-less directive's usage is not printed.
  const usage = row.shape === 'FLAG' || row.shape === 'NO_ARGS' || row.usage === '' ? '' : `, ${row.usage}`;
  return `${row.name}${error}${usage}`;
}

/** An unexpanded variable is a common reason for a wrong number of words. */
function undefinedVariableHint(node: ConfigNode): string | undefined {
  const variable = /\$\{[^}:]*\}/.exec(node.args);
  return variable === null ? undefined : `${variable[0]} is not defined`;
}

/** What `apply` gets: FLAG a boolean, TAKE_ARGV one list, other shapes their words. */
function argumentsOf(row: Row, words: readonly string[]): readonly unknown[] {
  if (row.shape === 'FLAG') return [words[0] === 'on'];
  if (row.shape === 'TAKE_ARGV') return [words];
  return words;
}

/** Sections that each NOT_IN_* bit keeps a directive out of. */
const SECTIONS_OF_BIT: readonly (readonly [bit: number, keys: readonly string[]])[] = [
  [NOT_IN_DIRECTORY, ['<directory', '<directorymatch']],
  [NOT_IN_LOCATION, ['<location', '<locationmatch']],
  [NOT_IN_FILES, ['<files', '<filesmatch', '<if', '<elseif', '<else']],
  [NOT_IN_PROXY, ['<proxy', '<proxymatch']],
];

/** ap_check_cmd_context: says where `name` cannot occur, when it stands there. `forbidden` is an or of NOT_IN_* bits. */
export function checkContext(
  name: string,
  forbidden: number,
  cmd: Pick<Command, 'isVirtualHost' | 'limited' | 'isHtaccess' | 'path' | 'enclosing'>,
): string | undefined {
  if (forbidden === 0) return undefined;
  const shown = name.startsWith('<') && !name.endsWith('>') ? `${name}>` : name;
  if ((forbidden & NOT_IN_VIRTUALHOST) !== 0 && cmd.isVirtualHost) {
    return `${shown} cannot occur within <VirtualHost> section`;
  }
  if ((forbidden & NOT_IN_DIR_CONTEXT) !== 0 && cmd.limited !== undefined) {
    return `${shown} cannot occur within <Limit> or <LimitExcept> section`;
  }
  if ((forbidden & NOT_IN_HTACCESS) !== 0 && cmd.isHtaccess) {
    return `${shown} cannot occur within htaccess files`;
  }
  if ((forbidden & NOT_IN_DIR_CONTEXT) === NOT_IN_DIR_CONTEXT && cmd.path !== undefined) {
    return `${shown} cannot occur within directory context`;
  }
  for (const [bit, keys] of SECTIONS_OF_BIT) {
    if ((forbidden & bit) === 0) continue;
    for (const key of keys) {
      if (cmd.enclosing.includes(key)) return `${shown} cannot occur within ${canonicalName(key)}> section`;
    }
  }
  return undefined;
}

/** What is built in, for the hints of unknown directives. */
export interface BuiltIn {
  /** Structure name (`alias_module`) of the built-in module that has this directive, loaded or not. */
  moduleOf(key: string): string | undefined;
}

/** httpd's message for a directive that no loaded module has, and what may have been meant. */
export function unknownDirective(node: ConfigNode, isHtaccess = false, builtIn?: BuiltIn): DirectiveError {
  const name = node.children === undefined ? node.name : `<${node.name}`;
  const message = `Invalid command '${name}', perhaps misspelled or defined by a module not included in the server configuration`;
  return problem(message, unknownHint(name, node, isHtaccess, builtIn));
}

const BYTE_ORDER_MARK = '\xef\xbb\xbf';
/** Names further from any known one than this are not taken for misspellings. */
const MAX_DISTANCE = 3;

function unknownHint(
  name: string,
  node: ConfigNode,
  isHtaccess: boolean,
  builtIn: BuiltIn | undefined,
): string | undefined {
  if (name.startsWith(BYTE_ORDER_MARK)) {
    return 'the text starts with a UTF-8 byte order mark, which httpd takes for a part of the name: save it without one';
  }
  const owner = builtIn?.moduleOf(node.key);
  if (owner !== undefined) {
    const file = `modules/mod_${owner.replace(/_module$/, '')}.so`;
    const where = isHtaccess ? ' in the server configuration' : '';
    return `it is built in but not loaded: load it${where} with "LoadModule ${owner} ${file}"`;
  }
  const advice = legacyAdvice(node.key);
  if (advice !== undefined) return advice;
  const known = knownDirectives();
  const here = known.get(node.key);
  if (here !== undefined)
    return `${shownName(here.name)} is a directive of ${here.module}, which apache-lite does not have`;
  const isSection = node.children !== undefined;
  const twin = known.get(isSection ? node.key.slice(1) : `<${node.key}`);
  if (twin !== undefined) {
    return isSection
      ? `${twin.name} is no section: write it without < and >`
      : `it is a section: write ${twin.name} ...>`;
  }
  const near = nearest(node.key, known.keys());
  return near === undefined ? undefined : `did you mean ${shownName(known.get(near)?.name ?? near)}?`;
}

function shownName(name: string): string {
  return name.startsWith('<') ? `${name}>` : name;
}

function nearest(key: string, keys: Iterable<string>): string | undefined {
  // Long names cannot be near, and comparing them would cost their length times ours, 721 times over.
  if (key.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.min(MAX_DISTANCE, Math.ceil(key.length / 4)) + 1;
  for (const candidate of keys) {
    if (Math.abs(candidate.length - key.length) >= bestDistance) continue;
    const far = distance(key, candidate);
    if (far < bestDistance) {
      best = candidate;
      bestDistance = far;
    }
  }
  return best;
}
