/** Directives of the core that belong to a directory, file or URL (server/core.c). */
import {
  ACCESS_CONF,
  type ApplyResult,
  OR_ALL,
  OR_AUTHCFG,
  OR_FILEINFO,
  OR_OPTIONS,
  RSRC_CONF,
} from '../../config/directive.ts';
import { atoi, parseLong, parseWhole } from '../../config/values.ts';
import { allWords } from '../../config/words.ts';
import type { CoreDirConf } from '../../core/core-config.ts';
import { EtagBit } from '../../core/etag.ts';
import { compileString } from '../../expr/index.ts';
import { errorDocument } from './core-error-document.ts';
import { byteCount } from './core-inert-rows.ts';
import { optionRows } from './core-option-rows.ts';
import { type Cmd, placeInFile, type Row, row } from './core-row.ts';

const ETAG_BITS: ReadonlyMap<string, number> = new Map(Object.entries(EtagBit));
/** Whatever a file's ETag can be made of without reading it. */
const ETAG_ALL = EtagBit.mtime | EtagBit.size | EtagBit.inode;

/** FileETag: bits set, or changed by sign (set_etag_bits). */
function fileEtag(cmd: Cmd, text: string): ApplyResult {
  let add = cmd.dir.etagAdd ?? 0;
  let remove = cmd.dir.etagRemove ?? 0;
  let plain = cmd.dir.etagBits;
  for (const word of allWords(text)) {
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
    if (!compiled.ok) return `Can't parse expression : ${compiled.error.message}`;
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
  const value = parseWhole(arg);
  if (value === undefined && parseLong(arg).outOfRange) return 'LimitRequestBody argument is not parsable.';
  if (value === undefined || value < 0) return 'LimitRequestBody requires a non-negative integer.';
  cmd.dir.limitRequestBody = value;
  return undefined;
}

/** What leaves room for the text's parsed form (AP_MAX_LIMIT_XML_BODY). */
const LARGEST_XML_BODY = 3_074_457_345_618_258_601n;

function limitXmlRequestBody(_cmd: Cmd, arg: string): ApplyResult {
  const { value } = parseLong(arg);
  if (value < 0n) return 'LimitXMLRequestBody requires a non-negative integer.';
  if (value > LARGEST_XML_BODY) return `LimitXMLRequestBody must not exceed ${LARGEST_XML_BODY}`;
  return undefined;
}

function rangeLimit(field: 'maxRanges' | 'maxRangeOverlaps' | 'maxRangeReversals', name: string) {
  return (cmd: Cmd, arg: string): ApplyResult => {
    const lower = arg.toLowerCase();
    if (lower === 'none' || lower === 'unlimited' || lower === 'default') cmd.dir[field] = lower;
    else if (atoi(arg) > 0) cmd.dir[field] = atoi(arg);
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

function filterList(field: 'outputFilters' | 'inputFilters') {
  return (cmd: Cmd, arg: string): ApplyResult => {
    cmd.dir[field] = arg.toLowerCase() === 'none' ? [] : arg.split(';').filter((name) => name !== '');
    return undefined;
  };
}

function defaultType(cmd: Cmd, arg: string): ApplyResult {
  if (!/^(none|off)$/i.test(arg)) {
    cmd.warn(`AH00117: Ignoring deprecated use of DefaultType in ${placeInFile(cmd)}.`);
  }
  return undefined;
}

const ON_OR_OFF = "parameter must be 'on' or 'off'";
const onOrOff = (_cmd: Cmd, arg: string): ApplyResult => (/^o(?:n|ff)$/i.test(arg) ? undefined : ON_OR_OFF);
const none = (): ApplyResult => undefined;
const RLIMIT = 'Node.js cannot limit the processes it starts';

export const dirRows: readonly Row[] = [
  ...optionRows,
  row('ErrorDocument', 'TAKE2', OR_FILEINFO, 'Change responses for HTTP errors', errorDocument),
  row('FileETag', 'RAW_ARGS', OR_FILEINFO, "Specify components used to construct a file's ETag", fileEtag),
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
    'TAKE1',
    RSRC_CONF | ACCESS_CONF,
    'Whether to use the physical Port when constructing URLs',
    oneOf('useCanonicalPhysicalPort', { on: true, off: false }, ON_OR_OFF),
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
    filterList('inputFilters'),
  ),
  row(
    'EnableSendfile',
    'TAKE1',
    OR_FILEINFO,
    'Controls whether sendfile may be used to transmit files',
    onOrOff,
    'Node.js does not offer sendfile',
  ),
  row(
    'EnableMMAP',
    'TAKE1',
    OR_FILEINFO,
    'Controls whether memory-mapping may be used to read files',
    onOrOff,
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
