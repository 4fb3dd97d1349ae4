/** Configuration and directives of mod_cgi and mod_cgid. */
import { ACCESS_CONF, type AnyRow, GLOBAL_ONLY, RSRC_CONF } from '../../../config/directive.ts';
import { atoi, parseTimeout } from '../../../config/values.ts';

export interface ServerConf {
  logName?: string;
  /** Bytes. */
  logLength?: number;
  logBuffer?: number;
}
export interface DirConf {
  /** Milliseconds between two pieces of output; undefined: TimeOut. */
  timeout?: number;
}

export const DEFAULT_LOG_LENGTH = 10_385_760;
export const DEFAULT_LOG_BUFFER = 1024;

type Row = AnyRow<ServerConf, DirConf>;
const where = RSRC_CONF;

const COMMON: readonly Row[] = [
  {
    name: 'ScriptLog',
    shape: 'TAKE1',
    where,
    usage: 'the name of a log for script debugging info',
    apply: (cmd, name) => void (cmd.server.logName = cmd.serverRootRelative(name)),
  },
  {
    name: 'ScriptLogLength',
    shape: 'TAKE1',
    where,
    usage: 'the maximum length (in bytes) of the script debug log',
    apply: (cmd, text) => void (cmd.server.logLength = atoi(text)),
  },
  {
    name: 'ScriptLogBuffer',
    shape: 'TAKE1',
    where,
    usage: 'the maximum size (in bytes) to record of a POST request',
    apply: (cmd, text) => void (cmd.server.logBuffer = Math.max(0, atoi(text))),
  },
];

const timeoutRow = (name: string): Row => ({
  name,
  shape: 'TAKE1',
  where: RSRC_CONF | ACCESS_CONF,
  usage: 'The amount of time to wait between successful reads from the CGI script, in seconds.',
  apply: (cmd, text) => {
    const timeout = parseTimeout(text);
    if (timeout === undefined) return `${name} has wrong format`;
    cmd.dir.timeout = timeout;
    return undefined;
  },
});

export const cgiRows: readonly Row[] = [...COMMON, timeoutRow('CGIScriptTimeout')];
export const cgidRows: readonly Row[] = [
  ...COMMON,
  {
    name: 'ScriptSock',
    shape: 'TAKE1',
    where,
    forbidden: GLOBAL_ONLY,
    usage: 'the name of the socket to use for communication with the cgi daemon.',
    noEffect: 'scripts are started by the server itself, without a daemon',
    apply: () => undefined,
  },
  timeoutRow('CGIDScriptTimeout'),
];
