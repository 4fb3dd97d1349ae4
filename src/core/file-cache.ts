/**
 * Small files in memory, bounded in bytes. Nothing is trusted without a stat: every request compares what the walk's stat found with what was
 * read, so that no answer is older than its request.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync, type Stats } from 'node:fs';
import { formatHttpDate } from '../http/date.ts';
import { microsOf } from '../http/etag.ts';
import { LruCache } from '../lib/lru.ts';
import { openFile, type StatFailure } from './files.ts';

/** Files up to this size are kept (bytes). */
const MAX_FILE = 256 * 1024;
/** Bytes kept in all. */
const MAX_BYTES = 64 * 1024 * 1024;
const ENTRY_OVERHEAD = 512;
/** A file modified this recently may change again within the clock's resolution: it is read anew (milliseconds). */
const SETTLED_AFTER = 50;

/** An opened file: in memory, or as a descriptor that `release` closes. */
export class CachedFile {
  readonly filename: string;
  readonly size: number;
  /** As stat gives it: a number is exact for every file system in use. */
  readonly inode: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** Whole microseconds since 1970. */
  readonly mtimeMicros: number;
  readonly lastModified: string;
  /** The bytes of a small file. */
  readonly content: Buffer | undefined;
  /** Descriptor of a large one. */
  readonly fd: number;
  /** The default ETag, once it is settled. */
  strongEtag: string | undefined;
  #digest: string | undefined;

  constructor(filename: string, fd: number, stats: { size: bigint; ino: bigint; mtimeNs: bigint; ctimeMs: number; mtimeMs: number }, content: Buffer | undefined) {
    this.filename = filename;
    this.fd = content === undefined ? fd : -1;
    this.size = content?.length ?? Number(stats.size);
    this.inode = Number(stats.ino);
    this.mtimeMs = stats.mtimeMs;
    this.ctimeMs = stats.ctimeMs;
    this.mtimeMicros = microsOf(stats.mtimeNs);
    this.lastModified = formatHttpDate(Math.floor(this.mtimeMicros / 1_000_000));
    this.content = content;
  }

  /** SHA-1 of the content in base64 (FileETag Digest); of a large file read in pieces. */
  digest(): string {
    if (this.#digest !== undefined) return this.#digest;
    const hash = createHash('sha1');
    if (this.content !== undefined) hash.update(this.content);
    else {
      const piece = Buffer.allocUnsafe(1024 * 1024);
      for (let at = 0; at < this.size; ) {
        const read = readSync(this.fd, piece, 0, piece.length, at);
        if (read === 0) break;
        hash.update(piece.subarray(0, read));
        at += read;
      }
    }
    this.#digest = hash.digest('base64');
    return this.#digest;
  }

  release(): void {
    if (this.fd >= 0) closeSync(this.fd);
  }
}

const cache = new LruCache<string, CachedFile>({
  maxBytes: MAX_BYTES,
  sizeOf: (file) => (file.content?.length ?? 0) + ENTRY_OVERHEAD,
});

/** The file of that name, whose stat the caller has just made; or why it cannot be opened. */
export function cachedFile(filename: string, stats: Stats): CachedFile | StatFailure {
  const known = cache.get(filename);
  if (
    known !== undefined &&
    known.mtimeMs === stats.mtimeMs &&
    known.ctimeMs === stats.ctimeMs &&
    known.size === stats.size &&
    known.inode === stats.ino
  ) {
    return known;
  }
  return readAnew(filename, stats);
}

function readAnew(filename: string, stats: Stats): CachedFile | StatFailure {
  // A pipe nobody writes to would hold open(2) for ever.
  if (stats.isFIFO()) return 'denied';
  const fd = openFile(filename);
  if (typeof fd !== 'number') return fd;
  let isOpen = true;
  try {
    const exact = fstatSync(fd, { bigint: true });
    // The milliseconds are compared with those of the walk's stat, so they must come out of the same arithmetic.
    const plain = fstatSync(fd);
    const times = { mtimeMs: plain.mtimeMs, ctimeMs: plain.ctimeMs, size: exact.size, ino: exact.ino, mtimeNs: exact.mtimeNs };
    if (exact.size > MAX_FILE) {
      isOpen = false; // the answer closes it
      return new CachedFile(filename, fd, times, undefined);
    }
    const content = readWhole(fd, Number(exact.size));
    const file = new CachedFile(filename, fd, times, content);
    const isSettled = plain.isFile() && Date.now() - plain.mtimeMs > SETTLED_AFTER && Date.now() - plain.ctimeMs > SETTLED_AFTER;
    if (isSettled && content.length === Number(exact.size)) cache.set(filename, file);
    return file;
  } finally {
    if (isOpen) closeSync(fd);
  }
}

/** What is there when it is read: less than `size` when the file has been cut meanwhile. */
function readWhole(fd: number, size: number): Buffer {
  const content = Buffer.allocUnsafeSlow(size);
  let at = 0;
  while (at < size) {
    const read = readSync(fd, content, at, size - at, at);
    if (read === 0) return content.subarray(0, at);
    at += read;
  }
  return content;
}
