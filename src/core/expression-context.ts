/** Expressions and requests: what ap_expr's variables and functions mean here (util_expr_eval.c's request side). */
import {
  type BooleanExpr,
  type ExprContext,
  ExprEvaluationError,
  type RequestVariable,
  type StringExpr,
} from '../expr/index.ts';
import { documentRoot } from './document-root.ts';
import { Level, logRequest } from './log.ts';
import { groupName, userName } from './owner-names.ts';
import type { Request } from './request.ts';
import { bannerOf, requestScheme, serverAdmin, serverName, serverPort } from './server-identity.ts';
import { lookupFile, lookupUri } from './subrequest.ts';

/** The request as an expression sees it. `varies`: whether looking at a header adds it to the answer's Vary. */
export class RequestExprContext implements ExprContext {
  captures: readonly (string | undefined)[] | undefined = undefined;
  readonly #r: Request;
  readonly #varies: boolean;

  constructor(r: Request, varies = true) {
    this.#r = r;
    this.#varies = varies;
  }

  /** For what modules add to expressions. */
  get request(): Request {
    return this.#r;
  }
  get clientAddress(): string {
    return this.#r.clientAddr;
  }
  requestHeader(name: string): string | undefined {
    return this.#r.headersIn.getJoined(name);
  }
  responseHeader(name: string): string | undefined {
    return this.#r.headersOut.getJoined(name) ?? this.#r.errHeadersOut.getJoined(name);
  }
  environment(name: string): string | undefined {
    return this.#r.getEnv(name);
  }
  note(name: string): string | undefined {
    return this.#r.getNote(name);
  }
  now(): Date {
    return new Date();
  }
  vary(header: string): void {
    if (!this.#varies) return;
    const { headersOut } = this.#r;
    const present = headersOut.getJoined('Vary');
    if (present?.split(/\s*,\s*/).some((name) => name.toLowerCase() === header.toLowerCase()) === true)
      return;
    headersOut.merge('Vary', header);
  }

  canAccessUri(uri: string): boolean | Promise<boolean> {
    return whenPassed(lookupUri(this.#r, uri), () => true);
  }
  canAccessFile(path: string): boolean | Promise<boolean> {
    return whenPassed(lookupFile(this.#r, path), (sub) => sub.finfo?.isFile() === true);
  }

  variable(name: RequestVariable): string | undefined {
    return VARIABLES[name](this.#r);
  }
}

function whenPassed(
  sub: Request | Promise<Request>,
  holds: (sub: Request) => boolean,
): boolean | Promise<boolean> {
  if (sub instanceof Promise) return sub.then((found) => found.status < 400 && holds(found));
  return sub.status < 400 && holds(sub);
}

const VARIABLES: Readonly<Record<RequestVariable, (r: Request) => string | undefined>> = {
  REQUEST_METHOD: (r) => r.method,
  REQUEST_SCHEME: requestScheme,
  REQUEST_URI: (r) => r.uri,
  REQUEST_FILENAME: (r) => r.filename,
  REMOTE_HOST: (r) => r.remoteHost ?? r.clientAddr,
  REMOTE_IDENT: () => undefined,
  REMOTE_USER: (r) => r.user,
  SERVER_ADMIN: (r) => serverAdmin(r.server),
  SERVER_NAME: serverName,
  SERVER_PORT: (r) => String(serverPort(r)),
  SERVER_PROTOCOL: (r) => r.protocol,
  SCRIPT_FILENAME: (r) => r.filename,
  PATH_INFO: (r) => r.pathInfo,
  QUERY_STRING: (r) => r.args,
  IS_SUBREQ: (r) => (r.main === undefined ? 'false' : 'true'),
  DOCUMENT_ROOT: documentRoot,
  AUTH_TYPE: (r) => r.authType,
  THE_REQUEST: (r) => r.requestLine,
  CONTENT_TYPE: (r) => r.contentType,
  // ap_invoke_handler takes the type for the handler where there is none.
  HANDLER: (r) => r.handler ?? r.contentType,
  REQUEST_LOG_ID: (r) => r.logId,
  SCRIPT_USER: (r) => (r.finfo === undefined ? '' : userName(r.finfo.uid)),
  SCRIPT_GROUP: (r) => (r.finfo === undefined ? '' : groupName(r.finfo.gid)),
  DOCUMENT_URI: (r) => r.initial.uri,
  LAST_MODIFIED: (r) => (r.finfo === undefined ? undefined : compactTime(r.finfo.mtime)),
  CONTEXT_PREFIX: (r) => r.contextPrefix,
  CONTEXT_DOCUMENT_ROOT: (r) => r.contextDocumentRoot ?? documentRoot(r),
  REQUEST_STATUS: (r) => (r.status === 0 ? '' : String(r.status)),
  REMOTE_ADDR: (r) => r.clientAddr,
  REMOTE_PORT: (r) => String(r.connection.remotePort),
  HTTPS: (r) => (r.connection.isTls ? 'on' : 'off'),
  HTTP2: () => 'off',
  IPV6: (r) => (r.clientAddr.includes(':') ? 'on' : 'off'),
  CONN_LOG_ID: (r) => r.connection.logId,
  CONN_REMOTE_ADDR: (r) => r.connection.remoteAddr,
  SERVER_SOFTWARE: bannerOf,
};

/** `20261123123600`, local time. */
function compactTime(time: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  return `${date}${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
}

/**
 * Whether a condition holds; one that cannot be evaluated does not, and is logged. Callers with a log line of their own get the reason instead;
 * `context`: for those who want its groups, or no Vary.
 */
export function evaluateBoolean(
  expr: BooleanExpr,
  r: Request,
  onFailure?: (reason: string) => void,
  context: RequestExprContext = new RequestExprContext(r),
): boolean | Promise<boolean> {
  try {
    const value = expr.evaluate(context);
    return typeof value === 'boolean' ? value : value.catch((error: unknown) => failed(r, error, onFailure));
  } catch (error) {
    return failed(r, error, onFailure);
  }
}

/** A string expression's value; undefined when it cannot be evaluated. */
export function evaluateString(expr: StringExpr, r: Request): string | undefined {
  if (expr.constant !== undefined) return expr.constant;
  try {
    return expr.evaluate(new RequestExprContext(r));
  } catch (error) {
    failed(r, error, undefined);
    return undefined;
  }
}

/** The same for callers with a log line of their own: they get the reason, and undefined for a value. */
export function evaluateText(
  expr: StringExpr,
  r: Request,
  onFailure: (reason: string) => void,
): string | undefined {
  if (expr.constant !== undefined) return expr.constant;
  try {
    return expr.evaluate(new RequestExprContext(r));
  } catch (error) {
    failed(r, error, onFailure);
    return undefined;
  }
}

function failed(r: Request, error: unknown, onFailure: ((reason: string) => void) | undefined): false {
  if (!(error instanceof ExprEvaluationError)) throw error;
  if (onFailure !== undefined) onFailure(error.message);
  else logRequest(r, 'core', Level.error, 'AH03298', `Evaluation of expression failed: ${error.message}`);
  return false;
}
