/** Entity tags: making them as ap_make_etag (server/util_etag.c), and finding them in lists (ap_find_etag_*). */
import { listItems } from './header-list.ts';

/** What FileETag says; none of them means no ETag. The default is size and mtime. */
export interface EtagParts {
  readonly inode: boolean;
  readonly mtime: boolean;
  readonly size: boolean;
}

export const DEFAULT_ETAG: EtagParts = { inode: false, mtime: true, size: true };

/** The facts of a file. */
export interface EtagFile {
  readonly inode: number | bigint;
  readonly size: number | bigint;
  /** Modification time in whole microseconds since 1970. */
  readonly mtimeMicros: number;
}

const MICROS_PER_SECOND = 1_000_000;

/** Microseconds out of fs's mtimeNs, rounded as apr does: down within a second. */
export function microsOf(nanoseconds: bigint): number {
  const micros = nanoseconds / 1000n;
  return Number(nanoseconds < 0n && nanoseconds % 1000n !== 0n ? micros - 1n : micros);
}

function hex(value: number | bigint): string {
  if (value >= 0) return value.toString(16);
  return BigInt.asUintN(64, BigInt(value)).toString(16);
}

/**
 * The ETag of a file, or undefined when `parts` is empty. It is weak while the file is not older than a second at
 * `nowMicros`, for another change within that second could not be told from it.
 */
export function makeEtag(parts: EtagParts, file: EtagFile, nowMicros: number): string | undefined {
  let text = '';
  if (parts.inode) text = hex(file.inode);
  if (parts.size) text += text === '' ? hex(file.size) : `-${hex(file.size)}`;
  if (parts.mtime) text += text === '' ? hex(file.mtimeMicros) : `-${hex(file.mtimeMicros)}`;
  if (text === '') return undefined;
  return nowMicros - file.mtimeMicros > MICROS_PER_SECOND ? `"${text}"` : `W/"${text}"`;
}

/** Joins the validator of a negotiated variant list to an ETag: `"tag;list`, without a quote at the end, as httpd 2.4.71 sends it. */
export function withVariantList(etag: string, listEtag: string): string {
  const list = listEtag.startsWith('W/') ? listEtag.slice(3, -1) : listEtag.slice(1, -1);
  return `${etag.slice(0, -1)};${list}`;
}

function isWeak(etag: string): boolean {
  return etag.startsWith('W/');
}

/** Strong comparison (RFC 9110 section 8.8.3.2) with the items of a list; "*" is the caller's affair. */
export function findEtagStrong(list: string, etag: string): boolean {
  if (isWeak(etag)) return false;
  if (list === etag) return true;
  return listItems(list).includes(etag);
}

/** Weak comparison with the items of a list. */
export function findEtagWeak(list: string, etag: string): boolean {
  const opaque = isWeak(etag) ? etag.slice(2) : etag;
  if (list === opaque) return true;
  return listItems(list).some((item) => (isWeak(item) ? item.slice(2) : item) === opaque);
}
