/** Addresses of the hosts that requests name: what ProxyBlock and NoProxy compare, and where CONNECT leads. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** All addresses of a host, in the system's order; undefined when it has none. A textual address is its own, at once. */
export function addressesOf(host: string): readonly string[] | Promise<readonly string[] | undefined> {
  if (isIP(host) !== 0) return [host];
  // Longer names there are none, and a NUL would end them early.
  if (host.length > 255 || host.includes('\0')) return Promise.resolve(undefined);
  return lookup(Buffer.from(host, 'latin1').toString(), { all: true }).then(
    (found) => (found.length > 0 ? found.map(({ address }) => address) : undefined),
    () => undefined,
  );
}
