/**
 * The seam between modules that log requests, modules that know something worth logging, and the server that opens files and programs
 * (ap_register_log_handler and ap_log_writer of httpd's mod_log_config.h).
 */
import type { Span } from '../diagnostics/source.ts';
import type { Request } from './request.ts';

/** A directive of a log format: `%x` or `%{argument}x`. */
export interface LogItem {
  /** Looks at the request as the client sent it, where `%>x` does not ask for the one that was answered. */
  readonly ofOriginal?: boolean;
  /** Compiles an argument (empty without one). What the closure answers goes to the log as it is; undefined is logged as `-`. */
  compile(argument: string): (r: Request) => string | undefined;
}

/** The group of `providers` in which a module offers log items, by letter (`I`) or by caret and two letters (`^FB`). */
export const LOG_ITEMS = 'log-item';

/** Where finished lines go. The server opens what is behind it before the first request. */
export class LogChannel {
  /** As configured: a file relative to ServerRoot, or `|program`. */
  readonly target: string;
  /** The directive that named it first. */
  readonly definedAt: Span;
  /** BufferedLogs: lines may wait for others. */
  readonly isBuffered: boolean;
  /** Takes a line with its line end. Replaced when the target is open. */
  write: (line: string) => void = nowhere;

  constructor(target: string, definedAt: Span, isBuffered: boolean) {
    this.target = target;
    this.definedAt = definedAt;
    this.isBuffered = isBuffered;
  }
}

function nowhere(): void {
  // Nothing is open: a configuration that is only checked.
}
