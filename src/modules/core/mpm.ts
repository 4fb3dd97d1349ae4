/**
 * The MPM directives (server/mpm/event, worker, prefork and mpm_common.c). One process serves all connections, so that those which size pools
 * of processes and threads have no effect; their arguments are checked all the same. Whichever MPM a configuration loads, these are its rows.
 */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  GLOBAL_ONLY,
  RSRC_CONF,
} from '../../config/directive.ts';
import { atoi } from '../../config/values.ts';
import { coreServerOf } from '../../core/core-config.ts';
import { defineModule } from '../../core/module.ts';
import { isLiteralAddress, parsePort, splitHostPort } from './addresses.ts';

type Cmd = Command<object, object>;
type Row = AnyRow<object, object>;

/** Listen: `[address:]port [protocol]` (ap_set_listener). */
function listen(cmd: Cmd, words: readonly string[]): ApplyResult {
  const [first, protocol, ...more] = words;
  if (first === undefined || more.length > 0) return 'Listen requires 1 or 2 arguments.';
  const isBarePort = /^\d+$/.test(first);
  const split = isBarePort ? { host: undefined, port: first } : splitHostPort(first);
  if (typeof split === 'string') return 'Invalid address or port';
  const { host, port } = split;
  // What is no number belongs to the name, except behind brackets.
  const isName = port !== undefined && !/^\d+$/.test(port) && !first.startsWith('[');
  if (port === undefined || isName) return 'Port must be specified';
  const number = parsePort(port);
  if (number === undefined) return 'Invalid address or port';
  const isAny = host === undefined || host === '*';
  const scheme = protocol?.toLowerCase() ?? (number === 443 ? 'https' : 'http');
  const core = coreServerOf(cmd);
  if (!isAny && !isLiteralAddress(host) && /^[0-9.]+$/.test(host)) {
    cmd.warn(
      `(EAI 2)Name or service not known: AH00077: alloc_listener: failed to set up sockaddr for ${host}`,
    );
    return 'Listen setup failed';
  }
  if (!isAny && !/^[A-Za-z0-9._:-]+$/.test(host)) return 'Invalid address or port';
  core.listen = [
    ...(core.listen ?? []),
    { text: first, host: isAny ? undefined : host, port: number, protocol: scheme },
  ];
  return undefined;
}

const NO_POOL = 'one process serves all connections without threads';

const none = (): ApplyResult => undefined;

/** httpd reads these with atoi() and sets right what is out of range: no text is an error. */
function poolRow(
  name: string,
  usage: string,
  noEffect = NO_POOL,
  apply: (cmd: Cmd, arg: string) => ApplyResult = none,
): Row {
  return { name, shape: 'TAKE1', where: RSRC_CONF, forbidden: GLOBAL_ONLY, usage, noEffect, apply };
}

/** SendBufferSize, ReceiveBufferSize. */
function bufferSize(cmd: Cmd, arg: string): ApplyResult {
  const size = atoi(arg);
  return size !== 0 && size < 512
    ? `${cmd.node.name} must be >= 512 bytes, or 0 for system default.`
    : undefined;
}

function bucketsRatio(_cmd: Cmd, arg: string): ApplyResult {
  return atoi(arg) > 0 ? undefined : 'ListenCoresBucketsRatio must be > 0';
}

const listenRows: readonly Row[] = [
  {
    name: 'ListenBacklog',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'Maximum length of the queue of pending connections, as used by listen(2)',
    apply: (cmd, arg) => {
      const backlog = atoi(arg);
      if (backlog <= 0) return 'ListenBacklog must be > 0';
      coreServerOf(cmd).listenBacklog = backlog;
      return undefined;
    },
  },
  poolRow(
    'ListenCoresBucketsRatio',
    'Ratio between the number of CPU cores (online) and the number of listeners buckets',
    NO_POOL,
    bucketsRatio,
  ),
  {
    name: 'Listen',
    shape: 'TAKE_ARGV',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'A port number or a numeric IP address and a port number, and an optional protocol',
    apply: listen,
  },
  poolRow(
    'SendBufferSize',
    'Send buffer size in bytes',
    'Node.js leaves socket buffers to the system',
    bufferSize,
  ),
  poolRow(
    'ReceiveBufferSize',
    'Receive buffer size in bytes',
    'Node.js leaves socket buffers to the system',
    bufferSize,
  ),
  {
    name: 'ListenTCPDeferAccept',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'Value set for the socket option TCP_DEFER_ACCEPT if it is set',
    noEffect: 'Node.js does not offer the option',
    apply: (_cmd, arg) => (atoi(arg) > 0 ? undefined : 'ListenTCPDeferAccept must be > 0'),
  },
];

const poolRows: readonly Row[] = [
  poolRow('StartServers', 'Number of child processes launched at server startup'),
  poolRow('ServerLimit', 'Maximum number of child processes for this run of Apache'),
  poolRow('MaxClients', 'Deprecated name of MaxRequestWorkers'),
  poolRow('MaxRequestWorkers', 'Maximum number of threads alive at the same time'),
  {
    name: 'GracefulShutdownTimeout',
    shape: 'TAKE1',
    where: RSRC_CONF,
    forbidden: GLOBAL_ONLY,
    usage: 'Maximum time in seconds to wait for child processes to complete transactions during shutdown',
    apply: (cmd, arg) => {
      coreServerOf(cmd).gracefulShutdownTimeout = atoi(arg);
      return undefined;
    },
  },
];

const threadRows: readonly Row[] = [
  poolRow('MinSpareThreads', 'Minimum number of idle threads, to handle request spikes'),
  poolRow('MaxSpareThreads', 'Maximum number of idle threads'),
  poolRow('ThreadsPerChild', 'Number of threads each child creates'),
  poolRow(
    'ThreadLimit',
    'Maximum number of worker threads per child process for this run of Apache - Upper limit for ThreadsPerChild',
  ),
];

const eventRows: readonly Row[] = [
  {
    ...poolRow(
      'AsyncRequestWorkerFactor',
      'How many additional connects will be accepted per idle worker thread',
    ),
    shape: 'TAKE1',
    apply: (_cmd: Cmd, arg: string): ApplyResult => {
      const factor = Number(arg);
      if (Number.isNaN(factor)) return 'error parsing value';
      return factor > 0 ? undefined : 'AsyncRequestWorkerFactor argument must be a positive number';
    },
  } as Row,
];

const preforkRows: readonly Row[] = [
  poolRow('MinSpareServers', 'Minimum number of idle children, to handle request spikes'),
  poolRow('MaxSpareServers', 'Maximum number of idle children'),
];

export const mpmEvent = defineModule({
  name: 'mpm_event_module',
  file: 'event.c',
  directives: [...listenRows, ...poolRows, ...threadRows, ...eventRows],
});
export const mpmWorker = defineModule({
  name: 'mpm_worker_module',
  file: 'worker.c',
  directives: [...listenRows, ...poolRows, ...threadRows],
});
export const mpmPrefork = defineModule({
  name: 'mpm_prefork_module',
  file: 'prefork.c',
  directives: [...listenRows, ...poolRows, ...preforkRows],
});
