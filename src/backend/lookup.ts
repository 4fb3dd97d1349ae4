/** Addresses of backends' names. Without a memory every connection that is not kept would ask the resolver, in a thread, for the same name again. */

import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';

type Found = (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void;
/** What a socket asks by: with `all` it is given the addresses, else the first one and its family. */
type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

interface Entry {
  /** Undefined while the resolver is at work. */
  addresses: readonly LookupAddress[] | undefined;
  /** By `performance.now()`. */
  expires: number;
  readonly waiting: Found[];
}

/** Short enough that nobody has to be told of it: the resolver's own answers are older. */
const KEPT_FOR = 1000;
const MAX_ENTRIES = 256;
const entries = new Map<string, Entry>();

/** For the `lookup` option of sockets. What could not be found is asked for again at once. */
export function lookupRemembered(host: string, options: LookupOptions, callback: Callback): void {
  const wanted: LookupOptions & { all: true } = { ...options, all: true };
  find(`${options.family ?? 0} ${options.hints ?? 0} ${host}`, host, wanted, (error, addresses) => {
    const [first] = addresses;
    if (error !== null || options.all === true || first === undefined) callback(error, [...addresses]);
    else callback(null, first.address, first.family);
  });
}

function find(key: string, host: string, options: LookupOptions & { all: true }, found: Found): void {
  const known = entries.get(key);
  if (known?.addresses === undefined && known !== undefined) {
    known.waiting.push(found);
    return;
  }
  if (known?.addresses !== undefined && known.expires > performance.now()) {
    found(null, known.addresses);
    return;
  }
  const entry: Entry = { addresses: undefined, expires: 0, waiting: [found] };
  entries.delete(key);
  if (entries.size >= MAX_ENTRIES) entries.clear();
  entries.set(key, entry);
  lookup(host, options, (error, addresses) => {
    if (error === null) {
      entry.addresses = addresses;
      entry.expires = performance.now() + KEPT_FOR;
    } else if (entries.get(key) === entry) {
      entries.delete(key);
    }
    for (const each of entry.waiting.splice(0)) each(error, addresses ?? []);
  });
}
