/** The string functions of ap_expr by lower-case name (server/util_expr_eval.c: string_func_providers). */
import { createHash } from 'node:crypto';
import type { ExprContext, StringFunction } from './context.ts';
import { fileSize, readWholeFile } from './files.ts';

const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const upper = (text: string): string => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());

const hex = (char: string): string => char.charCodeAt(0).toString(16).padStart(2, '0');
const cString = (text: string): string => {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
};

/** ap_escape_uri: what may stand in a path stays, all else becomes lower-case %hex. */
const escapeUri = (text: string): string =>
  text.replace(/[^!$&'()*+,\-./0-9:=@A-Z_a-z~]/g, (char) => `%${hex(char)}`);

/** apr_escape_ldap for both distinguished names and filters. */
const escapeLdap = (text: string): string =>
  text.replace(/[^ !#$%&'\-./0-9:=?@A-Z[\]^_`a-z{|}~]/g, (char) => `\\${hex(char)}`);

/** ap_unescape_url_keep2f: `%2f` stays as it is; one bad escape or a `%00` makes the whole text empty. */
const unescapeUrl = (text: string): string => {
  if (/%(?![0-9a-fA-F]{2})|%00/.test(text)) return '';
  return text.replace(/%(?!2[fF])(..)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
};

/** apr_base64_decode: stops at the first char outside the alphabet, and so at padding; cut at a NUL. */
const decodeBase64 = (text: string): string => {
  const valid = /^[A-Za-z0-9+/]*/.exec(text)?.[0] ?? '';
  return cString(Buffer.from(valid, 'base64').toString('latin1'));
};

const digest = (algorithm: 'md5' | 'sha1', text: string): string =>
  createHash(algorithm).update(text, 'latin1').digest('hex');

/** A variable of the process as a byte string. */
export const osEnvironment = (name: string): string | undefined => {
  // process.env inherits from Object.prototype: `toString` is no variable.
  const value = Object.hasOwn(process.env, name) ? process.env[name] : undefined;
  return value === undefined ? undefined : Buffer.from(value, 'utf8').toString('latin1');
};

/** httpd leaves Host out of Vary, since RFC 9110 section 12.5.5 makes it useless there. */
export const addVary = (context: ExprContext, header: string): void => {
  if (context.vary !== undefined && lower(header) !== 'host') context.vary(header);
};

const requestHeader = (context: ExprContext, name: string): string | undefined => {
  addVary(context, name);
  return context.requestHeader(lower(name));
};

export const STRING_FUNCTIONS: ReadonlyMap<string, StringFunction<ExprContext>> = new Map<
  string,
  StringFunction<ExprContext>
>([
  ['req', requestHeader],
  ['http', requestHeader],
  ['req_novary', (context, name) => context.requestHeader(lower(name))],
  ['resp', (context, name) => context.responseHeader(lower(name))],
  ['reqenv', (context, name) => context.environment(name)],
  ['osenv', (_, name) => osEnvironment(name)],
  ['note', (context, name) => context.note(name)],
  ['env', (context, name) => context.note(name) ?? context.environment(name) ?? osEnvironment(name)],
  ['tolower', (_, text) => lower(text)],
  ['toupper', (_, text) => upper(text)],
  ['escape', (_, text) => escapeUri(text)],
  ['unescape', (_, text) => unescapeUrl(text)],
  ['base64', (_, text) => Buffer.from(text, 'latin1').toString('base64')],
  ['unbase64', (_, text) => decodeBase64(text)],
  ['md5', (_, text) => digest('md5', text)],
  ['sha1', (_, text) => digest('sha1', text)],
  ['ldap', (_, text) => escapeLdap(text)],
  ['file', (_, name) => readWholeFile(name)],
  ['filesize', (_, name) => fileSize(name)],
]);

/** The functions that reach the file system: refused in every restricted context. */
export const FILE_FUNCTIONS: ReadonlySet<string> = new Set(['file', 'filesize']);

/** The functions that name the header they read to Vary. */
export const VARYING_FUNCTIONS: ReadonlySet<string> = new Set(['req', 'http']);
