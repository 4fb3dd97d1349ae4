/**
 * Files in memory, bounded in bytes: small ones whole, middling ones block by block as they are asked for. Nothing is trusted without a stat:
 * every request compares what the walk's stat found with what was read, so that no answer is older than its request. Larger files are read anew.
 */
import { closeSync, fstatSync, readSync, type Stats } from 'node:fs';
import { formatHttpDate } from '../http/date.ts';
import { microsOf } from '../http/etag.ts';
import { LruCache } from '../lib/lru.ts';
import { type FileStamp, isSameFile, isSettled } from './file-stamp.ts';
import { openFile, type StatFailure } from './files.ts';

/** Files up to this size are kept whole (bytes). */
const MAX_WHOLE = 256 * 1024;
/** Files up to this size are kept in blocks (bytes): beyond it one file would push out all others. */
const MAX_IN_BLOCKS = 16 * 1024 * 1024;
/** Bytes of a block. */
export const BLOCK = 512 * 1024;
/** Bytes kept in all. */
const MAX_BYTES = 64 * 1024 * 1024;
const ENTRY_OVERHEAD = 512;

interface FileFacts {
  readonly size: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** An opened file. Whoever got it releases it. */
export class CachedFile implements FileStamp {
  readonly filename: string;
  readonly size: number;
  /** As stat gives it: a number is exact for every file system in use. */
  readonly ino: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** Whole microseconds since 1970. */
  readonly mtimeMicros: number;
  readonly lastModified: string;
  /** The bytes of a small file. */
  readonly content: Buffer | undefined;
  /** Blocks of a middling file, as far as they were read; undefined for a large one. */
  readonly blocks: (Buffer | undefined)[] | undefined;
  /** The default ETag, once it is settled. */
  strongEtag: string | undefined;
  /** Digests of its content in base64, once somebody has asked (file-digest.ts). */
  sha1: string | undefined;
  md5: string | undefined;
  #fd: number;
  #users = 1;

  constructor(
    filename: string,
    fd: number,
    facts: FileFacts,
    content: Buffer | undefined,
    blocks: (Buffer | undefined)[] | undefined,
  ) {
    this.filename = filename;
    this.#fd = fd;
    this.size = content?.length ?? Number(facts.size);
    this.ino = Number(facts.ino);
    this.mtimeMs = facts.mtimeMs;
    this.ctimeMs = facts.ctimeMs;
    this.mtimeMicros = microsOf(facts.mtimeNs);
    this.lastModified = formatHttpDate(Math.floor(this.mtimeMicros / 1_000_000));
    this.content = content;
    this.blocks = blocks;
  }

  /** The file is still the one that was opened. */
  isSame(stats: Stats): boolean {
    return isSameFile(this, stats);
  }

  /** Descriptor to read blocks from; -1 when the file is not there any more, or not the same. */
  get fd(): number {
    if (this.#fd < 0) this.#fd = this.#openAgain();
    return this.#fd;
  }

  use(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users > 0 || this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #openAgain(): number {
    const fd = openFile(this.filename);
    if (typeof fd !== 'number') return -1;
    if (this.isSame(fstatSync(fd))) return fd;
    closeSync(fd);
    return -1;
  }
}

const cache = new LruCache<string, CachedFile>({
  maxBytes: MAX_BYTES,
  // A file in blocks counts whole from the start: what is promised is kept.
  sizeOf: (file) => file.size + ENTRY_OVERHEAD,
});

/** The file of that name, whose stat the caller has just made; or why it cannot be opened. */
export function cachedFile(filename: string, stats: Stats): CachedFile | StatFailure {
  const known = cache.get(filename);
  if (known?.isSame(stats) === true) return known.use();
  return readAnew(filename, stats);
}

function readAnew(filename: string, stats: Stats): CachedFile | StatFailure {
  // A pipe nobody writes to would hold open(2) for ever.
  if (stats.isFIFO()) return 'denied';
  const fd = openFile(filename);
  if (typeof fd !== 'number') return fd;
  const exact = fstatSync(fd, { bigint: true });
  // The milliseconds are compared with those of the walk's stat, so they must come out of the same arithmetic.
  const plain = fstatSync(fd);
  const { mtimeMs, ctimeMs } = plain;
  const facts = { mtimeMs, ctimeMs, size: exact.size, ino: exact.ino, mtimeNs: exact.mtimeNs };
  const mayKeep = plain.isFile() && isSettled(plain);
  let file: CachedFile;
  if (exact.size <= MAX_WHOLE) {
    try {
      file = new CachedFile(filename, -1, facts, readWhole(fd, Number(exact.size)), undefined);
    } finally {
      closeSync(fd);
    }
    if (mayKeep && file.size === Number(exact.size)) cache.set(filename, file);
    return file;
  }
  const isKept = mayKeep && exact.size <= MAX_IN_BLOCKS;
  file = new CachedFile(filename, fd, facts, undefined, isKept ? [] : undefined);
  if (isKept) cache.set(filename, file);
  return file;
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
