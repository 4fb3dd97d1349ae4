/** Digests of the contents of files, for FileETag Digest and ContentDigest. Files that are not in memory are read in pieces, beside all else. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { LruCache } from '../lib/lru.ts';
import { BLOCK, type CachedFile } from './file-cache.ts';
import { type FileStamp, isSameFile, isSettled, stampOf } from './file-stamp.ts';
import { openFile } from './files.ts';

export type DigestAlgorithm = 'md5' | 'sha1';

interface Kept {
  readonly stamp: FileStamp;
  /** A promise while the file is read: all who ask meanwhile wait for one reading. */
  digest: string | undefined | Promise<string | undefined>;
}

const KEPT = 1024;
const kept = new LruCache<string, Kept>(KEPT);
const readPiece = promisify(read);

/** In base64. Undefined for a file that was changed or taken away since it was looked at. */
export function digestOf(
  file: CachedFile,
  algorithm: DigestAlgorithm,
): string | undefined | Promise<string | undefined> {
  if (file.content !== undefined) return digestOfContent(file, file.content, algorithm);
  const key = `${algorithm} ${file.filename}`;
  const known = kept.get(key);
  if (known !== undefined && isSameFile(known.stamp, file)) return known.digest;
  const digest = digestOfFile(file, algorithm);
  const entry: Kept = { stamp: stampOf(file), digest };
  kept.set(key, entry);
  const settle = (value: string | undefined): void => {
    entry.digest = value;
    if (value === undefined || !isSettled(file)) forget(key, entry);
  };
  digest.then(settle, () => forget(key, entry));
  return digest;
}

function forget(key: string, entry: Kept): void {
  if (kept.get(key) === entry) kept.delete(key);
}

function digestOfContent(file: CachedFile, content: Buffer, algorithm: DigestAlgorithm): string {
  file[algorithm] ??= createHash(algorithm).update(content).digest('base64');
  return file[algorithm];
}

async function digestOfFile(file: CachedFile, algorithm: DigestAlgorithm): Promise<string | undefined> {
  const fd = openFile(file.filename);
  if (typeof fd !== 'number') return undefined;
  try {
    const hash = createHash(algorithm);
    const piece = Buffer.allocUnsafeSlow(BLOCK);
    for (let at = 0; at < file.size; ) {
      const { bytesRead } = await readPiece(fd, piece, 0, piece.length, at);
      if (bytesRead === 0) return undefined;
      hash.update(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
    return isSameFile(file, fstatSync(fd)) ? hash.digest('base64') : undefined;
  } finally {
    closeSync(fd);
  }
}
