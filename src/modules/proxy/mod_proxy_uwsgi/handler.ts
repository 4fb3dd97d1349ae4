/** Asking a uwsgi application (mod_proxy_uwsgi.c: uwsgi_handler). */
import { NO_BODY } from '../../../core/body.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { OK } from '../../../core/status.ts';
import { type CanonicalScheme, canonicalUrl } from '../shared/canonical.ts';
import { hostAndPort } from '../shared/errors.ts';
import type { ProxyState, ProxyTarget } from '../shared/scheme.ts';
import { checkBody, exportVariables, withVariables } from '../shared/script-request.ts';
import { makePump } from '../shared/send.ts';
import { UwsgiAnswer } from './answer.ts';
import { UwsgiDriver } from './driver.ts';
import { encodeVariables } from './encode.ts';
import { decodeUrl, pathInfoOf, uwsgiVariables } from './variables.ts';

const SCHEME: CanonicalScheme = {
  scheme: 'uwsgi',
  module: 'proxy_uwsgi',
  badUrl: 'AH10097',
  badPath: 'AH10417',
};

export function canonicaliseUwsgi(r: Request, rest: string, state: ProxyState): number {
  const url = canonicalUrl(r, rest, state.isNocanon || state.isNoencode, SCHEME, state.isSetHandler);
  if (typeof url === 'number') return url;
  r.filename = `proxy:${url.origin}/${url.path}`;
  return OK;
}

export function handleUwsgi(r: Request, target: ProxyTarget): Answer {
  const url = decodeUrl(target.url);
  if (url === undefined) {
    const message = `unable to decode uwsgi uri: ${target.url}`;
    logRequest(r, SCHEME.module, Level.error, 'AH10100', message);
    return 500;
  }
  const refused = checkBody(target.body);
  if (refused !== 0) return refused;
  r.filename = `proxy:${url}`;
  r.env.set('PATH_INFO', pathInfoOf(url));
  // Whoever this request was redirected from has read it: what is told of its length must hold.
  if (target.body.isTaken && r.headersIn.has('content-length')) r.headersIn.set('Content-Length', '0');
  return withVariables(r, (addVariables) => {
    const pairs = uwsgiVariables(addVariables, r.headersIn.get('authorization'));
    const opening = encodeVariables(pairs);
    if (typeof opening === 'number') {
      const { host, port } = hostAndPort(target);
      const message = `can't send headers to ${host}:${port}: packet size too large (${opening})`;
      logRequest(r, SCHEME.module, Level.error, 'AH10259', message);
      return 500;
    }
    return send(r, target, opening).then((status) => {
      if (status !== OK)
        exportVariables(r, (sink) => {
          for (const [name, value] of pairs) sink(name, value);
        });
      return status;
    });
  });
}

function send(r: Request, target: ProxyTarget, opening: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const answer = new UwsgiAnswer(r, target, resolve);
    const driver = new UwsgiDriver(opening, r.headerOnly);
    const body = target.body.isTaken ? NO_BODY : target.body;
    const pump = makePump(r, target, { driver, body, sink: answer, isReusing: false, onDefect: reject });
    answer.attachDriver(driver, pump);
    pump.start();
  });
}
