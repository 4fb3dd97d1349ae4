/** Who the server says it is: Server, SERVER_SOFTWARE, signatures, its own URLs (server/core.c). */
import { isIPv6 } from 'node:net';
import { escapeHtml } from '../http/escape.ts';
import type { Configuration } from './configuration.ts';
import { coreDir, coreServer } from './core-config.ts';
import type { Request } from './request.ts';
import type { VirtualServer } from './virtual-server.ts';

export const HTTPD_VERSION = '2.4.71';

/** The `Server` field, cut by ServerTokens (ap_get_server_banner). */
export function serverBanner(tokens: string | undefined): string {
  switch (tokens) {
    case 'prod':
      return 'Apache';
    case 'major':
      return 'Apache/2';
    case 'minor':
      return 'Apache/2.4';
    case 'min':
      return `Apache/${HTTPD_VERSION}`;
    default:
      return `Apache/${HTTPD_VERSION} (apache-lite)`;
  }
}

/** The banner of a configuration: ServerTokens is one for all servers. */
export function bannerOf(r: Request): string {
  return r.configuration.banner;
}

/** The name of the MPM that the configuration loads. */
export function mpmName({ loaded }: Pick<Configuration, 'loaded'>): string {
  for (const { name } of loaded) {
    const found = /^mpm_(\w+)_module$/.exec(name);
    if (found !== null) return found[1] as string;
  }
  return 'event';
}

/** ServerSignature's line, `prefix` before it; empty when Off (ap_psignature). */
export function serverSignature(r: Request, prefix: string): string {
  const mode = coreDir(r).serverSignature ?? 'off';
  return mode === 'off' ? '' : prefix + signatureLine(r, mode);
}

interface SignatureLine {
  readonly mode: 'on' | 'email';
  readonly host: string;
  readonly port: number;
  readonly line: string;
}
/** What each server signed last: every request to a script asks, and most are for one host. */
const lastLine = new WeakMap<VirtualServer, SignatureLine>();

function signatureLine(r: Request, mode: 'on' | 'email'): string {
  const host = serverName(r);
  const port = serverPort(r);
  const last = lastLine.get(r.server);
  if (last !== undefined && last.host === host && last.port === port && last.mode === mode) return last.line;
  const admin = coreServer(r.server).serverAdmin;
  const isUrl = admin !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(admin);
  const link = `${isUrl ? '' : 'mailto:'}${escapeHtml(admin ?? '[no address given]')}`;
  const name = mode === 'email' ? `<a href="${link}">${escapeHtml(host)}</a>` : escapeHtml(host);
  const line = `<address>${bannerOf(r)} Server at ${name} Port ${port}</address>\n`;
  lastLine.set(r.server, { mode, host, port, line });
  return line;
}

/** The server's name as UseCanonicalName has it (ap_get_server_name). */
export function serverName(r: Request): string {
  const mode = coreDir(r).useCanonicalName ?? 'off';
  if (mode === 'off' && r.hostname !== undefined) return r.hostname;
  return (mode === 'dns' ? r.localHost : undefined) ?? r.server.hostname;
}

/** The same, an IPv6 address in its brackets (ap_get_server_name_for_url). */
export function serverNameForUrl(r: Request): string {
  const name = serverName(r);
  return name.includes(':') && isIPv6(name) ? `[${name}]` : name;
}

/** The port self-references name (ap_get_server_port). */
export function serverPort(r: Request): number {
  const conf = coreDir(r);
  const physical = conf.useCanonicalPhysicalPort === true ? r.connection.localPort : 0;
  const fallback = defaultPort(r);
  if ((conf.useCanonicalName ?? 'off') === 'off') {
    if (r.hostname !== undefined && r.hostPort !== undefined) return r.hostPort;
    return physical || r.server.port || fallback;
  }
  return r.server.port || physical || fallback;
}

/** Scheme of self-references (ap_http_scheme). */
export function requestScheme(r: Request): string {
  return r.connection.isTls ? 'https' : r.server.scheme;
}

export function defaultPort(r: Request): number {
  return requestScheme(r) === 'https' ? 443 : 80;
}

/** An absolute URL of this server (ap_construct_url). */
export function constructUrl(r: Request, uri: string): string {
  const port = serverPort(r);
  const authority = port === defaultPort(r) ? serverNameForUrl(r) : `${serverNameForUrl(r)}:${port}`;
  return `${requestScheme(r)}://${authority}${uri}`;
}

/** SERVER_ADMIN and the like: httpd's words when nothing is configured. */
export function serverAdmin(server: VirtualServer): string {
  return coreServer(server).serverAdmin ?? '[no address given]';
}
