/**
 * What a line of the error log looks like: httpd's default, or a compiled ErrorLogFormat (server/log.c: parse_errorlog_string,
 * do_errorlog_format, do_errorlog_default). Not known here: the place in the source (`%F` is always empty).
 */
import { isMainThread, threadId } from 'node:worker_threads';
import { escapeErrorLogItem } from '../http/escape.ts';
import { compileStrftime, formatErrorLogTime } from '../lib/strftime.ts';
import type { ErrorLogFormats } from './core-config.ts';
import { LEVEL_NAMES, type LogEntry, type LogFormatter } from './log.ts';
import { makeLogId, requestLogId } from './log-id.ts';
import type { Request } from './request.ts';
import { serverName } from './server-identity.ts';

/** MAX_STRING_LEN without its end: longer lines are cut. */
const LONGEST_LINE = 8191;

/** What lines about a connection or request as such are made of: no message, no level. */
type Subject = Pick<LogEntry, 'time' | 'server' | 'connection' | 'request'> & {
  readonly entry: LogEntry | undefined;
};
type Item = (subject: Subject) => string;

interface Piece {
  readonly kind: 'text' | 'message';
  readonly item: Item;
  /** Starts a field: what was dropped before ends here. */
  readonly startsField: boolean;
  readonly emptyAsHyphen: boolean;
  readonly isRequired: boolean;
  /** Only shown for messages of this level or less severe ones. */
  readonly leastLevel: number;
}

export type ErrorLogFormat = readonly Piece[];
/** What a format is for: every message, or once per connection or request. */
export type ErrorLogFormatKind = 'main' | 'once';

// ---- items ----

const TID = String(isMainThread ? process.pid : threadId);

const timeWith = (options: string): Item => {
  if (options.includes('%')) {
    const format = compileStrftime(options);
    return ({ time }) => format(Math.floor(time / 1000));
  }
  const digits = options.includes('u') ? 6 : options.includes('m') ? 3 : 0;
  const isCompact = options.includes('c');
  const zone = options.includes('z') ? compileStrftime(' %z') : undefined;
  const day = compileStrftime(isCompact ? '%Y-%m-%d %H:%M:%S' : '%a %b %d %H:%M:%S');
  const year = compileStrftime(isCompact ? '' : ' %Y');
  return ({ time }) => {
    const seconds = Math.floor(time / 1000);
    let text = day(seconds);
    if (digits > 0) {
      const micros = String(Math.floor((time - seconds * 1000) * 1000)).padStart(6, '0');
      text += `.${micros.slice(0, digits)}`;
    }
    return text + year(seconds) + (zone === undefined ? '' : zone(seconds));
  };
};

/** The user's address where it is known, or with `c` the connection's (log_remote_address). */
const client = (argument: string): Item => {
  if (argument === 'c')
    return ({ connection: c }) => (c === undefined ? '' : `${c.remoteAddr}:${c.remotePort}`);
  return clientOf;
};

const clientOf = ({ connection: c, request: r }: Pick<LogEntry, 'connection' | 'request'>): string => {
  if (r !== undefined) return `${r.clientAddr}:${r.clientPort}`;
  return c === undefined ? '' : `${c.remoteAddr}:${c.remotePort}`;
};

const logId = (argument: string): Item => {
  switch (argument) {
    case 'c':
      return ({ connection }) => connection?.logId ?? '';
    case 'C':
      return ({ connection, request }) => (request === undefined ? (connection?.logId ?? '') : '');
    default:
      return ({ request }) => (request === undefined ? '' : (mainOf(request).logId ?? ''));
  }
};

const status: Item = ({ entry }) => entry?.error ?? '';

const ITEMS: Readonly<Record<string, (argument: string) => Item>> = {
  a: client,
  A:
    () =>
    ({ connection: c }) =>
      c === undefined ? '' : `${c.localAddr}:${c.localPort}`,
  e:
    (name) =>
    ({ request }) =>
      escapeErrorLogItem(request?.getEnv(name) ?? ''),
  E: () => status,
  F: () => () => '',
  i:
    (name) =>
    ({ request }) =>
      escapeErrorLogItem(request?.headersIn.getJoined(name) ?? ''),
  k:
    () =>
    ({ connection }) =>
      connection === undefined ? '' : String(connection.keepalives),
  l:
    () =>
    ({ entry }) =>
      entry === undefined ? '' : (LEVEL_NAMES[entry.level] ?? ''),
  L: logId,
  m:
    () =>
    ({ entry }) =>
      entry?.module ?? '',
  n:
    (name) =>
    ({ request }) =>
      escapeErrorLogItem(request?.getNote(name) ?? ''),
  P: () => () => String(process.pid),
  t: timeWith,
  T: () => () => TID,
  v:
    () =>
    ({ server }) =>
      server?.hostname ?? '',
  V:
    () =>
    ({ server, request }) =>
      request === undefined ? (server?.hostname ?? '') : serverName(request),
};

function messageOf({ entry }: Subject): string {
  if (entry === undefined) return '';
  return escapeErrorLogItem(entry.tag === '' ? entry.message : `${entry.tag}: ${entry.message}`);
}

// ---- reading a format ----

/** Compiles a format; a string is httpd's words for what is wrong with it. */
export function compileErrorLogFormat(text: string, kind: ErrorLogFormatKind): ErrorLogFormat | string {
  const pieces: Piece[] = [];
  let hasMessage = false;
  let at = 0;
  let pendingSeparator = false;
  while (at < text.length) {
    if (text.startsWith('% ', at)) {
      pendingSeparator = true;
      at += 2;
      continue;
    }
    const found = text[at] === '%' ? readItem(text, at + 1, kind) : readLiteral(text, at);
    if (typeof found === 'string') return found;
    const { piece, end } = found;
    hasMessage ||= piece.kind === 'message';
    pieces.push(pendingSeparator ? { ...piece, startsField: true } : piece);
    pendingSeparator = false;
    at = end;
  }
  if (kind === 'main' && !hasMessage) return "main ErrorLogFormat must contain message format string '%M'";
  if (kind === 'once' && hasMessage)
    return '%M cannot be used in once-per-request or once-per-connection formats';
  return pieces;
}

interface Found {
  readonly piece: Piece;
  readonly end: number;
}

const PLAIN = {
  kind: 'text',
  startsField: false,
  emptyAsHyphen: false,
  isRequired: false,
  leastLevel: 0,
} as const;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Blanks and what follows them up to the next blank or directive; a backslash takes the next character as it is. */
function readLiteral(text: string, from: number): Found {
  let at = from;
  while (text[at] === ' ') at++;
  let literal = text.slice(from, at);
  while (at < text.length && text[at] !== '%' && text[at] !== ' ') {
    if (text[at] === '\\' && at + 1 < text.length) {
      const escaped = text[at + 1] as string;
      literal += ESCAPES[escaped] ?? escaped;
      at += 2;
    } else {
      literal += text[at];
      at++;
    }
  }
  return { piece: { ...PLAIN, item: () => literal, startsField: text[from] === ' ' }, end: at };
}

function readItem(text: string, from: number, kind: ErrorLogFormatKind): Found | string {
  if (text[from] === '%') return { piece: { ...PLAIN, item: () => '%' }, end: from + 1 };
  let argument = '';
  let isRequired = false;
  let emptyAsHyphen = false;
  let leastLevel = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '{') {
      const close = text.indexOf('}', at);
      if (close < 0) break;
      argument = text.slice(at + 1, close);
      at = close;
    } else if (char === '+') {
      if (kind === 'main') return "The '+' flag cannot be used in the main error log format";
      isRequired = true;
    } else if (char === '-') {
      emptyAsHyphen = true;
    } else if (char >= '0' && char <= '9') {
      if (kind === 'once') {
        return 'The loglevel cannot be used as a condition in once-per-request or once-per-connection formats';
      }
      const digits = /^\d+/.exec(text.slice(at))?.[0] ?? '';
      leastLevel = Number(digits);
      at += digits.length - 1;
    } else {
      const flags = { startsField: false, isRequired, emptyAsHyphen, leastLevel };
      if (char === 'M') return { piece: { ...flags, kind: 'message', item: messageOf }, end: at + 1 };
      const make = Object.hasOwn(ITEMS, char) ? ITEMS[char] : undefined;
      if (make === undefined) return `Unrecognized error log format directive %${char}`;
      return { piece: { ...flags, kind: 'text', item: make(argument) }, end: at + 1 };
    }
  }
  return 'Ran off end of error log format parsing args to some directive';
}

// ---- making lines ----

/**
 * An item without output takes its field with it, from the blank before to the blank behind; and with it a message in the same field. Undefined: an item
 * that the line cannot do without is empty.
 */
function formatLine(format: ErrorLogFormat, subject: Subject): string | undefined {
  let line = '';
  let fieldStart = 0;
  let isSkipping = false;
  const level = subject.entry?.level;
  for (const piece of format) {
    if (piece.startsField) {
      if (isSkipping) isSkipping = false;
      else fieldStart = line.length;
    }
    if (piece.kind === 'message') {
      line += piece.item(subject);
      continue;
    }
    if (isSkipping) continue;
    const isShown = level === undefined || piece.leastLevel <= level;
    const text = isShown ? piece.item(subject) : '';
    if (text !== '') {
      line += text;
    } else if (isShown && piece.isRequired) {
      return undefined;
    } else if (isShown && piece.emptyAsHyphen) {
      line += '-';
    } else {
      line = line.slice(0, fieldStart);
      isSkipping = true;
    }
  }
  return line;
}

/** `[time] [module:level] [pid P:tid T] (errno)text: [client A:P] AHnnnnn: message, referer: R`. */
function defaultLine(entry: LogEntry, withTime: boolean): string {
  let line = withTime ? `[${formatErrorLogTime(entry.time * 1000)}] ` : '';
  line += `[${entry.module}:${LEVEL_NAMES[entry.level]}] [pid ${process.pid}:tid ${TID}] `;
  if (entry.error !== undefined) line += `${entry.error}: `;
  const client = clientOf(entry);
  if (client !== '') line += `[client ${client}] `;
  if (entry.tag !== '') line += `${entry.tag}: `;
  line += escapeErrorLogItem(entry.message);
  const referer = entry.request?.headersIn.get('referer');
  if (referer !== undefined && referer !== '') line += `, referer: ${escapeErrorLogItem(referer)}`;
  return line;
}

/** How the entries of a server become text: its formats, or the default. syslog puts a time before each line itself. */
export function errorLogFormatter(formats: ErrorLogFormats | undefined, isSyslog: boolean): LogFormatter {
  const main = formats?.main;
  const once = { connection: formats?.connection ?? [], request: formats?.request ?? [] };
  return (entry) => {
    const { time, server, connection, request } = entry;
    const isNewConnection = connection !== undefined && connection.logId === undefined;
    if (isNewConnection) connection.logId = makeLogId(time);
    const subjectRequest = request === undefined ? undefined : mainOf(request);
    const isNewRequest = subjectRequest !== undefined && subjectRequest.logId === undefined;
    if (isNewRequest) subjectRequest.logId = requestLogId(subjectRequest);
    let lines = '';
    const add = (line: string | undefined): void => {
      if (line !== undefined && line !== '') lines += `${lines === '' ? '' : '\n'}${cut(line)}`;
    };
    if (isNewConnection) {
      const subject = { time, server, connection, request: undefined, entry: undefined };
      for (const format of once.connection) add(formatLine(format, subject));
    }
    if (isNewRequest) {
      const subject = { time, server, connection, request, entry: undefined };
      for (const format of once.request) add(formatLine(format, subject));
    }
    if (main === undefined) add(defaultLine(entry, !isSyslog));
    else add(formatLine(main, { time, server, connection, request, entry }));
    return lines === '' ? undefined : lines;
  };
}

function cut(line: string): string {
  return line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line;
}

/** A sub-request shares the id of the request it belongs to. */
function mainOf(request: Request): Request {
  let r = request;
  while (r.main !== undefined) r = r.main;
  return r;
}
