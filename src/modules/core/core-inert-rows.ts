/** Directives of a server that have nothing to change here. Their arguments are checked as httpd checks them; each says why it has no effect. */
import { statSync } from 'node:fs';
import { type ApplyResult, GLOBAL_ONLY } from '../../config/directive.ts';
import { parseLong, parseWhole } from '../../config/values.ts';
import { positionOf } from '../../diagnostics/source.ts';
import { type Cmd, isDirectory, type Row, serverRow } from './core-row.ts';

/** A size in bytes of something that is not sized here. */
export function byteCount(_cmd: unknown, arg: string): ApplyResult {
  const size = parseWhole(arg);
  return size !== undefined && size >= 0 && size < 2 ** 32
    ? undefined
    : `parameter must be a number between 0 and (4294967295U)): ${arg}`;
}

function flushMaxPipelined(_cmd: unknown, arg: string): ApplyResult {
  const count = parseWhole(arg);
  return count !== undefined && count >= -1 && count < 2 ** 31
    ? undefined
    : `parameter must be a number between -1 and (2147483647): ${arg}`;
}

/** MaxMemFree, ThreadStackSize. */
function unsizedHere(cmd: Cmd, arg: string): ApplyResult {
  const { value, outOfRange } = parseLong(arg);
  return value < 0n || outOfRange ? `Invalid ${cmd.node.name} value: ${arg}` : undefined;
}

function protocolsHonorOrder(_cmd: Cmd, arg: string): ApplyResult {
  return /^(on|off)$/i.test(arg) ? undefined : "ProtocolsHonorOrder must be 'on' or 'off'";
}

/** ap_mpm_set_coredumpdir. */
function coreDumpDirectory(cmd: Cmd, arg: string): ApplyResult {
  const path = cmd.serverRootRelative(arg);
  const found = statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false });
  if (found === undefined) return `CoreDumpDirectory ${path} does not exist`;
  return found.isDirectory() ? undefined : `CoreDumpDirectory ${path} is not a directory`;
}

const MUTEX_MECHANISMS =
  "'none', 'default', 'flock:/path/to/file', 'fcntl:/path/to/file', 'file:/path/to/file', 'pthread', 'sysvsem', 'posixsem', 'sem'";

/** The types of mutexes (ap_mutex_register) and the modules that have them; those of modules that are not here are taken as they come. */
const MUTEX_TYPES: ReadonlyMap<string, readonly string[] | 'always'> = new Map<string, string[] | 'always'>([
  ['watchdog-callback', 'always'],
  ['ldap-cache', 'always'],
  ['lua-ivm-shm', 'always'],
  ['mpm-accept', ['mpm_prefork', 'mpm_worker']],
  ['rewrite-map', ['rewrite']],
  ['ssl-cache', ['ssl']],
  ['ssl-stapling', ['ssl']],
  ['ssl-stapling-refresh', ['ssl']],
  ['authn-socache', ['authn_socache']],
  ['cache-socache', ['cache_socache']],
  ['authdigest-client', ['auth_digest']],
  ['proxy', ['proxy']],
  ['proxy-balancer-shm', ['proxy_balancer']],
]);

function isMutexType(cmd: Cmd, type: string): boolean {
  if (/^(?:default|omitpid)$/i.test(type)) return true;
  const owners = MUTEX_TYPES.get(type);
  return owners === 'always' || owners?.some((owner) => cmd.hasModule(owner)) === true;
}

/** ap_set_mutex. */
function mutex(cmd: Cmd, words: readonly string[]): ApplyResult {
  const [mechanism, ...types] = words;
  if (mechanism === undefined)
    return `Mutex requires at least a mechanism argument (Mutex mechanisms are: ${MUTEX_MECHANISMS})`;
  const match = /^(none|default|no|yes|sem|posixsem|sysvsem|pthread|(?:file|flock|fcntl)(?::(.*))?)$/i.exec(
    mechanism,
  );
  if (match === null)
    return `Invalid Mutex argument ${mechanism} (Mutex mechanisms are: ${MUTEX_MECHANISMS})`;
  const directory = match[2];
  if (directory !== undefined && !isDirectory(cmd.serverRootRelative(directory)))
    return `Invalid Mutex directory in argument ${mechanism}`;
  const unknown = types.find((type) => !isMutexType(cmd, type));
  if (unknown !== undefined) return `Mutex type ${unknown} is not valid`;
  const isDefault = types.length === 0 || types.some((type) => type.toLowerCase() === 'default');
  if (mechanism.toLowerCase() === 'none' && isDefault) return 'None is not allowed for mutex type default';
  return undefined;
}

const none = (): ApplyResult => undefined;
const NO_WORKERS = 'one process serves all connections without threads';

function nameVirtualHost(cmd: Cmd): ApplyResult {
  const { source, start } = cmd.node.span;
  cmd.warn(
    `AH00548: NameVirtualHost has no effect and will be removed in the next release ${source.name}:${positionOf(source, start).line}`,
  );
  return undefined;
}

export const inertServerRows: readonly Row[] = [
  serverRow('Protocols', 'ITERATE', 'Controls which protocols are allowed', none, {
    noEffect: 'HTTP/1.1 is the only protocol spoken to clients',
  }),
  serverRow(
    'ProtocolsHonorOrder',
    'TAKE1',
    "'off' (default) or 'on' to respect given order of protocols, by default the client specified order determines selection",
    protocolsHonorOrder,
    { noEffect: 'HTTP/1.1 is the only protocol spoken to clients' },
  ),
  serverRow('NameVirtualHost', 'TAKE1', 'A numeric IP address:port, or the name of a host', nameVirtualHost, {
    noEffect: 'removed in httpd 2.4: every address with several virtual hosts is name-based',
  }),
  serverRow('AcceptFilter', 'TAKE2', 'Set the Accept Filter to use for a protocol', none, {
    forbidden: GLOBAL_ONLY,
    noEffect: 'Node.js has no accept filters',
  }),
  serverRow(
    'FlushMaxThreshold',
    'TAKE1',
    'Maximum threshold above which pending data are flushed to the network',
    byteCount,
    { noEffect: 'backpressure decides when data are flushed' },
  ),
  serverRow(
    'FlushMaxPipelined',
    'TAKE1',
    'Maximum number of pipelined responses (pending) above which they are flushed to the network',
    flushMaxPipelined,
    { noEffect: 'every answer is flushed at its end' },
  ),
  serverRow('Mutex', 'TAKE_ARGV', 'mutex (or "default") and mechanism', mutex, {
    forbidden: GLOBAL_ONLY,
    noEffect: 'there is nothing to lock in one process',
  }),
  serverRow(
    'ScoreBoardFile',
    'TAKE1',
    'A file for Apache to maintain runtime process management information',
    none,
    { forbidden: GLOBAL_ONLY, noEffect: 'the scoreboard is kept in memory' },
  ),
  serverRow(
    'MaxRequestsPerChild',
    'TAKE1',
    'Maximum number of connections a particular child serves before dying. (DEPRECATED, use MaxConnectionsPerChild)',
    none,
    { forbidden: GLOBAL_ONLY, noEffect: NO_WORKERS },
  ),
  serverRow(
    'MaxConnectionsPerChild',
    'TAKE1',
    'Maximum number of connections a particular child serves before dying.',
    none,
    { forbidden: GLOBAL_ONLY, noEffect: NO_WORKERS },
  ),
  serverRow(
    'CoreDumpDirectory',
    'TAKE1',
    'The location of the directory Apache changes to before dumping core',
    coreDumpDirectory,
    { forbidden: GLOBAL_ONLY, noEffect: 'Node.js decides where it leaves a report' },
  ),
  serverRow(
    'MaxMemFree',
    'TAKE1',
    "Maximum number of 1k blocks a particular child's allocator may hold.",
    unsizedHere,
    {
      forbidden: GLOBAL_ONLY,
      noEffect: 'memory is managed by the garbage collector',
    },
  ),
  serverRow(
    'ThreadStackSize',
    'TAKE1',
    'Size in bytes of stack used by threads handling client connections',
    unsizedHere,
    { forbidden: GLOBAL_ONLY, noEffect: NO_WORKERS },
  ),
];
