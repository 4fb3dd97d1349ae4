/**
 * The request line, byte for byte as ap_parse_request_line (server/protocol.c) judges it: what is wrong is noted while the
 * parts are still taken apart, so that the access log shows method, target and protocol of a refused request too.
 * Well-formed lines never come here; RequestParser's fast path reads those.
 */
import { isDigit, isSpace, scanClass, TOKEN, VISIBLE } from './bytes.ts';
import {
  debugLog,
  type FailureLog,
  failure,
  loggedName,
  type ParserOptions,
  type RequestFailure,
  type RequestHead,
} from './request-head.ts';
import { parseTarget, type TargetUri } from './uri.ts';

type Flaw =
  | 'method'
  | 'whitespace'
  | 'excess whitespace'
  | 'uri'
  | 'protocol'
  | 'trailing text'
  | 'HTTP/0.9 method'
  | 'HTTP/0.9';

interface Parts {
  method: string;
  target: string;
  protocol: string;
  trailing: string;
  flaw: Flaw | undefined;
}

function endOfWord(line: string, from: number): number {
  let index = from;
  while (index < line.length && !isSpace(line.charCodeAt(index))) index++;
  return index;
}

/** Takes the white space at `from`; anything but SP is a flaw, and strictly so is a second one. */
function skipSeparator(line: string, from: number, strict: boolean, parts: Parts): number {
  if (strict && from + 1 < line.length && isSpace(line.charCodeAt(from + 1))) {
    parts.flaw ??= 'excess whitespace';
  }
  let index = from;
  for (; index < line.length && isSpace(line.charCodeAt(index)); index++) {
    if (line.charCodeAt(index) !== 0x20) parts.flaw ??= 'whitespace';
  }
  return index;
}

function splitProtocol(line: string, from: number, strict: boolean, parts: Parts): void {
  const end = scanClass(VISIBLE, line, from);
  parts.protocol = line.slice(from, end);
  if (end === line.length) return;
  if (!isSpace(line.charCodeAt(end))) {
    parts.flaw = 'protocol';
    return;
  }
  if (strict) {
    parts.flaw = 'excess whitespace';
    return;
  }
  let index = end;
  for (; index < line.length && isSpace(line.charCodeAt(index)); index++) {
    if (line.charCodeAt(index) !== 0x20) {
      parts.flaw ??= 'whitespace';
      return;
    }
  }
  if (index < line.length) {
    parts.flaw ??= 'trailing text';
    parts.trailing = line.slice(index);
  }
}

/** Splits a line without its CRLF. */
function splitLine(line: string, strict: boolean): Parts {
  const parts: Parts = { method: '', target: '', protocol: '', trailing: '', flaw: undefined };
  let start = 0;
  while (start < line.length && isSpace(line.charCodeAt(start))) start++;
  if (start > 0) parts.flaw = 'whitespace';

  let end = scanClass(strict ? TOKEN : VISIBLE, line, start);
  if (parts.flaw === undefined && (end === start || (end < line.length && !isSpace(line.charCodeAt(end))))) {
    parts.flaw = 'method';
    end = endOfWord(line, end);
    if (end === line.length) {
      parts.method = line.slice(start);
      return parts;
    }
  } else if (end < line.length && !isSpace(line.charCodeAt(end))) {
    end = endOfWord(line, end);
  }
  parts.method = line.slice(start, end);

  start = skipSeparator(line, end, strict, parts);
  end = scanClass(VISIBLE, line, start);
  if (end === start || (end < line.length && !isSpace(line.charCodeAt(end)))) {
    parts.flaw = 'uri';
    end = endOfWord(line, end);
  }
  parts.target = line.slice(start, end);
  if (end === line.length) return parts;
  splitProtocol(line, skipSeparator(line, end, strict, parts), strict, parts);
  return parts;
}

/** Sets the protocol of the head. A target alone is HTTP/0.9; an unknown protocol counts as such and is a flaw. */
function readProtocol(parts: Parts, strict: boolean, head: RequestHead): void {
  const text = parts.protocol;
  if (text === '') {
    head.protocol = 'HTTP/0.9';
    head.versionMajor = 0;
    head.versionMinor = 9;
    return;
  }
  const major = text.charCodeAt(5);
  const minor = text.charCodeAt(7);
  const shaped = text.length === 8 && text[6] === '.' && isDigit(major) && isDigit(minor) && major !== 0x30;
  if (!shaped || text.slice(0, 5).toUpperCase() !== 'HTTP/') {
    head.versionMajor = 0;
    head.versionMinor = 9;
    parts.flaw ??= 'protocol';
    return;
  }
  head.versionMajor = major - 0x30;
  head.versionMinor = minor - 0x30;
  head.protocol = text;
  if (text.startsWith('HTTP')) return;
  if (strict && parts.flaw === undefined) parts.flaw = 'protocol';
  else head.protocol = `HTTP${text.slice(4)}`;
}

function flawMessage(flaw: Flaw, parts: Parts): FailureLog {
  const line = 'HTTP Request Line; ';
  const injected = '(perhaps whitespace was injected?)';
  switch (flaw) {
    case 'method':
      return debugLog('AH03445', `${line}Invalid method token: '${loggedName(parts.method)}'`);
    case 'whitespace':
      return debugLog('AH03447', `${line}Invalid whitespace`);
    case 'excess whitespace':
      return debugLog('AH03448', `${line}Excess whitespace (disallowed by HttpProtocolOptions Strict)`);
    case 'uri':
      return debugLog('AH03454', `${line}URI incorrectly encoded: '${loggedName(parts.target)}'`);
    case 'protocol':
      return debugLog('AH02418', `${line}Unrecognized protocol '${loggedName(parts.protocol)}' ${injected}`);
    case 'trailing text':
      return debugLog('AH03449', `${line}Extraneous text found '${loggedName(parts.trailing)}' ${injected}`);
    case 'HTTP/0.9 method':
      return debugLog(
        'AH03444',
        `${line}Invalid method token: '${loggedName(parts.method)}' (only GET is allowed for HTTP/0.9 requests)`,
      );
    case 'HTTP/0.9':
      return debugLog('AH02401', `${line}Rejected HTTP/0.9 request`);
  }
}

function judgeUri(
  uri: TargetUri | null,
  head: RequestHead,
  options: ParserOptions,
): RequestFailure | undefined {
  const { registeredMethods, strict } = options;
  const line = 'HTTP Request Line; ';
  if (registeredMethods !== undefined && !registeredMethods.has(head.method)) {
    const name = loggedName(head.method);
    const message = `${line}Unrecognized HTTP method: '${name}' (disallowed by RegisteredMethods)`;
    return failure(501, [debugLog('AH02423', message)]);
  }
  const asterisk = head.path === '*' && head.method === 'OPTIONS';
  if (uri === null || (!head.path.startsWith('/') && !asterisk)) {
    return failure(400, [debugLog('AH03450', `${line}Unable to parse URI: '${loggedName(head.path)}'`)]);
  }
  if (!strict) return undefined;
  if (uri.fragment !== undefined) {
    return failure(400, [debugLog('AH02421', `${line}URI must not contain a fragment`)]);
  }
  // CONNECT never splits user information off; such a target fails as a host name.
  if (uri.userInfo !== undefined) {
    return failure(400, [debugLog('AH02422', `${line}URI must not contain a username/password`)]);
  }
  return undefined;
}

/** Reads a request line (no line end) into `head`; the failure when httpd refuses it. */
export function parseRequestLine(
  line: string,
  options: ParserOptions,
  head: RequestHead,
): RequestFailure | undefined {
  const parts = splitLine(line, options.strict);
  head.method = parts.method;
  head.target = parts.target;
  head.requestLine =
    parts.method +
    (parts.target === '' ? '' : ` ${parts.target}`) +
    (parts.protocol === '' ? '' : ` ${parts.protocol}`);
  readProtocol(parts, options.strict, head);

  const uri = parseTarget(parts.target, parts.method);
  head.path = uri === null ? parts.target : uri.path;
  head.query = uri?.query;
  // Only what origin form lacks is worth keeping; the fast path must leave the same head behind.
  if (uri?.scheme !== undefined || uri?.hostname !== undefined || uri?.fragment !== undefined) head.uri = uri;

  if (head.isSimple && parts.flaw === undefined) {
    if (!options.allowHttp09) parts.flaw = 'HTTP/0.9';
    else if (options.strict && parts.method !== 'GET') parts.flaw = 'HTTP/0.9 method';
  }
  const refused =
    parts.flaw === undefined ? judgeUri(uri, head, options) : failure(400, [flawMessage(parts.flaw, parts)]);
  if (refused !== undefined && head.isSimple) {
    // Errors are answered in HTTP/1.x whatever the request looked like.
    head.protocol = 'HTTP/1.0';
    head.versionMajor = 1;
    head.versionMinor = 0;
  }
  return refused;
}
