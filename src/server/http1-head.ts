/** The head of an HTTP/1.x answer (ap_http_header_filter of modules/http/http_filters.c, ap_set_keepalive of http_core.c). */
import { coreDir, coreServer } from '../core/core-config.ts';
import type { Request } from '../core/request.ts';
import { isBodyless } from '../core/response.ts';
import { formatHttpDate, httpDateOf } from '../http/date.ts';
import type { HeaderFields } from '../http/header-fields.ts';
import { hasToken } from '../http/header-list.ts';
import { isKnownStatus } from '../http/reason-phrases.ts';
import { dateAndServer, responseHead } from '../http/response-head.ts';

const DEFAULT_KEEPALIVE_TIMEOUT = 5000;
const DEFAULT_KEEPALIVE_REQUESTS = 100;

/** How the body of an answer is framed on the wire. */
export interface AnswerFraming {
  readonly isChunked: boolean;
  /** The connection is good for another request afterwards. */
  readonly isKeptAlive: boolean;
}

/** Milliseconds an idle connection may wait for its next request. */
export function keepAliveTimeout(r: Request): number {
  return coreServer(r.server).keepAliveTimeout ?? DEFAULT_KEEPALIVE_TIMEOUT;
}

const PLAIN: AnswerFraming = { isChunked: false, isKeptAlive: true };
/** The head reads as if the connection were kept, as far as the request allows for that. */
const UNSAID: AnswerFraming = { isChunked: false, isKeptAlive: false };

/**
 * Decides how the body is framed and whether the connection is kept, and says so in the headers (ap_set_keepalive).
 * `served`: requests answered on the connection before this one; `waits`: the client still waits for "100 Continue".
 */
export function decideFraming(r: Request, hasLength: boolean, served: number, waits: boolean): AnswerFraming {
  downgrade(r);
  // A status below 200 announces another answer, which never comes: the one to the next request would be taken for it.
  if (r.status < 200) r.closesSilently = true;
  const conf = coreServer(r.server);
  const { headersOut } = r;
  const asked = r.headersIn.get('connection');
  const most = conf.maxKeepAliveRequests ?? DEFAULT_KEEPALIVE_REQUESTS;
  const isHttp11 = r.protocolNumber >= 1001;
  const isFramed = hasLength || r.headerOnly || isBodyless(r.status);
  // httpd only thinks of chunks where it still thinks of keeping the connection.
  const isClosing = r.closeConnection && !r.closesSilently;
  const isChunked = !isFramed && isHttp11 && !isClosing && !waits;
  const own = headersOut.getJoined('connection');
  const saysClose = own !== undefined && hasToken(own, 'close');
  const wantsKeepAlive = asked !== undefined && hasToken(asked, 'keep-alive');
  const isKeptAlive =
    !isClosing &&
    !waits &&
    (isFramed || isChunked) &&
    conf.keepAlive !== false &&
    keepAliveTimeout(r) > 0 &&
    (most === 0 || served < most) &&
    !saysClose &&
    (asked === undefined || !hasToken(asked, 'close')) &&
    (wantsKeepAlive || isHttp11) &&
    (r.getEnv('nokeepalive') === undefined || r.headersIn.has('via'));
  if (isKeptAlive && !wantsKeepAlive && !isChunked) return r.closesSilently ? UNSAID : PLAIN;
  if (isKeptAlive) {
    if (wantsKeepAlive) {
      const seconds = Math.floor(keepAliveTimeout(r) / 1000);
      headersOut.set(
        'Keep-Alive',
        most === 0 ? `timeout=${seconds}` : `timeout=${seconds}, max=${most - served}`,
      );
      headersOut.merge('Connection', 'Keep-Alive');
    }
  } else if (!saysClose) {
    headersOut.merge('Connection', 'close');
  }
  return { isChunked, isKeptAlive: isKeptAlive && !r.closesSilently };
}

/** For clients known to lie about what they understand (downgrade-1.0, force-response-1.0; basic_http_header_check). */
function downgrade(r: Request): void {
  if (r.getEnv('downgrade-1.0') !== undefined && r.protocolNumber > 1000) r.protocolNumber = 1000;
  if (r.protocolNumber === 1000 && r.getEnv('force-response-1.0') !== undefined) r.closeConnection = true;
}

/** The head with its empty line. */
export function buildHead(r: Request, framing: AnswerFraming, now: number): string {
  const { headersOut, errHeadersOut } = r;
  const leading = r.proxyRequest === 'none' ? ownLines(r, now) : proxiedLines(r, now);
  // A cache that knows no more than HTTP/1.0 must not keep what was negotiated.
  if (r.noCache && !headersOut.has('expires'))
    headersOut.set('Expires', formatHttpDate(Math.floor(now / 1000)));
  if (framing.isChunked) headersOut.set('Transfer-Encoding', 'chunked');
  if (r.contentType !== undefined && r.contentType !== '' && r.status !== 304)
    headersOut.set('Content-Type', contentTypeField(r, r.contentType));
  if (r.contentEncoding !== undefined && r.status !== 304)
    headersOut.set('Content-Encoding', r.contentEncoding);
  if (r.contentLanguages !== undefined && r.contentLanguages.length > 0 && r.status !== 304) {
    headersOut.set('Content-Language', r.contentLanguages.join(','));
  }
  // A code alone has the reason that goes with it, if there is one.
  if (r.statusLine?.startsWith(`${r.status} `) === false)
    r.statusLine = r.statusLine === String(r.status) && !isKnownStatus(r.status) ? `${r.status} ` : undefined;
  let fields = headersOut;
  if (errHeadersOut.size > 0) {
    // What was set for every answer goes first and replaces nothing (apr_table_overlay).
    fields = errHeadersOut.clone();
    fields.appendAll(headersOut);
  }
  const head = responseHead(r.status, leading, uniqueVary(fields), r.statusLine);
  const isForced = r.protocolNumber === 1000 && r.getEnv('force-response-1.0') !== undefined;
  return isForced ? `HTTP/1.0${head.slice('HTTP/1.1'.length)}` : head;
}

function ownLines(r: Request, now: number): string {
  r.headersOut.delete('date');
  r.headersOut.delete('server');
  return dateAndServer(now, r.configuration.banner);
}

/** A backend's Date and Server stay (ap_basic_http_header). */
function proxiedLines(r: Request, now: number): string {
  const date = r.headersOut.get('date');
  const server = r.headersOut.get('server');
  const own = ownLines(r, now);
  if (date === undefined && server === undefined) return own;
  return `Date: ${date ?? httpDateOf(now)}\r\nServer: ${server ?? r.configuration.banner}\r\n`;
}

/** Each name in Vary once, as the first one wrote it, joined by commas without blanks (fixup_vary). */
function uniqueVary(fields: HeaderFields): HeaderFields {
  const vary = fields.getJoined('vary');
  if (vary === undefined || !/[, ]/.test(vary)) return fields;
  const names = new Map<string, string>();
  for (const part of vary.split(',')) {
    const name = part.trim();
    if (name !== '' && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  fields.set('Vary', [...names.values()].join(','));
  return fields;
}

/** AddDefaultCharset completes text/plain and text/html without a charset (make_content_type). */
function contentTypeField(r: Request, type: string): string {
  const charset = coreDir(r).addDefaultCharset;
  if (charset === undefined || charset === null) return type;
  const semicolon = type.indexOf(';');
  const bare = semicolon < 0 ? type : type.slice(0, semicolon).trim();
  if (bare !== 'text/plain' && bare !== 'text/html') return type;
  return semicolon >= 0 && /;\s*charset\s*=/i.test(type) ? type : `${type}; charset=${charset}`;
}
