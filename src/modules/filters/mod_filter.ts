/**
 * mod_filter: filters chosen by content type or condition when the answer is known (modules/filters/mod_filter.c). Complete, but for
 * FilterProtocol's proxy=transform, which adds no Warning field (RFC 9111 retired it).
 */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_FILEINFO,
  OR_OPTIONS,
  RSRC_CONF,
} from '../../config/directive.ts';
import { atoi } from '../../config/values.ts';
import type { BodyWriter, OutputFilter } from '../../core/body.ts';
import { evaluateBoolean } from '../../core/expression-context.ts';
import { addOutputFilter, FilterType, findOutputFilter } from '../../core/filters.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { type BooleanExpr, compileBoolean } from '../../expr/index.ts';
import { hasToken } from '../../http/header-list.ts';

/** FilterProtocol's words, httpd's bits. */
const CHANGE = 1;
const CHANGE_LENGTH = 2;
const NO_BYTERANGE = 4;
const NO_PROXY = 8;
const NO_CACHE = 16;
const TRANSFORM = 32;

/** A filter that may stand in for a smart one, and when. */
interface Provider {
  readonly filter: OutputFilter;
  readonly name: string;
  /** Lower case, without parameters; AddOutputFilterByType. */
  readonly types: ReadonlySet<string> | undefined;
  readonly condition: BooleanExpr | undefined;
  readonly protocol: number;
}

interface SmartFilter {
  readonly name: string;
  readonly type: number;
  /** The latest first: the order they are tried in. */
  readonly providers: readonly Provider[];
  /** FilterTrace: 0 for none. */
  readonly trace: number;
}

/** A smart filter as it stands in a chain: one for all requests. */
class ChosenFilter implements OutputFilter {
  readonly smart: SmartFilter;

  constructor(smart: SmartFilter) {
    this.smart = smart;
  }
  get type(): number {
    return this.smart.type;
  }
  /** Of every provider: which one fits is not known yet (filter_init). */
  setup(r: Request): void {
    for (const { filter } of this.smart.providers) filter.setup?.(r);
  }
  passHead(r: Request): void {
    choose(this.smart, r)?.filter.passHead?.(r);
  }
  start(r: Request, next: BodyWriter, length: number | undefined): BodyWriter | undefined {
    return choose(this.smart, r)?.filter.start(r, next, length);
  }
}

export interface DirConf {
  /** By name, as written. */
  filters?: ReadonlyMap<string, ChosenFilter>;
  /** Names in order; null: what was inherited before it is forgotten. */
  chain?: readonly (string | null)[];
}
type Cmd = Command<object, DirConf>;

const TYPES: ReadonlyMap<string, number> = new Map([
  ['resource', FilterType.resource],
  ['content_set', FilterType.contentSet],
  ['protocol', FilterType.protocol],
  ['transcode', FilterType.transcode],
  ['connection', FilterType.connection],
  ['network', FilterType.network],
]);

function setFilter(cmd: Cmd, filter: SmartFilter): void {
  cmd.dir.filters = new Map([...(cmd.dir.filters ?? []), [filter.name, new ChosenFilter(filter)]]);
}

function declare(cmd: Cmd, name: string, type: string | undefined): void {
  const number = TYPES.get((type ?? '').toLowerCase()) ?? FilterType.resource;
  setFilter(cmd, { name, type: number, providers: [], trace: 0 });
}

/** A provider joins the filter of that name, which it declares where that was not done. */
function provide(
  cmd: Cmd,
  name: string,
  providerName: string,
  when: Pick<Provider, 'types' | 'condition'>,
): ApplyResult {
  const filter = findOutputFilter(cmd.providers, providerName);
  if (filter === undefined) return `Unknown filter provider ${providerName}`;
  let smart = cmd.dir.filters?.get(name)?.smart;
  if (smart === undefined) {
    declare(cmd, name, undefined);
    smart = cmd.dir.filters?.get(name)?.smart as SmartFilter;
  }
  setFilter(cmd, {
    ...smart,
    providers: [{ filter, name: providerName, protocol: 0, ...when }, ...smart.providers],
  });
  return undefined;
}

function filterProvider(cmd: Cmd, name: string, providerName: string, text: string): ApplyResult {
  // An unknown provider is found before a bad expression, as httpd does.
  if (findOutputFilter(cmd.providers, providerName) === undefined)
    return `Unknown filter provider ${providerName}`;
  const compiled = compileBoolean(text, { restricted: cmd.isHtaccess });
  if (!compiled.ok) return `Error parsing FilterProvider expression:${compiled.error.message}`;
  return provide(cmd, name, providerName, { types: undefined, condition: compiled.expr });
}

/** One step of FilterChain; pure. */
export function chainStep(chain: readonly (string | null)[] | undefined, word: string): (string | null)[] {
  const before = chain ?? [];
  const name = word.slice(1);
  switch (word[0]) {
    case '+':
      return [...before, name];
    case '@':
      return [name, ...before];
    case '-':
      return before.filter((entry) => entry === null || entry.toLowerCase() !== name.toLowerCase());
    case '!':
      return [null];
    case '=':
      return [null, name];
    default:
      return [...before, word];
  }
}

/** AddOutputFilterByType: a smart filter of its own for each filter named (filter_bytype). */
function byType(cmd: Cmd, words: readonly string[]): ApplyResult {
  const [names, ...types] = words;
  if (names === undefined || types.length === 0)
    return 'AddOutputFilterByType requires at least two arguments';
  for (const name of names.split(';')) {
    if (name === '') continue;
    const smart = `BYTYPE:${name}`;
    const isNew = cmd.dir.filters?.has(smart) !== true;
    const problem = provide(cmd, smart, name, {
      types: new Set(types.map((type) => type.toLowerCase())),
      condition: undefined,
    });
    if (problem !== undefined) return problem;
    if (isNew) cmd.dir.chain = chainStep(cmd.dir.chain, smart);
  }
  return undefined;
}

function trace(cmd: Cmd, name: string, level: string): ApplyResult {
  const smart = cmd.dir.filters?.get(name)?.smart;
  if (smart === undefined) return `Undeclared smart filter ${name}`;
  setFilter(cmd, { ...smart, trace: atoi(level) });
  return undefined;
}

/** FilterProtocol's words to bits; unknown ones are passed over. */
export function protocolBits(text: string): number {
  let bits = 0;
  for (const word of text.toLowerCase().split(/[^a-z=:1]+/)) {
    if (word === 'change=yes') bits |= CHANGE | CHANGE_LENGTH;
    else if (word === 'change=1:1') bits |= CHANGE;
    else if (word === 'byteranges=no') bits |= NO_BYTERANGE;
    else if (word === 'proxy=no') bits |= NO_PROXY;
    else if (word === 'proxy=transform') bits |= TRANSFORM;
    else if (word === 'cache=no') bits |= NO_CACHE;
  }
  return bits;
}

function filterProtocol(cmd: Cmd, name: string, second: string, third: string | undefined): ApplyResult {
  const smart = cmd.dir.filters?.get(name)?.smart;
  if (smart === undefined) return 'FilterProtocol: No such filter';
  const bits = protocolBits(third ?? second);
  // Without a provider httpd notes it for the smart filter, which by then is not asked any more.
  if (third === undefined) return undefined;
  if (!smart.providers.some((provider) => provider.name.toLowerCase() === second.toLowerCase())) {
    return 'FilterProtocol: No such provider for this filter';
  }
  const providers = smart.providers.map((provider) =>
    provider.name.toLowerCase() === second.toLowerCase() ? { ...provider, protocol: bits } : provider,
  );
  setFilter(cmd, { ...smart, providers });
  return undefined;
}

const directives: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'FilterDeclare',
    shape: 'TAKE12',
    where: OR_OPTIONS,
    usage: 'filter-name [filter-type]',
    apply: (cmd, name, type) => void declare(cmd, name, type),
  },
  {
    name: 'FilterProvider',
    shape: 'TAKE3',
    where: OR_OPTIONS,
    usage: 'filter-name provider-name match-expression',
    apply: filterProvider,
  },
  {
    name: 'FilterChain',
    shape: 'ITERATE',
    where: OR_OPTIONS,
    usage: 'list of filter names with optional [+-=!@]',
    apply: (cmd, word) => void (cmd.dir.chain = chainStep(cmd.dir.chain, word)),
  },
  {
    name: 'FilterTrace',
    shape: 'TAKE2',
    where: RSRC_CONF | ACCESS_CONF,
    usage: 'filter-name debug-level',
    apply: trace,
  },
  {
    name: 'AddOutputFilterByType',
    shape: 'TAKE_ARGV',
    where: OR_FILEINFO,
    usage: 'output filter name followed by one or more content-types',
    apply: byType,
  },
  {
    name: 'FilterProtocol',
    shape: 'TAKE23',
    where: OR_OPTIONS,
    usage: 'filter-name [provider-name] protocol-args',
    apply: filterProtocol,
  },
];

/** The newer section's filters replace those of the same name; its chain goes behind, from its last reset on. */
export function mergeDir(base: DirConf, add: DirConf): DirConf {
  const merged: DirConf = {};
  if (base.filters !== undefined || add.filters !== undefined) {
    merged.filters = new Map([...(base.filters ?? []), ...(add.filters ?? [])]);
  }
  const { chain } = add;
  if (base.chain === undefined || chain === undefined) {
    const only = chain ?? base.chain;
    if (only !== undefined) merged.chain = only;
    return merged;
  }
  const reset = chain.lastIndexOf(null);
  merged.chain = reset < 0 ? [...base.chain, ...chain] : chain.slice(reset + 1);
  return merged;
}

function insertChain(r: Request): void {
  const { chain, filters } = modFilter.dir(r);
  if (chain === undefined) return;
  for (const name of chain) {
    if (name === null) continue;
    const filter = filters?.get(name);
    if (filter === undefined) {
      logRequest(r, 'filter', Level.warn, 'AH01380', `Unknown filter ${name} not added`);
      continue;
    }
    addOutputFilter(r, filter);
  }
}

/** The first provider that fits takes the body (filter_lookup). */
function choose(smart: SmartFilter, r: Request): Provider | undefined {
  // Answers other than 200 are left alone unless that is wanted (filter_harness).
  if (r.status !== 200 && r.getEnv('filter-errordocs') === undefined) return undefined;
  for (const provider of smart.providers) {
    if (!fits(provider, r)) continue;
    const bits = provider.protocol;
    if (r.proxyRequest !== 'none') {
      if ((bits & NO_PROXY) !== 0) continue;
      if ((bits & TRANSFORM) !== 0 && hasToken(r.headersOut.getJoined('cache-control'), 'no-transform'))
        continue;
    }
    applyProtocol(r, bits);
    if (smart.trace > 0)
      logRequest(r, 'filter', Level.trace1, 'AH01375', `trace ${smart.name}: ${provider.name}`);
    return provider;
  }
  return undefined;
}

function fits(provider: Provider, r: Request): boolean {
  if (provider.condition !== undefined) {
    const holds = evaluateBoolean(provider.condition, r);
    if (typeof holds === 'boolean') return holds;
    // Only the look-up of a host name takes time, and the body cannot wait for it.
    holds.catch(() => undefined);
    logRequest(
      r,
      'filter',
      Level.error,
      'AH01377',
      'Error evaluating filter dispatch condition: host name is not known yet',
    );
    return false;
  }
  const { contentType } = r;
  if (contentType === undefined) return false;
  const end = contentType.search(/[; \t]/);
  return provider.types?.has((end < 0 ? contentType : contentType.slice(0, end)).toLowerCase()) === true;
}

/** What FilterProtocol says of the filter's effect on the answer's fields. */
function applyProtocol(r: Request, bits: number): void {
  if (bits === 0) return;
  const { headersOut } = r;
  if ((bits & CHANGE) !== 0) {
    headersOut.delete('content-md5');
    headersOut.delete('etag');
    if ((bits & CHANGE_LENGTH) !== 0) headersOut.delete('content-length');
  }
  if ((bits & NO_CACHE) !== 0) {
    headersOut.delete('last-modified');
    headersOut.append('Cache-Control', 'no-cache');
  }
  if ((bits & NO_BYTERANGE) !== 0) headersOut.set('Accept-Ranges', 'none');
}

export const modFilter = defineModule<object, DirConf>({
  name: 'filter_module',
  file: 'mod_filter.c',
  directives,
  mergeDir,
  hooks: { insertFilter: insertChain },
});
