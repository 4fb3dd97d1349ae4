/**
 * The error log: levels, and lines in httpd's format (server/log.c). Where lines go is a sink the server sets up; what they look like
 * stands in error-log-format.ts.
 */

import { now } from '../lib/clock.ts';
import type { Connection } from './connection.ts';
import { type CoreDirConf, coreDir, type LogLevels } from './core-config.ts';
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
  /** What the system says went wrong: `(13)Permission denied`. */
  readonly error?: string | undefined;
}

/** Takes lines without the last one's end, and the level of what they say. */
export type LogSink = (lines: string, level: number) => void;
/** One line, or several where a request or connection is introduced first; undefined: nothing to write. */
export type LogFormatter = (entry: LogEntry) => string | undefined;

/** The log of one server: its levels, its format, where its lines go. */
export class Log {
  readonly levels: LogLevels | undefined;
  readonly format: LogFormatter;
  sink: LogSink;

  constructor(levels: LogLevels | undefined, sink: LogSink, format: LogFormatter) {
    this.levels = levels;
    this.sink = sink;
    this.format = format;
  }

  /** Whether an event of a module at a level is written. */
  isOn(module: string, level: number): boolean {
    return level <= levelFor(this.levels, module);
  }

  write(entry: LogEntry): void {
    const lines = this.format(entry);
    if (lines !== undefined) this.sink(lines, entry.level);
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

/** Logs an event of a request (ap_log_rerror). `error`: what the system said, `(13)Permission denied`. */
export function logRequest(
  r: Request,
  module: string,
  level: number,
  tag: string,
  message: string,
  error?: string,
): void {
  if (!isLogged(r, module, level)) return;
  const entry = {
    time: now(),
    level,
    module,
    tag,
    message,
    server: r.server,
    connection: r.connection,
    request: r,
  };
  r.server.log.write(error === undefined ? entry : { ...entry, error });
}

/** Logs an event of a connection without a request (ap_log_cerror). */
export function logConnection(
  c: Connection,
  module: string,
  level: number,
  tag: string,
  message: string,
): void {
  const server = c.baseServer;
  if (!server.log.isOn(module, level)) return;
  server.log.write({ time: now(), level, module, tag, message, server, connection: c, request: undefined });
}

/** Logs an event of a server (ap_log_error). `error`: what the system said. */
export function logServer(
  server: VirtualServer,
  module: string,
  level: number,
  tag: string,
  message: string,
  error?: string,
): void {
  if (!server.log.isOn(module, level)) return;
  server.log.write({
    time: now(),
    level,
    module,
    tag,
    message,
    server,
    connection: undefined,
    request: undefined,
    error,
  });
}

/** Whether an ErrorLog names the system log: `syslog`, `syslog:facility:tag`. */
export function isSyslog(target: string): boolean {
  return target === 'syslog' || target.startsWith('syslog:');
}
