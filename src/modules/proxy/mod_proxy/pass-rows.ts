/** Rows that map URLs and define workers: ProxyPass, ProxyPassMatch, `<Proxy>`, `<ProxyMatch>`, ProxySet. */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  NOT_IN_DIRECTORY,
  NOT_IN_FILES,
  OR_ALL,
  PROXY_CONF,
  RSRC_CONF,
} from '../../../config/directive.ts';
import { compileDirectivePcre } from '../../../config/patterns.ts';
import { getWord, sectionText } from '../../../config/words.ts';
import { compileFnmatch, isFnmatchPattern } from '../../../lib/fnmatch/index.ts';
import { findBalancer, isBalancerUrl } from '../shared/balancer.ts';
import type { ProxyAlias, ProxyDirConf, ProxyServerConf } from '../shared/config.ts';
import { splitSocket } from '../shared/url.ts';
import { defineWorker, findWorker, type Worker } from '../shared/worker.ts';
import {
  findOrAddBalancer,
  missingScheme,
  setBalancerParameter,
  setWorkerParameter,
} from './balancer-rows.ts';

type Cmd = Command<ProxyServerConf, ProxyDirConf>;
export type Row = AnyRow<ProxyServerConf, ProxyDirConf>;

const ANYWHERE = RSRC_CONF | ACCESS_CONF;

/** The words of ProxyPass, told apart. */
interface PassWords {
  from: string | undefined;
  to: string | undefined;
  isRegex: boolean;
  isNocanon: boolean;
  isInterpolated: boolean;
  mapping: ProxyAlias['mapping'];
  readonly params: [key: string, value: string][];
}

const NOT_KEY_VALUE =
  "Invalid ProxyPass|ProxyPassMatch parameter. Parameter must be in the form 'key=value'.";

function readPassWords(cmd: Cmd, args: string, isMatch: boolean): PassWords | string {
  const words: PassWords = {
    from: cmd.path,
    to: undefined,
    isRegex: isMatch,
    isNocanon: false,
    isInterpolated: false,
    mapping: 'decoded',
    params: [],
  };
  for (let rest = args; rest !== ''; ) {
    const [word, more] = getWord(rest);
    rest = more;
    if (words.from === undefined) {
      if (word !== '~') words.from = word;
      else if (isMatch) return "ProxyPassMatch invalid syntax ('~' usage).";
      else words.isRegex = true;
    } else if (words.to === undefined) {
      words.to = word;
    } else {
      const wrong = readPassOption(cmd, words, word);
      if (wrong !== undefined) return wrong;
    }
  }
  return words;
}

function readPassOption(cmd: Cmd, words: PassWords, word: string): string | undefined {
  switch (word.toLowerCase()) {
    case 'nocanon':
      words.isNocanon = true;
      return undefined;
    case 'interpolate':
      words.isInterpolated = true;
      return undefined;
    case 'noquery':
      // httpd 2.4.71 notes it in the request, where none of its modules looks.
      return undefined;
  }
  const equals = word.indexOf('=');
  if (equals < 0) {
    const isPath = cmd.path !== undefined && words.to?.startsWith('/') === true;
    return isPath
      ? 'ProxyPass|ProxyPassMatch can not have a path when defined in a location.'
      : NOT_KEY_VALUE;
  }
  const key = word.slice(0, equals);
  const value = word.slice(equals + 1);
  if (key.toLowerCase() !== 'mapping') {
    // A table: the last value of a key counts.
    const known = words.params.find(([name]) => name.toLowerCase() === key.toLowerCase());
    if (known === undefined) words.params.push([key, value]);
    else known[1] = value;
    return undefined;
  }
  const mapping = value.toLowerCase();
  if (mapping !== 'encoded' && mapping !== 'servlet') return 'unknown mapping';
  words.mapping = mapping;
  return undefined;
}

/** add_pass() of mod_proxy.c. */
function proxyPass(cmd: Cmd, args: string, isMatch: boolean): ApplyResult {
  const words = readPassWords(cmd, args, isMatch);
  if (typeof words === 'string') return words;
  const { from, to } = words;
  if (from === undefined || to === undefined)
    return 'ProxyPass|ProxyPassMatch needs a path when not defined in a location';
  const split = splitSocket(to);
  if (split === undefined) return 'ProxyPass|ProxyPassMatch uses an invalid "unix:" URL';
  const { isRegex } = words;
  const regex = isRegex ? compileDirectivePcre(from, 'Regular expression could not be compiled.') : undefined;
  if (regex !== undefined && 'message' in regex) return regex;
  const { isNocanon, isInterpolated, mapping } = words;
  const alias: ProxyAlias = { from, regex, to: split.url, isNocanon, isInterpolated, mapping };
  if (to !== '!') {
    const wrong = useWorker(cmd, words, to, isMatch);
    if (wrong !== undefined) return wrong;
  }
  const server = cmd.server;
  if (mapping !== 'decoded') server.hasEncodedMapping = true;
  if (cmd.path === undefined) {
    server.aliases ??= [];
    server.aliases.push(alias);
  } else {
    cmd.dir.alias = alias;
  }
  return undefined;
}

/** Finds the worker of a ProxyPass, or makes it. */
function useWorker(cmd: Cmd, { from, params }: PassWords, to: string, isMatch: boolean): ApplyResult {
  if (isBalancerUrl(to)) return useBalancer(cmd, isMatch ? undefined : from, to, params);
  const known = findWorker(cmd.server.workers ?? [], splitSocket(to)?.url ?? to, isMatch);
  if (known !== undefined) {
    for (const [key, value] of params) {
      cmd.warn(
        `AH01146: Ignoring parameter '${key}=${value}' for worker '${known.shownName}' because of worker sharing`,
      );
    }
    return undefined;
  }
  const worker = addWorker(cmd, to, isMatch);
  if (typeof worker === 'string') return missingScheme(`ProxyPass ${worker}`, to);
  for (const [key, value] of params) {
    const wrong = setWorkerParameter(cmd, worker, key, value);
    if (wrong !== undefined) return `ProxyPass ${wrong}`;
  }
  return undefined;
}

/** A ProxyPass to a balancer gives parameters to the balancer; its members have theirs from BalancerMember. */
function useBalancer(
  cmd: Cmd,
  path: string | undefined,
  to: string,
  params: readonly [string, string][],
): ApplyResult {
  const balancer = findOrAddBalancer(cmd, to);
  if (typeof balancer === 'string') return `ProxyPass ${balancer}`;
  if (path !== undefined) balancer.path = path;
  for (const [key, value] of params) {
    const wrong = setBalancerParameter(cmd, balancer, key, value);
    if (wrong !== undefined) return `ProxyPass ${wrong}`;
  }
  return undefined;
}

function addWorker(cmd: Cmd, text: string, isMatch: boolean): Worker | string {
  const worker = defineWorker(text, isMatch);
  if (typeof worker === 'string') return worker;
  cmd.server.workers ??= [];
  cmd.server.workers.push(worker);
  return worker;
}

function findOrAddWorker(cmd: Cmd, text: string, isMatch: boolean): Worker | string {
  return (
    findWorker(cmd.server.workers ?? [], splitSocket(text)?.url ?? text, isMatch) ??
    addWorker(cmd, text, isMatch)
  );
}

type Setter = (key: string, value: string) => string | undefined;

function workerSetter(cmd: Cmd, worker: Worker): Setter {
  cmd.server.tuned ??= [];
  cmd.server.tuned.push({ worker, node: cmd.node });
  return (key, value) => setWorkerParameter(cmd, worker, key, value);
}

/** `key=value` words of ProxySet and `<Proxy>`; the error is put between `before` and ` key=value; name`. */
function setOptions(set: Setter, args: string, name: string, directive: 'ProxySet' | 'Proxy'): ApplyResult {
  for (let rest = args; rest !== ''; ) {
    const [word, more] = getWord(rest);
    rest = more;
    const equals = word.indexOf('=');
    if (equals < 0) return `Invalid ${directive} parameter. Parameter must be in the form 'key=value'`;
    const wrong = set(word.slice(0, equals), word.slice(equals + 1));
    const before = directive === 'ProxySet' ? 'ProxySet:' : '<Proxy';
    if (wrong !== undefined) return `${before} ${wrong} ${word}; ${name}`;
  }
  return undefined;
}

/** What a balancer's or worker's parameters are set by, either made where there is none; a text says what is wrong. */
function setterFor(cmd: Cmd, url: string, isMatch: boolean): Setter | string {
  if (!isBalancerUrl(url)) {
    const worker = findOrAddWorker(cmd, url, isMatch);
    return typeof worker === 'string' ? worker : workerSetter(cmd, worker);
  }
  const balancer = findOrAddBalancer(cmd, url);
  if (typeof balancer === 'string') return balancer;
  return (key, value) => setBalancerParameter(cmd, balancer, key, value);
}

/** proxysection() of mod_proxy.c. */
function proxySection(cmd: Cmd, text: string): ApplyResult {
  const isMatch = cmd.node.key === '<proxymatch';
  const args = sectionText(text);
  if (args === undefined) return `<${cmd.node.name}> directive missing closing '>'`;
  const [name, rest] = getWord(args);
  const shown = /^proxy:/i.test(name) ? name.slice('proxy:'.length) : name;
  const split = splitSocket(shown);
  if (split === undefined) return '<Proxy/ProxyMatch > uses an invalid "unix:" URL';
  const regex = isMatch ? compileDirectivePcre(shown, 'Regex could not be compiled') : undefined;
  if (regex !== undefined && 'message' in regex) return regex;
  const pattern = split.url;
  const perDir = cmd.walkSection({ path: shown, override: OR_ALL | ACCESS_CONF | PROXY_CONF });
  const isWildcard = !isMatch && isFnmatchPattern(pattern);
  const matches =
    regex !== undefined
      ? (url: string) => regex.test(url)
      : isWildcard
        ? compileFnmatch(pattern, {})
        : (url: string) => url.startsWith(pattern);
  cmd.server.sections ??= [];
  cmd.server.sections.push({ pattern, regex, matches, perDir });
  return rest.trim() === '' ? undefined : sectionWorker(cmd, shown, rest.trim(), isMatch, isWildcard);
}

function sectionWorker(
  cmd: Cmd,
  name: string,
  args: string,
  isMatch: boolean,
  isWildcard: boolean,
): ApplyResult {
  if (isMatch) return 'Multiple <ProxyMatch> arguments not (yet) supported.';
  if (isWildcard) return '<Proxy> arguments are not supported for wildchar url.';
  if (!name.includes(':')) return '<Proxy> arguments are not supported for non url.';
  const set = setterFor(cmd, name, false);
  return typeof set === 'string' ? `<Proxy ${set}` : setOptions(set, args, name, 'Proxy');
}

/** set_proxy_param() of mod_proxy.c. */
function proxySet(cmd: Cmd, args: string): ApplyResult {
  const [section] = cmd.enclosing;
  const isInside = section === '<proxy' || section === '<proxymatch';
  const [first, behind] = isInside ? [cmd.path ?? '', args] : getWord(args);
  if (isInside) {
    const set = setterFor(cmd, first, section === '<proxymatch');
    return typeof set === 'string' ? `ProxySet ${set}` : setOptions(set, behind, first, 'ProxySet');
  }
  if (isBalancerUrl(first)) {
    const balancer = findBalancer(cmd.server.balancers, first);
    if (balancer === undefined) return `ProxySet can not find '${first}' Balancer.`;
    const set: Setter = (key, value) => setBalancerParameter(cmd, balancer, key, value);
    return setOptions(set, behind, first, 'ProxySet');
  }
  const worker = findWorker(cmd.server.workers ?? [], splitSocket(first)?.url ?? first);
  if (worker === undefined) return `ProxySet can not find '${first}' Worker.`;
  return setOptions(workerSetter(cmd, worker), behind, first, 'ProxySet');
}

export const passRows: readonly Row[] = [
  {
    name: '<Proxy',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    usage: 'Container for directives affecting resources located in the proxied location',
    apply: proxySection,
  },
  {
    name: '<ProxyMatch',
    shape: 'RAW_ARGS',
    where: RSRC_CONF,
    usage:
      'Container for directives affecting resources located in the proxied location, in regular expression syntax',
    apply: proxySection,
  },
  {
    name: 'ProxyPass',
    shape: 'RAW_ARGS',
    where: ANYWHERE,
    forbidden: NOT_IN_DIRECTORY | NOT_IN_FILES,
    usage: 'a virtual path and a URL',
    apply: (cmd, args) => proxyPass(cmd, args, false),
  },
  {
    name: 'ProxyPassMatch',
    shape: 'RAW_ARGS',
    where: ANYWHERE,
    forbidden: NOT_IN_DIRECTORY | NOT_IN_FILES,
    usage: 'a virtual path and a URL',
    apply: (cmd, args) => proxyPass(cmd, args, true),
  },
  {
    name: 'ProxySet',
    shape: 'RAW_ARGS',
    where: ANYWHERE,
    usage: 'A balancer or worker name with list of params',
    apply: proxySet,
  },
];
