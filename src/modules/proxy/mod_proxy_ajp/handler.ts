/** Asking an AJP container (mod_proxy_ajp.c: proxy_ajp_handler; ajp_header.c: ajp_send_header). */
import { NO_BODY } from '../../../core/body.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest, logServer } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { serverName } from '../../../core/server-identity.ts';
import { tlsVariable } from '../../../core/tls.ts';
import type { ProxyTarget } from '../shared/scheme.ts';
import { makePump } from '../shared/send.ts';
import { AjpAnswer } from './answer.ts';
import { splitTarget } from './canonical.ts';
import { AjpDriver, type AjpRequest } from './driver.ts';
import { encodeForward, PacketOverflow, type TlsFacts } from './encode.ts';
import { dialogPartner, MODULE, packetSizeOf } from './failure-log.ts';

const ATTRIBUTE_PREFIX = 'AJP_';

export function handleAjp(r: Request, target: ProxyTarget): Answer {
  const packetSize = packetSizeOf(target);
  const forward = forwardOf(r, target, packetSize);
  if (forward === undefined) return 400;
  const body = target.body.isTaken ? NO_BODY : target.body;
  const { ping } = target.worker.options;
  const request: AjpRequest = {
    forward,
    packetSize,
    isBodyAnnounced: body.isPresent && body.length !== undefined && body.length > 0,
    isPinged: ping !== undefined,
    isKept: r.getEnv('proxy-nokeepalive') === undefined,
  };
  return new Promise<number>((resolve, reject) => {
    const ask = (isFreshWanted: boolean): void => {
      const driver = new AjpDriver(request, answer);
      // Nothing of the body is touched until the container has shown that it is there.
      const isBodyHeld = ping !== undefined;
      const parts = {
        driver,
        body,
        sink: answer,
        isReusing: true,
        isFreshWanted,
        isBodyHeld,
        onDefect: reject,
      };
      const pump = makePump(r, target, parts);
      answer.attachDriver(driver, pump);
      if (ping !== undefined) pump.setTimeout(ping);
      pump.start();
    };
    const answer = new AjpAnswer(r, target, resolve, () => ask(true));
    ask(false);
  });
}

/** The encoded request; undefined, and the reason in the log, where a packet is too small for it. */
function forwardOf(r: Request, target: ProxyTarget, packetSize: number): Buffer | undefined {
  const { connection, headersIn } = r;
  const { path, query } = splitTarget(target.url);
  // Whoever this request was redirected from has read its body: what is told of its length must hold.
  if (target.body.isTaken && headersIn.has('content-length')) headersIn.set('Content-Length', '0');
  try {
    return encodeForward(
      {
        method: r.method,
        protocol: r.protocol,
        uri: path,
        remoteAddr: r.clientAddr,
        remoteHost: r.remoteHost,
        remotePort: connection.remotePort,
        serverName: serverName(r),
        localAddr: connection.localAddr,
        localPort: connection.localPort,
        fields: headersIn,
        fieldCount: headersIn.size,
        secret: target.worker.options.secret,
        user: r.user,
        authType: r.authType,
        query,
        route: r.getNote('session-route'),
        tls: connection.isTls ? tlsFacts(r) : undefined,
        attributes: attributesOf(r),
      },
      packetSize,
    );
  } catch (error) {
    if (!(error instanceof PacketOverflow)) throw error;
    const overflow = `ajp_msg_append_cvt_string(): BufferOverflowException 4 ${packetSize}`;
    logServer(r.server, MODULE, Level.error, 'AH03229', overflow);
    logRequest(r, MODULE, Level.error, error.tag, error.message);
    logRequest(r, MODULE, Level.error, 'AH00988', 'ajp_send_header: ajp_marshal_into_msgb failed');
    const code = '(120001)APR does not understand this error code';
    logRequest(r, MODULE, Level.error, 'AH00868', `request failed to ${dialogPartner(target)}`, code);
    return undefined;
  }
}

/** Variables of the request that are meant for the container. */
function attributesOf(r: Request): [string, string][] {
  const attributes: [string, string][] = [];
  for (const [name, value] of r.env) {
    if (name.startsWith(ATTRIBUTE_PREFIX)) attributes.push([name.slice(ATTRIBUTE_PREFIX.length), value]);
  }
  return attributes;
}

function tlsFacts(r: Request): TlsFacts {
  const variable = (name: string): string | undefined => tlsVariable(r, name) || undefined;
  const keySize = variable('SSL_CIPHER_USEKEYSIZE');
  return {
    certificate: variable('SSL_CLIENT_CERT'),
    cipher: variable('SSL_CIPHER'),
    session: variable('SSL_SESSION_ID'),
    keySize: keySize === undefined ? undefined : Number.parseInt(keySize, 10),
    protocol: variable('SSL_PROTOCOL'),
  };
}
