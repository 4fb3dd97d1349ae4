/** Directives of the core that belong to a directory, file or URL (server/core.c). */
import {
  ACCESS_CONF,
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_ALL,
  OR_AUTHCFG,
  OR_FILEINFO,
  OR_INDEXES,
  OR_LIMIT,
  OR_OPTIONS,
  RSRC_CONF,
} from '../../config/directive.ts';
import { getWord } from '../../config/words.ts';
import {
  type CoreDirConf,
  type CoreServerConf,
  type ErrorDocument,
  OPT_ALL,
  OPT_EXECCGI,
  OPT_INC_WITH_EXEC,
  OPT_INCLUDES,
  OPT_INDEXES,
  OPT_MULTI,
  OPT_NONE,
  OPT_SYM_LINKS,
  OPT_SYM_OWNER,
} from '../../core/core-config.ts';
import { documentKind } from '../../core/errors.ts';
import { positionOf } from '../../diagnostics/source.ts';
import { compileString } from '../../expr/index.ts';
import { byteCount } from './core-server-rows.ts';

type Cmd = Command<CoreServerConf, CoreDirConf>;
type Row = AnyRow<CoreServerConf, CoreDirConf>;

const OPTION_BITS: ReadonlyMap<string, number> = new Map([
  ['indexes', OPT_INDEXES],
  ['includes', OPT_INCLUDES | OPT_INC_WITH_EXEC],
  ['includesnoexec', OPT_INCLUDES],
  ['followsymlinks', OPT_SYM_LINKS],
  ['symlinksifownermatch', OPT_SYM_OWNER],
  ['execcgi', OPT_EXECCGI],
  ['multiviews', OPT_MULTI],
  ['runscripts', OPT_MULTI | OPT_EXECCGI],
  ['none', OPT_NONE],
  ['all', OPT_ALL],
]);

/** Options: all words with a sign or none, `All`/`None` apart (set_options). */
function options(cmd: Cmd, words: readonly string[]): ApplyResult {
  let first = true;
  let merge = false;
  for (const word of words) {
    const sign = word[0] === '+' || word[0] === '-' ? word[0] : '';
    const name = sign === '' ? word : word.slice(1);
    const lower = name.toLowerCase();
    const bits = OPTION_BITS.get(lower);
    if (first) {
      if (sign !== '') merge = true;
    } else if (lower !== 'none' && lower !== 'all' && (sign !== '') !== merge) {
      // Measured: "Options All -Indexes" passes, the first sign decides for the rest.
      if (!(words[0]?.toLowerCase() === 'all' && sign !== '')) {
        return 'Either all Options must start with + or -, or no Option may.';
      }
    }
    if (bits === undefined) return `Illegal option ${name}`;
    if ((bits & ~cmd.optionsAllowed) !== 0 && bits !== OPT_NONE) {
      return `Option ${name} not allowed here`;
    }
    applyOption(cmd.dir, sign, bits, first);
    first = false;
  }
  return undefined;
}

function applyOption(dir: CoreDirConf, sign: string, bits: number, first: boolean): void {
  if (sign === '-') {
    if (dir.options !== undefined) dir.options &= ~bits;
    else {
      dir.optionsRemove = (dir.optionsRemove ?? 0) | bits;
      dir.optionsAdd = (dir.optionsAdd ?? 0) & ~bits;
    }
  } else if (sign === '+') {
    if (dir.options !== undefined) dir.options |= bits;
    else {
      dir.optionsAdd = (dir.optionsAdd ?? 0) | bits;
      dir.optionsRemove = (dir.optionsRemove ?? 0) & ~bits;
    }
  } else {
    dir.options = first ? bits : (dir.options ?? 0) | bits;
    delete dir.optionsAdd;
    delete dir.optionsRemove;
  }
}

/** `line 14 of /etc/apache2/apache2.conf`. */
function placeInFile(cmd: Cmd): string {
  const { source, start } = cmd.node.span;
  return `line ${positionOf(source, start).line} of ${source.name}`;
}

const OVERRIDE_BITS: ReadonlyMap<string, number> = new Map([
  ['limit', OR_LIMIT],
  ['options', OR_OPTIONS],
  ['fileinfo', OR_FILEINFO],
  ['authconfig', OR_AUTHCFG],
  ['indexes', OR_INDEXES],
]);

/** Of Options, where AllowOverride does not name single ones. */
const EVERY_OPTION = 0xffff;

/** AllowOverride with Options=... and Nonfatal=... (set_override). */
function allowOverride(cmd: Cmd, words: readonly string[]): ApplyResult {
  if (cmd.enclosing.some((key) => /^<(location|files)/.test(key)))
    cmd.warn(`AH00114: Useless use of AllowOverride in ${placeInFile(cmd)}.`);
  const { dir } = cmd;
  dir.override = 0;
  // What an outer AllowOverride says of single options does not hold here.
  dir.overrideOptions = EVERY_OPTION;
  dir.overrideNonfatal = 0;
  dir.overrideUnknownNonfatal = false;
  for (const word of words) {
    const [name = '', value] = splitAtEqual(word.toLowerCase());
    const bits = OVERRIDE_BITS.get(name);
    if (name === 'options' && value !== undefined) {
      const allowed = overrideOptions(value);
      if (typeof allowed === 'string') return allowed;
      dir.override |= OR_OPTIONS;
      dir.overrideOptions = allowed;
    } else if (name === 'nonfatal') {
      const nonfatal =
        value === 'override' ? OR_ALL : value === 'unknown' ? 0 : value === 'all' ? OR_ALL : undefined;
      dir.overrideNonfatal |= nonfatal ?? 0;
      if (value === 'unknown' || value === 'all') dir.overrideUnknownNonfatal = true;
    } else if (bits !== undefined && value === undefined) {
      dir.override |= bits;
    } else if (name === 'none' && value === undefined) {
      dir.override = 0;
    } else if (name === 'all' && value === undefined) {
      dir.override = OR_ALL;
    } else {
      return `Illegal override option ${word}`;
    }
  }
  return undefined;
}

function splitAtEqual(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** `Options=Indexes,MultiViews`: bits that Options may set in .htaccess (set_allow_opts). */
function overrideOptions(list: string): number | string {
  let allowed = 0;
  for (const name of list.split(',')) {
    const bits = OPTION_BITS.get(name);
    if (bits === undefined) return `Illegal option ${name}`;
    allowed |= bits;
  }
  return allowed;
}

function allowOverrideList(cmd: Cmd, words: readonly string[]): ApplyResult {
  const list = new Set<string>();
  for (const word of words) {
    if (word.toLowerCase() === 'none') continue;
    const row = cmd.findRow(word);
    const { source, start } = cmd.node.span;
    const place = `${source.name}:${positionOf(source, start).line}`;
    if (row === undefined)
      cmd.warn(`AH00116: Discarding unrecognized directive \`${word}' in AllowOverrideList at ${place}`);
    else if ((row.where & OR_ALL) === 0)
      cmd.warn(`AH02304: Discarding directive \`${word}' not allowed in AllowOverrideList at ${place}`);
    else list.add(word.toLowerCase());
  }
  cmd.dir.overrideList = list;
  return undefined;
}

/** ErrorDocument: text by its quote, URL path, URL; `default` takes it back (set_error_document). */
function errorDocument(cmd: Cmd, raw: string): ApplyResult {
  const [code, rest] = getWord(raw);
  const text = rest.trimStart();
  if (code === '' || text === '')
    return 'ErrorDocument takes two arguments, Change responses for HTTP errors';
  if (!/^\d+$/.test(code)) return `Unsupported HTTP response code ${code}`;
  const status = Number(code);
  if (!KNOWN_STATUS.has(status)) return `Unsupported HTTP response code ${code}`;
  const isQuoted = text[0] === '"' || text[0] === "'";
  const [first, more] = getWord(text);
  // An unquoted text runs to the end of the line; httpd takes the first word when it is a URL.
  const kind = documentKind(isQuoted ? first : text);
  const value = kind === 'text' && !isQuoted ? text : first;
  if (kind !== 'text' && more.trim() !== '')
    return 'ErrorDocument takes two arguments, Change responses for HTTP errors';
  if (kind === 'remote' && status === 401) {
    const { source, start } = cmd.node.span;
    const place = `${source.name}:${positionOf(source, start).line}`;
    cmd.warn(`AH00113: ${place} cannot use a full URL in a 401 ErrorDocument directive --- ignoring!`);
    return undefined;
  }
  let document: ErrorDocument | 'default' = { kind, value };
  if (kind === 'text' && value.toLowerCase() === 'default' && !isQuoted) document = 'default';
  else if (value.includes('%{')) {
    const compiled = compileString(value, { restricted: cmd.isHtaccess });
    if (!compiled.ok) return `Cannot parse expression '${value}' in ErrorDocument: ${compiled.error.message}`;
    document = { kind, value, expression: compiled.expr };
  }
  const documents = new Map(cmd.dir.errorDocuments ?? []);
  documents.set(status, document);
  cmd.dir.errorDocuments = documents;
  return undefined;
}

/** Statuses httpd has a page for (status_lines of modules/http/http_protocol.c). */
const KNOWN_STATUS: ReadonlySet<number> = new Set([
  100, 101, 102, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308,
  400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422,
  423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
]);

const ETAG_BITS: ReadonlyMap<string, number> = new Map([
  ['mtime', 1],
  ['size', 2],
  ['inode', 4],
  ['digest', 8],
]);
export const ETAG_MTIME = 1;
export const ETAG_SIZE = 2;
export const ETAG_INODE = 4;
export const ETAG_DIGEST = 8;
const ETAG_ALL = 7;

/** FileETag: bits set, or changed by sign (set_etag_bits). */
function fileEtag(cmd: Cmd, words: readonly string[]): ApplyResult {
  let add = cmd.dir.etagAdd ?? 0;
  let remove = cmd.dir.etagRemove ?? 0;
  let plain = cmd.dir.etagBits;
  for (const word of words) {
    const sign = word[0] === '+' || word[0] === '-' ? word[0] : '';
    const name = sign === '' ? word : word.slice(1);
    const lower = name.toLowerCase();
    if (lower === 'all' || lower === 'none') {
      if (sign !== '') return `FileETag keyword '${name}' cannot be used with '+' or '-'`;
      plain = lower === 'all' ? ETAG_ALL : 0;
      add = remove = 0;
      continue;
    }
    const bit = ETAG_BITS.get(lower);
    if (bit === undefined) return `Unknown keyword '${name}' for ${cmd.node.name} directive`;
    if (sign === '') {
      plain = (plain ?? 0) | bit;
      add = remove = 0;
    } else if (sign === '+') {
      if (plain !== undefined) plain |= bit;
      add |= bit;
      remove &= ~bit;
    } else {
      if (plain !== undefined) plain &= ~bit;
      remove |= bit;
      add &= ~bit;
    }
  }
  if (plain !== undefined) cmd.dir.etagBits = plain;
  cmd.dir.etagAdd = add;
  cmd.dir.etagRemove = remove;
  return undefined;
}

function setHandler(cmd: Cmd, handler: string): ApplyResult {
  if (handler.toLowerCase() === 'none') {
    cmd.dir.handler = '';
    delete cmd.dir.handlerExpr;
    return undefined;
  }
  if (handler.includes('%{')) {
    const compiled = compileString(handler, { restricted: cmd.isHtaccess });
    if (!compiled.ok) return `Can't parse handler expression: ${compiled.error.message}`;
    cmd.dir.handlerExpr = compiled.expr;
    delete cmd.dir.handler;
    return undefined;
  }
  cmd.dir.handler = handler;
  delete cmd.dir.handlerExpr;
  return undefined;
}

/** A field that takes one of several words. */
function oneOf<F extends keyof CoreDirConf>(
  field: F,
  words: Readonly<Record<string, CoreDirConf[F]>>,
  error: string,
) {
  return (cmd: Cmd, arg: string): ApplyResult => {
    const key = arg.toLowerCase();
    if (!Object.hasOwn(words, key)) return error;
    cmd.dir[field] = words[key] as NonNullable<CoreDirConf[F]>;
    return undefined;
  };
}

function limitRequestBody(cmd: Cmd, arg: string): ApplyResult {
  if (!/^\d+$/.test(arg) || Number(arg) > Number.MAX_SAFE_INTEGER)
    return 'LimitRequestBody requires a non-negative integer.';
  cmd.dir.limitRequestBody = Number(arg);
  return undefined;
}

function limitXmlRequestBody(cmd: Cmd, arg: string): ApplyResult {
  const value = Number.parseInt(arg, 10) || 0;
  if (value < 0) return 'LimitXMLRequestBody requires a non-negative integer.';
  cmd.dir.limitXmlRequestBody = value;
  return undefined;
}

function rangeLimit(field: 'maxRanges' | 'maxRangeOverlaps' | 'maxRangeReversals', name: string) {
  return (cmd: Cmd, arg: string): ApplyResult => {
    const lower = arg.toLowerCase();
    if (lower === 'none' || lower === 'unlimited') cmd.dir[field] = lower;
    else if (lower === 'default') delete cmd.dir[field];
    else if (/^\d+$/.test(arg)) cmd.dir[field] = Number(arg) === 0 ? 'unlimited' : Number(arg);
    else return `${name} requires 'none', 'default', 'unlimited' or a positive integer`;
    return undefined;
  };
}

function cgiVar(cmd: Cmd, name: string, rule: string): ApplyResult {
  if (name !== 'REQUEST_URI') return `Unrecognized CGI variable: "${name}"`;
  const value = rule.toLowerCase();
  if (value !== 'current-uri' && value !== 'original-uri')
    return "Valid rules for REQUEST_URI are 'current-uri' and 'original-uri'";
  cmd.dir.cgiVarRules = new Map([...(cmd.dir.cgiVarRules ?? []), [name, value]]);
  return undefined;
}

function addDefaultCharset(cmd: Cmd, arg: string): ApplyResult {
  const lower = arg.toLowerCase();
  cmd.dir.addDefaultCharset = lower === 'off' ? null : lower === 'on' ? 'iso-8859-1' : arg;
  return undefined;
}

function filterList(field: 'outputFilters') {
  return (cmd: Cmd, arg: string): ApplyResult => {
    cmd.dir[field] = arg.toLowerCase() === 'none' ? [] : arg.split(';').filter((name) => name !== '');
    return undefined;
  };
}

export const NO_INPUT_FILTERS =
  'there are no input filters yet: request bodies reach their readers as the client sent them';

function setInputFilter(cmd: Cmd, arg: string): ApplyResult {
  if (arg.toLowerCase() !== 'none') cmd.warn(`${cmd.node.name} ${arg} has no effect: ${NO_INPUT_FILTERS}`);
  return undefined;
}

function defaultType(cmd: Cmd, arg: string): ApplyResult {
  if (arg.toLowerCase() !== 'none') {
    cmd.warn(`AH00117: Ignoring deprecated use of DefaultType in ${placeInFile(cmd)}.`);
  }
  return undefined;
}

const onOff = <T>(on: T, off: T): Readonly<Record<string, T>> => ({ on, off });
const none = (): ApplyResult => undefined;
const RLIMIT = 'no processes are started for requests here';

function row<K extends Row['shape']>(
  name: string,
  shape: K,
  where: number,
  usage: string,
  apply: Extract<Row, { shape: K }>['apply'],
  noEffect?: string,
): Row {
  return { name, shape, where, usage, apply, ...(noEffect === undefined ? {} : { noEffect }) } as Row;
}

export const dirRows: readonly Row[] = [
  row(
    'Options',
    'TAKE_ARGV',
    OR_OPTIONS | RSRC_CONF | ACCESS_CONF,
    'Set a number of attributes for a given directory',
    options,
  ),
  row(
    'AllowOverride',
    'TAKE_ARGV',
    ACCESS_CONF,
    'Controls what groups of directives can be configured by per-directory config files',
    allowOverride,
  ),
  row(
    'AllowOverrideList',
    'TAKE_ARGV',
    ACCESS_CONF,
    'Controls what individual directives can be configured by per-directory config files',
    allowOverrideList,
  ),
  row('ErrorDocument', 'RAW_ARGS', OR_FILEINFO, 'Change responses for HTTP errors', errorDocument),
  row('FileETag', 'TAKE_ARGV', OR_FILEINFO, "Specify components used to construct a file's ETag", fileEtag),
  row(
    'SetHandler',
    'TAKE1',
    OR_FILEINFO,
    'a handler name that overrides any other configured handler',
    setHandler,
  ),
  row(
    'ForceType',
    'TAKE1',
    OR_FILEINFO,
    'a mime type that overrides other configured type',
    (cmd, a) => void (cmd.dir.forceType = a.toLowerCase() === 'none' ? '' : a),
  ),
  row(
    'AcceptPathInfo',
    'TAKE1',
    OR_FILEINFO,
    'Set to on or off for PATH_INFO to be accepted by handlers, or default for the per-handler preference',
    oneOf(
      'acceptPathInfo',
      { on: 'on', off: 'off', default: 'default' },
      'AcceptPathInfo must be set to on, off or default',
    ),
  ),
  row(
    'AddDefaultCharset',
    'TAKE1',
    OR_FILEINFO,
    "The name of the default charset to add to any Content-Type without one or 'Off' to disable",
    addDefaultCharset,
  ),
  row(
    'ServerSignature',
    'TAKE1',
    OR_ALL,
    'En-/disable server signature (on|off|email)',
    oneOf(
      'serverSignature',
      { on: 'on', off: 'off', email: 'email' },
      'ServerSignature: use one of: off | on | email',
    ),
  ),
  row(
    'HostnameLookups',
    'TAKE1',
    ACCESS_CONF | RSRC_CONF,
    '"on" to enable, "off" to disable reverse DNS lookups, or "double" to enable double-reverse DNS lookups',
    oneOf(
      'hostnameLookups',
      { on: 'on', off: 'off', double: 'double' },
      "parameter must be 'on', 'off', or 'double'",
    ),
  ),
  row(
    'UseCanonicalName',
    'TAKE1',
    RSRC_CONF | ACCESS_CONF,
    'How to work out the ServerName : Port when constructing URLs',
    oneOf(
      'useCanonicalName',
      { on: 'on', off: 'off', dns: 'dns' },
      "parameter must be 'on', 'off', or 'dns'",
    ),
  ),
  row(
    'UseCanonicalPhysicalPort',
    'FLAG',
    RSRC_CONF | ACCESS_CONF,
    'Whether to use the physical Port when constructing URLs',
    (cmd, on) => void (cmd.dir.useCanonicalPhysicalPort = on),
  ),
  row(
    'LimitRequestBody',
    'TAKE1',
    OR_ALL,
    'Limit (in bytes) on maximum size of request message body',
    limitRequestBody,
  ),
  row(
    'LimitXMLRequestBody',
    'TAKE1',
    OR_ALL,
    'Limit (in bytes) on maximum size of an XML-based request body',
    limitXmlRequestBody,
    'no module here reads XML bodies',
  ),
  row(
    'MaxRanges',
    'TAKE1',
    RSRC_CONF | ACCESS_CONF,
    'Maximum number of Ranges in a request before returning the entire resource, or 0 for unlimited',
    rangeLimit('maxRanges', 'MaxRanges'),
  ),
  row(
    'MaxRangeOverlaps',
    'TAKE1',
    RSRC_CONF | ACCESS_CONF,
    'Maximum number of overlaps in Ranges in a request before returning the entire resource, or 0 for unlimited',
    rangeLimit('maxRangeOverlaps', 'MaxRangeOverlaps'),
  ),
  row(
    'MaxRangeReversals',
    'TAKE1',
    RSRC_CONF | ACCESS_CONF,
    'Maximum number of reversals in Ranges in a request before returning the entire resource, or 0 for unlimited',
    rangeLimit('maxRangeReversals', 'MaxRangeReversals'),
  ),
  row(
    'CGIPassAuth',
    'FLAG',
    OR_AUTHCFG,
    'Controls whether HTTP authorization headers, normally hidden, will be passed to scripts',
    (cmd, on) => void (cmd.dir.cgiPassAuth = on),
  ),
  row('CGIVar', 'TAKE2', OR_FILEINFO, 'Controls how some CGI variables are set', cgiVar),
  row(
    'QualifyRedirectURL',
    'FLAG',
    OR_FILEINFO,
    'Controls whether the REDIRECT_URL environment variable is fully qualified',
    (cmd, on) => void (cmd.dir.qualifyRedirectUrl = on),
  ),
  row(
    'SetOutputFilter',
    'TAKE1',
    OR_FILEINFO,
    'filter (or ; delimited list of filters) to be run on the request content',
    filterList('outputFilters'),
  ),
  row(
    'SetInputFilter',
    'TAKE1',
    OR_FILEINFO,
    'filter (or ; delimited list of filters) to be run on the request body',
    setInputFilter,
    NO_INPUT_FILTERS,
  ),
  row(
    'EnableSendfile',
    'TAKE1',
    OR_FILEINFO,
    'Controls whether sendfile may be used to transmit files',
    oneOf('enableSendfile', onOff(true, false), "parameter must be 'on' or 'off'"),
    'Node.js does not offer sendfile',
  ),
  row(
    'EnableMMAP',
    'TAKE1',
    OR_FILEINFO,
    'Controls whether memory-mapping may be used to read files',
    oneOf('enableMmap', onOff(true, false), "parameter must be 'on' or 'off'"),
    'Node.js does not map files to memory',
  ),
  row(
    'ReadBufferSize',
    'TAKE1',
    ACCESS_CONF | RSRC_CONF,
    'Size (in bytes) of the memory buffers used to read data',
    byteCount,
    'buffer sizes follow the speed of the reader',
  ),
  row(
    'ContentDigest',
    'FLAG',
    OR_OPTIONS,
    'whether or not to send a Content-MD5 header with each request',
    (cmd, on) => void (cmd.dir.contentDigest = on),
  ),
  row(
    'DefaultType',
    'TAKE1',
    OR_FILEINFO,
    'the default media type for otherwise untyped files (DEPRECATED)',
    defaultType,
    'removed in httpd 2.4',
  ),
  row('RLimitCPU', 'TAKE12', OR_ALL, 'Soft/hard limits for max CPU usage in seconds', none, RLIMIT),
  row('RLimitMEM', 'TAKE12', OR_ALL, 'Soft/hard limits for max memory usage per process', none, RLIMIT),
  row('RLimitNPROC', 'TAKE12', OR_ALL, 'soft/hard limits for max number of processes per uid', none, RLIMIT),
];
