/** The directives of log formats that need no other module (the log_* functions of httpd's mod_log_config.c). */
import { isMainThread, threadId } from 'node:worker_threads';
import type { LogItem } from '../../../core/access-log.ts';
import { shownConnectionName, shownHostName } from '../../../core/client-host.ts';
import type { Request } from '../../../core/request.ts';
import { defaultPort, serverName } from '../../../core/server-identity.ts';
import { escapeLogItem } from '../../../http/escape.ts';
import { fieldKey, type HeaderFields } from '../../../http/header-fields.ts';
import { now } from '../../../lib/clock.ts';
import { compileStrftime, formatClfTime } from '../../../lib/strftime.ts';
import { compileCookie } from './cookie.ts';

type Value = (r: Request) => string | undefined;

const TID = isMainThread ? process.pid : threadId;

function escaped(text: string | undefined): string | undefined {
  return text === undefined ? undefined : escapeLogItem(text);
}

/** An item whose argument says nothing. */
const plain = (value: Value, ofOriginal = false): LogItem => ({ ofOriginal, compile: () => value });
const withArgument = (compile: (argument: string) => Value): LogItem => ({ compile });

// ---- time ----

/** Whole microseconds from reading the request until now. */
function duration(r: Request): number {
  return Math.max(0, Math.floor((now() - r.requestTime) * 1000));
}

const FRACTIONS: Readonly<Record<string, (time: number) => string>> = {
  sec: (time) => String(Math.floor(time / 1000)),
  msec: (time) => String(Math.floor(time)),
  usec: (time) => String(Math.floor(time * 1000)),
  msec_frac: (time) => String(Math.floor(time) % 1000).padStart(3, '0'),
  usec_frac: (time) => String(Math.floor(time * 1000) % 1_000_000).padStart(6, '0'),
};

/** `%t`: begin: or end:, then one of the words above or a strftime() format; both words alone are the format's name too. */
function requestTime(argument: string): Value {
  const [, edge, format = ''] = /^(?:(begin|end)(?::|$))?(.*)$/s.exec(argument) ?? [];
  const timeOf = edge === 'end' ? now : (r: Request): number => r.requestTime;
  const fraction = Object.hasOwn(FRACTIONS, format) ? FRACTIONS[format] : undefined;
  if (fraction !== undefined) return (r) => fraction(timeOf(r));
  const text = format === '' ? formatClfTime : compileStrftime(format);
  return (r) => text(Math.floor(timeOf(r) / 1000));
}

/** `%T`; what is no unit stands for itself. */
function requestDuration(argument: string): Value {
  switch (argument.toLowerCase()) {
    case '':
    case 's':
      return (r) => String(Math.floor(duration(r) / 1_000_000));
    case 'ms':
      return (r) => String(Math.floor(duration(r) / 1000));
    case 'us':
      return (r) => String(duration(r));
    default:
      return () => argument;
  }
}

// ---- who and where ----

/** `%h`, and `%{c}h` for the connection's own. The line is not made before the name is known: by now the answer is at hand. */
function remoteHost(argument: string): Value {
  const isConnection = argument === 'c';
  return (r) => {
    const name = isConnection ? shownConnectionName(r) : shownHostName(r);
    if (typeof name === 'string') return escapeLogItem(name);
    return isConnection ? r.connection.remoteAddr : r.clientAddr;
  };
}

function port(argument: string): Value {
  switch (argument.toLowerCase()) {
    case '':
    case 'canonical':
      return (r) => String(r.server.port || defaultPort(r));
    case 'local':
      return (r) => String(r.connection.localPort);
    case 'remote':
      return (r) => String(r.clientPort);
    default:
      return () => argument;
  }
}

function processId(argument: string): Value {
  switch (argument.toLowerCase()) {
    case '':
    case 'pid':
      return () => String(process.pid);
    case 'tid':
      return () => String(TID);
    case 'hextid':
      return () => TID.toString(16);
    default:
      return () => argument;
  }
}

function cookie(name: string): Value {
  const find = compileCookie(name);
  return (r) => escaped(find(r.headersIn.getJoined('cookie')));
}

/** An empty name is shown as one, so that the columns stay. */
function remoteUser({ user }: Request): string | undefined {
  return user === '' ? '""' : escaped(user);
}

// ---- request and answer ----

/** A password in an absolute URL is nobody's business. */
function requestLine(r: Request): string {
  const { absoluteUserInfo: userInfo } = r;
  const colon = userInfo?.indexOf(':') ?? -1;
  if (userInfo === undefined || colon < 0) return escapeLogItem(r.requestLine);
  const hidden = `${userInfo.slice(0, colon)}:XXXXXXXX@`;
  return escapeLogItem(r.requestLine.replace(`${userInfo}@`, () => hidden));
}

function requestHeader(name: string): Value {
  const key = fieldKey(name);
  return (r) => escaped(r.headersIn.getJoined(key));
}

/** As it was sent: without the fields that every answer has (Date, Server); a type without its parameters. */
function responseHeader(name: string): Value {
  const key = fieldKey(name);
  const fromTables: Value = (r) => escaped(sentField(r.errHeadersOut, r.headersOut, key));
  if (key !== 'content-type') return fromTables;
  return (r) =>
    r.contentType === undefined ? fromTables(r) : escapeLogItem(withoutParameters(r.contentType));
}

function sentField(first: HeaderFields, second: HeaderFields, key: string): string | undefined {
  if (key !== 'set-cookie') return first.get(key) ?? second.get(key);
  const values = [...first.getAll(key), ...second.getAll(key)];
  return values.length === 0 ? undefined : values.join(', ');
}

function withoutParameters(type: string): string {
  const semicolon = type.indexOf(';');
  return (semicolon < 0 ? type : type.slice(0, semicolon)).trimEnd();
}

function requestTrailer(name: string): Value {
  const key = fieldKey(name);
  return (r) => escaped(r.trailersIn?.getJoined(key));
}

function answerTrailer(name: string): Value {
  const key = fieldKey(name);
  return (r) => escaped(r.trailersOut?.getJoined(key));
}

/** A request line that was never read whole has neither method nor path. */
function known(text: string): string | undefined {
  return text === '' ? undefined : escapeLogItem(text);
}

/** httpd counts a request when it decides to keep the connection: the last one has the number of the one before. */
function requestNumber({ connection, isKeepAlive }: Request): string {
  const before = connection.keepalives;
  return String(isKeepAlive || before === 0 ? before : before - 1);
}

function connectionState(r: Request): string {
  if (r.connection.isAborted) return 'X';
  return r.isKeepAlive ? '+' : '-';
}

/** The log id of the request, or with `c` of its connection; none where nothing was logged of it. */
function logId(argument: string): Value {
  if (argument === 'c') return (r) => r.connection.logId;
  return (r) => {
    let main = r;
    while (main.main !== undefined) main = main.main;
    return main.logId;
  };
}

/** By letter, or by caret and two letters. */
export const BUILT_IN_ITEMS: ReadonlyMap<string, LogItem> = new Map<string, LogItem>([
  [
    'a',
    withArgument((argument) => (argument === 'c' ? (r) => r.connection.remoteAddr : (r) => r.clientAddr)),
  ],
  ['A', plain((r) => r.connection.localAddr)],
  ['b', plain((r) => (r.bytesSent === 0 ? undefined : String(r.bytesSent)))],
  ['B', plain((r) => String(r.bytesSent))],
  ['C', withArgument(cookie)],
  ['D', plain((r) => String(duration(r)), true)],
  ['e', withArgument((name) => (r) => escaped(r.getEnv(name)))],
  ['f', plain((r) => escaped(r.filename))],
  ['h', withArgument(remoteHost)],
  ['H', plain((r) => escapeLogItem(r.protocol))],
  ['i', withArgument(requestHeader)],
  ['k', plain(requestNumber)],
  ['l', plain(() => undefined)],
  ['L', withArgument(logId)],
  ['m', plain((r) => known(r.method))],
  ['n', withArgument((name) => (r) => escaped(r.getNote(name)))],
  ['o', withArgument(responseHeader)],
  ['p', withArgument(port)],
  ['P', withArgument(processId)],
  ['q', plain((r) => (r.args === undefined ? '' : `?${escapeLogItem(r.args)}`))],
  ['r', plain(requestLine, true)],
  ['R', plain((r) => escaped(r.handler))],
  ['s', plain((r) => (r.status <= 0 ? undefined : String(r.status)), true)],
  ['t', withArgument(requestTime)],
  ['T', { ofOriginal: true, compile: requestDuration }],
  ['u', plain(remoteUser)],
  ['U', plain((r) => known(r.uri), true)],
  ['v', plain((r) => escapeLogItem(r.server.hostname))],
  ['V', plain((r) => escapeLogItem(serverName(r)))],
  ['X', plain(connectionState)],
  ['^ti', withArgument(requestTrailer)],
  ['^to', withArgument(answerTrailer)],
]);
