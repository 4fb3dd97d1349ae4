/** The ETag of a file as FileETag asks for it (ap_make_etag of server/util_etag.c). */
import { DEFAULT_ETAG, type EtagParts, makeEtag, withVariantList } from '../http/etag.ts';
import { coreDir } from './core-config.ts';
import type { CachedFile } from './file-cache.ts';
import type { Request } from './request.ts';

/** What FileETag names, as bits of CoreDirConf's etagBits. */
export const EtagBit = { mtime: 1, size: 2, inode: 4, digest: 8 } as const;

const STABLE_AFTER_MS = 1100;

/** Whether a file's ETag is its digest. */
export function isDigestEtag(r: Request): boolean {
  return ((coreDir(r).etagBits ?? 0) & EtagBit.digest) !== 0;
}

/** `sha1`: the file's digest in base64, where isDigestEtag() asks for it; undefined where there is none to be had. */
export function etagOf(r: Request, file: CachedFile, sha1: string | undefined): string | undefined {
  const etag = fileEtag(r, file, sha1);
  return etag === undefined || r.variantListEtag === undefined
    ? etag
    : withVariantList(etag, r.variantListEtag);
}

function fileEtag(r: Request, file: CachedFile, sha1: string | undefined): string | undefined {
  const conf = coreDir(r);
  // Signs alone change nothing: there must be bits that they can change.
  const isDefault = conf.etagBits === undefined;
  if (isDefault && file.strongEtag !== undefined) return file.strongEtag;
  const bits = conf.etagBits ?? EtagBit.mtime | EtagBit.size;
  if ((bits & EtagBit.digest) !== 0) return sha1 === undefined ? undefined : `"${sha1}"`;
  if (bits === 0) return undefined;
  const parts: EtagParts = isDefault
    ? DEFAULT_ETAG
    : {
        mtime: (bits & EtagBit.mtime) !== 0,
        size: (bits & EtagBit.size) !== 0,
        inode: (bits & EtagBit.inode) !== 0,
      };
  const etag = makeEtag(
    parts,
    { inode: file.ino, size: file.size, mtimeMicros: file.mtimeMicros },
    r.requestTime * 1000,
  );
  // Kept once it can no longer turn from weak to strong.
  if (isDefault && r.requestTime - file.mtimeMicros / 1000 > STABLE_AFTER_MS) file.strongEtag = etag;
  return etag;
}
