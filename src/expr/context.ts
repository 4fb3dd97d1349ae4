/** What an expression may ask of its surroundings. The server implements it; this package knows no server. */

/** Variables of ap_expr that only the server can answer (httpd's conn_var_names and request_var_names). */
export type RequestVariable =
  | 'REQUEST_METHOD'
  | 'REQUEST_SCHEME'
  | 'REQUEST_URI'
  | 'REQUEST_FILENAME'
  | 'REMOTE_HOST'
  | 'REMOTE_IDENT'
  | 'REMOTE_USER'
  | 'SERVER_ADMIN'
  | 'SERVER_NAME'
  | 'SERVER_PORT'
  | 'SERVER_PROTOCOL'
  | 'SCRIPT_FILENAME'
  | 'PATH_INFO'
  | 'QUERY_STRING'
  | 'IS_SUBREQ'
  | 'DOCUMENT_ROOT'
  | 'AUTH_TYPE'
  | 'THE_REQUEST'
  | 'CONTENT_TYPE'
  | 'HANDLER'
  | 'REQUEST_LOG_ID'
  | 'SCRIPT_USER'
  | 'SCRIPT_GROUP'
  | 'DOCUMENT_URI'
  | 'LAST_MODIFIED'
  | 'CONTEXT_PREFIX'
  | 'CONTEXT_DOCUMENT_ROOT'
  | 'REQUEST_STATUS'
  | 'REMOTE_ADDR'
  | 'REMOTE_PORT'
  | 'HTTPS'
  | 'HTTP2'
  | 'IPV6'
  | 'CONN_LOG_ID'
  | 'CONN_REMOTE_ADDR'
  | 'SERVER_SOFTWARE';

/** All strings are byte strings; `undefined` reads as the empty string. */
export interface ExprContext {
  /** `name` is in lower case; repeated fields come joined. */
  requestHeader(name: string): string | undefined;
  /** `name` is in lower case. Both tables are looked up: that of `Header` and that of `Header always`. */
  responseHeader(name: string): string | undefined;
  /** Request environment (SetEnv, SetEnvIf, [E=]). Names are compared as httpd's tables do: without case. */
  environment(name: string): string | undefined;
  note(name: string): string | undefined;
  variable(name: RequestVariable): string | undefined;
  /** The address -R compares: that of the client, as mod_remoteip sees it. */
  readonly clientAddress: string;
  /** Now, for TIME and TIME_*: read in local time. */
  now(): Date;
  /** -U and -A: whether a sub-request for this URL passes every access check (a status below 400). */
  canAccessUri(uri: string): boolean | Promise<boolean>;
  /** -F: the same for a file name, which must also exist as a regular file. */
  canAccessFile(path: string): boolean | Promise<boolean>;
  /** Called with a header's name when the answer depends on it; leave it out where the directive adds no Vary. */
  vary?(header: string): void;
  /** Groups of the last successful regex match, `$0` first; empty or undefined after a failed one. Written by evaluation. */
  captures: readonly (string | undefined)[] | undefined;
}

export type StringFunction<Context> = (context: Context, argument: string) => string | undefined;

/**
 * What other modules add (mod_ssl: `SSL_*` variables, PeerExtList). Asked while the configuration is read, with the
 * name as it was written; an answer of `undefined` leaves the name to the built-in ones and then to an error.
 */
export interface ExprExtensions<Context> {
  variable?(name: string): ((context: Context) => string | undefined) | undefined;
  stringFunction?(name: string): StringFunction<Context> | undefined;
  listFunction?(name: string): ((context: Context, argument: string) => readonly string[]) | undefined;
  unaryOperator?(name: string): ((context: Context, operand: string) => boolean) | undefined;
  binaryOperator?(name: string): ((context: Context, left: string, right: string) => boolean) | undefined;
}

/** An expression that could be read but not evaluated: file() of a missing file, too deep a nesting. */
export class ExprEvaluationError extends Error {
  override readonly name = 'ExprEvaluationError';
}
