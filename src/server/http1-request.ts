/** From a parsed head to a request record: what ap_read_request (server/protocol.c) fills in, and the server that answers (server/vhost.c). */
import type { Configuration } from '../core/configuration.ts';
import type { Connection } from '../core/connection.ts';
import { coreServer } from '../core/core-config.ts';
import { Level, logRequest } from '../core/log.ts';
import { Request, type Transport } from '../core/request.ts';
import type { AddressServers } from '../core/vhosts.ts';
import { serverByName, serverByPath } from '../core/vhosts.ts';
import type { HeaderFields } from '../http/header-fields.ts';
import type { HostName } from '../http/host.ts';
import type { FailureLog, RequestFailure, RequestHead } from '../http/request-head.ts';
import { now } from '../lib/clock.ts';

/** The client ended its side amid a head (AH00567). */
export const CUT_OFF: RequestFailure = {
  status: 400,
  detail: undefined,
  logs: [{ number: 'AH00567', level: 'debug', message: 'request failed: error reading the headers' }],
};

/** The record of a request whose head, or what there is of it, has been read. Its server is the first of the address still. */
export function makeRequest(
  head: RequestHead,
  configuration: Configuration,
  connection: Connection,
  transport: Transport,
): Request {
  const r = new Request(configuration, connection, transport, connection.baseServer, head.fields, now());
  r.method = head.method;
  r.requestLine = head.requestLine;
  r.protocol = head.protocol;
  r.protocolNumber = head.versionMajor * 1000 + head.versionMinor;
  r.headerOnly = head.method === 'HEAD';
  r.unparsedUri = head.target;
  r.rawPath = r.uri = head.path;
  r.args = head.query;
  if (head.uri !== undefined) {
    r.absoluteScheme = head.uri.scheme;
    r.absoluteAuthority = head.uri.hostname;
    r.absoluteUserInfo = head.uri.userInfo;
    r.absolutePort = head.uri.hostPort;
  }
  return r;
}

/** By the name asked for, else by ServerPath, else the first of the address (ap_update_vhost_from_headers). False: by default. */
export function chooseServer(
  r: Request,
  host: HostName | undefined,
  servers: AddressServers | undefined,
): boolean {
  if (host !== undefined) {
    r.hostname = host.hostname;
    r.hostPort = host.port;
  }
  if (servers === undefined) return false;
  const found = r.hostname === undefined ? serverByPath(servers, r.uri) : serverByName(servers, r.hostname);
  if (found === undefined) return false;
  r.server = found;
  r.perDir = found.lookupDefaults;
  return true;
}

/** What the parser and its checks have to say goes to the log of the request. */
export function logFailures(r: Request, logs: readonly FailureLog[]): void {
  for (const { level, number, message } of logs) logRequest(r, 'core', Level[level], number, message);
}

/** The body cannot be decoded, from some place on. `isInTrailers`: all of its data was. */
export function noteBadBody(r: Request, failure: RequestFailure, isInTrailers: boolean): void {
  logFailures(r, failure.logs);
  if (failure.detail !== undefined) r.final.notes.set('error-notes', failure.detail);
  // What is wrong with the data reaches the answer as an error bucket: its length is not known then.
  if (!isInTrailers) r.isBodyBroken = true;
  r.closeConnection = r.final.closeConnection = true;
}

/** The fields behind a chunked body: apart from those before it, unless MergeTrailers says otherwise (read_chunked_trailers). */
export function keepTrailers(r: Request, trailers: HeaderFields): void {
  if (coreServer(r.server).mergeTrailers === true) {
    for (const [name, value] of trailers) r.headersIn.set(name, value);
    return;
  }
  r.trailersIn = trailers;
  if (r.final !== r) r.final.trailersIn = trailers;
}

/** ::ffff:127.0.0.1 is 127.0.0.1, as httpd shows it. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** A defect of ours, in a module or in the server, with where it is. */
export function logDefect(r: Request, error: unknown): void {
  logRequest(r, 'core', Level.crit, 'AL0500', defectText(error));
}

export function defectText(error: unknown): string {
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
