/** Byte ranges of a body of known length (the byterange filter of modules/http/byterange_filter.c). */
import { ifRangeHolds } from '../http/conditional.ts';
import { parseHttpDate } from '../http/date.ts';
import {
  type ByteRange,
  contentRange,
  DEFAULT_RANGE_LIMITS,
  decideRanges,
  MULTIPART_END,
  MULTIPART_TYPE,
  multipartLength,
  partHead,
  type RangeLimits,
} from '../http/range.ts';
import { type CoreDirConf, coreDir, type RangeLimit } from './core-config.ts';
import type { Request } from './request.ts';

/** What is to be sent instead of the whole body: bytes of it, and texts between them. */
export type RangePlan =
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'parts'; readonly parts: readonly (ByteRange | string)[]; readonly length: number };

const WHOLE: RangePlan = { kind: 'whole' };

/** Reads the request's Range against a body of `length` bytes; sets status and headers of a 206 (ap_set_byterange). */
export function planRanges(r: Request, length: number): RangePlan {
  const field = r.headersIn.get('range');
  if (
    field === undefined ||
    r.main !== undefined ||
    r.status !== 200 ||
    r.headersOut.has('content-range') ||
    (r.method === 'HEAD' && length === 0)
  )
    return WHOLE;
  if (r.headersOut.get('accept-ranges')?.toLowerCase() === 'none') return WHOLE;
  const limits = rangeLimits(coreDir(r));
  if (limits === undefined) return WHOLE;
  const modified = parseHttpDate(r.headersOut.get('last-modified') ?? '');
  const validators = { etag: r.headersOut.get('etag'), modified, now: Math.floor(r.requestTime / 1000) };
  if (!ifRangeHolds(r.headersIn, validators)) return WHOLE;
  const ranges = decideRanges(field, length, limits);
  if (ranges === 'whole') return WHOLE;
  if (ranges === 'unsatisfiable') return { kind: 'unsatisfiable' };
  r.status = 206;
  const [only] = ranges;
  if (ranges.length === 1 && only !== undefined) {
    r.headersOut.set('Content-Range', contentRange(only, length));
    return { kind: 'parts', parts: [only], length: only.end - only.start + 1 };
  }
  const type = r.contentType;
  const parts: (ByteRange | string)[] = [];
  for (const range of ranges) parts.push(partHead(range, length, type), range);
  parts.push(MULTIPART_END);
  r.contentType = MULTIPART_TYPE;
  return { kind: 'parts', parts, length: multipartLength(ranges, length, type) };
}

function rangeLimits(conf: Readonly<CoreDirConf>): RangeLimits | undefined {
  if (
    conf.maxRanges === undefined &&
    conf.maxRangeOverlaps === undefined &&
    conf.maxRangeReversals === undefined
  ) {
    return DEFAULT_RANGE_LIMITS;
  }
  if (conf.maxRanges === 'none') return undefined;
  const limit = (value: RangeLimit | undefined, fallback: number): number =>
    value === undefined || value === 'default'
      ? fallback
      : value === 'none'
        ? 0
        : value === 'unlimited'
          ? Number.POSITIVE_INFINITY
          : value;
  return {
    ranges: limit(conf.maxRanges, DEFAULT_RANGE_LIMITS.ranges),
    overlaps: limit(conf.maxRangeOverlaps, DEFAULT_RANGE_LIMITS.overlaps),
    reversals: limit(conf.maxRangeReversals, DEFAULT_RANGE_LIMITS.reversals),
  };
}
