/**
 * The balancer-manager handler (mod_proxy_balancer.c: balancer_handler): shows the balancers of a server and their members, and changes them.
 *
 * Whoever may see the page may change things: there is no other protection than what the configuration puts before it, and against pages of
 * others a Referer of this host and the nonce of the balancer. A balancer without a nonce (`nonce=None`) cannot be changed, as in httpd.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { coreServer } from '../../../core/core-config.ts';
import type { Answer } from '../../../core/hooks.ts';
import { isLogged, Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { readBody } from '../../../core/request-body.ts';
import { beginBody, sendBuffer } from '../../../core/response.ts';
import { constructUrl, serverBanner, serverName, serverSignature } from '../../../core/server-identity.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import { escapeUri } from '../../../http/escape.ts';
import { type Balancer, findBalancer } from '../shared/balancer.ts';
import { LB_METHODS, type LbMethod } from '../shared/balancer-method.ts';
import { proxyConfOf } from '../shared/balancing.ts';
import type { ProxyServerConf } from '../shared/config.ts';
import { healthChecksOf } from '../shared/health-check.ts';
import { splitSocket } from '../shared/url.ts';
import { findWorker, type Worker } from '../shared/worker.ts';
import { changeBalancer, changeMember } from './manager-change.ts';
import { type ManagerFacts, managerPage } from './manager-page.ts';
import { hostOfReferer, LONGEST_FORM, type Parameters, parseParameters } from './manager-parameters.ts';
import { managerXml } from './manager-xml.ts';

const HANDLER = 'balancer-manager';
/** httpd gathers this much before it passes it on; what is longer leaves without a length (AP_MIN_BYTES_TO_WRITE). */
const GATHERED = 8000;
/** ThreadsPerChild of httpd: a member's connections where nothing is said. */
const CONNECTIONS = 25;

export function showManager(r: Request): Answer {
  if (r.handler !== HANDLER) return DECLINED;
  r.allowed.add('GET');
  r.allowed.add('POST');
  if (r.method === 'POST') return answerForm(r);
  if (r.method !== 'GET' && r.method !== 'HEAD') return DECLINED;
  const { args } = r;
  if (args === undefined || args === '') return answer(r, new Map());
  debug(r, 'AH01191', 'parsing r->args');
  return answer(r, parseParameters(args, true));
}

function debug(r: Request, tag: string, message: string): void {
  if (isLogged(r, 'proxy_balancer', Level.debug)) logRequest(r, 'proxy_balancer', Level.debug, tag, message);
}

/** The body is read to its end; httpd looks at the start of it. */
function answerForm(r: Request): Answer {
  if (!r.transport.body.isPresent || r.transport.body.isTaken) return answer(r, new Map());
  return new Promise((resolve, reject) => {
    let text = '';
    readBody(r, {
      onBody(chunk) {
        if (text.length < LONGEST_FORM) text += chunk.toString('latin1', 0, LONGEST_FORM - text.length);
        return true;
      },
      onBodyEnd() {
        try {
          resolve(answer(r, parseParameters(text, false)));
        } catch (error) {
          reject(error);
        }
      },
      onBodyError: (status) => resolve(status === 0 ? 400 : status),
    });
  });
}

function answer(r: Request, given: Parameters): number {
  const conf = proxyConfOf(r.configuration, r.server) ?? {};
  const { balancers = [] } = conf;
  for (const balancer of balancers) balancer.resetIfPending();
  const parameters = isFromElsewhere(r) ? new Map<string, string>() : given;
  const name = parameters.get('b');
  const balancer = name === undefined ? undefined : findBalancer(balancers, `balancer://${name}`);
  const worker = balancer === undefined ? undefined : selectMember(balancer, parameters.get('w'));
  if (balancer !== undefined && balancer.nonce !== '' && parameters.get('nonce') === balancer.nonce) {
    if (worker !== undefined) {
      debug(r, 'AH01192', 'settings worker params');
      changeMember(r.configuration, r.server, balancer, worker, parameters);
    }
    debug(r, 'AH01193', 'settings balancer params');
    const wrong = changeBalancer(r.configuration, balancer, parameters);
    if (wrong !== undefined) {
      const message = `${balancer.name}: failed to add worker ${parameters.get('b_nwrkr') ?? ''}`;
      logRequest(r, 'proxy_balancer', Level.error, wrong, message);
      return 400;
    }
  }
  debug(r, 'AH01204', 'genning page');
  if (parameters.has('xml')) {
    r.contentType = 'text/xml';
    send(r, managerXml(balancers, CONNECTIONS), false);
  } else {
    r.contentType = 'text/html; charset=ISO-8859-1';
    send(r, managerPage(factsOf(r, conf, balancer, worker)), true);
  }
  return OK;
}

/** Somebody else's page sent the browser here: what it says does not count. So it is with who does not say where it comes from. */
function isFromElsewhere(r: Request): boolean {
  const referer = r.headersIn.getJoined('referer');
  const name = serverName(r);
  if (hostOfReferer(referer)?.toLowerCase() === name.toLowerCase()) return false;
  const message = `ignoring params in balancer-manager cross-site access ${referer ?? '(null)'}: ${name}`;
  logRequest(r, 'proxy_balancer', Level.error, 'AH10187', message);
  return true;
}

function selectMember({ members }: Balancer, name: string | undefined): Worker | undefined {
  return name === undefined ? undefined : findWorker(members, splitSocket(name)?.url ?? name);
}

/** @param isFlushed httpd passes on what it has before the end: the length is never said. */
function send(r: Request, page: string, isFlushed: boolean): void {
  const bytes = Buffer.from(page, 'latin1');
  if (!isFlushed && bytes.length < GATHERED) {
    sendBuffer(r, bytes);
    return;
  }
  const writer = beginBody(r, undefined);
  writer.write(bytes);
  writer.end();
}

function factsOf(
  r: Request,
  conf: Readonly<ProxyServerConf>,
  balancer: Balancer | undefined,
  worker: Worker | undefined,
): ManagerFacts {
  const { providers } = r.configuration;
  const uri = escapeUri(r.uri);
  return {
    serverName: serverName(r),
    // Whatever ServerTokens says.
    version: serverBanner(undefined),
    built: serverBuilt(),
    isPersistent: conf.persistsBalancers === true,
    inheritsBalancers: conf.inheritsBalancers ?? true,
    inheritsPass: conf.inheritsPass ?? true,
    id: idOf(r.server),
    balancers: conf.balancers ?? [],
    uri,
    action: escapeUri(constructUrl(r, r.uri)),
    balancer,
    worker,
    methods: (providers.all(LB_METHODS) as readonly LbMethod[]).map((method) => method.name),
    expressions: healthChecksOf(providers)?.expressions(r.server),
    signature: serverSignature(r, ''),
  };
}

let built: string | undefined;

/** The time of the file that this is in. */
function serverBuilt(): string {
  built ??= statSync(fileURLToPath(import.meta.url))
    .mtime.toISOString()
    .slice(0, 19);
  return built;
}

/** Tells the balancers of one server from those of the same name in another; made of what httpd makes it of, though not in its way. */
function idOf(server: VirtualServer): string {
  const { errorLog, serverAdmin } = coreServer(server);
  const place =
    server.definedAt === undefined ? '?.0' : `${server.definedAt.source.name}.${server.definedAt.start}`;
  const parts = [server.scheme, server.hostname, server.port, serverAdmin ?? '', place, errorLog ?? ''];
  return `p${createHash('sha1').update(parts.join('.'), 'latin1').digest('hex').slice(0, 8)}`;
}
