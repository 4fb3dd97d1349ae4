/** Directives of the core that belong to a server (server/core.c, modules/http/http_core.c). */
import {
  ACCESS_CONF,
  type ApplyResult,
  GLOBAL_ONLY,
  NOT_IN_DIR_CONTEXT,
  RSRC_CONF,
} from '../../config/directive.ts';
import { atoi, parseTimeout } from '../../config/values.ts';
import { allWords } from '../../config/words.ts';
import { compileErrorLogFormat } from '../../core/error-log-format.ts';
import { LEVEL_NAMES } from '../../core/log.ts';
import { asciiLower } from '../../lib/ascii.ts';
import { type Cmd, isDirectory, type Row, serverRow } from './core-row.ts';

/** `[scheme://]host[:port]`: only a port is looked at closely (server_hostname_port). */
function serverName(cmd: Cmd, arg: string): ApplyResult {
  if (/[*?]/.test(arg)) return `Invalid ServerName "${arg}" use ServerAlias to set multiple server names.`;
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(arg);
  const host = match?.[2] ?? arg;
  const portText = match?.[3];
  let port = 0;
  if (portText !== undefined && portText !== '') {
    port = /^\d+$/.test(portText) ? Number(portText) : 0;
    if (port < 1 || port > 65535)
      return `The port number "${arg}" is outside the appropriate range (i.e., 1..65535).`;
  }
  cmd.server.serverName = { scheme: match?.[1]?.toLowerCase(), host: host.replace(/^\[|\]$/g, ''), port };
  return undefined;
}

function serverAlias(cmd: Cmd, names: string): ApplyResult {
  if (!cmd.isVirtualHost) return 'ServerAlias only used in <VirtualHost>';
  for (const name of allWords(names.toLowerCase())) {
    if (/[*?]/.test(name)) (cmd.server.wildAliases ??= []).push(name);
    else (cmd.server.aliases ??= []).push(name);
  }
  return undefined;
}

function documentRoot(cmd: Cmd, arg: string): ApplyResult {
  const root = cmd.serverRootRelative(arg);
  const clean = root === '/' ? root : root.replace(/\/+$/, '');
  if (cmd.checksDocumentRoots && !isDirectory(clean)) {
    // httpd lets a virtual host come up without, and says so at every start.
    if (!cmd.isVirtualHost) return `DocumentRoot '${clean}' is not a directory, or is not readable`;
    cmd.warn(`AH00112: Warning: DocumentRoot [${clean}] does not exist`);
  }
  cmd.server.documentRoot = clean;
  return undefined;
}

/** The last of several takes the place of the others; without a name no such files are read. */
function accessFileName(cmd: Cmd, names: string): ApplyResult {
  cmd.server.accessFileNames = allWords(names).filter((name) => name !== '');
  return undefined;
}

/** Whatever atoi() makes of it (set_timeout). */
function timeout(cmd: Cmd, arg: string): ApplyResult {
  cmd.server.timeout = (parseTimeout(arg) ?? atoi(arg) * 1000) / 1000;
  return undefined;
}

function limit(
  field: 'limitRequestLine' | 'limitRequestFields' | 'limitRequestFieldSize',
  name: string,
): (cmd: Cmd, arg: string) => ApplyResult {
  return (cmd, arg) => {
    const value = atoi(arg);
    if (value < 0)
      return `${name} "${arg}" must be a non-negative integer${field === 'limitRequestFields' ? ' (0 = no limit)' : ''}`;
    cmd.server[field] = value;
    return undefined;
  };
}

const TOKENS: ReadonlyMap<string, string> = new Map([
  ['os', 'os'],
  ['min', 'min'],
  ['minimal', 'min'],
  ['major', 'major'],
  ['minor', 'minor'],
  ['prod', 'prod'],
  ['productonly', 'prod'],
  ['full', 'full'],
]);

function serverTokens(cmd: Cmd, arg: string): ApplyResult {
  const tokens = TOKENS.get(asciiLower(arg));
  if (tokens === undefined)
    return "ServerTokens takes 1 argument: 'Prod(uctOnly)', 'Major', 'Minor', 'Min(imal)', 'OS', or 'Full'";
  cmd.server.serverTokens = tokens;
  return undefined;
}

function traceEnable(cmd: Cmd, arg: string): ApplyResult {
  const mode = arg.toLowerCase();
  if (mode !== 'on' && mode !== 'off' && mode !== 'extended')
    return "TraceEnable must be one of 'on', 'off', or 'extended'";
  cmd.server.traceEnable = mode;
  return undefined;
}

function httpProtocolOptions(cmd: Cmd, arg: string): ApplyResult {
  switch (arg.toLowerCase()) {
    case 'allow0.9':
      cmd.server.allowHttp09 = true;
      return undefined;
    case 'require1.0':
      cmd.server.allowHttp09 = false;
      return undefined;
    case 'strict':
      cmd.server.strictHttp = true;
      return undefined;
    case 'unsafe':
      cmd.server.strictHttp = false;
      return undefined;
    case 'registeredmethods':
      cmd.server.lenientMethods = false;
      return undefined;
    case 'lenientmethods':
      cmd.server.lenientMethods = true;
      return undefined;
    default:
      return "HttpProtocolOptions accepts 'Unsafe' or 'Strict' (default), 'RegisteredMethods' or 'LenientMethods' (default), and 'Require1.0' or 'Allow0.9' (default)";
  }
}

/** Below it httpd doubts that the limit is meant. */
const LOW_LIMIT = 4;

function limitInternalRecursion(cmd: Cmd, first: string, second: string | undefined): ApplyResult {
  const redirects = atoi(first);
  const subrequests = second === undefined ? redirects : atoi(second);
  if (redirects <= 0 || subrequests <= 0) return 'The recursion limit must be greater than zero.';
  const advice = 'to very low numbers may cause normal requests to fail.';
  if (redirects < LOW_LIMIT) cmd.warn(`AH00119: Limiting internal redirects ${advice}`);
  if (second !== undefined && subrequests < LOW_LIMIT) {
    cmd.warn('AH00120: Limiting the subrequest depth to a very low level may cause normal requests to fail.');
  }
  cmd.server.maxRedirects = redirects;
  cmd.server.maxSubrequests = subrequests;
  return undefined;
}

/** LogLevel: `warn`, `proxy_fcgi:trace1`, `mod_ssl.c:info`, `ssl_module:info` (set_loglevel). */
function logLevel(cmd: Cmd, word: string): ApplyResult {
  const isSection = cmd.path !== undefined;
  const owner = isSection ? cmd.dir : cmd.server;
  const colon = word.indexOf(':');
  const levelName = (colon < 0 ? word : word.slice(colon + 1)).toLowerCase();
  let level = LEVEL_NAMES.indexOf(levelName);
  if (level < 0 && levelName === 'warning') level = 4;
  const moduleName = colon < 0 ? undefined : word.slice(0, colon);
  if (moduleName !== undefined && levelName === '')
    return `Module specifier '${moduleName}' must be followed by a log level keyword`;
  if (level < 0) {
    const place = moduleName === undefined ? '' : `${word}: `;
    return `${place}Log level keyword must be one of emerg/alert/crit/error/warn/notice/info/debug/trace1/.../trace8`;
  }
  if (moduleName !== undefined && !cmd.hasModule(moduleName)) return `Cannot find module ${moduleName}`;
  const previous = owner.logLevel;
  if (moduleName === undefined) {
    owner.logLevel = { level, modules: new Map() };
    return undefined;
  }
  const module = moduleName
    .replace(/^mod_/, '')
    .replace(/\.c$/, '')
    .replace(/_module$/, '');
  owner.logLevel = {
    level: previous?.level,
    modules: new Map([...(previous?.modules ?? []), [module, level]]),
  };
  return undefined;
}

/** ErrorLogFormat [connection|request] format (set_errorlog_format). */
function errorLogFormat(cmd: Cmd, first: string, second: string | undefined): ApplyResult {
  const type = first.toLowerCase();
  if (second !== undefined && type !== 'request' && type !== 'connection') {
    return 'ErrorLogFormat type must be one of request, connection';
  }
  // With an empty format httpd takes the type for the format.
  const isOnce = second !== undefined && second !== '';
  const format = compileErrorLogFormat(isOnce ? second : first, isOnce ? 'once' : 'main');
  if (typeof format === 'string') return format;
  const formats = cmd.server.errorLogFormat;
  if (!isOnce) cmd.server.errorLogFormat = { ...formats, main: format };
  else if (type === 'request')
    cmd.server.errorLogFormat = { ...formats, request: [...(formats?.request ?? []), format] };
  else cmd.server.errorLogFormat = { ...formats, connection: [...(formats?.connection ?? []), format] };
  return undefined;
}

function allowEncodedSlashes(cmd: Cmd, arg: string): ApplyResult {
  const mode = arg.toLowerCase();
  if (mode !== 'on' && mode !== 'off' && mode !== 'nodecode')
    return 'AllowEncodedSlashes must be On, Off, or NoDecode';
  cmd.dir.allowEncodedSlashes = mode;
  return undefined;
}

function protocol(cmd: Cmd, name: string): ApplyResult {
  cmd.server.protocol = asciiLower(name);
  return undefined;
}

function portReplaced(): ApplyResult {
  return 'Port was replaced with Listen in Apache 2.0';
}

export const serverRows: readonly Row[] = [
  serverRow(
    'AccessFileName',
    'RAW_ARGS',
    'Name(s) of per-directory config files (default: .htaccess)',
    accessFileName,
  ),
  serverRow('DocumentRoot', 'TAKE1', 'Root directory of the document tree', documentRoot),
  serverRow(
    'ServerAdmin',
    'TAKE1',
    'The email address of the server administrator',
    (cmd, a) => void (cmd.server.serverAdmin = a),
  ),
  serverRow('ServerName', 'TAKE1', 'The hostname and port of the server', serverName),
  serverRow('ServerAlias', 'RAW_ARGS', 'A name or names alternately used to access the server', serverAlias),
  serverRow(
    'ServerPath',
    'TAKE1',
    'The pathname the server can be reached at',
    (cmd, a) => void (cmd.server.legacyPath = a),
  ),
  serverRow('Timeout', 'TAKE1', 'Timeout duration (sec)', timeout),
  serverRow(
    'LimitRequestLine',
    'TAKE1',
    'Limit on maximum size of an HTTP request line',
    limit('limitRequestLine', 'LimitRequestLine'),
  ),
  serverRow(
    'LimitRequestFieldsize',
    'TAKE1',
    'Limit on maximum size of an HTTP request header field',
    limit('limitRequestFieldSize', 'LimitRequestFieldsize'),
  ),
  serverRow(
    'LimitRequestFields',
    'TAKE1',
    'Limit (0 = unlimited) on max number of header fields in a request message',
    limit('limitRequestFields', 'LimitRequestFields'),
  ),
  serverRow(
    'ServerTokens',
    'TAKE1',
    'Determine tokens displayed in the Server: header - Min(imal), Major, Minor, Prod(uctOnly), OS, or Full',
    serverTokens,
    { forbidden: GLOBAL_ONLY },
  ),
  serverRow(
    'TraceEnable',
    'TAKE1',
    "'on' (default), 'off' or 'extended' to trace request body content",
    traceEnable,
  ),
  serverRow(
    'HttpProtocolOptions',
    'ITERATE',
    "'Allow0.9' or 'Require1.0' (default); 'RegisteredMethods' or 'LenientMethods' (default); 'Unsafe' or 'Strict' (default). Sets HTTP acceptance rules",
    httpProtocolOptions,
  ),
  serverRow(
    'StrictHostCheck',
    'FLAG',
    'Controls whether a hostname match is required',
    (cmd, on) => void (cmd.server.strictHostCheck = on),
  ),
  serverRow(
    'LimitInternalRecursion',
    'TAKE12',
    'maximum recursion depth of internal redirects and subrequests',
    limitInternalRecursion,
  ),
  serverRow(
    'MergeSlashes',
    'FLAG',
    'Controls whether consecutive slashes in the URI path are merged',
    (cmd, on) => void (cmd.server.mergeSlashes = on),
  ),
  serverRow(
    'MergeTrailers',
    'FLAG',
    'merge request trailers into request headers or not',
    (cmd, on) => void (cmd.server.mergeTrailers = on),
  ),
  serverRow(
    'AllowEncodedSlashes',
    'TAKE1',
    "Allow URLs containing '/' encoded as '%2F'",
    allowEncodedSlashes,
    {
      forbidden: NOT_IN_DIR_CONTEXT,
    },
  ),
  serverRow('Protocol', 'TAKE1', 'Set the Protocol for httpd to use.', protocol),
  serverRow('ErrorLog', 'TAKE1', 'The filename of the error log', (cmd, a) => void (cmd.server.errorLog = a)),
  serverRow('ErrorLogFormat', 'TAKE12', 'Format string for the ErrorLog', errorLogFormat),
  {
    name: 'LogLevel',
    shape: 'ITERATE',
    where: RSRC_CONF | ACCESS_CONF,
    usage: 'Level of verbosity in error logging',
    apply: logLevel,
  },
  serverRow(
    'PidFile',
    'TAKE1',
    'A file for logging the server process ID',
    (cmd, a) => void (cmd.server.pidFile = a),
    { forbidden: GLOBAL_ONLY },
  ),
  serverRow('Port', 'TAKE1', 'Port was replaced with Listen in Apache 2.0', portReplaced),
  serverRow(
    'ExtendedStatus',
    'FLAG',
    '"On" to track extended status information, "Off" to disable',
    (cmd, on) => void (cmd.server.extendedStatus = on),
    { forbidden: GLOBAL_ONLY },
  ),
  serverRow(
    'SeeRequestTail',
    'FLAG',
    'For extended status, "On" to see the last 63 chars of the request line, "Off" (default) to see the first 63',
    (cmd, on) => void (cmd.server.seeRequestTail = on),
    { forbidden: GLOBAL_ONLY },
  ),
  serverRow(
    'RegisterHttpMethod',
    'ITERATE',
    'Registers non-standard HTTP methods',
    (cmd, m) => void (cmd.server.registeredMethods = [...(cmd.server.registeredMethods ?? []), m]),
    { forbidden: GLOBAL_ONLY },
  ),
];
