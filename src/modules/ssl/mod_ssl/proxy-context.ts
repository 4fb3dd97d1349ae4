/** From SSLProxy* to what node:tls takes: made once a configuration, when it is read (ssl_init_proxy_ctx of ssl_engine_init.c). */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { BackendTls } from '../../../backend/connect.ts';
import { Level, logServer } from '../../../core/log.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import { LruCache } from '../../../lib/lru.ts';
import { checkCiphers, nodeCiphers } from './ciphers.ts';
import { type ProxyTlsConf, type ProxyTlsScopes, resolveScopes } from './config.ts';
import { certificatesIn, privateKeysIn, readHashed, readText, revocationListsIn } from './material.ts';
import type { ContextProblem } from './problem.ts';
import { ALL_PROTOCOLS, versionRange } from './protocols.ts';
import { refusalOf } from './proxy-peer.ts';
import { vhostId } from './server-context.ts';

/** Hosts come of clients where ProxyPreserveHost is on: so many are remembered at once. */
const MAX_HOSTS = 256;
/** What a name in SNI may have at most (RFC 6066 section 3, by RFC 1035). */
const LONGEST_NAME = 255;

let nextId = 1;

/** SSLProxy* as it holds in one place. */
class ProxyTlsProfile {
  readonly conf: Readonly<ProxyTlsConf>;
  readonly #id = nextId++;
  readonly #hosts = new WeakMap<VirtualServer, LruCache<string, BackendTls>>();
  /** null: it cannot be made, which has been told. */
  #context: SecureContext | null | undefined;

  constructor(conf: Readonly<ProxyTlsConf>) {
    this.conf = conf;
  }

  get isOn(): boolean {
    return this.conf.engine === true;
  }

  /** Makes the context, once. `report` hears what is wrong; without a context there is no TLS. */
  prepare(server: VirtualServer, report: (problem: ContextProblem) => void): SecureContext | null {
    if (this.#context !== undefined) return this.#context;
    this.#context = null;
    const options = contextOptions(this.conf, server, report);
    if (options === undefined) return null;
    try {
      this.#context = createSecureContext(options);
    } catch (error) {
      report({ code: 'AH02312', message: 'Fatal error initialising mod_ssl, exiting.', hint: String(error) });
    }
    return this.#context;
  }

  /** @param host whom the certificate must name. */
  backend(server: VirtualServer, host: string | undefined): BackendTls | undefined {
    return this.#hosts.get(server)?.get(host ?? '') ?? this.#newBackend(server, host);
  }

  #newBackend(server: VirtualServer, host: string | undefined): BackendTls | undefined {
    // Only what stands in sections within <Proxy> has not been looked at when the configuration was read.
    const context = this.prepare(server, (problem) => logProblem(server, problem));
    if (context === null) return undefined;
    let hosts = this.#hosts.get(server);
    if (hosts === undefined) {
      hosts = new LruCache(MAX_HOSTS);
      this.#hosts.set(server, hosts);
    }
    const backend = this.#makeBackend(context, server, host);
    hosts.set(host ?? '', backend);
    return backend;
  }

  #makeBackend(context: SecureContext, server: VirtualServer, host: string | undefined): BackendTls {
    const { conf } = this;
    const isNamed = host !== undefined && host !== '' && isIP(host) === 0 && host.length <= LONGEST_NAME;
    return {
      key: `${this.#id} ${serverId(server)} ${host ?? ''}`,
      options: {
        secureContext: context,
        // Decided by `check`, with httpd's rules.
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
        servername: isNamed ? host : '',
      },
      check: (socket, peer) => refusalOf(socket, peer, conf, host, server),
      onHandshakeFailure: (error) => logFailure(server, error),
      session: undefined,
    };
  }
}

function logProblem(server: VirtualServer, { code, message, hint, severity }: ContextProblem): void {
  const level = severity === 'warning' ? Level.warn : Level.emerg;
  logServer(server, 'ssl', level, code, hint === undefined ? message : `${message} (${hint})`);
}

/** What the library says, and how the connection broke. */
function logFailure(server: VirtualServer, error: Error): void {
  // Nobody was there at all: that is told by who asked.
  if ((error as NodeJS.ErrnoException).syscall === 'connect') return;
  logServer(server, 'ssl', Level.info, 'AH02003', 'SSL Proxy connect failed');
  const reason = (error as { reason?: string }).reason ?? error.message;
  logServer(server, 'ssl', Level.info, '', `SSL Library Error: ${reason}`);
}

const serverIds = new WeakMap<VirtualServer, number>();
function serverId(server: VirtualServer): number {
  let id = serverIds.get(server);
  if (id === undefined) {
    id = nextId++;
    serverIds.set(server, id);
  }
  return id;
}

const NOTHING: ProxyTlsConf = {};
type Nested = WeakMap<ProxyTlsConf, WeakMap<ProxyTlsConf, WeakMap<ProxyTlsConf, ProxyTlsProfile>>>;
const profiles: Nested = new WeakMap();

function inside<V extends object>(map: WeakMap<ProxyTlsConf, V>, key: ProxyTlsConf, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

const profileOfScopes = new WeakMap<ProxyTlsScopes, ProxyTlsProfile>();

/** The profile of what servers and sections say together: one for all requests to which the same was said. */
export function profileOf(scopes: ProxyTlsScopes): ProxyTlsProfile {
  return profileOfScopes.get(scopes) ?? findProfile(scopes);
}

function findProfile(scopes: ProxyTlsScopes): ProxyTlsProfile {
  const ofServer = inside(profiles, scopes.server ?? NOTHING, () => new WeakMap());
  const ofSection = inside(ofServer, scopes.section ?? NOTHING, () => new WeakMap());
  const profile = inside(
    ofSection,
    scopes.inner ?? NOTHING,
    () => new ProxyTlsProfile(resolveScopes(scopes)),
  );
  profileOfScopes.set(scopes, profile);
  return profile;
}

function contextOptions(
  conf: Readonly<ProxyTlsConf>,
  server: VirtualServer,
  report: (problem: ContextProblem) => void,
): SecureContextOptions | undefined {
  const versions = versionRange(conf.protocols ?? ALL_PROTOCOLS);
  if (versions === undefined) {
    report({ code: 'AH02231', message: 'No SSL protocols available [hint: SSLProtocol]' });
    return undefined;
  }
  const unknown = checkCiphers(conf);
  if (unknown !== undefined) {
    report(unknown);
    return undefined;
  }
  const ca = trusted(conf, report);
  const crl = revocationLists(conf, server, report);
  const machine = machineCertificate(conf, report);
  if (ca === undefined || crl === undefined || machine === undefined) return undefined;
  return {
    ...versions,
    ...machine,
    ciphers: nodeCiphers(conf),
    // None given: none trusted, and not those that Node brings along.
    ca,
    ...(crl.length === 0 ? {} : { crl }),
  };
}

const NO_CAS =
  'Init: Oops, you want to request client authentication, but no CAs are known for verification!?  [Hint: SSLCACertificate*]';

function trusted(
  conf: Readonly<ProxyTlsConf>,
  report: (problem: ContextProblem) => void,
): string[] | undefined {
  const { caFile, caPath, verify } = conf;
  if (verify !== undefined && verify !== 'none' && caFile === undefined && caPath === undefined)
    report({ code: 'AH01897', message: NO_CAS, severity: 'warning' });
  try {
    const texts = caFile === undefined ? [] : certificatesIn(readText(caFile));
    if (caFile !== undefined && texts.length === 0) throw new Error(`no certificate in ${caFile}`);
    const hashed = caPath === undefined ? [] : readHashed(caPath, '').flatMap(certificatesIn);
    return [...texts, ...hashed];
  } catch (error) {
    const message = 'Unable to configure verify locations for client authentication';
    report({ code: 'AH01895', message, hint: String(error) });
    return undefined;
  }
}

function revocationLists(
  conf: Readonly<ProxyTlsConf>,
  server: VirtualServer,
  report: (problem: ContextProblem) => void,
): string[] | undefined {
  const { revocationCheck, revocationFile, revocationPath } = conf;
  if (revocationCheck === undefined || revocationCheck === 'none') return [];
  const host = `Host ${vhostId(server, false)}`;
  if (revocationFile === undefined && revocationPath === undefined) {
    const missing = 'neither SSLProxyCARevocationFile nor SSLProxyCARevocationPath is configured';
    report({ code: 'AH01899', message: `${host}: CRL checking has been enabled, but ${missing}` });
    return undefined;
  }
  try {
    const lists = revocationFile === undefined ? [] : revocationListsIn(readText(revocationFile));
    if (revocationFile !== undefined && lists.length === 0)
      throw new Error(`no revocation list in ${revocationFile}`);
    const hashed =
      revocationPath === undefined ? [] : readHashed(revocationPath, 'r').flatMap(revocationListsIn);
    const all = [...lists, ...hashed];
    if (all.length === 0) throw new Error(`no revocation list in ${revocationPath}`);
    return all;
  } catch (error) {
    const message = `${host}: unable to configure X.509 CRL storage for certificate revocation`;
    report({ code: 'AH01901', message, hint: String(error) });
    return undefined;
  }
}

/** Our own certificate, where a backend asks for one. Node presents one and the same to whoever asks. */
function machineCertificate(
  conf: Readonly<ProxyTlsConf>,
  report: (problem: ContextProblem) => void,
): { readonly cert?: string; readonly key?: string } | undefined {
  const { machineFile, machinePath, machineChainFile } = conf;
  if (machineFile === undefined && machinePath === undefined) return {};
  try {
    const texts = [
      ...(machineFile === undefined ? [] : [readText(machineFile)]),
      ...(machinePath === undefined ? [] : readHashed(machinePath, '')),
    ];
    const certificates = texts.flatMap(certificatesIn);
    const keys = texts.flatMap(privateKeysIn);
    if (keys.length === 0) {
      report({ code: 'AH02206', message: 'no client certs found for SSL proxy', severity: 'warning' });
      return {};
    }
    if (keys.length > 1) {
      const message =
        'SSLProxyMachineCertificate*: more than one client certificate is not supported by apache-lite';
      report({ code: 'AL1101', message, hint: 'node:tls presents the same certificate to every backend' });
      return undefined;
    }
    const [key = ''] = keys;
    const leaf = certificates.find((certificate) =>
      new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)),
    );
    if (leaf === undefined) throw new Error('no certificate for the key');
    const chain = [
      ...certificates.filter((certificate) => certificate !== leaf),
      ...(machineChainFile === undefined ? [] : certificatesIn(readText(machineChainFile))),
    ];
    return { cert: [leaf, ...chain].join('\n'), key };
  } catch (error) {
    const message = 'incomplete client cert configured for SSL proxy (missing or encrypted private key?)';
    report({ code: 'AH02252', message, hint: String(error) });
    return undefined;
  }
}
