/** The ETag of a file as FileETag asks for it (ap_make_etag of server/util_etag.c). */
import { DEFAULT_ETAG, type EtagParts, makeEtag, withVariantList } from '../http/etag.ts';
import { coreDir } from './core-config.ts';
import type { CachedFile } from './file-cache.ts';
import type { Request } from './request.ts';

const MTIME = 1;
const SIZE = 2;
const INODE = 4;
const DIGEST = 8;

const STABLE_AFTER_MS = 1100;

export function etagOf(r: Request, file: CachedFile): string | undefined {
  const etag = fileEtag(r, file);
  return etag === undefined || r.variantListEtag === undefined
    ? etag
    : withVariantList(etag, r.variantListEtag);
}

function fileEtag(r: Request, file: CachedFile): string | undefined {
  const conf = coreDir(r);
  // Signs alone change nothing: there must be bits that they can change.
  const isDefault = conf.etagBits === undefined;
  if (isDefault && file.strongEtag !== undefined) return file.strongEtag;
  const bits = conf.etagBits ?? MTIME | SIZE;
  if ((bits & DIGEST) !== 0) return `"${file.digest()}"`;
  if (bits === 0) return undefined;
  const parts: EtagParts = isDefault
    ? DEFAULT_ETAG
    : { mtime: (bits & MTIME) !== 0, size: (bits & SIZE) !== 0, inode: (bits & INODE) !== 0 };
  const etag = makeEtag(
    parts,
    { inode: file.inode, size: file.size, mtimeMicros: file.mtimeMicros },
    r.requestTime * 1000,
  );
  // Kept once it can no longer turn from weak to strong.
  if (isDefault && r.requestTime - file.mtimeMicros / 1000 > STABLE_AFTER_MS) file.strongEtag = etag;
  return etag;
}
