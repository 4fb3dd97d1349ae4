/**
 * What ap_read_request checks once a head is read, in its order: body framing, the host, that there is a host, Expect.
 */
import { type BodyFraming, bodyFraming, isFailure } from './body.ts';
import { equalsIgnoreCase } from './bytes.ts';
import { checkUriHost, type HostName, isBadHost, parseHost } from './host.ts';
import { debugLog, type FailureLog, failure, type RequestFailure, type RequestHead } from './request-head.ts';

/** A head that may be served. */
export interface CheckedRequest {
  readonly framing: BodyFraming;
  /** The host asked for; undefined where none was named (HTTP/1.0). */
  readonly host: HostName | undefined;
  /** The client waits for "100 Continue". */
  readonly expectsContinue: boolean;
  /** Lines to log although the request is served. */
  readonly logs: readonly FailureLog[];
}

const NO_LOGS: readonly FailureLog[] = [];

/** The text after the host in an authority: "", ":" or ":80". */
function portSuffix(hostPort: string): string {
  const from = hostPort.startsWith('[') ? hostPort.lastIndexOf(']') : 0;
  const colon = hostPort.indexOf(':', from);
  return colon < 0 ? '' : hostPort.slice(colon);
}

/** The host out of an absolute-form target; it replaces the Host field (RFC 9112 section 3.2.2). */
function hostFromTarget(
  head: RequestHead,
  hostname: string,
  strict: boolean,
): { host: HostName; logs: readonly FailureLog[] } | RequestFailure {
  const uri = head.uri;
  const host = checkUriHost(hostname, uri?.port, strict);
  if (isBadHost(host)) return failure(400, host.logs);
  const field = head.fields.get('host');
  if (field === undefined || !strict) return { host, logs: NO_LOGS };
  const name = host.isV6Literal ? `[${host.hostname}]` : host.hostname;
  const replacement = name + portSuffix(uri?.hostPort ?? '');
  head.fields.set('Host', replacement);
  const message = `Replacing host header '${field}' with host '${replacement}' given in the request uri`;
  return { host, logs: [debugLog('AH02417', message)] };
}

/**
 * Checks a complete head. `scheme` is the server's: only a target of that scheme (or CONNECT) names the host, others
 * leave it to the Host field.
 */
export function checkRequest(
  head: RequestHead,
  strict: boolean,
  scheme: 'http' | 'https',
): CheckedRequest | RequestFailure {
  const framing = bodyFraming(head);
  if (isFailure(framing)) return framing;
  const fields = head.fields;
  const field = fields.get('host');
  const uri = head.uri;
  let host: HostName | undefined;
  let logs = NO_LOGS;
  if (uri?.hostname !== undefined && (uri.scheme === undefined || equalsIgnoreCase(uri.scheme, scheme))) {
    const fromTarget = hostFromTarget(head, uri.hostname, strict);
    if (isFailure(fromTarget)) return fromTarget;
    ({ host, logs } = fromTarget);
  } else if (field !== undefined && field !== '') {
    const parsed = parseHost(field, strict);
    if (isBadHost(parsed)) return failure(400, parsed.logs);
    host = parsed;
  }
  if (head.atLeast11 && (host === undefined || field === undefined)) {
    const message = `client sent HTTP/1.1 request without hostname (see RFC2616 section 14.23): ${head.path}`;
    return failure(400, [...logs, debugLog('AH00569', message)]);
  }
  const expect = fields.get('expect');
  if (expect === undefined || expect === '') return { framing, host, expectsContinue: false, logs };
  if (!equalsIgnoreCase(expect, '100-continue')) {
    const message = `client sent an unrecognized expectation value of Expect: ${expect}`;
    return failure(417, [...logs, { number: 'AH00570', level: 'info', message }]);
  }
  return { framing, host, expectsContinue: head.atLeast11, logs };
}
