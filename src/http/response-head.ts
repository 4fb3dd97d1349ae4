/**
 * Response heads as one byte string, to leave in one write with a small body. The order is httpd's: status line, Date,
 * Server, then the fields (basic_http_header in modules/http/http_filters.c).
 */
import { ownCopy, scanClass, TOKEN } from './bytes.ts';
import { httpDateOf } from './date.ts';
import type { HeaderFields } from './header-fields.ts';
import { statusLine } from './reason-phrases.ts';

const statusHeads: (string | undefined)[] = new Array<string | undefined>(1000).fill(undefined);

/** "HTTP/1.1 200 OK\r\n": httpd answers in HTTP/1.1 whatever the request spoke. */
function statusHead(status: number): string {
  const known = statusHeads[status];
  if (known !== undefined) return known;
  const head = `HTTP/1.1 ${statusLine(status)}\r\n`;
  if (status < 1000) statusHeads[status] = head;
  return head;
}

let prefixSecond = Number.NaN;
let prefixServer: string | undefined;
let prefix = '';

/** The Date and Server lines, made once a second and product name. `server` undefined or "" leaves that line out. */
export function dateAndServer(nowMilliseconds: number, server: string | undefined): string {
  const second = Math.floor(nowMilliseconds / 1000);
  if (second !== prefixSecond || server !== prefixServer) {
    prefixSecond = second;
    prefixServer = server;
    const serverLine = server === undefined || server === '' ? '' : `Server: ${server}\r\n`;
    prefix = `Date: ${httpDateOf(nowMilliseconds)}\r\n${serverLine}`;
  }
  return prefix;
}

/**
 * Builds a head. `leading` goes between the status line and the fields (see dateAndServer). `line` replaces number and
 * reason ("404 Nothing Here"). Values must have passed findInvalidField: nothing is checked here.
 */
export function responseHead(status: number, leading: string, fields: HeaderFields, line?: string): string {
  let head = line === undefined ? statusHead(status) : `HTTP/1.1 ${line}\r\n`;
  head += leading;
  for (let index = 0; index < fields.size; index++) {
    head += `${fields.nameAt(index)}: ${fields.valueAt(index)}\r\n`;
  }
  return `${head}\r\n`;
}

/** Anything but tab and bytes from 0x20 on without DEL; what is above 0xff is no byte. */
const NO_FIELD_CONTENT = /[^\t\x20-\x7e\x80-\xff]/;

/** Names known to be tokens; bounded, as backends choose names too. */
const validNames = new Set<string>();
const VALID_NAMES_LIMIT = 1024;

function isValidName(name: string): boolean {
  if (validNames.has(name)) return true;
  if (name === '' || scanClass(TOKEN, name, 0) !== name.length) return false;
  if (validNames.size < VALID_NAMES_LIMIT) validNames.add(ownCopy(name));
  return true;
}

/** A field that must not go out. */
export interface InvalidField {
  readonly name: string;
  readonly value: string;
  /** AH02428 for no name at all, AH02429 for a name, AH02430 for a value. */
  readonly number: 'AH02428' | 'AH02429' | 'AH02430';
  readonly message: string;
}

/** The first field that would break the head apart (check_headers); httpd then answers 500 instead. */
export function findInvalidField(fields: HeaderFields): InvalidField | undefined {
  for (let index = 0; index < fields.size; index++) {
    const name = fields.nameAt(index);
    const value = fields.valueAt(index);
    if (name === '') {
      return { name, value, number: 'AH02428', message: 'Empty response header name, aborting request' };
    }
    if (!isValidName(name)) {
      const message = `Response header name '${name}' contains invalid characters, aborting request`;
      return { name, value, number: 'AH02429', message };
    }
    if (NO_FIELD_CONTENT.test(value)) {
      const message = `Response header '${name}' value of '${value}' contains invalid characters, aborting request`;
      return { name, value, number: 'AH02430', message };
    }
  }
  return undefined;
}

/** "HTTP/1.1 100 Continue" for a client that waits for it. */
export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
