/** Who is let in: SNI against Host, SSLRequireSSL, SSLRequire, `Require ssl` (ssl_hook_ReadReq, ssl_hook_Access of ssl_engine_kernel.c). */
import { RequestExprContext } from '../../../core/expression-context.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { AuthzProvider } from '../../../core/providers.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED } from '../../../core/status.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import { ExprEvaluationError } from '../../../expr/index.ts';
import type { SslDirConf, SslRequirement, SslServerConf } from './config.ts';
import { ALL_PROTOCOLS, type ProtocolSet } from './protocols.ts';

const SPOKE_PLAIN =
  "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n Instead use the HTTPS scheme to access this URL, please.<br />\n";
const NO_SNI =
  'Reason: The client software did not provide a hostname using Server Name Indication (SNI), which is required to access this server.<br />\n';

type ConfOf = (server: VirtualServer) => Readonly<SslServerConf>;

/** The policy asks a file for each of several things: the same, in the same order. */
function areSame(a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean {
  return JSON.stringify(a ?? []) === JSON.stringify(b ?? []);
}

function areSameProtocols(a: ProtocolSet = ALL_PROTOCOLS, b: ProtocolSet = ALL_PROTOCOLS): boolean {
  return a.size === b.size && [...a].every((version) => b.has(version));
}

/** Whether a request for one server may come over a connection that was made for another (SSLVHostSNIPolicy). */
export function areCompatible(
  a: Readonly<SslServerConf>,
  b: Readonly<SslServerConf>,
  policy: NonNullable<SslServerConf['sniPolicy']>,
): boolean {
  if (policy === 'insecure') return true;
  if (policy === 'strict') return false;
  if (a.engine !== true || b.engine !== true) return false;
  if (!areSame(a.confCommands, b.confCommands) || a.verifyDepth !== b.verifyDepth) return false;
  // What else `authonly` looks at is of client certificates, of which there are none.
  if (policy === 'authonly') return true;
  return (
    areSame(a.certificateFiles, b.certificateFiles) &&
    areSame(a.keyFiles, b.keyFiles) &&
    areSameProtocols(a.protocols, b.protocols) &&
    a.ciphers === b.ciphers &&
    a.suites === b.suites
  );
}

const shared = new WeakMap<SslServerConf, WeakMap<SslServerConf, boolean>>();

/** The same, remembered: what is configured does not change, and the policy is one for all. */
function mayShare(
  a: Readonly<SslServerConf>,
  b: Readonly<SslServerConf>,
  policy: NonNullable<SslServerConf['sniPolicy']>,
): boolean {
  let known = shared.get(a);
  if (known === undefined) {
    known = new WeakMap();
    shared.set(a, known);
  }
  let may = known.get(b);
  if (may === undefined) {
    may = areCompatible(a, b, policy);
    known.set(b, may);
  }
  return may;
}

/** The first look at a request: on a TLS port without TLS, or for another server than the handshake was for. */
export function checkServerName(r: Request, confOf: ConfOf): Answer {
  const { connection } = r;
  if (connection.isMistakenForPlain === true) {
    r.notes.set('error-notes', SPOKE_PLAIN);
    r.closeConnection = true;
    return 400;
  }
  const { tls } = connection;
  if (tls === undefined || r.main !== undefined || r.prev !== undefined) return DECLINED;
  const { servername } = tls;
  if (servername !== undefined && r.hostname === undefined) {
    const message = `Hostname ${servername} provided via SNI, but no hostname provided in HTTP request`;
    logRequest(r, 'ssl', Level.error, 'AH02031', message);
    return 400;
  }
  if (servername === undefined && isStrict(r, confOf)) {
    const message = 'No hostname was provided via SNI for a name based virtual host';
    logRequest(r, 'ssl', Level.error, 'AH02033', message);
    r.notes.set('error-notes', NO_SNI);
    return endingWith(r, 403);
  }
  return r.server === tls.server ? DECLINED : checkOther(r, tls.server, servername, confOf);
}

function isStrict(r: Request, confOf: ConfOf): boolean {
  return confOf(r.server).strictSni === true || confOf(r.connection.baseServer).strictSni === true;
}

function checkOther(
  r: Request,
  handshake: VirtualServer,
  servername: string | undefined,
  confOf: ConfOf,
): Answer {
  const policy = confOf(r.configuration.main).sniPolicy ?? 'secure';
  if (mayShare(confOf(handshake), confOf(r.server), policy)) return DECLINED;
  const name = servername ?? handshake.hostname;
  const how = servername === undefined ? '(default host as no SNI was provided)' : 'provided via SNI';
  const message = `Hostname ${name} ${how} and hostname ${r.hostname ?? ''} provided via HTTP have no compatible SSL setup for policy '${policy}'`;
  logRequest(r, 'ssl', Level.error, 'AH02032', message);
  return endingWith(r, 421);
}

/** A request refused before anything else looked at it is the last of its connection, though the answer does not say so (ap_read_request). */
function endingWith(r: Request, status: number): number {
  r.closeConnection = r.closesSilently = true;
  return status;
}

/** SSLRequireSSL and SSLRequire. The latter asks nothing of who does not speak TLS. `forbid` remembers for StrictRequire. */
export function checkRequirements(
  r: Request,
  dir: Readonly<SslDirConf>,
  forbid: (r: Request) => void,
): Answer {
  const { tls } = r.connection;
  if (dir.requiresTls === true && tls === undefined) {
    refuse(r, 'AH02219', 'SSL connection required');
    forbid(r);
    return 403;
  }
  if (dir.requirements === undefined || tls === undefined) return DECLINED;
  return checkFrom(r, dir.requirements, 0, forbid);
}

function checkFrom(
  r: Request,
  requirements: readonly SslRequirement[],
  from: number,
  forbid: (r: Request) => void,
): Answer {
  const context = new RequestExprContext(r);
  for (let i = from; i < requirements.length; i++) {
    const requirement = requirements[i] as SslRequirement;
    let holds: boolean | Promise<boolean>;
    try {
      holds = requirement.expr.evaluate(context);
    } catch (error) {
      return failed(r, error, forbid);
    }
    if (holds instanceof Promise) {
      return holds.then(
        (late) => (late ? checkFrom(r, requirements, i + 1, forbid) : unfulfilled(r, requirement, forbid)),
        (error: unknown) => failed(r, error, forbid),
      );
    }
    if (!holds) return unfulfilled(r, requirement, forbid);
  }
  return DECLINED;
}

function unfulfilled(r: Request, { text }: SslRequirement, forbid: (r: Request) => void): number {
  const who = r.connection.remoteAddr;
  const message = `Access to ${r.filename ?? ''} denied for ${who} (requirement expression not fulfilled)`;
  logRequest(r, 'ssl', Level.info, 'AH02266', message);
  logRequest(r, 'ssl', Level.info, 'AH02228', `Failed expression: ${text}`);
  refuse(r, 'AH02229', 'SSL requirement expression not fulfilled');
  forbid(r);
  return 403;
}

function failed(r: Request, error: unknown, forbid: (r: Request) => void): number {
  if (!(error instanceof ExprEvaluationError)) throw error;
  refuse(r, 'AH02225', `Failed to execute SSL requirement expression: ${error.message}`);
  forbid(r);
  return 403;
}

function refuse(r: Request, tag: string, reason: string): void {
  logRequest(r, 'ssl', Level.error, tag, `access to ${r.filename ?? ''} failed, reason: ${reason}`);
}

/** `Require ssl`. */
export const requireSsl: AuthzProvider = {
  compile: (_, args) =>
    args.trim() === ''
      ? (r) => (r.connection.tls === undefined ? 'denied' : 'granted')
      : { message: "'Require ssl' does not take arguments" },
};

/** `Require ssl-verify-client`: nobody is, as nobody is asked for a certificate. */
export const requireVerifiedClient: AuthzProvider = {
  compile: (_, args) =>
    args.trim() === '' ? () => 'denied' : { message: "'Require ssl-verify-client' does not take arguments" },
};
