/**
 * The error log: levels, and lines in httpd's format (server/log.c). Where lines go is a sink the server sets up; what they look like is a
 * compiled ErrorLogFormat, or httpd's default.
 */
import { isMainThread, threadId } from 'node:worker_threads';
import { type CoreDirConf, coreDir, type LogLevels } from './core-config.ts';
import type { Connection } from './connection.ts';
import type { Request } from './request.ts';
import type { VirtualServer } from './virtual-server.ts';

/** Levels as syslog's; trace1 is 8. */
export const Level = {
  emerg: 0,
  alert: 1,
  crit: 2,
  error: 3,
  warn: 4,
  notice: 5,
  info: 6,
  debug: 7,
  trace1: 8,
  trace2: 9,
  trace3: 10,
  trace4: 11,
  trace5: 12,
  trace6: 13,
  trace7: 14,
  trace8: 15,
} as const;
export const LEVEL_NAMES: readonly string[] = Object.keys(Level);
const DEFAULT_LEVEL = Level.warn;

/** One event, before it is text. */
export interface LogEntry {
  /** Milliseconds since 1970, fractional. */
  readonly time: number;
  readonly level: number;
  /** Module without `mod_` and `_module`: `core`, `proxy_fcgi`. */
  readonly module: string;
  /** `AH01071`, or empty. */
  readonly tag: string;
  readonly message: string;
  readonly server: VirtualServer | undefined;
  readonly connection: Connection | undefined;
  readonly request: Request | undefined;
}

export type LogSink = (line: string) => void;
export type LogFormatter = (entry: LogEntry) => string | undefined;

/** The log of one server: its levels, its format, where its lines go. */
export class Log {
  readonly levels: LogLevels | undefined;
  readonly format: LogFormatter;
  sink: LogSink;

  constructor(levels: LogLevels | undefined, sink: LogSink, format: LogFormatter = formatDefault) {
    this.levels = levels;
    this.sink = sink;
    this.format = format;
  }

  /** Whether an event of a module at a level is written. */
  isOn(module: string, level: number): boolean {
    return level <= levelFor(this.levels, module);
  }

  write(entry: LogEntry): void {
    const line = this.format(entry);
    if (line !== undefined) this.sink(line);
  }
}

function levelFor(levels: LogLevels | undefined, module: string): number {
  return levels?.modules.get(module) ?? levels?.level ?? DEFAULT_LEVEL;
}

/** Whether this request's events of a module at a level are written: LogLevel of its sections first. */
export function isLogged(r: Request, module: string, level: number): boolean {
  const own: LogLevels | undefined = (coreDir(r) as CoreDirConf).logLevel;
  if (own === undefined) return r.server.log.isOn(module, level);
  return level <= (own.modules.get(module) ?? own.level ?? levelFor(r.server.log.levels, module));
}

/** Logs an event of a request (ap_log_rerror). */
export function logRequest(r: Request, module: string, level: number, tag: string, message: string): void {
  if (!isLogged(r, module, level)) return;
  r.server.log.write({ time: now(), level, module, tag, message, server: r.server, connection: r.connection, request: r });
}

/** Logs an event of a connection without a request (ap_log_cerror). */
export function logConnection(c: Connection, module: string, level: number, tag: string, message: string): void {
  const server = c.baseServer;
  if (!server.log.isOn(module, level)) return;
  server.log.write({ time: now(), level, module, tag, message, server, connection: c, request: undefined });
}

/** Logs an event of a server (ap_log_error). */
export function logServer(server: VirtualServer, module: string, level: number, tag: string, message: string): void {
  if (!server.log.isOn(module, level)) return;
  server.log.write({ time: now(), level, module, tag, message, server, connection: undefined, request: undefined });
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Mon Nov 23 12:36:00.123456 2026`, local time. */
export function logTime(time: number): string {
  const date = new Date(time);
  const micros = Math.floor((time % 1000) * 1000);
  const two = (n: number): string => (n < 10 ? `0${n}` : String(n));
  return (
    `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:` +
    `${two(date.getSeconds())}.${String(micros).padStart(6, '0')} ${date.getFullYear()}`
  );
}

/** httpd's default line of a threaded MPM: `[time] [module:level] [pid P:tid T] [client A:P] AHnnnnn: message, referer: R`. */
export function formatDefault(entry: LogEntry): string {
  const tid = isMainThread ? process.pid : threadId;
  let line = `[${logTime(entry.time)}] [${entry.module}:${LEVEL_NAMES[entry.level]}] [pid ${process.pid}:tid ${tid}] `;
  const c = entry.connection;
  if (c !== undefined) line += `[client ${c.remoteAddr}:${c.remotePort}] `;
  if (entry.tag !== '') line += `${entry.tag}: `;
  line += escapeLogItem(entry.message);
  const referer = entry.request?.headersIn.get('referer');
  if (referer !== undefined) line += `, referer: ${escapeLogItem(referer)}`;
  return line;
}

/** ap_escape_errorlog_item(): control characters and backslashes cannot forge lines. */
function escapeLogItem(text: string): string {
  if (!/[\x00-\x1f\x7f-\xff\\]/.test(text)) return text;
  return text.replace(/[\x00-\x1f\x7f-\xff\\]/g, (c) => {
    switch (c) {
      case '\b':
        return '\\b';
      case '\n':
        return '\\n';
      case '\r':
        return '\\r';
      case '\t':
        return '\\t';
      case '\v':
        return '\\v';
      case '\\':
        return '\\\\';
      default:
        return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
    }
  });
}
