/** What the directives of mod_ssl leave behind (SSLSrvConfigRec and SSLDirConfigRec of ssl_private.h), and how it merges. */
import type { BooleanExpr } from '../../../expr/index.ts';
import type { ProtocolSet } from './protocols.ts';

export type VerifyMode = 'none' | 'optional' | 'require' | 'optional_no_ca';
export type RevocationMode = 'none' | 'leaf' | 'chain';

/** SSLProxy*: how backends are spoken to. */
export interface ProxyTlsConf {
  engine?: boolean;
  verify?: VerifyMode;
  /** Certificates above the backend's own. */
  verifyDepth?: number;
  protocols?: ProtocolSet;
  /** Of TLS 1.2 and before, as OpenSSL reads it. */
  ciphers?: string;
  /** Of TLS 1.3. */
  suites?: string;
  caFile?: string;
  caPath?: string;
  revocationFile?: string;
  revocationPath?: string;
  revocationCheck?: RevocationMode;
  machineFile?: string;
  machinePath?: string;
  machineChainFile?: string;
  checksExpire?: boolean;
  checksName?: boolean;
  checksCommonName?: boolean;
}

/**
 * The same by where it was said. A `<Proxy>` section is merged with its server only: where two of them match, the later one counts
 * (ssl_proxy_section_post_config). What stands in sections inside of it is laid over that.
 */
export interface ProxyTlsScopes {
  readonly server?: ProxyTlsConf | undefined;
  readonly section?: ProxyTlsConf | undefined;
  readonly inner?: ProxyTlsConf | undefined;
}

/** SSLOptions, by name; undefined: not said. */
export interface SslOptions {
  readonly stdEnvVars?: boolean | undefined;
  readonly exportCertData?: boolean | undefined;
  readonly strictRequire?: boolean | undefined;
  readonly optRenegotiate?: boolean | undefined;
  readonly legacyDNStringFormat?: boolean | undefined;
}

export interface SslRequirement {
  /** As written, for the log. */
  readonly text: string;
  readonly expr: BooleanExpr;
}

export interface SslDirConf {
  proxy?: ProxyTlsScopes;
  requiresTls?: boolean;
  requirements?: readonly SslRequirement[];
  /** Options named without `+` or `-`: what is inherited is forgotten. */
  optionsReset?: boolean;
  options?: SslOptions;
  userName?: string;
}

/** SSLPassPhraseDialog: a program that prints the phrase; without one nobody is asked. */
export type PassPhraseDialog = { readonly command: string } | 'builtin';

export interface SslServerConf {
  engine?: boolean;
  certificateFiles?: readonly string[];
  keyFiles?: readonly string[];
  chainFile?: string;
  protocols?: ProtocolSet;
  ciphers?: string;
  suites?: string;
  honorsCipherOrder?: boolean;
  /** ECDHE groups, Diffie-Hellman parameters, ... by SSLOpenSSLConfCmd. */
  confCommands?: readonly (readonly [name: string, value: string])[];
  sessionTickets?: boolean;
  ticketKeyFile?: string;
  /** Seconds. */
  sessionTimeout?: number;
  strictSni?: boolean;
  /** SSLVerifyDepth: of no effect, but servers that differ in it are different. */
  verifyDepth?: number;
  /** Of the main server. */
  passPhrase?: PassPhraseDialog;
  /** SSLVHostSNIPolicy, of the main server. */
  sniPolicy?: 'strict' | 'secure' | 'authonly' | 'insecure';
  /** What `<Proxy>` sections of this server say, to be checked when all is read. */
  proxySections?: readonly ProxyTlsConf[];
}

/** The inner or later one's word counts, field by field. */
function laidOver<T extends object>(base: T | undefined, add: T | undefined): T | undefined {
  if (base === undefined || add === undefined) return add ?? base;
  return { ...base, ...add };
}

function mergeScopes(
  base: ProxyTlsScopes | undefined,
  add: ProxyTlsScopes | undefined,
): ProxyTlsScopes | undefined {
  if (base === undefined || add === undefined) return add ?? base;
  return {
    server: laidOver(base.server, add.server),
    section: add.section ?? base.section,
    inner: add.section === undefined ? laidOver(base.inner, add.inner) : add.inner,
  };
}

/** What SSLProxy* says in the end (modssl_ctx_cfg_merge_proxy). */
export function resolveScopes(scopes: ProxyTlsScopes): ProxyTlsConf {
  return { ...scopes.server, ...scopes.section, ...scopes.inner };
}

/** The newer ones knock out those in their place; what is left of the older ones follows (modssl_ctx_cfg_merge_certkeys_array). */
function mergeFiles(
  base: readonly string[] = [],
  add: readonly string[] = [],
): readonly string[] | undefined {
  const merged = [...add, ...base.slice(add.length)];
  return merged.length === 0 ? undefined : merged;
}

/** Scalars: the virtual host's where it says something. Certificates and keys: pair by pair, the virtual host's first. */
export function mergeSslServer(base: SslServerConf, add: SslServerConf): SslServerConf {
  const merged: SslServerConf = { ...base, ...add };
  const sections = [...(base.proxySections ?? []), ...(add.proxySections ?? [])];
  if (sections.length > 0) merged.proxySections = sections;
  const certificates = mergeFiles(base.certificateFiles, add.certificateFiles);
  if (certificates !== undefined) merged.certificateFiles = certificates;
  const keys = mergeFiles(base.keyFiles, add.keyFiles);
  if (keys !== undefined) merged.keyFiles = keys;
  const commands = [...(base.confCommands ?? []), ...(add.confCommands ?? [])];
  if (commands.length > 0) merged.confCommands = commands;
  return merged;
}

/** Scalars: the inner section's where it says something. Requirements: both's, the outer section's first. */
export function mergeSslDir(base: SslDirConf, add: SslDirConf): SslDirConf {
  const merged: SslDirConf = { ...base, ...add };
  const proxy = mergeScopes(base.proxy, add.proxy);
  if (proxy !== undefined) merged.proxy = proxy;
  const requirements = [...(base.requirements ?? []), ...(add.requirements ?? [])];
  if (requirements.length > 0) merged.requirements = requirements;
  const options = add.optionsReset === true ? add.options : laidOver(base.options, add.options);
  if (options !== undefined) merged.options = options;
  return merged;
}
