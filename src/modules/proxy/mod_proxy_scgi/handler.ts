/** Asking an SCGI application (mod_proxy_scgi.c: scgi_handler, scgi_request_status). */
import { type BodyWriter, NO_BODY } from '../../../core/body.ts';
import type { Answer } from '../../../core/hooks.ts';
import { redirectInternally } from '../../../core/internal-redirect.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { beginBody } from '../../../core/response.ts';
import { OK } from '../../../core/status.ts';
import { lookupFile, runSubrequest } from '../../../core/subrequest.ts';
import { type CanonicalScheme, canonicalUrl } from '../shared/canonical.ts';
import type { ProxyState, ProxyTarget } from '../shared/scheme.ts';
import { bodyLength, checkBody, exportVariables, withVariables } from '../shared/script-request.ts';
import { makePump } from '../shared/send.ts';
import { type Elsewhere, ScgiAnswer } from './answer.ts';
import type { ScgiDirConf } from './config.ts';
import { ScgiDriver } from './driver.ts';
import { ScgiHead } from './encode.ts';

const SCHEME: CanonicalScheme = {
  scheme: 'scgi',
  module: 'proxy_scgi',
  badUrl: 'AH00857',
  badPath: 'AH10416',
};

/** The path is encoded whatever `nocanon` says (scgi_canon). */
export function canonicaliseScgi(r: Request, rest: string, state: ProxyState): number {
  const url = canonicalUrl(r, rest, false, SCHEME, state.isSetHandler);
  if (typeof url === 'number') return url;
  r.filename = `proxy:${url.origin}/${url.path}`;
  if (r.getEnv('proxy-scgi-pathinfo') !== undefined) r.pathInfo = `/${url.path}`;
  return OK;
}

export function handleScgi(r: Request, target: ProxyTarget, conf: Readonly<ScgiDirConf>): Answer {
  const refused = checkBody(target.body);
  if (refused !== 0) return refused;
  return withVariables(r, (addVariables) => {
    const head = new ScgiHead(bodyLength(target.body));
    addVariables((name, value) => head.add(name, value));
    const sent = send(r, target, conf, head.encode());
    return sent.then(({ status, elsewhere }) => {
      if (status === OK && elsewhere === undefined) return OK;
      exportVariables(r, addVariables);
      return elsewhere === undefined ? status : goElsewhere(r, elsewhere);
    });
  });
}

interface Outcome {
  readonly status: number;
  readonly elsewhere: Elsewhere | undefined;
}

function send(
  r: Request,
  target: ProxyTarget,
  conf: Readonly<ScgiDirConf>,
  opening: Buffer,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const answer = new ScgiAnswer(r, target, conf, (status) =>
      resolve({ status, elsewhere: answer.elsewhere }),
    );
    const driver = new ScgiDriver(opening);
    const body = target.body.isTaken ? NO_BODY : target.body;
    const pump = makePump(r, target, { driver, body, sink: answer, isReusing: false, onDefect: reject });
    answer.attachDriver(driver, pump);
    pump.start();
  });
}

function goElsewhere(r: Request, { kind, location }: Elsewhere): Answer {
  if (kind === 'sendfile') return sendFile(r, location);
  // It must be a GET, whatever the method was, and its body has been read.
  r.method = 'GET';
  r.headersIn = r.headersIn.clone();
  r.headersIn.delete('content-length');
  return redirectInternally(r, location);
}

/** What concerns the application's answer does not concern the file it is made of. */
const CONDITIONS: readonly string[] = [
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
];

/** The file a field named is the body: a sub-request, so that what is forbidden stays so. */
function sendFile(r: Request, filename: string): Answer {
  if (!filename.startsWith('/')) return notPossible(r, filename, undefined);
  const found = lookupFile(r, filename);
  return found instanceof Promise
    ? found.then((sub) => passFile(r, sub, filename))
    : passFile(r, found, filename);
}

function passFile(r: Request, sub: Request, filename: string): Answer {
  if (sub.status !== 200 || sub.finfo === undefined) return notPossible(r, filename, sub);
  for (const name of CONDITIONS) sub.headersIn.delete(name);
  const writer = beginBody(r, undefined);
  const ran = runSubrequest(sub, writer);
  return typeof ran === 'number' ? endFile(writer) : ran.then(() => endFile(writer));
}

function endFile(writer: BodyWriter): number {
  writer.end();
  return OK;
}

function notPossible(r: Request, filename: string, sub: Request | undefined): number {
  const type = sub?.finfo === undefined ? 0 : sub.finfo.isDirectory() ? 2 : 1;
  const facts = `(rr->status=${sub?.status ?? 200}, rr->finfo.filetype=${type})`;
  const message = `Subrequest to file '${filename}' not possible. ${facts}`;
  logRequest(r, SCHEME.module, Level.error, 'AH00864', message);
  return 500;
}
