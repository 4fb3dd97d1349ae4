/** The variables of ap_expr by upper-case name (server/util_expr_eval.c: *_var_names). */
import type { ExprContext, RequestVariable } from './context.ts';
import { addVary } from './functions.ts';

export type VariableReader = (context: ExprContext) => string | undefined;

/** MODULE_MAGIC_NUMBER_MAJOR of httpd 2.4. */
const API_VERSION = '20120211';

// A record, so that the compiler asks for every name of the union.
const REQUEST_VARIABLES: Readonly<Record<RequestVariable, true>> = {
  REQUEST_METHOD: true,
  REQUEST_SCHEME: true,
  REQUEST_URI: true,
  REQUEST_FILENAME: true,
  REMOTE_HOST: true,
  REMOTE_IDENT: true,
  REMOTE_USER: true,
  SERVER_ADMIN: true,
  SERVER_NAME: true,
  SERVER_PORT: true,
  SERVER_PROTOCOL: true,
  SCRIPT_FILENAME: true,
  PATH_INFO: true,
  QUERY_STRING: true,
  IS_SUBREQ: true,
  DOCUMENT_ROOT: true,
  AUTH_TYPE: true,
  THE_REQUEST: true,
  CONTENT_TYPE: true,
  HANDLER: true,
  REQUEST_LOG_ID: true,
  SCRIPT_USER: true,
  SCRIPT_GROUP: true,
  DOCUMENT_URI: true,
  LAST_MODIFIED: true,
  CONTEXT_PREFIX: true,
  CONTEXT_DOCUMENT_ROOT: true,
  REQUEST_STATUS: true,
  REMOTE_ADDR: true,
  REMOTE_PORT: true,
  HTTPS: true,
  HTTP2: true,
  IPV6: true,
  CONN_LOG_ID: true,
  CONN_REMOTE_ADDR: true,
  SERVER_SOFTWARE: true,
};

const HEADER_VARIABLES: Readonly<Record<string, string>> = {
  HTTP_ACCEPT: 'Accept',
  HTTP_COOKIE: 'Cookie',
  HTTP_FORWARDED: 'Forwarded',
  HTTP_HOST: 'Host',
  HTTP_PROXY_CONNECTION: 'Proxy-Connection',
  HTTP_REFERER: 'Referer',
  HTTP_USER_AGENT: 'User-Agent',
};

const two = (value: number): string => String(value).padStart(2, '0');

/** TIME and its parts, of a point in time in local time. */
export const TIME_VARIABLES: Readonly<Record<string, (now: Date) => string>> = {
  TIME_YEAR: (now) => String(now.getFullYear()),
  TIME_MON: (now) => two(now.getMonth() + 1),
  TIME_DAY: (now) => two(now.getDate()),
  TIME_HOUR: (now) => two(now.getHours()),
  TIME_MIN: (now) => two(now.getMinutes()),
  TIME_SEC: (now) => two(now.getSeconds()),
  TIME_WDAY: (now) => String(now.getDay()),
  TIME: (now) =>
    `${now.getFullYear()}${[now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('')}`,
};

const readHeader = (header: string, varies: boolean): VariableReader => {
  const name = header.toLowerCase();
  if (!varies) return (context) => context.requestHeader(name);
  return (context) => {
    addVary(context, header);
    return context.requestHeader(name);
  };
};

const build = (varies: boolean): ReadonlyMap<string, VariableReader> => {
  const readers = new Map<string, VariableReader>([['API_VERSION', () => API_VERSION]]);
  for (const name of Object.keys(REQUEST_VARIABLES) as RequestVariable[]) {
    readers.set(name, (context) => context.variable(name));
  }
  for (const [name, header] of Object.entries(HEADER_VARIABLES))
    readers.set(name, readHeader(header, varies));
  for (const [name, format] of Object.entries(TIME_VARIABLES))
    readers.set(name, (context) => format(context.now()));
  return readers;
};

export const VARIABLES: ReadonlyMap<string, VariableReader> = build(true);
export const VARIABLES_WITHOUT_VARY: ReadonlyMap<string, VariableReader> = build(false);
