/**
 * The one way out for every answer that is no success (ap_die and ap_send_error_response of modules/http/http_request.c and http_protocol.c):
 * a custom document, or the canned page.
 */
import { cannedErrorPage } from '../http/error-page.ts';
import { HeaderFields } from '../http/header-fields.ts';
import { hasToken } from '../http/header-list.ts';
import { isKnownStatus } from '../http/reason-phrases.ts';
import { coreDir, coreServer, type ErrorDocument } from './core-config.ts';
import { evaluateString } from './expression-context.ts';
import { type Answer, runVoid } from './hooks.ts';
import { redirectInternally } from './internal-redirect.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { discardBody } from './request-body.ts';
import { beginBody, EMPTY_BODY, sendBuffer, sendHead } from './response.ts';
import { serverSignature } from './server-identity.ts';
import { isRedirect, OK } from './status.ts';

/** After these the rest of what the client sends cannot be trusted to be a request (ap_status_drops_connection). */
export const DROPS_CONNECTION: ReadonlySet<number> = new Set([400, 408, 411, 413, 414, 500, 501, 503]);

/** Answers a request with an error (or redirect) status. */
export function die(r: Request, type: number): Answer {
  if (r.isHeadSent) return OK; // the answer is under way: whoever sends it ends it
  let status = type;
  if (status < 100 || status > 999) {
    logRequest(r, 'core', Level.error, 'AH01579', `Invalid response status ${type}`);
    status = 500;
  }
  const before = r.status;
  if (before !== 200) return reportFirstError(r, status, before);
  const document = resolveDocument(r, errorDocumentOf(r, status));
  r.status = status === 401 && r.proxyRequest === 'forward' ? 407 : status;
  if (DROPS_CONNECTION.has(status)) r.initial.closeConnection = r.closeConnection = true;
  // What is left of the body must be out of the way before the next request; nobody asks for one that the client holds back.
  // A document of this server may read it.
  const { body } = r.transport;
  const discarded = body.isAwaited || document?.kind === 'local' ? OK : discardBody(r);
  return typeof discarded === 'number'
    ? giveUnlessBroken(r, document, discarded)
    : discarded.then((outcome) => giveUnlessBroken(r, document, outcome));
}

/** A body that cannot be read to its end is an error of its own. */
function giveUnlessBroken(r: Request, document: ResolvedDocument | undefined, discarded: number): Answer {
  if (discarded === OK) return giveDocument(r, document);
  r.initial.isBodyBroken = true; // found while the answer is made: nothing measures the page
  return reportFirstError(r, discarded, r.status);
}

/** An ErrorDocument that failed itself: the page of the first error tells of both. */
function reportFirstError(r: Request, status: number, before: number): Answer {
  let failed = r;
  while (failed.prev !== undefined && failed.prev.status !== 200) failed = failed.prev;
  r.status = status;
  if (DROPS_CONNECTION.has(status)) r.initial.closeConnection = failed.closeConnection = true;
  return sendErrorPage(failed, before, undefined);
}

type ResolvedDocument =
  | { readonly kind: 'text'; readonly text: () => string }
  | { readonly kind: 'local' | 'remote'; readonly target: string };

function giveDocument(r: Request, document: ResolvedDocument | undefined): Answer {
  switch (document?.kind) {
    case undefined:
      return sendErrorPage(r, 0, undefined);
    case 'remote':
      r.status = 302;
      r.statusLine = undefined;
      r.headersOut.set('Location', document.target);
      return sendErrorPage(r, 0, undefined);
    case 'local':
      return redirectToDocument(r, document.target);
    case 'text':
      return sendErrorPage(r, 0, document.text());
  }
}

function errorDocumentOf(r: Request, status: number): ErrorDocument | undefined {
  // A code that httpd has no name for is taken for 500 (ap_index_of_response).
  const document = coreDir(r).errorDocuments?.get(isKnownStatus(status) ? status : 500);
  return document === 'default' ? undefined : document;
}

/**
 * A document with `%{...}` shows its kind only now (ap_response_code_string). Targets are evaluated before the status is set, texts when they
 * are sent: so does httpd, and REQUEST_STATUS shows it.
 */
function resolveDocument(r: Request, document: ErrorDocument | undefined): ResolvedDocument | undefined {
  if (document === undefined) return undefined;
  const { expression, kind, value } = document;
  const evaluate = (): string => (expression === undefined ? value : (evaluateString(expression, r) ?? ''));
  if (kind === 'text') return { kind, text: evaluate };
  const target = evaluate();
  const actual = documentKind(target);
  return actual === 'text' ? { kind: 'text', text: () => target } : { kind: actual, target };
}

/** How httpd tells the three kinds of an unquoted ErrorDocument apart. */
export function documentKind(value: string): ErrorDocument['kind'] {
  if (value.startsWith('/')) return 'local';
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? 'remote' : 'text';
}

function redirectToDocument(r: Request, uri: string): Answer {
  if (!isKnownStatus(r.status)) r.status = 500; // what the document's head says then
  r.noLocalCopy = true; // no 304 for an error document
  r.env.set('REQUEST_METHOD', r.method);
  const notes = r.getNote('error-notes');
  if (notes !== undefined) r.env.set('ERROR_NOTES', notes);
  r.method = 'GET';
  return redirectInternally(r, uri);
}

/** Sends the page of r.status: custom text, or httpd's canned words. `secondError`: the status of the failed ErrorDocument, 0 for none. */
function sendErrorPage(r: Request, secondError: number, text: string | undefined): number {
  r.outputFilters = undefined;
  r.beforeHead = undefined;
  r.isErrorPage = true;
  runVoid(r.server.phases.insertErrorFilter, r);
  const { status } = r;
  if (r.statusLine?.trimEnd() === String(status)) r.statusLine = `${status} Unknown Reason`;
  else if (r.statusLine?.startsWith(String(status)) === false) r.statusLine = undefined;
  if (status === 204 || status === 304) {
    sendBuffer(r, EMPTY_BODY);
    return OK;
  }
  const location = r.headersOut.get('Location') ?? r.errHeadersOut.get('Location') ?? '';
  // What the handler said of its resource does not hold for the page; what was set for errors does.
  r.headersOut.clear();
  for (const [name, value] of r.errHeadersOut) r.headersOut.append(name, value);
  r.errHeadersOut = new HeaderFields();
  if ((isRedirect(status) || status === 201) && location !== '') r.headersOut.set('Location', location);
  r.contentLanguages = undefined;
  r.contentEncoding = undefined;
  r.contentType =
    r.getEnv('suppress-error-charset') === undefined ? 'text/html; charset=iso-8859-1' : 'text/html';
  if (status === 405 || status === 501) r.headersOut.set('Allow', allowField(r));
  const page = Buffer.from(text ?? cannedPageOf(r, status, location, secondError), 'latin1');
  if (r.headerOnly) {
    // httpd ends such an answer before the page is made: nobody has counted it.
    r.headersOut.delete('Content-Length');
    sendHead(r);
  } else if (r.initial.isBodyBroken) {
    const writer = beginBody(r, undefined);
    writer.write(page);
    writer.end();
  } else {
    sendBuffer(r, page);
  }
  return OK;
}

function cannedPageOf(r: Request, status: number, location: string, secondError: number): string {
  return cannedErrorPage({
    status,
    statusLine: r.statusLine,
    method: r.method,
    uri: r.uri,
    location,
    notes: r.getNote('error-notes'),
    verboseNotes: r.getNote('verbose-error-to') === '*',
    variantList: r.getNote('variant-list'),
    expect: r.headersIn.get('expect'),
    admin: coreServer(r.server).serverAdmin,
    secondStatus: secondError,
    signature: serverSignature(r, '<hr>\n'),
  });
}

/** `Allow` of 405, 501 and OPTIONS answers (make_allow). */
export function allowField(r: Request): string {
  const allowed = new Set(r.allowed);
  if (allowed.has('GET')) allowed.add('HEAD');
  if (coreServer(r.server).traceEnable !== 'off') allowed.add('TRACE');
  return [...allowed].join(',');
}

/** A Range that no byte falls in: the 416 page keeps what is known of the resource (byterange filter). */
export function sendRangeError(r: Request): void {
  r.status = 416;
  r.isBodyBroken = true; // the page is an error bucket behind the head: its length is not known
  // Whether to keep the connection was decided for the former head: httpd sends no chunks where it is not.
  const asked = r.headersIn.get('connection');
  if (coreServer(r.server).keepAlive === false || (asked !== undefined && hasToken(asked, 'close')))
    r.closeConnection = true;
  void sendErrorPage(r, 0, undefined);
}

/** An output filter cannot do its work, and nothing of the answer has been sent: a 500 takes its place. */
export function sendFilterError(r: Request): void {
  r.status = 200;
  r.statusLine = undefined;
  sendBadFieldError(r);
}

/**
 * The head could not be sent for a bad field: a plain 500, of which nothing of the former answer is left but its reason, if it was a 500, and
 * word of its status where that was not 200 (ap_die).
 */
export function sendBadFieldError(r: Request): void {
  const former = r.status;
  r.status = 500;
  r.closeConnection = true;
  r.initial.isBodyBroken = true; // made while the head is: nothing measures the page
  void sendErrorPage(r, former === 200 ? 0 : former, undefined);
}
