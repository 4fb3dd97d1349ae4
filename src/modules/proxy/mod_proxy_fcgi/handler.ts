/** Asking a FastCGI application (mod_proxy_fcgi.c: proxy_fcgi_handler, fcgi_do_request). */
import type { BodySource } from '../../../backend/body.ts';
import { BodySpool } from '../../../backend/spool.ts';
import { addCgiVariables } from '../../../cgi/variables.ts';
import { NO_BODY, type RequestBody } from '../../../core/body.ts';
import { directoryWalk } from '../../../core/directory-walk.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { pathTranslated, scriptRequest } from '../../../core/script-request.ts';
import { OK } from '../../../core/status.ts';
import { decodePath } from '../../../http/uri.ts';
import type { ProxyTarget } from '../shared/scheme.ts';
import { exportVariables } from '../shared/script-request.ts';
import { makePump } from '../shared/send.ts';
import { FcgiAnswer } from './answer.ts';
import { wantsDirectoryWalk } from './canonical.ts';
import type { FcgiDirConf } from './config.ts';
import { FcgiDriver } from './driver.ts';
import { headLimit } from './limits.ts';
import { encodeParamsOf, extraParamsOf, genericFilename } from './params.ts';

/** Bytes of a body looked at before the request is sent (MAX_MEM_SPOOL). */
const PREFETCH = 16 * 1024;
export function handleFcgi(r: Request, target: ProxyTarget, conf: Readonly<FcgiDirConf>): Answer {
  const { body } = target;
  // Whoever this request was redirected from may have read it: nothing is left then, as in httpd.
  if (r.main === undefined) countBody(r, body);
  if (!body.isPresent || body.isTaken) return prepare(r, target, conf, NO_BODY);
  // What input filters change has no length either.
  return body.length === undefined ? handleUncounted(r, target, conf) : prepare(r, target, conf, body);
}

/** The length that the application is told is a number that was read, not what the client wrote. */
function countBody({ headersIn }: Request, body: RequestBody): void {
  const written = headersIn.get('content-length');
  if (body.isTaken) {
    if (written !== undefined || headersIn.has('transfer-encoding')) headersIn.set('Content-Length', '0');
    headersIn.delete('Transfer-Encoding');
  } else if (
    written?.startsWith('0') === true &&
    body.length !== undefined &&
    !headersIn.has('transfer-encoding')
  ) {
    headersIn.set('Content-Length', String(body.length));
  }
}

/**
 * A chunked body has no length to tell the application, unless all of it is there already, or is waited for (proxy-sendcl). What filters make of
 * a body of known length is looked at when they had their time.
 */
function handleUncounted(r: Request, target: ProxyTarget, conf: Readonly<FcgiDirConf>): Answer {
  const spool = new BodySpool(target.body, PREFETCH);
  const isWhole = r.getEnv('proxy-sendcl') !== undefined;
  if (!isWhole && target.body.isChunked) {
    spool.prefetch();
    // What came with the request is delivered before the next microtask.
    return Promise.resolve().then(() => sendSpooled(r, target, conf, spool));
  }
  return new Promise((resolve, reject) => {
    r.transport.onAbort(() => {
      spool.discard();
      resolve(OK);
    });
    const send = (): void => {
      try {
        resolve(sendSpooled(r, target, conf, spool));
      } catch (error) {
        reject(error);
      }
    };
    if (isWhole) spool.whole(send);
    else spool.fill(send);
  });
}

function sendSpooled(r: Request, target: ProxyTarget, conf: Readonly<FcgiDirConf>, spool: BodySpool): Answer {
  if (spool.length !== undefined) {
    r.headersIn.set('Content-Length', String(spool.length));
    r.headersIn.delete('Transfer-Encoding');
  }
  return prepare(r, target, conf, spool);
}

/** Makes the variables; PATH_TRANSLATED and rules may have to wait. */
function prepare(r: Request, target: ProxyTarget, conf: Readonly<FcgiDirConf>, body: BodySource): Answer {
  if (wantsDirectoryWalk(r)) walkForPathInfo(r, target.state);
  if (conf.backendType === 'generic') r.filename = genericFilename(r.filename ?? '', r.args);
  const translated = pathTranslated(r);
  return translated instanceof Promise
    ? translated.then((path) => encode(r, target, conf, body, path))
    : encode(r, target, conf, body, translated);
}

/**
 * `proxy-fcgi-pathinfo=full`: the path of the application's URL, taken for a file's name, shows where PATH_INFO begins. A file that is there is
 * what SCRIPT_FILENAME names then; else both stay as they were.
 */
function walkForPathInfo(r: Request, { isNocanon, isNoencode, isSetHandler }: ProxyTarget['state']): void {
  const { perDir, finfo, pathInfo } = r;
  const filename = r.filename ?? '';
  const slash = filename.indexOf('/', filename.indexOf('://') + 3);
  const path = slash < 0 ? '/' : filename.slice(slash).replace(/^\/+/, '/');
  r.filename = isNocanon || isNoencode || isSetHandler ? path : decodePath(path, 'keep').path;
  directoryWalk(r);
  if (r.finfo?.isFile() !== true) {
    r.filename = filename;
    r.pathInfo = pathInfo;
  }
  r.perDir = perDir;
  r.finfo = finfo;
}

function encode(
  r: Request,
  target: ProxyTarget,
  conf: Readonly<FcgiDirConf>,
  body: BodySource,
  path: string | undefined,
): Answer {
  const extra = extraParamsOf(r);
  if (typeof extra === 'number') {
    body.discard?.();
    return extra;
  }
  const params = encodeParamsOf(r, scriptRequest(r, path), conf.envRules, extra);
  if (params instanceof Promise) return params.then((encoded) => send(r, target, body, encoded, path));
  return send(r, target, body, params, path);
}

function send(
  r: Request,
  target: ProxyTarget,
  body: BodySource,
  params: string | undefined,
  path: string | undefined,
): Answer {
  if (params === undefined) {
    body.discard?.();
    logRequest(r, 'proxy_fcgi', Level.error, 'AH01074', 'Failed writing Environment to the application');
    return 503;
  }
  return new Promise<number>((resolve, reject) => {
    const answer = new FcgiAnswer(r, target, (status) => {
      // An ErrorDocument of ours sees them with REDIRECT_ before them.
      if (status !== OK) exportVariables(r, (sink) => addCgiVariables(scriptRequest(r, path), sink));
      resolve(status);
    });
    const driver = new FcgiDriver(params, target.worker.isReusing(false), headLimit(target), answer);
    const parts = { driver, body, sink: answer, isReusing: false, isResetRetried: true, onDefect: reject };
    const pump = makePump(r, target, parts);
    answer.attachDriver(driver, pump);
    pump.start();
  });
}
