/** From a URL to a backend's URL, and the sections that hold there (mod_proxy.c: proxy_trans, proxy_walk). */
import type { Configuration } from '../../../core/configuration.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED, DONE, OK } from '../../../core/status.ts';
import { fallsIn, mergeInto } from '../../../core/walks.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import type { ProxyAlias, ProxyDirConf, ProxyServerConf } from '../shared/config.ts';
import { applyPass, interpolate, type PassResult } from '../shared/pass.ts';
import {
  CLAIMING_HANDLERS,
  type ClaimingHandler,
  CONNECT_TARGET,
  type ProxyState,
  SCHEME_HANDLERS,
  type SchemeHandler,
} from '../shared/scheme.ts';

/** Notes by which other modules (mod_rewrite's [P] with [NE]) ask for the same as ProxyPass's options do. */
const NOCANON_NOTE = 'proxy-nocanon';
const NOENCODE_NOTE = 'proxy-noencode';

export function newState(r: Request): ProxyState {
  return {
    isSetHandler: false,
    isNocanon: r.getNote(NOCANON_NOTE) !== undefined,
    isNoencode: r.getNote(NOENCODE_NOTE) !== undefined,
    socket: undefined,
    balancing: undefined,
    isOverridden: false,
  };
}

/**
 * Finds the ProxyPass of a request.
 * @param isEncoded before decoding: only those with a mapping are asked; afterwards only the others.
 * @returns DONE when the path was mapped as it was sent and is not to be decoded; OK, DECLINED or a status.
 */
export function translate(
  r: Request,
  server: Readonly<ProxyServerConf>,
  dir: Readonly<ProxyDirConf>,
  isEncoded: boolean,
  keep: (state: ProxyState) => void,
): number {
  if (r.proxyRequest !== 'none') return isEncoded ? DECLINED : OK;
  const { aliases } = server;
  if (aliases === undefined && dir.alias === undefined) return DECLINED;
  if (r.uri.charCodeAt(0) !== 0x2f || r.getEnv('no-proxy') !== undefined) return DECLINED;
  if (dir.alias !== undefined && (dir.alias.mapping !== 'decoded') === isEncoded) {
    const answer = translateBy(r, dir.alias, dir, keep);
    if (answer !== undefined) return answer;
  }
  if (aliases === undefined) return DECLINED;
  for (const alias of aliases) {
    if ((alias.mapping !== 'decoded') !== isEncoded) continue;
    const answer = translateBy(r, alias, dir, keep);
    if (answer !== undefined) return answer;
  }
  return DECLINED;
}

/** undefined: another one may match. */
function translateBy(
  r: Request,
  written: ProxyAlias,
  dir: Readonly<ProxyDirConf>,
  keep: (state: ProxyState) => void,
): number | undefined {
  const alias = dir.interpolatesEnv === true && written.isInterpolated ? interpolated(r, written) : written;
  const result = applyPass(alias, r.uri, r.unparsedUri);
  switch (result.kind) {
    case 'none':
      return undefined;
    case 'excluded':
      return DECLINED;
    case 'too-long':
      logRequest(
        r,
        'proxy',
        Level.error,
        'AH01135',
        'Substitution in regular expression failed. Replacement too long?',
      );
      return 500;
    case 'proxied':
      return accept(r, alias, result, keep);
  }
}

function interpolated(r: Request, alias: ProxyAlias): ProxyAlias {
  const variable = (name: string): string | undefined => r.getEnv(name);
  return { ...alias, from: interpolate(alias.from, variable), to: interpolate(alias.to, variable) };
}

function accept(
  r: Request,
  alias: ProxyAlias,
  result: Extract<PassResult, { kind: 'proxied' }>,
  keep: (state: ProxyState) => void,
): number | undefined {
  if (result.isMismatch) {
    const message = 'Unescaped URL path matched ProxyPass; ignoring unsafe nocanon';
    logRequest(r, 'proxy', Level.warn, 'AH01136', message);
  }
  const checked = schemeHandlerOf(r, result.url)?.checkTranslate?.(r, result.url) ?? OK;
  if (checked === DONE) return undefined;
  if (checked !== OK && checked !== DECLINED) return checked;
  r.filename = `proxy:${result.url}`;
  r.handler = 'proxy-server';
  r.proxyRequest = 'reverse';
  const state = newState(r);
  state.isNocanon ||= result.isRaw;
  state.isNoencode ||= alias.mapping !== 'decoded';
  keep(state);
  if (result.path !== undefined) r.uri = result.path;
  return alias.mapping === 'decoded' ? OK : DONE;
}

/** The handler of a URL's scheme; that of CONNECT's targets, which have none. */
export function schemeHandlerOf(r: Request, url: string): SchemeHandler | undefined {
  if (r.method === 'CONNECT' && r.proxyRequest === 'forward') {
    const connect = r.configuration.providers.find(SCHEME_HANDLERS, CONNECT_TARGET);
    if (connect !== undefined) return connect as SchemeHandler;
  }
  for (const { prefix, claiming, handler } of schemesOf(r.configuration)) {
    if (!url.startsWith(prefix)) continue;
    return claiming?.claims(r) === true ? claiming : handler;
  }
  const lowered = withLowerScheme(url);
  return lowered === url ? undefined : schemeHandlerOf(r, lowered);
}

/** Who speaks the language of URLs that begin so. */
interface Scheme {
  /** `fcgi:` */
  readonly prefix: string;
  readonly claiming: ClaimingHandler | undefined;
  readonly handler: SchemeHandler | undefined;
}

const schemes = new WeakMap<Configuration, readonly Scheme[]>();

function schemesOf(configuration: Configuration): readonly Scheme[] {
  let known = schemes.get(configuration);
  if (known === undefined) {
    const { providers } = configuration;
    const names = new Set([...providers.names(SCHEME_HANDLERS), ...providers.names(CLAIMING_HANDLERS)]);
    names.delete(CONNECT_TARGET);
    known = Array.from(names, (name) => ({
      prefix: `${name}:`,
      claiming: providers.find(CLAIMING_HANDLERS, name) as ClaimingHandler | undefined,
      handler: providers.find(SCHEME_HANDLERS, name) as SchemeHandler | undefined,
    }));
    schemes.set(configuration, known);
  }
  return known;
}

function withLowerScheme(url: string): string {
  const colon = url.indexOf(':');
  return asciiLower(url.slice(0, colon)) + url.slice(colon);
}

/** `<Proxy>` sections take the place of directories and files for a proxied request. */
export function walkProxySections(r: Request, server: Readonly<ProxyServerConf>): number {
  const { filename } = r;
  if (r.proxyRequest === 'none' || filename?.startsWith('proxy:') !== true) return DECLINED;
  const url = filename.slice('proxy:'.length);
  for (const section of server.sections ?? []) {
    if (!fallsIn(r, section, url)) continue;
    r.perDir = mergeInto(r, r.perDir, section.perDir);
  }
  return OK;
}
