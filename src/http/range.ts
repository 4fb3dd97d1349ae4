/**
 * Byte ranges: ap_set_byterange and the framing of the byterange filter (modules/http/byterange_filter.c).
 */
import { randomBytes } from 'node:crypto';

/** First and last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** MaxRanges, MaxRangeOverlaps, MaxRangeReversals; 0 is "none", Infinity "unlimited". */
export interface RangeLimits {
  readonly ranges: number;
  readonly overlaps: number;
  readonly reversals: number;
}

export const DEFAULT_RANGE_LIMITS: RangeLimits = { ranges: 200, overlaps: 20, reversals: 20 };

/** The ranges to send (206), 'whole' (200: the field is to be ignored) or 'unsatisfiable' (416). */
export type RangeDecision = readonly ByteRange[] | 'whole' | 'unsatisfiable';

/** A position as httpd reads it: digits alone, within 63 bits; -1 for anything else. */
function position(text: string): number {
  if (!/^[0-9]+$/.test(text)) return -1;
  const digits = text.replace(/^0+(?=.)/, '');
  if (digits.length > 19 || (digits.length === 19 && digits > '9223372036854775807')) return -1;
  return Number(digits);
}

/** One range spec; null when malformed. `start` may be at or past `length`. */
function parseSpec(spec: string, length: number): ByteRange | null {
  const dash = spec.indexOf('-');
  if (dash < 0) return null;
  if (dash === 0) {
    const suffix = position(spec.slice(1));
    if (suffix < 1) return null;
    return { start: Math.max(0, length - suffix), end: length - 1 };
  }
  const start = position(spec.slice(0, dash));
  if (start < 0) return null;
  if (dash === spec.length - 1) return { start, end: length - 1 };
  const end = position(spec.slice(dash + 1));
  if (end < start) return null;
  return { start, end: Math.min(end, length - 1) };
}

/** Collects ranges in the order asked for; neighbours in that order that touch become one. */
class RangeMerger {
  readonly merged: ByteRange[] = [];
  overlaps = 0;
  reversals = 0;
  #open: ByteRange | undefined = undefined;

  add(range: ByteRange): void {
    const open = this.#open;
    if (open === undefined || range.start > open.end + 1 || range.end < open.start - 1) {
      if (open !== undefined) this.merged.push(open);
      this.#open = range;
      return;
    }
    this.overlaps++;
    if (range.start < open.start) this.reversals++;
    this.#open = { start: Math.min(open.start, range.start), end: Math.max(open.end, range.end) };
  }

  finish(): void {
    if (this.#open !== undefined) this.merged.push(this.#open);
    this.#open = undefined;
  }
}

/** Reads a Range field against a representation of `length` bytes. */
export function decideRanges(field: string, length: number, limits: RangeLimits): RangeDecision {
  if (length === 0 || !/^bytes=/i.test(field)) return 'whole';
  const merger = new RangeMerger();
  let unsatisfiable = false;
  for (let at = 6; at < field.length; ) {
    const comma = field.indexOf(',', at);
    const end = comma < 0 ? field.length : comma;
    if (end === at) break;
    const range = parseSpec(field.slice(at, end), length);
    if (range === null) return 'whole';
    if (range.start >= length) unsatisfiable = true;
    else merger.add(range);
    at = end + 1;
    while (field[at] === ',') at++;
  }
  merger.finish();
  const { merged } = merger;
  if (merged.length === 0) return unsatisfiable ? 'unsatisfiable' : 'whole';
  let sum = 0;
  for (const range of merged) sum += range.end - range.start + 1;
  const excessive =
    merged.length > limits.ranges || merger.overlaps > limits.overlaps || merger.reversals > limits.reversals;
  return excessive || sum > length ? 'whole' : merged;
}

/** The value of Content-Range for a satisfied range. */
export function contentRange(range: ByteRange, length: number): string {
  return `bytes ${range.start}-${range.end}/${length}`;
}

/** Separates the parts of multipart answers; one for the life of the process, as ap_multipart_boundary. */
export const MULTIPART_BOUNDARY: string = randomBytes(8).toString('hex');

/** The Content-Type of an answer with several ranges. */
export const MULTIPART_TYPE = `multipart/byteranges; boundary=${MULTIPART_BOUNDARY}`;

/** What goes before the bytes of a part. `contentType` is that of the whole representation. */
export function partHead(range: ByteRange, length: number, contentType: string | undefined): string {
  const type = contentType === undefined ? '' : `Content-type: ${contentType}\r\n`;
  return `\r\n--${MULTIPART_BOUNDARY}\r\n${type}Content-range: ${contentRange(range, length)}\r\n\r\n`;
}

/** What ends an answer with several ranges. */
export const MULTIPART_END = `\r\n--${MULTIPART_BOUNDARY}--\r\n`;

/** Content-Length of an answer with several ranges. */
export function multipartLength(
  ranges: readonly ByteRange[],
  length: number,
  contentType: string | undefined,
): number {
  let sum = MULTIPART_END.length;
  for (const range of ranges) {
    sum += partHead(range, length, contentType).length + range.end - range.start + 1;
  }
  return sum;
}
