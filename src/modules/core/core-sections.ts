/** Sections of the core: Directory, Location, Files, If, Limit (server/core.c: dirsection, urlsection, filesection, ifsection, ap_limit_section). */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  GLOBAL_ONLY,
  NOT_IN_DIR_CONTEXT,
  NOT_IN_LIMIT,
  NOT_IN_LOCATION,
  OR_ALL,
  OR_AUTHCFG,
  OR_LIMIT,
  RSRC_CONF,
} from '../../config/directive.ts';
import { allWords, getWord, sectionText } from '../../config/words.ts';
import type { CoreDirConf, CoreServerConf, Section } from '../../core/core-config.ts';
import { VirtualServer } from '../../core/virtual-server.ts';
import { compileBoolean } from '../../expr/index.ts';
import { compileFnmatch, isFnmatchPattern } from '../../lib/fnmatch/index.ts';
import { compilePcre, type Pcre, PcreError } from '../../lib/pcre/index.ts';
import { parseAddress } from './addresses.ts';
import { limitSection } from './limit-section.ts';

type Cmd = Command<CoreServerConf, CoreDirConf>;

/** What a section header's words are: a plain pattern, or with `~` and in the Match sections a regular expression. */
interface Header {
  readonly pattern: string;
  readonly regex: Pcre | undefined;
}

function readHeader(cmd: Cmd, text: string, isMatch: boolean): Header | string {
  const args = sectionText(text);
  if (args === undefined) return `<${cmd.node.name}> directive missing closing '>'`;
  if (args.trim() === '') return `<${cmd.node.name}> directive requires additional arguments`;
  let [pattern, rest] = getWord(args);
  const isRegex = isMatch || pattern === '~';
  // A `~` says nothing new in DirectoryMatch, and is one of the words in the other Match sections.
  if (pattern === '~' && (!isMatch || cmd.node.key === '<directorymatch')) [pattern, rest] = getWord(rest);
  if (rest.trim() !== '') return `Multiple <${cmd.node.name}> arguments not (yet) supported.`;
  if (!isRegex) return { pattern, regex: undefined };
  try {
    return { pattern, regex: compilePcre(pattern) };
  } catch (error) {
    if (error instanceof PcreError) return 'Regex could not be compiled';
    throw error;
  }
}

function directorySection(cmd: Cmd, text: string): ApplyResult {
  const header = readHeader(cmd, text, cmd.node.key === '<directorymatch');
  if (typeof header === 'string') return header;
  const { regex } = header;
  let { pattern } = header;
  if (regex === undefined) {
    // Relative to where the program was started, whatever ServerRoot is.
    if (!pattern.startsWith('/') && !/^[*?[]/.test(pattern)) pattern = `${process.cwd()}/${pattern}`;
    pattern = normaliseDirectory(pattern);
  }
  const perDir = cmd.walkSection({ path: pattern });
  const isWildcard = regex === undefined && isFnmatchPattern(pattern);
  const section: Section = {
    pattern,
    regex,
    isWildcard,
    matches: directoryMatcher(pattern, regex, isWildcard),
    components: countSlashes(pattern),
    perDir,
  };
  cmd.server.directorySections ??= [];
  cmd.server.directorySections.push(section);
  return undefined;
}

/** Dot segments and double slashes out, one slash at the end. */
function normaliseDirectory(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.length === 0 ? '/' : `/${parts.join('/')}/`;
}

function countSlashes(path: string): number {
  let count = 0;
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) === 0x2f) count++;
  return count;
}

function directoryMatcher(
  pattern: string,
  regex: Pcre | undefined,
  isWildcard: boolean,
): (path: string) => boolean {
  if (regex !== undefined) return (path) => regex.test(path);
  if (isWildcard) return compileFnmatch(pattern, { pathname: true });
  return (path) => path === pattern;
}

function locationSection(cmd: Cmd, text: string): ApplyResult {
  const header = readHeader(cmd, text, cmd.node.key === '<locationmatch');
  if (typeof header === 'string') return header;
  const { pattern, regex } = header;
  const perDir = cmd.walkSection({ path: pattern });
  const isWildcard = regex === undefined && isFnmatchPattern(pattern);
  cmd.server.locationSections ??= [];
  cmd.server.locationSections.push({
    pattern,
    regex,
    isWildcard,
    matches: locationMatcher(pattern, regex, isWildcard),
    components: 0,
    perDir,
  });
  return undefined;
}

function locationMatcher(
  pattern: string,
  regex: Pcre | undefined,
  isWildcard: boolean,
): (path: string) => boolean {
  if (regex !== undefined) return (path) => regex.test(path);
  if (isWildcard) return compileFnmatch(pattern, { pathname: true });
  const { length } = pattern;
  if (pattern.endsWith('/')) return (path) => path.startsWith(pattern);
  return (path) => path.startsWith(pattern) && (path.length === length || path.charCodeAt(length) === 0x2f);
}

function filesSection(cmd: Cmd, text: string): ApplyResult {
  const header = readHeader(cmd, text, cmd.node.key === '<filesmatch');
  if (typeof header === 'string') return header;
  const { pattern, regex } = header;
  const perDir = cmd.walkSection({ path: pattern });
  const isWildcard = regex === undefined && isFnmatchPattern(pattern);
  const matches =
    regex !== undefined
      ? (name: string) => regex.test(name)
      : isWildcard
        ? compileFnmatch(pattern, {})
        : (name: string) => name === pattern;
  cmd.dir.fileSections ??= [];
  cmd.dir.fileSections.push({ pattern, regex, isWildcard, matches, components: 0, perDir });
  return undefined;
}

function ifSection(cmd: Cmd, text: string): ApplyResult {
  const { key, name } = cmd.node;
  const args = sectionText(text);
  if (args === undefined) return `<${name}> directive missing closing '>'`;
  const isElse = key === '<else';
  if (isElse && args.trim() !== '') return '<Else> does not take an argument';
  if (!isElse && args.trim() === '') return `<${name}> directive requires additional arguments`;
  let condition: Section['condition'];
  if (!isElse) {
    const [expression, rest] = getWord(args);
    if (rest.trim() !== '') return `Multiple <${name}> arguments not supported.`;
    const compiled = compileBoolean(expression, { restricted: cmd.isHtaccess });
    if (!compiled.ok) {
      return {
        message: `Cannot parse condition clause: ${compiled.error.message}`,
        ...placeOf(cmd, expression, compiled.error),
      };
    }
    condition = compiled.expr;
  }
  if (key !== '<if' && cmd.dir.ifSections === undefined) {
    return '<Else> or <ElseIf> section without previous <If> or <ElseIf> section in same scope';
  }
  const perDir = cmd.walkSection({ path: '*If' });
  cmd.dir.ifSections ??= [];
  cmd.dir.ifSections.push({
    pattern: args,
    regex: undefined,
    isWildcard: false,
    matches: () => true,
    condition,
    isAlternative: key !== '<if',
    components: 0,
    perDir,
  });
  return undefined;
}

/** Where inside the directive's arguments an error of an expression stands. */
function placeOf(
  cmd: Cmd,
  expression: string,
  error: { offset: number; length: number },
): { offset?: number; length?: number } {
  const at = cmd.node.args.indexOf(expression);
  return at < 0 ? {} : { offset: at + error.offset, length: Math.max(1, error.length) };
}

function virtualHostSection(cmd: Cmd, text: string): ApplyResult {
  const args = sectionText(text);
  if (args === undefined) return `<${cmd.node.name}> directive missing closing '>'`;
  if (args.trim() === '') return `<VirtualHost> directive requires additional arguments`;
  const addresses = [];
  for (const word of allWords(args)) {
    if (word === '') continue;
    const address = parseAddress(word);
    if (typeof address === 'string') return address;
    addresses.push(address);
  }
  const server = new VirtualServer(true, addresses, cmd.node.span);
  cmd.server.virtualServers ??= [];
  cmd.server.virtualServers.push(server);
  cmd.walkServer(server);
  return undefined;
}

/** Sections of the core. */
export const sectionRows: readonly AnyRow<CoreServerConf, CoreDirConf>[] = [
  {
    name: '<Directory',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    forbidden: NOT_IN_DIR_CONTEXT,
    usage: 'Container for directives affecting resources located in the specified directories',
    apply: directorySection,
  },
  {
    name: '<DirectoryMatch',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    forbidden: NOT_IN_DIR_CONTEXT,
    usage: 'Container for directives affecting resources located in the specified directories',
    apply: directorySection,
  },
  {
    name: '<Location',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    forbidden: NOT_IN_DIR_CONTEXT,
    usage: 'Container for directives affecting resources accessed through the specified URL paths',
    apply: locationSection,
  },
  {
    name: '<LocationMatch',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    forbidden: NOT_IN_DIR_CONTEXT,
    usage: 'Container for directives affecting resources accessed through the specified URL paths',
    apply: locationSection,
  },
  {
    name: '<Files',
    shape: 'RAW_ARGS',
    where: OR_ALL,
    forbidden: NOT_IN_LIMIT | NOT_IN_LOCATION,
    usage: 'Container for directives affecting files matching specified patterns',
    apply: filesSection,
  },
  {
    name: '<FilesMatch',
    shape: 'RAW_ARGS',
    where: OR_ALL,
    forbidden: NOT_IN_LIMIT | NOT_IN_LOCATION,
    usage: 'Container for directives affecting files matching specified patterns',
    apply: filesSection,
  },
  {
    name: '<If',
    shape: 'RAW_ARGS',
    where: OR_ALL,
    forbidden: NOT_IN_LIMIT,
    usage: 'Container for directives to be conditionally applied',
    apply: ifSection,
  },
  {
    name: '<ElseIf',
    shape: 'RAW_ARGS',
    where: OR_ALL,
    forbidden: NOT_IN_LIMIT,
    usage: 'Container for directives to be conditionally applied',
    apply: ifSection,
  },
  {
    name: '<Else',
    shape: 'RAW_ARGS',
    where: OR_ALL,
    forbidden: NOT_IN_LIMIT,
    usage: 'Container for directives to be conditionally applied',
    apply: ifSection,
  },
  {
    name: '<Limit',
    shape: 'RAW_ARGS',
    where: OR_LIMIT | OR_AUTHCFG,
    usage: 'Container for authentication directives when accessed using specified HTTP methods',
    apply: limitSection,
  },
  {
    name: '<LimitExcept',
    shape: 'RAW_ARGS',
    where: OR_LIMIT | OR_AUTHCFG,
    usage:
      'Container for authentication directives to be applied when any HTTP method other than those specified is used to access the resource',
    apply: limitSection,
  },
  {
    name: '<VirtualHost',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'Container to map directives to a particular virtual host, takes one or more host addresses',
    apply: virtualHostSection,
  },
];
