/** Directives of mod_rewrite: what they may say, and the compiled form of it. */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  type DirectiveError,
  OR_FILEINFO,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { compileDirectivePcre } from '../../../config/patterns.ts';
import { allWords } from '../../../config/words.ts';
import { positionOf } from '../../../diagnostics/source.ts';
import { compileBoolean } from '../../../expr/index.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { Pcre } from '../../../lib/pcre/index.ts';
import { parseArgumentLine } from './argument-line.ts';
import { parseTest } from './conditions.ts';
import {
  type Condition,
  OPTION_ANY_URI,
  OPTION_IGNORE_CONTEXT_INFO,
  OPTION_IGNORE_INHERIT,
  OPTION_INHERIT,
  OPTION_INHERIT_BEFORE,
  OPTION_INHERIT_DOWN,
  OPTION_INHERIT_DOWN_BEFORE,
  OPTION_LEGACY_PREFIX_DOCROOT,
  OPTION_MERGE_BASE,
  OPTION_NO_SLASH,
  OPTION_UNSAFE_PREFIX_STAT,
  type RewriteDirConf,
  type RewriteServerConf,
  type RuleFlags,
  type Test,
} from './conf.ts';
import { parseCondFlags, parseRuleFlags } from './flags.ts';
import { parseMap } from './maps.ts';
import { compileTemplate, isTooDeep } from './template.ts';

type Cmd = Command<RewriteServerConf, RewriteDirConf>;

/** Where the directive counts: the server outside of sections, the section inside one. */
function ownerOf(cmd: Cmd): RewriteServerConf | RewriteDirConf {
  claimServer(cmd);
  const { dir } = cmd;
  if (cmd.path === undefined) return cmd.server;
  dir.directory ??= cmd.path.endsWith('/') ? cmd.path : `${cmd.path}/`;
  return dir;
}

/** A server that says anything, be it in a section, has a configuration of its own. A .htaccess file belongs to a server that is complete. */
function claimServer(cmd: Cmd): void {
  if (!cmd.isHtaccess) cmd.server.owner = cmd.serverConfigs;
}

function setEngine(cmd: Cmd, on: boolean): undefined {
  ownerOf(cmd).engine = on;
  // Outside of sections it holds for both kinds of rules.
  cmd.dir.engine = on;
}

const OPTIONS: ReadonlyMap<string, number> = new Map([
  ['inherit', OPTION_INHERIT],
  ['inheritbefore', OPTION_INHERIT_BEFORE],
  ['inheritdown', OPTION_INHERIT_DOWN],
  ['inheritdownbefore', OPTION_INHERIT_DOWN_BEFORE],
  ['ignoreinherit', OPTION_IGNORE_INHERIT],
  ['allownoslash', OPTION_NO_SLASH],
  ['allowanyuri', OPTION_ANY_URI],
  ['mergebase', OPTION_MERGE_BASE],
  ['ignorecontextinfo', OPTION_IGNORE_CONTEXT_INFO],
  ['legacyprefixdocroot', OPTION_LEGACY_PREFIX_DOCROOT],
  ['unsafeprefixstat', OPTION_UNSAFE_PREFIX_STAT],
]);

function setOptions(cmd: Cmd, text: string): ApplyResult {
  let options = 0;
  for (const word of allWords(text)) {
    const option = OPTIONS.get(asciiLower(word));
    if (option !== undefined) options |= option;
    else if (asciiLower(word).startsWith('maxredirects=')) {
      cmd.warn(
        'AH00664: RewriteOptions: MaxRedirects option has been removed in favor of the global LimitInternalRecursion directive and will be ignored.',
      );
    } else return `RewriteOptions: unknown option '${word}'`;
  }
  const owner = ownerOf(cmd);
  owner.options = (owner.options ?? 0) | options;
  if (cmd.path === undefined) cmd.dir.options = (cmd.dir.options ?? 0) | options;
  return undefined;
}

function setBase(cmd: Cmd, url: string): ApplyResult {
  claimServer(cmd);
  if (cmd.path === undefined) return 'RewriteBase: only valid in per-directory config files';
  if (url === '') return 'RewriteBase: empty URL not allowed';
  if (!url.startsWith('/')) return 'RewriteBase: argument is not a valid URL';
  ownerOf(cmd);
  cmd.dir.base = url;
  return undefined;
}

function addMap(cmd: Cmd, name: string, source: string, user: string | undefined): ApplyResult {
  claimServer(cmd);
  const map = parseMap({
    name,
    source,
    user,
    serverRootRelative: (path) => cmd.serverRootRelative(path),
    warn: (message) => cmd.warn(message),
  });
  if (typeof map === 'string' || 'message' in map) return map;
  (cmd.server.maps ??= new Map()).set(name, map);
  return undefined;
}

function compile(directive: string, pattern: string, ignoreCase: boolean): Pcre | DirectiveError {
  const message = `${directive}: cannot compile regular expression '${pattern}'`;
  return compileDirectivePcre(pattern, message, { ignoreCase });
}

const TOO_DEEP = 'braces are nested too deep';

function addCondition(cmd: Cmd, text: string): ApplyResult {
  const words = parseArgumentLine(text);
  if (words === undefined) return `RewriteCond: bad argument line '${text}'`;
  if (isTooDeep(words.first)) return `RewriteCond: ${TOO_DEEP}`;
  const flags = parseCondFlags(words.third);
  if (typeof flags === 'string') return `RewriteCond: ${flags}`;
  const isNegated = words.second.startsWith('!');
  const pattern = isNegated ? words.second.slice(1) : words.second;
  const compiled = compileTest(cmd, words.first, pattern, flags.ignoresCase, flags.noVary);
  if ('message' in compiled) return compiled;
  const condition: Condition = {
    input: compileTemplate(words.first),
    test: compiled,
    pattern: words.second,
    isNegated,
    ...flags,
  };
  const owner = ownerOf(cmd);
  (owner.conditions ??= []).push(condition);
  return undefined;
}

function compileTest(
  cmd: Cmd,
  input: string,
  pattern: string,
  ignoresCase: boolean,
  noVary: boolean,
): Test | DirectiveError {
  if (asciiLower(input) === 'expr') {
    if (ignoresCase) warnOfNoCase(cmd, pattern);
    const compiled = compileBoolean(pattern, { restricted: cmd.isHtaccess, captures: 'shared' });
    if (compiled.ok) return { kind: 'expression', expression: compiled.expr, varies: !noVary };
    const where = cmd.isHtaccess ? ' in htaccess context' : '';
    const { message, detail } = compiled.error;
    const text = `RewriteCond: cannot compile expression${where} "${pattern}" ${message}`;
    return detail === undefined ? { message: text } : { message: text, hint: detail };
  }
  const special = parseTest(pattern);
  if (special !== undefined) {
    if (ignoresCase && special.test.kind !== 'text') warnOfNoCase(cmd, special.operand);
    return special.test;
  }
  const regex = compile('RewriteCond', pattern, ignoresCase);
  return 'message' in regex ? regex : { kind: 'regex', regex };
}

function warnOfNoCase(cmd: Cmd, pattern: string): void {
  cmd.warn(
    `AH00665: RewriteCond: NoCase option for non-regex pattern '${pattern}' is not supported and will be ignored. (${placeOf(cmd)})`,
  );
}

function placeOf(cmd: Cmd): string {
  const { source, start } = cmd.node.span;
  return `${source.name}:${positionOf(source, start).line}`;
}

function addRule(cmd: Cmd, text: string): ApplyResult {
  const words = parseArgumentLine(text);
  if (words === undefined) return `RewriteRule: bad argument line '${text}'`;
  if (isTooDeep(words.second) || isTooDeep(words.third ?? '')) return `RewriteRule: ${TOO_DEEP}`;
  const flags = parseRuleFlags(words.third);
  if (typeof flags === 'string') return `RewriteRule: ${flags}`;
  const isNegated = words.first.startsWith('!');
  const pattern = isNegated ? words.first.slice(1) : words.first;
  const regex = compile('RewriteRule', pattern, flags.ignoresCase);
  if ('message' in regex) return regex;
  const owner = ownerOf(cmd);
  const conditions = owner.conditions ?? [];
  owner.conditions = [];
  const { written, dropsQuery } = substitutionOf(words.second, flags);
  const output = words.second === '-' || flags.isStatus ? undefined : compileTemplate(written, flags.escapes);
  const variables = flags.variables.map((variable) => compileTemplate(variable));
  const cookies = flags.cookies.map((cookie) => compileTemplate(cookie));
  // Type and handler are expanded for the rule, escapes and all.
  const type = flags.type === undefined ? undefined : compileTemplate(flags.type, flags.escapes);
  const handler = flags.handler === undefined ? undefined : compileTemplate(flags.handler, flags.escapes);
  const inputs = conditions.map(({ input }) => input);
  const usesGroups = [output, type, handler, ...variables, ...cookies, ...inputs].some(
    (template) => template?.usesRule === true,
  );
  (owner.rules ??= []).push({
    pattern,
    regex,
    isNegated,
    usesGroups: usesGroups && !isNegated,
    conditions,
    text: written,
    output,
    dropsQuery,
    flags,
    variables,
    cookies,
    type,
    handler,
    place: placeOf(cmd),
  });
  return undefined;
}

/** A `?` at the end has done its job once the query is known to go; with [QSA] it stays, and the old query does too. */
function substitutionOf(
  text: string,
  flags: Readonly<RuleFlags>,
): { readonly written: string; readonly dropsQuery: boolean } {
  if (text.endsWith('?')) {
    if (flags.appendsQuery) return { written: text, dropsQuery: false };
    return { written: text.slice(0, -1), dropsQuery: true };
  }
  return { written: text, dropsQuery: flags.discardsQuery && !text.includes('?') };
}

export const directives: readonly AnyRow<RewriteServerConf, RewriteDirConf>[] = [
  {
    name: 'RewriteEngine',
    shape: 'FLAG',
    where: OR_FILEINFO,
    usage: 'On or Off to enable or disable (default) the whole rewriting engine',
    apply: setEngine,
  },
  {
    name: 'RewriteOptions',
    shape: 'ITERATE',
    where: OR_FILEINFO,
    usage: 'List of option strings to set',
    apply: setOptions,
  },
  {
    name: 'RewriteBase',
    shape: 'TAKE1',
    where: OR_FILEINFO,
    usage: 'the base URL of the per-directory context',
    apply: setBase,
  },
  {
    name: 'RewriteCond',
    shape: 'RAW_ARGS',
    where: OR_FILEINFO,
    usage: 'an input string and a to be applied regexp-pattern',
    apply: addCondition,
  },
  {
    name: 'RewriteRule',
    shape: 'RAW_ARGS',
    where: OR_FILEINFO,
    usage: 'an URL-applied regexp-pattern and a substitution URL',
    apply: addRule,
  },
  {
    name: 'RewriteMap',
    shape: 'TAKE23',
    where: RSRC_CONF,
    usage: 'a mapname and a filename and options',
    apply: addMap,
  },
];
