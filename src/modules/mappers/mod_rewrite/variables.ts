/** `%{...}` (lookup_variable): every name is looked up once, when the configuration is read. */
import type { Stats } from 'node:fs';
import { documentRoot } from '../../../core/document-root.ts';
import { statFile } from '../../../core/files.ts';
import { groupName, userName } from '../../../core/owner-names.ts';
import type { Request } from '../../../core/request.ts';
import {
  bannerOf,
  requestScheme,
  serverAdmin,
  serverNameForUrl,
  serverPort,
} from '../../../core/server-identity.ts';
import { lookupFile, lookupUri } from '../../../core/subrequest.ts';
import { tlsVariable } from '../../../core/tls.ts';
import { osEnvironment, TIME_VARIABLES } from '../../../expr/index.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { Eventual, Pass } from './pass.ts';

/** `r`: the request asked, which for LA-U and LA-F is a sub-request. */
type Reader = (r: Request, pass: Pass) => Eventual<string>;

/** The version of httpd's module interface (include/ap_mmn.h) that 2.4.71 has. */
const API_VERSION = '20120211:142';

function time(_: Request, pass: Pass): string {
  const value = TIME_VARIABLES.TIME?.(new Date()) ?? '';
  if (pass.trace >= 1) pass.log(1, `RESULT='${value}'`);
  return value;
}

function ipv6(r: Request, pass: Pass): string {
  const address = r.clientAddr;
  const value = address.includes(':') && !/^::ffff:\d+\./i.test(address) ? 'on' : 'off';
  if (pass.trace >= 1) pass.log(1, `IPV6='${value}'`);
  return value;
}

const VARIABLES: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...Object.entries(TIME_VARIABLES).map(([name, of]): [string, Reader] => [name, () => of(new Date())]),
  ['TIME', time],
  ['IPV6', ipv6],
  ['HTTPS', (r) => (r.connection.isTls ? 'on' : 'off')],
  ['IS_SUBREQ', (r) => (r.main === undefined ? 'false' : 'true')],
  ['PATH_INFO', (r) => r.pathInfo],
  ['AUTH_TYPE', (r) => r.authType ?? ''],
  ['HTTP_HOST', header('Host')],
  ['SERVER_NAME', (r) => serverNameForUrl(r)],
  ['REMOTE_ADDR', (r) => r.clientAddr],
  ['SERVER_ADDR', (r) => r.connection.localAddr],
  ['HTTP_ACCEPT', header('Accept')],
  ['THE_REQUEST', (r) => r.requestLine],
  ['API_VERSION', () => API_VERSION],
  ['HTTP_COOKIE', header('Cookie')],
  ['SERVER_PORT', (r) => String(serverPort(r))],
  ['REMOTE_HOST', (r) => r.remoteHost ?? r.clientAddr],
  ['REMOTE_PORT', (r) => String(r.connection.remotePort)],
  ['REMOTE_USER', (r) => r.user ?? ''],
  ['SCRIPT_USER', (r, pass) => ownerOf(r, pass, (file) => userName(file.uid))],
  ['REQUEST_URI', (r) => r.uri],
  ['SCRIPT_GROUP', (r, pass) => ownerOf(r, pass, (file) => groupName(file.gid))],
  ['HTTP_REFERER', header('Referer')],
  ['QUERY_STRING', (r) => r.args ?? ''],
  ['SERVER_ADMIN', (r) => serverAdmin(r.server)],
  ['DOCUMENT_ROOT', documentRoot],
  ['HTTP_FORWARDED', header('Forwarded')],
  ['CONTEXT_PREFIX', (r) => r.contextPrefix ?? ''],
  ['REQUEST_METHOD', (r) => r.method],
  ['REQUEST_SCHEME', (r) => requestScheme(r)],
  ['HTTP_USER_AGENT', header('User-Agent')],
  ['SCRIPT_FILENAME', (r) => r.filename ?? ''],
  ['SERVER_PROTOCOL', (r) => r.protocol],
  ['SERVER_SOFTWARE', (r) => bannerOf(r)],
  ['CONN_REMOTE_ADDR', (r) => r.connection.remoteAddr],
  ['REQUEST_FILENAME', (r) => r.filename ?? ''],
  ['HTTP_PROXY_CONNECTION', header('Proxy-Connection')],
  ['CONTEXT_DOCUMENT_ROOT', (r) => r.contextDocumentRoot ?? documentRoot(r)],
]);

const nothing = (): string => '';

/** Of what is not there: the owner of the directory that the walk came to. */
function ownerOf(r: Request, pass: Pass, nameOf: (file: Stats) => string | undefined): string {
  if (r.finfo !== undefined) return nameOf(r.finfo) ?? '';
  if (pass.directory === undefined || r.filename?.startsWith('/') !== true) return '<unknown>';
  const parent = statFile(r.filename.slice(0, r.filename.lastIndexOf('/') + 1));
  return typeof parent === 'object' ? (nameOf(parent) ?? '') : '<unknown>';
}

/** A header field; that it was looked at goes to Vary when the rule applies, but for Host (RFC 9110 section 12.5.5). */
function header(name: string): Reader {
  const key = asciiLower(name);
  if (key === 'host') return (r) => r.headersIn.get(key) ?? '';
  return (r, pass) => {
    const value = r.headersIn.get(key);
    if (value === undefined) return '';
    pass.varyOfCondition += pass.varyOfCondition === '' ? name : `, ${name}`;
    return value;
  };
}

/** Compiles the name between the braces. A name that stands for nothing is empty. */
export function compileVariable(name: string): (pass: Pass) => Eventual<string> {
  const reader = readerOf(name);
  return (pass) => reader(pass.r, pass);
}

function readerOf(name: string): Reader {
  if (name.length < 4) return nothing;
  if (name[3] === ':') {
    const variable = name.slice(4);
    if (variable === '') return nothing;
    switch (asciiLower(name.slice(0, 3))) {
      case 'env':
        return environment(variable);
      case 'ssl':
        return (r) => tlsVariable(r, variable) ?? '';
      default:
        return nothing;
    }
  }
  if (name[4] === ':') {
    const rest = name.slice(5);
    if (rest === '') return nothing;
    switch (asciiLower(name.slice(0, 4))) {
      case 'http':
        return header(rest);
      case 'la-u':
        return lookAhead(rest, ownUrl, (r, path) => lookupUri(r, path));
      case 'la-f':
        return lookAhead(rest, ownFile, lookUpFileOrUrl);
      default:
        return nothing;
    }
  }
  return VARIABLES.get(name.replace(/[a-z]/g, (c) => c.toUpperCase())) ?? nothing;
}

/** Notes, then the request's environment, then the process's. */
function environment(name: string): Reader {
  const inherited = osEnvironment(name) ?? '';
  return (r) => r.getNote(name) ?? r.getEnv(name) ?? inherited;
}

/** What keeps a sub-request from asking for itself (subreq_ok). */
export function mayLookAhead(r: Request): boolean {
  return r.main === undefined || r.main.uri !== r.uri;
}

/** The URL of what rules are applied to (la_u). */
function ownUrl({ uri, directory, base }: Pass): string {
  return directory === undefined || uri.startsWith('/') ? uri : (base ?? directory) + uri;
}

function ownFile({ uri, directory }: Pass): string {
  return directory === undefined || uri.startsWith('/') ? uri : directory + uri;
}

/** In a directory an absolute path is a URL: which file it stands for is not known. */
function lookUpFileOrUrl(r: Request, path: string, pass: Pass): Request | Promise<Request> {
  return pass.directory !== undefined && pass.uri.startsWith('/') ? lookupUri(r, path) : lookupFile(r, path);
}

function lookAhead(
  name: string,
  pathOf: (pass: Pass) => string,
  lookUp: (r: Request, path: string, pass: Pass) => Request | Promise<Request>,
): Reader {
  const reader = readerOf(name);
  return (r, pass) => {
    if (!mayLookAhead(r)) return '';
    const path = pathOf(pass);
    const read = (sub: Request): Eventual<string> => {
      const value = reader(sub, pass);
      if (pass.trace >= 5 && typeof value === 'string') {
        pass.log(5, `lookahead: path=${path} var=${name} -> val=${value}`);
      }
      return value;
    };
    const sub = lookUp(r, path, pass);
    return sub instanceof Promise ? sub.then(read) : read(sub);
  };
}
