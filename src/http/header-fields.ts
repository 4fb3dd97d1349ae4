/**
 * HeaderFields: the ordered multi-map both request and response headers live in. Names keep the case they came with;
 * look-ups fold ASCII case. The operations are those of apr_table (set, add, merge, unset), so modules written after
 * httpd's find what they expect.
 *
 * One flat array of (key, name, value) triples: a request has three to ten fields, and for so few a linear search that
 * mostly compares lengths beats any hash table, costs one allocation and keeps the order for free.
 */

import { asciiLower } from '../lib/ascii.ts';
import { equalsIgnoreCase, latin1Slice, ownCopy } from './bytes.ts';

const STRIDE = 3;

/** Keys of names in common use; being literals they are the very strings that callers look up with. */
const COMMON_KEYS = [
  'accept', 'accept-charset', 'accept-encoding', 'accept-language', 'accept-ranges', 'access-control-request-headers',
  'access-control-request-method', 'age', 'allow', 'authorization', 'cache-control', 'connection', 'content-encoding',
  'content-language', 'content-length', 'content-location', 'content-range', 'content-type', 'cookie', 'date', 'dnt',
  'etag', 'expect', 'expires', 'forwarded', 'from', 'host', 'if-match', 'if-modified-since', 'if-none-match', 'if-range',
  'if-unmodified-since', 'keep-alive', 'last-modified', 'link', 'location', 'max-forwards', 'origin', 'pragma',
  'proxy', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'range', 'referer', 'request-range',
  'retry-after', 'sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform', 'sec-fetch-dest', 'sec-fetch-mode',
  'sec-fetch-site', 'sec-fetch-user', 'sec-websocket-key', 'sec-websocket-version', 'server', 'set-cookie', 'status',
  'strict-transport-security', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'upgrade-insecure-requests',
  'user-agent', 'vary', 'via', 'www-authenticate', 'x-content-type-options', 'x-forwarded-for', 'x-forwarded-host',
  'x-forwarded-proto', 'x-frame-options', 'x-powered-by', 'x-requested-with',
]; // biome-ignore format: a word list

/** name as sent → key. Bounded, since a client may send any name. */
const interned = new Map<string, string>();
const INTERN_LIMIT = 2048;
const INTERN_NAME_LIMIT = 48;
for (const key of COMMON_KEYS) {
  interned.set(key, key);
  interned.set(
    key.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()),
    key,
  );
}
for (const [name, key] of [
  ['ETag', 'etag'],
  ['TE', 'te'],
  ['DNT', 'dnt'],
  ['WWW-Authenticate', 'www-authenticate'],
  ['Sec-WebSocket-Key', 'sec-websocket-key'],
  ['Sec-WebSocket-Version', 'sec-websocket-version'],
] as const) {
  interned.set(name, key);
}

/** The look-up key of a field name: its ASCII lower case, the same string object for the names in common use. */
export function fieldKey(name: string): string {
  const known = interned.get(name);
  if (known !== undefined) return known;
  const lower = asciiLower(name);
  const common = interned.get(lower);
  if (name.length > INTERN_NAME_LIMIT || interned.size >= INTERN_LIMIT) return common ?? lower;
  const key = common ?? ownCopy(lower);
  interned.set(ownCopy(name), key);
  return key;
}

/** A name as it was sent, and its key. */
export interface FieldName {
  readonly name: string;
  readonly key: string;
}

const RECENT_NAMES = 512;
const recentNames = new Array<FieldName | undefined>(RECENT_NAMES).fill(undefined);

/**
 * The name that stands in `chunk` from `start` to `end`, not empty. Clients and backends send the same few again and again: one that
 * was seen is known by its bytes, and no string is made and hashed for it.
 */
export function fieldNameIn(chunk: Buffer, start: number, end: number): FieldName {
  const length = end - start;
  const ends = (chunk[start] as number) * 7 + (chunk[end - 1] as number) * 31;
  const slot = (length * 67 + ends + (chunk[start + (length >> 1)] as number) * 13) % RECENT_NAMES;
  const recent = recentNames[slot];
  if (recent !== undefined && stands(recent.name, chunk, start, length)) return recent;
  const name = latin1Slice(chunk, start, end);
  const found = { name, key: fieldKey(name) };
  if (length <= INTERN_NAME_LIMIT) recentNames[slot] = found;
  return found;
}

function stands(name: string, chunk: Buffer, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let at = 0; at < length; at++) if (name.charCodeAt(at) !== chunk[start + at]) return false;
  return true;
}

export class HeaderFields {
  /** key, name, value, key, name, value, ... */
  readonly #list: string[] = [];

  /** Builds from [name, value] pairs, each a line of its own. */
  static from(pairs: Iterable<readonly [string, string]>): HeaderFields {
    const fields = new HeaderFields();
    for (const [name, value] of pairs) fields.append(name, value);
    return fields;
  }

  /** Number of field lines. */
  get size(): number {
    return this.#list.length / STRIDE;
  }

  /** Key (lower case) of the line at `index`; lines are numbered from 0 to size - 1. */
  keyAt(index: number): string {
    return this.#list[index * STRIDE] as string;
  }

  /** Name as sent of the line at `index`. */
  nameAt(index: number): string {
    return this.#list[index * STRIDE + 1] as string;
  }

  /** Value of the line at `index`. */
  valueAt(index: number): string {
    return this.#list[index * STRIDE + 2] as string;
  }

  /** The first value, or undefined. */
  get(name: string): string | undefined {
    const at = this.#find(name, 0);
    return at < 0 ? undefined : this.#list[at + 2];
  }

  has(name: string): boolean {
    return this.#find(name, 0) >= 0;
  }

  /** All values in order. */
  getAll(name: string): string[] {
    const values: string[] = [];
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + STRIDE)) {
      values.push(this.#list[at + 2] as string);
    }
    return values;
  }

  /** All values joined by ", ", or undefined without any. */
  getJoined(name: string): string | undefined {
    const list = this.#list;
    let at = this.#find(name, 0);
    if (at < 0) return undefined;
    let joined = list[at + 2] as string;
    while ((at = this.#find(name, at + STRIDE)) >= 0) joined += `, ${list[at + 2]}`;
    return joined;
  }

  /** One value in place of all; the first line keeps its place and its spelling, as apr_table_set. */
  set(name: string, value: string): void {
    const at = this.#find(name, 0);
    if (at < 0) {
      this.append(name, value);
      return;
    }
    this.#list[at + 2] = value;
    this.#remove(this.#list[at] as string, at + STRIDE);
  }

  /** A further line, as apr_table_add. */
  append(name: string, value: string): void {
    this.#list.push(fieldKey(name), name, value);
  }

  /** Joined to the first line with ", ", or a new line; as apr_table_merge. */
  merge(name: string, value: string): void {
    const at = this.#find(name, 0);
    if (at < 0) this.append(name, value);
    else this.#list[at + 2] += `, ${value}`;
  }

  /** Removes all lines of the name; tells whether there were any. */
  delete(name: string): boolean {
    const at = this.#find(name, 0);
    if (at < 0) return false;
    this.#remove(this.#list[at] as string, at);
    return true;
  }

  clear(): void {
    if (this.#list.length > 0) this.#list.length = 0;
  }

  /** Adds every line of `other` after those here. */
  appendAll(other: HeaderFields): void {
    const list = other.#list;
    for (let at = 0; at < list.length; at++) this.#list.push(list[at] as string);
  }

  clone(): HeaderFields {
    const copy = new HeaderFields();
    copy.appendAll(this);
    return copy;
  }

  /**
   * Joins lines of the same name into the first of them, as apr_table_compress(APR_OVERLAP_TABLES_MERGE), which httpd
   * runs over each request head.
   */
  mergeRepeated(): void {
    const list = this.#list;
    if (list.length > 64 * STRIDE) {
      this.#mergeRepeatedByMap();
      return;
    }
    for (let at = STRIDE; at < list.length; at += STRIDE) {
      const first = this.#findKey(list[at] as string);
      if (first === at) continue;
      list[first + 2] += `, ${list[at + 2]}`;
      list.splice(at, STRIDE);
      at -= STRIDE;
    }
  }

  /** The same without the quadratic search, for the heads of LimitRequestFields 0. */
  #mergeRepeatedByMap(): void {
    const list = this.#list;
    const firsts = new Map<string, number>();
    let kept = 0;
    for (let at = 0; at < list.length; at += STRIDE) {
      const key = list[at] as string;
      const first = firsts.get(key);
      if (first !== undefined) {
        list[first + 2] += `, ${list[at + 2]}`;
        continue;
      }
      firsts.set(key, kept);
      for (let part = 0; part < STRIDE; part++) list[kept + part] = list[at + part] as string;
      kept += STRIDE;
    }
    list.length = kept;
  }

  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    for (let at = 0; at < this.#list.length; at += STRIDE) {
      yield [this.#list[at + 1] as string, this.#list[at + 2] as string];
    }
  }

  /** For the request parser, which has the key at hand already. */
  appendParsed(key: string, name: string, value: string): void {
    this.#list.push(key, name, value);
  }

  #find(name: string, from: number): number {
    const list = this.#list;
    for (let at = from; at < list.length; at += STRIDE) {
      if (equalsIgnoreCase(list[at] as string, name)) return at;
    }
    return -1;
  }

  /** The first line of a key. Names are as long as clients like: comparing them must not take more than comparing bytes. */
  #findKey(key: string): number {
    const list = this.#list;
    let at = 0;
    while (list[at] !== key) at += STRIDE;
    return at;
  }

  #remove(key: string, from: number): void {
    const list = this.#list;
    let kept = from;
    for (let at = from; at < list.length; at += STRIDE) {
      if (list[at] === key) continue;
      if (kept !== at) {
        for (let part = 0; part < STRIDE; part++) list[kept + part] = list[at + part] as string;
      }
      kept += STRIDE;
    }
    if (kept < list.length) list.length = kept;
  }
}
