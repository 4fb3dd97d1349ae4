/** A request as the CGI variables see it: shared by every module that runs or asks scripts (util_script.c's view of a request_rec). */
import type { CgiRequest, PreviousRequest } from '../cgi/variables.ts';
import { escapeHtml, escapeUri } from '../http/escape.ts';
import { coreDir } from './core-config.ts';
import { documentRoot } from './document-root.ts';
import type { Request } from './request.ts';
import {
  bannerOf,
  constructUrl,
  requestScheme,
  serverAdmin,
  serverNameForUrl,
  serverPort,
  serverSignature,
} from './server-identity.ts';
import { lookupUri } from './subrequest.ts';

/** Read once: process.env asks the system each time. */
const PROCESS_PATH = process.env.PATH;

/**
 * The file or URL that PATH_INFO leads to when it is taken for a URL of its own (PATH_TRANSLATED); undefined without PATH_INFO. To be asked
 * before the variables are made, since a sub-request may have to wait.
 */
export function pathTranslated(r: Request): string | undefined | Promise<string | undefined> {
  if (r.pathInfo === '') return undefined;
  const found = lookupUri(r, escapeUri(r.pathInfo));
  return found instanceof Promise ? found.then(translated) : translated(found);
}

function translated(sub: Request): string | undefined {
  return sub.filename === undefined ? undefined : sub.filename + sub.pathInfo;
}

/** What the variables of `r` are made from. `translatedPath`: the answer of `pathTranslated`. */
export function scriptRequest(r: Request, translatedPath: string | undefined): CgiRequest {
  const { connection } = r;
  const conf = coreDir(r);
  const root = documentRoot(r);
  return {
    method: r.method,
    protocol: r.protocol,
    unparsedUri: r.initial.unparsedUri,
    uri: r.uri,
    args: r.args,
    headers: r.headersIn,
    env: r.env,
    processPath: PROCESS_PATH,
    serverSignature: serverSignature(r, ''),
    serverSoftware: bannerOf(r),
    serverName: escapeHtml(serverNameForUrl(r)),
    serverAddr: connection.localAddr,
    serverPort: serverPort(r),
    serverAdmin: serverAdmin(r.server),
    documentRoot: root,
    scheme: requestScheme(r),
    contextPrefix: r.contextPrefix ?? '',
    contextDocumentRoot: r.contextDocumentRoot ?? root,
    filename: r.filename ?? '',
    pathInfo: r.pathInfo,
    pathTranslated: () => translatedPath,
    remoteHost: r.remoteHost,
    remoteAddr: r.clientAddr,
    remotePort: connection.remotePort,
    remoteIdent: undefined,
    user: r.user,
    authType: r.authType,
    previous: r.prev === undefined ? undefined : previousRequest(r.prev),
    isAuthPassed: conf.cgiPassAuth === true,
    isRequestUriCurrent: conf.cgiVarRules?.get('REQUEST_URI') === 'current-uri',
  };
}

function previousRequest(prev: Request): PreviousRequest {
  const query = prev.args === undefined ? '' : `?${prev.args}`;
  return {
    redirectUrl: coreDir(prev).qualifyRedirectUrl === true ? constructUrl(prev, prev.uri + query) : prev.uri,
    args: prev.args,
    user: prev.user,
    previous: prev.prev === undefined ? undefined : previousRequest(prev.prev),
  };
}
