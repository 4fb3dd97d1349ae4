/**
 * Who answers for a backend: what is looked at when the handshake is done and nothing has been sent yet (ssl_io_filter_handshake of
 * ssl_engine_io.c, ssl_callback_SSLVerify of ssl_engine_kernel.c).
 */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { Level, logServer } from '../../../core/log.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import { alternativeNames, commonNames, describeCertificate, matchesHost } from './certificate-text.ts';
import type { ProxyTlsConf } from './config.ts';

const DEFAULT_DEPTH = 1;
/** A chain that is longer is not followed: it is too long by any setting. */
const LONGEST_CHAIN = 200;

/** What `optional_no_ca` lets pass (ssl_verify_error_is_optional). */
const OPTIONAL_ERRORS: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);

type Refusal = string | undefined;

interface Peer {
  readonly socket: TLSSocket;
  readonly certificate: DetailedPeerCertificate;
  readonly conf: Readonly<ProxyTlsConf>;
  readonly server: VirtualServer;
}

function refuse(server: VirtualServer, level: number, tag: string, message: string): string {
  logServer(server, 'ssl', level, tag, message);
  return message;
}

/** How many certificates stand above the backend's own, the last of them trusted or not known. */
function depthOf(leaf: DetailedPeerCertificate): number {
  let depth = 0;
  let at = leaf;
  while (depth < LONGEST_CHAIN) {
    const above: DetailedPeerCertificate | undefined = at.issuerCertificate;
    if (above === undefined || above === at || above.fingerprint256 === at.fingerprint256) break;
    at = above;
    depth++;
  }
  return depth;
}

function isInTime({ valid_from: from, valid_to: to }: DetailedPeerCertificate): boolean {
  const now = Date.now();
  return Date.parse(from) <= now && now <= Date.parse(to);
}

function described({ raw }: DetailedPeerCertificate): string {
  return raw === undefined ? '' : ` ${describeCertificate(new X509Certificate(raw))}`;
}

/** SSLProxyVerify and SSLProxyVerifyDepth. */
function checkTrust(peer: Peer): Refusal {
  const { socket, certificate, conf, server } = peer;
  const verify = conf.verify ?? 'none';
  if (verify === 'none') return undefined;
  // A session that goes on was looked at when it began.
  const isResumed = socket.isSessionReused();
  const error = socket.authorizationError as unknown as string | null | undefined;
  const isOptional = isResumed || (verify === 'optional_no_ca' && OPTIONAL_ERRORS.has(error ?? ''));
  // The library names one error only: the one that may pass must not hide the other.
  const what =
    typeof error === 'string' && !isOptional ? error : isInTime(certificate) ? '' : 'CERT_HAS_EXPIRED';
  if (what !== '') {
    const message = `Certificate Verification: Error: ${what}${described(certificate)}`;
    return refuse(server, Level.info, 'AH02276', message);
  }
  if (isResumed) return undefined;
  const most = conf.verifyDepth ?? DEFAULT_DEPTH;
  const depth = depthOf(certificate);
  if (depth <= most) return undefined;
  const counts = `(chain has ${depth} certificates, but maximum allowed are only ${most})`;
  return refuse(
    server,
    Level.error,
    'AH02040',
    `Certificate Verification: Certificate Chain too long ${counts}`,
  );
}

/** SSLProxyCheckPeerName: by the alternative names and the common names, unless it and SSLProxyCheckPeerCN say otherwise. */
function checkName({ certificate, conf, server }: Peer, host: string): Refusal {
  const { checksName, checksCommonName } = conf;
  const isByName = checksName ?? checksCommonName !== false;
  if (!isByName && checksCommonName !== true) return undefined;
  const common = commonNames(certificate.subject);
  if (isByName) {
    const names = [...alternativeNames(certificate.subjectaltname, 'DNS'), ...common];
    if (names.some((name) => matchesHost(name, host))) return undefined;
    const message = `SSL Proxy: Peer certificate does not match for hostname ${host}`;
    return refuse(server, Level.info, 'AH02411', message);
  }
  const [first = ''] = common;
  if (matchesHost(first, host)) return undefined;
  const message = `SSL Proxy: Peer certificate CN mismatch: Certificate CN: ${first} Requested hostname: ${host}`;
  return refuse(server, Level.info, 'AH02005', message);
}

/** Why a backend is refused; undefined: it is not. */
export function refusalOf(
  socket: TLSSocket,
  certificate: DetailedPeerCertificate,
  conf: Readonly<ProxyTlsConf>,
  host: string | undefined,
  server: VirtualServer,
): Refusal {
  const peer: Peer = { socket, certificate, conf, server };
  const distrust = checkTrust(peer);
  if (distrust !== undefined) return distrust;
  if (conf.checksExpire !== false && !isInTime(peer.certificate))
    return refuse(server, Level.info, 'AH02004', 'SSL Proxy: Peer certificate is expired');
  return host === undefined ? undefined : checkName(peer, host);
}
