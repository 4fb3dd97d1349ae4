/**
 * What the request parser hands out, and the options it takes. Facts only: no module of this folder logs or answers.
 */
import { HeaderFields } from './header-fields.ts';
import type { TargetUri } from './uri.ts';

/** LimitRequestLine, LimitRequestFields (0: no limit), LimitRequestFieldSize. */
export interface RequestLimits {
  readonly line: number;
  readonly fields: number;
  readonly fieldSize: number;
}

/** httpd's compiled-in limits. */
export const DEFAULT_LIMITS: RequestLimits = { line: 8190, fields: 100, fieldSize: 8190 };

/** HttpProtocolOptions, plus what the limits say. */
export interface ParserOptions {
  readonly limits: RequestLimits;
  /** Strict (the default) or Unsafe. */
  readonly strict: boolean;
  /** The methods that may be used (RegisteredMethods); undefined under LenientMethods, the default. */
  readonly registeredMethods?: ReadonlySet<string> | undefined;
  /** Allow0.9 (the default) or Require1.0. */
  readonly allowHttp09: boolean;
}

export const DEFAULT_OPTIONS: ParserOptions = {
  limits: DEFAULT_LIMITS,
  strict: true,
  registeredMethods: undefined,
  allowHttp09: true,
};

/** The methods httpd registers itself (ap_method_registry_init); HEAD counts as GET. */
export const REGISTERED_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'PUT',
  'POST',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'VERSION-CONTROL',
  'CHECKOUT',
  'UNCHECKOUT',
  'CHECKIN',
  'UPDATE',
  'LABEL',
  'REPORT',
  'MKWORKSPACE',
  'MKACTIVITY',
  'BASELINE-CONTROL',
  'MERGE',
]);

/** A request head. The parser fills it from the top; of a failed one the later parts are empty. */
export class RequestHead {
  /** As sent; "" when the request line could not be read, where httpd logs "-". */
  method = '';
  /** The request target as sent (httpd's unparsed_uri). */
  target = '';
  /** "HTTP/1.1", or as the log shows it: "HTTP/0.9" for a simple request, "HTTP/1.0" for lines that made no sense. */
  protocol = 'HTTP/1.0';
  versionMajor = 1;
  versionMinor = 0;
  /** The request line as %r shows it (white space between its parts made single spaces). */
  requestLine = '';
  /** Path part of the target, not decoded; what r->uri starts as. "" when the request line could not be read. */
  path = '';
  /** What follows the first "?", or undefined. */
  query: string | undefined = undefined;
  /** The parts of a target that is not plain origin form; undefined for one that is. */
  uri: TargetUri | undefined = undefined;
  readonly fields: HeaderFields = new HeaderFields();

  /** An HTTP/0.9 request, answered by a bare body ("assbackwards" in httpd). */
  get isSimple(): boolean {
    return this.versionMajor === 0;
  }

  /** Whether the request speaks at least HTTP/1.1. */
  get atLeast11(): boolean {
    return this.versionMajor > 1 || (this.versionMajor === 1 && this.versionMinor >= 1);
  }
}

/** One line for the error log; `number` is "" where httpd logs without one. */
export interface FailureLog {
  readonly number: string;
  readonly level: 'debug' | 'info' | 'error';
  readonly message: string;
}

/** Why a request is refused. The connection always closes after the answer. */
export interface RequestFailure {
  readonly status: 400 | 413 | 414 | 417 | 501;
  /** Text for the error page (httpd's note "error-notes"), already HTML; undefined for none. */
  readonly detail: string | undefined;
  readonly logs: readonly FailureLog[];
}

/** How much of a name or value httpd puts into a log line. */
export const LOG_NAME_LIMIT = 64;

/** The part of a text that httpd logs as a name: up to a colon, or 64 bytes (field_name_len). */
export function loggedName(text: string): string {
  const colon = text.indexOf(':');
  return text.slice(0, colon >= 0 && colon < LOG_NAME_LIMIT ? colon : LOG_NAME_LIMIT);
}

export function failure(
  status: RequestFailure['status'],
  logs: readonly FailureLog[],
  detail?: string,
): RequestFailure {
  return { status, detail, logs };
}

export function debugLog(number: string, message: string): FailureLog {
  return { number, level: 'debug', message };
}
