/**
 * Who the client is: its address as bytes, its name (ap_get_useragent_host with REMOTE_DOUBLE_REV of httpd's server/core.c), and addresses of
 * names. Names are looked up without holding up anything else; answers are kept for a short time.
 */
import { lookup, lookupService } from 'node:dns/promises';
import { asciiLower } from '../lib/ascii.ts';
import { type IpAddress, parseIpAddress } from '../lib/cidr.ts';
import { LruCache } from '../lib/lru.ts';
import { coreDir } from './core-config.ts';
import type { Request } from './request.ts';

const NOBODY: IpAddress = new Uint8Array(0);
let lastText = '';
let lastAddress: IpAddress = NOBODY;

/** The client's address as bytes; empty, so that no network holds it, where the connection has none. */
export function clientIp(r: Request): IpAddress {
  const text = r.clientAddr;
  // Requests of one connection come in rows: most calls ask for the address asked for last.
  if (text !== lastText) {
    lastText = text;
    lastAddress = parseIpAddress(text) ?? NOBODY;
  }
  return lastAddress;
}

const ENTRIES_KEPT = 1024;
/** Milliseconds an answer, or that there is none, is used. */
const KNOWN_FOR = 30_000;
const UNKNOWN_FOR = 5_000;

/** Asks once for the same key at a time, and remembers the answer for a while. */
class BriefCache<T> {
  readonly #known = new LruCache<string, { readonly value: T | undefined; readonly until: number }>(
    ENTRIES_KEPT,
  );
  readonly #asked = new Map<string, Promise<T | undefined>>();
  readonly #ask: (key: string) => Promise<T | undefined>;

  constructor(ask: (key: string) => Promise<T | undefined>) {
    this.#ask = ask;
  }

  get(key: string): T | undefined | Promise<T | undefined> {
    const known = this.#known.get(key);
    if (known !== undefined && known.until > Date.now()) return known.value;
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = this.#ask(key).then((value) => {
        this.#asked.delete(key);
        this.#known.set(key, { value, until: Date.now() + (value === undefined ? UNKNOWN_FOR : KNOWN_FOR) });
        return value;
      });
      this.#asked.set(key, asked);
    }
    return asked;
  }
}

const addressesOf = new BriefCache<readonly IpAddress[]>(async (name) => {
  try {
    const found = await lookup(Buffer.from(name, 'latin1').toString(), { all: true });
    const addresses = found
      .map(({ address }) => parseIpAddress(address))
      .filter((address) => address !== null);
    return addresses.length > 0 ? addresses : undefined;
  } catch {
    return undefined;
  }
});

/** Names as they are given to addresses. */
const givenNameOf = new BriefCache<string>(async (address) => {
  try {
    const { hostname } = await lookupService(address, 0);
    // getnameinfo() answers with the address itself when it has no name.
    return parseIpAddress(hostname) === null ? asciiLower(hostname) : undefined;
  } catch {
    return undefined;
  }
});

/** Names that lead back to the address: everybody may call his addresses as he likes. */
const confirmedNameOf = new BriefCache<string>(async (address) => {
  const name = await givenNameOf.get(address);
  const ip = parseIpAddress(address);
  if (name === undefined || ip === null) return undefined;
  const addresses = await addressesOf.get(name);
  return addresses?.some((other) => isSameAddress(other, ip)) === true ? name : undefined;
});

type Name = string | undefined | Promise<string | undefined>;

/** The client's name, lower case, confirmed by looking it up again; undefined when it has none. */
export function clientHostName(r: Request): Name {
  return confirmedNameOf.get(r.clientAddr);
}

/** The client's name as HostnameLookups has it: `On` takes any, `Double` only one that leads back (ap_get_useragent_host). */
export function shownHostName(r: Request): Name {
  return shownNameOf(r, r.clientAddr);
}

/** The same of the other end of the connection, whoever it says it speaks for. */
export function shownConnectionName(r: Request): Name {
  return shownNameOf(r, r.connection.remoteAddr);
}

function shownNameOf(r: Request, address: string): Name {
  switch (coreDir(r).hostnameLookups) {
    case 'on':
      return givenNameOf.get(address);
    case 'double':
      return confirmedNameOf.get(address);
    default:
      return undefined;
  }
}

/** The name of the address that the client connected to (UseCanonicalName DNS). */
export function localHostName(r: Request): Name {
  return givenNameOf.get(r.connection.localAddr);
}

/** Addresses of a name (or a textual address); undefined when there are none. */
export function resolveHost(
  name: string,
): readonly IpAddress[] | undefined | Promise<readonly IpAddress[] | undefined> {
  return addressesOf.get(name);
}

export function isSameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether a name is a domain or lies in it: whole labels, without case (in_domain of mod_authz_host and mod_access_compat). */
export function isInDomain(domain: string, name: string): boolean {
  if (name.length < domain.length) return false;
  const start = name.length - domain.length;
  if (name.slice(start).toLowerCase() !== domain.toLowerCase()) return false;
  return start === 0 || domain.startsWith('.') || name[start - 1] === '.';
}
