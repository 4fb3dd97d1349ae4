/**
 * mod_remoteip: the user's address where a proxy that is trusted tells it, in a field of the request or before all else on the connection
 * (modules/metadata/mod_remoteip.c). Complete. The PROXY protocol itself is read in server/proxy-arrival.ts.
 */
import { resolveHost } from '../../../core/client-host.ts';
import type { Configuration } from '../../../core/configuration.ts';
import { type Answer, FIRST } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { type IpAddress, parseIpAddress } from '../../../lib/cidr.ts';
import { formatIpAddress, parseNumericAddress } from '../../../lib/inet-address.ts';
import { mergeServer, type RemoteipServerConf } from './conf.ts';
import { protocolRule } from './protocol-rule.ts';
import { remoteipRows } from './rows.ts';

const NOBODY: IpAddress = new Uint8Array(0);

/** 10/8, 127/8, 169.254/16, 172.16/12, 192.168/16, and of IPv6 all but 2000::/3: nobody out there has one. */
export function isPrivate(address: IpAddress): boolean {
  const [a = 0, b = 0] = address;
  if (address.length === 16) return (a & 0xe0) !== 0x20;
  if (a === 10 || a === 127) return true;
  return (a === 169 && b === 254) || (a === 172 && (b & 0xf0) === 16) || (a === 192 && b === 168);
}

/** On the way back along the proxies. */
interface Trail {
  /** What of the field nobody has vouched for yet. */
  rest: string | undefined;
  /** Who vouches for its last address. */
  address: IpAddress;
  text: string;
  isInternal: boolean;
  /** Proxies that are no secret. */
  readonly proxies: string[];
  hasMoved: boolean;
}

/** remoteip_modify_request() */
function findUser(r: Request): Answer {
  const conf = modRemoteip.server(r.server);
  // What was said on the connection counts for all of its requests.
  if (conf.header === undefined || r.connection.proxiedClient !== undefined) return DECLINED;
  const rest = r.headersIn.getJoined(conf.header);
  if (rest === undefined) return DECLINED;
  const text = r.clientAddr;
  const address = parseIpAddress(text) ?? NOBODY;
  return follow(r, conf, { rest, address, text, isInternal: false, proxies: [], hasMoved: false });
}

function follow(r: Request, conf: Readonly<RemoteipServerConf>, trail: Trail): Answer {
  for (;;) {
    const { rest } = trail;
    if (rest === undefined || !isTrusted(conf, trail)) return finish(r, conf, trail);
    const comma = rest.lastIndexOf(',');
    const word = lastWord(rest, comma + 1);
    if (word === '') return finish(r, conf, trail);
    const before = comma < 0 ? undefined : rest.slice(0, comma);
    const address = parseNumericAddress(word);
    if (address !== undefined) {
      if (!moveTo(r, conf, trail, word, address)) return finish(r, conf, trail);
      trail.rest = before;
      continue;
    }
    const found = resolveName(word);
    if (found instanceof Promise)
      return found.then((named) => {
        if (!moveTo(r, conf, trail, word, named)) return finish(r, conf, trail);
        trail.rest = before;
        return follow(r, conf, trail);
      });
    if (!moveTo(r, conf, trail, word, found)) return finish(r, conf, trail);
    trail.rest = before;
  }
}

/** What stands from `from` on, without the spaces around it; a tab is no space here. */
function lastWord(list: string, from: number): string {
  let start = from;
  let end = list.length;
  while (start < end && list.charCodeAt(start) === 0x20) start++;
  while (end > start && list.charCodeAt(end - 1) === 0x20) end--;
  return list.slice(start, end);
}

/** Names are looked up, as httpd does; what cannot be one is not asked for. */
function resolveName(word: string): IpAddress | undefined | Promise<IpAddress | undefined> {
  if (!/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/.test(word)) return undefined;
  const found = resolveHost(word);
  return found instanceof Promise ? found.then(preferred) : preferred(found);
}

function preferred(addresses: readonly IpAddress[] | undefined): IpAddress | undefined {
  return addresses?.find((address) => address.length === 4) ?? addresses?.[0];
}

/** Whether whoever speaks is a proxy whose word counts. */
function isTrusted(conf: Readonly<RemoteipServerConf>, trail: Trail): boolean {
  if (conf.proxies === undefined) return true;
  const proxy = conf.proxies.find(({ subnet }) => subnet.matches(trail.address));
  if (proxy === undefined) return false;
  trail.isInternal = proxy.isInternal;
  return true;
}

/** One step back along the proxies; false: the word is not believed. */
function moveTo(
  r: Request,
  conf: Readonly<RemoteipServerConf>,
  trail: Trail,
  word: string,
  address: IpAddress | undefined,
): boolean {
  if (address === undefined || (!trail.isInternal && isPrivate(address))) {
    const about = `RemoteIP: Header ${conf.header} value of ${word}`;
    if (address === undefined)
      logRequest(r, 'remoteip', Level.debug, 'AH01568', `${about} cannot be parsed as a client IP`);
    else
      logRequest(
        r,
        'remoteip',
        Level.debug,
        'AH01569',
        `${about} appears to be a private IP or nonsensical.  Ignored`,
      );
    return false;
  }
  if (!trail.isInternal) trail.proxies.push(trail.text);
  trail.address = address;
  trail.text = formatIpAddress(address);
  trail.hasMoved = true;
  return true;
}

function finish(r: Request, conf: Readonly<RemoteipServerConf>, trail: Trail): number {
  if (!trail.hasMoved) return OK;
  const header = conf.header ?? '';
  if (trail.rest === undefined) r.headersIn.delete(header);
  else r.headersIn.set(header, trail.rest);
  if (trail.proxies.length > 0) {
    const proxies = trail.proxies.join(', ');
    r.notes.set('remoteip-proxy-ip-list', proxies);
    if (conf.proxiesHeader !== undefined) r.headersIn.set(conf.proxiesHeader, proxies);
  }
  r.clientAddr = trail.text;
  r.clientPort = 0;
  return OK;
}

function setProtocolRule(configuration: Configuration): void {
  const rule = protocolRule(modRemoteip.server(configuration.main));
  if (rule !== undefined) configuration.proxyProtocol = rule;
}

function slot(): number {
  return modRemoteip.index;
}

export const modRemoteip = defineModule<RemoteipServerConf>({
  name: 'remoteip_module',
  file: 'mod_remoteip.c',
  directives: remoteipRows(slot),
  mergeServer,
  hooks: { postReadRequest: { run: findUser, order: FIRST } },
  postConfig: setProtocolRule,
});
