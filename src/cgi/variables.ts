/**
 * The CGI variables of a request, mirroring httpd's util_script.c: ap_add_common_vars() and ap_add_cgi_vars(), names,
 * values and order. Shared by everything that speaks CGI to an application; the result goes pair by pair to a sink.
 *
 * The order is httpd's: variables already set for the request (SetEnv, SetEnvIf, mod_rewrite, mod_ssl), then request
 * headers in the order received, then `COMMON`, then `CGI`. A computed variable takes the place, and the spelling, of
 * one already set under the same name in any case (tables of httpd compare names so), but its own value.
 */

import { variableNameOf } from './header-names.ts';

/** What the variables are made from. All strings are byte strings. */
export interface CgiRequest {
  readonly method: string;
  /** `HTTP/1.1`; `INCLUDED` for a request made by a server-side include. */
  readonly protocol: string;
  /** The target as it stood in the request line, undecoded, absolute form included. */
  readonly unparsedUri: string;
  /** The decoded path after rewriting (r->uri). */
  readonly uri: string;
  /** What followed `?`; undefined without one. */
  readonly args: string | undefined;
  /** In the order received, what the client repeated joined. */
  readonly headers: HeaderList;
  /** Variables set for the request so far (r->subprocess_env). */
  readonly env: Environment | undefined;

  /** PATH of the server process, used when `env` has none; undefined: httpd's built-in default. */
  readonly processPath: string | undefined;
  /** The whole signature line, empty when ServerSignature is Off. */
  readonly serverSignature: string;
  readonly serverSoftware: string;
  /** The name for self-references, escaped for HTML. */
  readonly serverName: string;
  readonly serverAddr: string;
  /** The port for self-references. */
  readonly serverPort: number;
  readonly serverAdmin: string;
  readonly documentRoot: string;
  /** `http` or `https`. */
  readonly scheme: string;
  readonly contextPrefix: string;
  readonly contextDocumentRoot: string;
  /** The file or `proxy:` URL the request was mapped to (r->filename). */
  readonly filename: string;
  readonly pathInfo: string;
  /** PATH_INFO mapped as if it were a URL of its own; called only when there is PATH_INFO. */
  pathTranslated(pathInfo: string): string | undefined;

  /** The client's host name where lookups are on and gave one. */
  readonly remoteHost: string | undefined;
  readonly remoteAddr: string;
  readonly remotePort: number;
  /** By the ident protocol. */
  readonly remoteIdent: string | undefined;
  readonly user: string | undefined;
  readonly authType: string | undefined;

  /** The request that redirected internally to this one. */
  readonly previous: PreviousRequest | undefined;

  /** CGIPassAuth. */
  readonly isAuthPassed: boolean;
  /** `CGIVar REQUEST_URI current-uri`: REQUEST_URI is `uri` instead of `unparsedUri`. */
  readonly isRequestUriCurrent: boolean;
}

/** Fields of a head by their place. */
export interface HeaderList {
  readonly size: number;
  nameAt(index: number): string;
  valueAt(index: number): string;
}

/** A table of variables; a Map is one. */
export interface Environment {
  readonly size: number;
  get(name: string): string | undefined;
  [Symbol.iterator](): Iterator<readonly [name: string, value: string]>;
}

export interface PreviousRequest {
  /** The path, or with QualifyRedirectURL the whole URL, for REDIRECT_URL. */
  readonly redirectUrl: string;
  readonly args: string | undefined;
  readonly user: string | undefined;
  readonly previous: PreviousRequest | undefined;
}

export type VariableSink = (name: string, value: string) => void;

export interface Variable {
  readonly name: string;
  /** undefined: the variable is not set. */
  readonly of: (request: CgiRequest) => string | undefined;
  /** Mostly the same for the next request: of the server, the connection or the protocol. */
  readonly isSteady?: boolean;
}

/** httpd's DEFAULT_PATH. */
const DEFAULT_PATH = '/bin:/usr/bin:/usr/ucb:/usr/bsd:/usr/local/bin';

/** ap_add_common_vars(), behind the headers. */
const COMMON: readonly Variable[] = [
  { name: 'PATH', of: (r) => r.env?.get('PATH') ?? r.processPath ?? DEFAULT_PATH, isSteady: true },
  { name: 'SERVER_SIGNATURE', of: (r) => r.serverSignature, isSteady: true },
  { name: 'SERVER_SOFTWARE', of: (r) => r.serverSoftware, isSteady: true },
  { name: 'SERVER_NAME', of: (r) => r.serverName, isSteady: true },
  { name: 'SERVER_ADDR', of: (r) => r.serverAddr, isSteady: true },
  { name: 'SERVER_PORT', of: (r) => String(r.serverPort), isSteady: true },
  { name: 'REMOTE_HOST', of: (r) => r.remoteHost },
  { name: 'REMOTE_ADDR', of: (r) => r.remoteAddr },
  { name: 'DOCUMENT_ROOT', of: (r) => r.documentRoot, isSteady: true },
  { name: 'REQUEST_SCHEME', of: (r) => r.scheme, isSteady: true },
  { name: 'CONTEXT_PREFIX', of: (r) => r.contextPrefix, isSteady: true },
  { name: 'CONTEXT_DOCUMENT_ROOT', of: (r) => r.contextDocumentRoot, isSteady: true },
  { name: 'SERVER_ADMIN', of: (r) => r.serverAdmin, isSteady: true },
  { name: 'SCRIPT_FILENAME', of: (r) => r.filename },
  { name: 'REMOTE_PORT', of: (r) => String(r.remotePort) },
  { name: 'REMOTE_USER', of: (r) => r.user },
  {
    name: 'REDIRECT_REMOTE_USER',
    of: (r) => (r.user === undefined ? redirectedUser(r.previous) : undefined),
  },
  { name: 'AUTH_TYPE', of: (r) => r.authType },
  { name: 'REMOTE_IDENT', of: (r) => r.remoteIdent },
  { name: 'REDIRECT_URL', of: (r) => r.previous?.redirectUrl },
  { name: 'REDIRECT_QUERY_STRING', of: (r) => r.previous?.args },
];

/** ap_add_cgi_vars(). */
const CGI: readonly Variable[] = [
  { name: 'GATEWAY_INTERFACE', of: () => 'CGI/1.1', isSteady: true },
  { name: 'SERVER_PROTOCOL', of: (r) => r.protocol, isSteady: true },
  { name: 'REQUEST_METHOD', of: (r) => r.method, isSteady: true },
  { name: 'QUERY_STRING', of: (r) => r.args ?? '' },
  { name: 'REQUEST_URI', of: (r) => (r.isRequestUriCurrent ? r.uri : r.unparsedUri) },
  { name: 'SCRIPT_NAME', of: scriptName },
  { name: 'PATH_INFO', of: (r) => (r.pathInfo === '' ? undefined : r.pathInfo) },
  { name: 'PATH_TRANSLATED', of: (r) => (r.pathInfo === '' ? undefined : r.pathTranslated(r.pathInfo)) },
];

/** What is made of the request itself, behind the variables set for it and those of its headers. */
export const COMPUTED: readonly Variable[] = [...COMMON, ...CGI];

const COMPUTED_NAMES: ReadonlySet<string> = new Set([
  'CONTENT_TYPE',
  'CONTENT_LENGTH',
  ...COMPUTED.map((variable) => variable.name),
]);

/** Gives every variable of the request to `sink`, each name once. */
export function addCgiVariables(request: CgiRequest, sink: VariableSink): void {
  if (addUncomputed(request, sink)) {
    addComputed(request, sink);
    return;
  }
  // One value for each name compared without case: first place and spelling, last value (apr_table_overlap).
  const table = new Map<string, { readonly name: string; value: string }>();
  const set = (name: string, value: string): void => {
    const key = asciiUpper(name);
    const entry = table.get(key);
    if (entry === undefined) table.set(key, { name, value });
    else entry.value = value;
  };
  for (const [name, value] of request.env ?? []) set(name, value);
  addHeaders(request, set);
  addComputed(request, set);
  for (const { name, value } of table.values()) sink(name, value);
}

/**
 * Gives the variables before `COMPUTED` to `sink`. False, and nothing was given: one that was set may have the name of another one, which takes
 * `addCgiVariables`.
 */
export function addUncomputed(request: CgiRequest, sink: VariableSink): boolean {
  const { env } = request;
  if (env !== undefined && env.size > 0) {
    if (mayCollide(env)) return false;
    for (const [name, value] of env) sink(name, value);
  }
  addHeaders(request, sink);
  return true;
}

/** Whether a variable already set could have the name of a computed one. Usually none has. */
function mayCollide(env: Environment): boolean {
  for (const [name] of env) {
    const upper = asciiUpper(name);
    if (COMPUTED_NAMES.has(upper) || upper.startsWith('HTTP_')) return true;
  }
  return false;
}

function addComputed(request: CgiRequest, sink: VariableSink): void {
  for (const { name, of } of COMPUTED) {
    const value = of(request);
    if (value !== undefined) sink(name, value);
  }
}

/** Up to this many headers a repeated name is searched for by going through them; beyond, in a map. */
const FEW_HEADERS = 48;

/**
 * What a client repeats was joined when its request was read. A name that still stands there twice was added by the configuration: where
 * other variables were set before, the last one counts; else, as httpd writes into the empty table without looking, both are passed on.
 */
function addHeaders(request: CgiRequest, sink: VariableSink): void {
  const { headers, isAuthPassed, env } = request;
  const isDeduplicated = env !== undefined && env.size > 0;
  const names: string[] = [];
  const values: string[] = [];
  const places = isDeduplicated && headers.size > FEW_HEADERS ? new Map<string, number>() : undefined;
  for (let i = 0; i < headers.size; i++) {
    const name = variableNameOf(headers.nameAt(i), isAuthPassed);
    if (name === undefined) continue;
    const value = headers.valueAt(i);
    if (!isDeduplicated) {
      sink(name, value);
      continue;
    }
    const place = places === undefined ? names.indexOf(name) : (places.get(name) ?? -1);
    if (place >= 0) {
      values[place] = value;
      continue;
    }
    places?.set(name, names.length);
    names.push(name);
    values.push(value);
  }
  for (let i = 0; i < names.length; i++) sink(names[i] as string, values[i] as string);
}

/** The user of the nearest earlier request in a chain of redirects that had one. */
function redirectedUser(previous: PreviousRequest | undefined): string | undefined {
  for (let back = previous; back !== undefined; back = back.previous) {
    if (back.user !== undefined) return back.user;
  }
  return undefined;
}

/** The path without PATH_INFO. */
function scriptName(request: CgiRequest): string {
  const { uri, pathInfo } = request;
  if (pathInfo === '' || request.protocol === 'INCLUDED') return uri;
  return uri.slice(0, findPathInfo(uri, pathInfo));
}

/**
 * Where PATH_INFO starts in the path (ap_find_path_info): both are compared from their ends; a run of slashes in the
 * path counts as one slash of PATH_INFO. Where they differ, the rest of that segment stays with the script's name.
 */
export function findPathInfo(uri: string, pathInfo: string): number {
  let at = uri.length;
  for (let left = pathInfo.length; at > 0 && left > 0; left--) {
    const char = uri[at - 1];
    if (char !== pathInfo[left - 1]) break;
    at--;
    while (char === '/' && at > 0 && uri[at - 1] === '/') at--;
  }
  const slash = uri.indexOf('/', Math.max(at - 1, 0));
  return slash < 0 ? uri.length : slash;
}

function asciiUpper(text: string): string {
  // toUpperCase() would turn \xB5, \xDF and \xFF into other characters.
  return /^[\x00-\x7f]*$/.test(text)
    ? text.toUpperCase()
    : text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
}
