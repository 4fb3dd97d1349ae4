/**
 * Conditional requests as ap_meets_conditions (modules/http/http_protocol.c) decides them. It differs from RFC 9110 in
 * that If-None-Match and If-Modified-Since must both hold for a 304, and any If-Unmodified-Since rules one out.
 */
import { parseHttpDate } from './date.ts';
import { findEtagStrong, findEtagWeak } from './etag.ts';
import type { HeaderFields } from './header-fields.ts';

/** What is known of the representation that would be sent. Times are seconds since 1970. */
export interface Validators {
  readonly etag: string | undefined;
  /** Last-Modified; where the answer has none httpd takes the file's time or the time of the request. */
  readonly modified: number;
  /** The time of the request. */
  readonly now: number;
}

/** A date is a strong validator only for what is at least this old (RFC 9110 section 8.8.2.2). */
const STRONG_AGE = 60;

/** -1: the request has no such field; 0: the condition is false; 1: it is true. */
type Condition = -1 | 0 | 1;

/** The status a conditional request ends with, or 0 when it is to be served. GET includes HEAD. */
export function meetsConditions(
  request: HeaderFields,
  validators: Validators,
  isGet: boolean,
): 0 | 304 | 412 {
  if (ifMatch(request, validators) === 0) return 412;
  const unmodified = ifUnmodifiedSince(request, validators);
  if (unmodified === 0) return 412;
  const noneMatch = ifNoneMatch(request, validators, isGet);
  if (noneMatch === 0 && !isGet) return 412;
  const modifiedSince = ifModifiedSince(request, validators);
  const notModified = noneMatch === 0 || (modifiedSince === 0 && isGet);
  if (!notModified || unmodified === 1 || noneMatch === 1 || modifiedSince === 1) return 0;
  return 304;
}

function ifMatch(request: HeaderFields, { etag }: Validators): Condition {
  const field = request.get('if-match');
  if (field === undefined) return -1;
  return field.startsWith('*') || (etag !== undefined && findEtagStrong(field, etag)) ? 1 : 0;
}

function ifUnmodifiedSince(request: HeaderFields, { modified, now }: Validators): Condition {
  const field = request.get('if-unmodified-since');
  if (field === undefined) return -1;
  const since = parseHttpDate(field);
  if (since === 0 || modified <= since) return 1;
  // Too young to be compared strongly, as a range needs it: then the condition is passed over.
  return now < modified + STRONG_AGE && request.has('range') ? 1 : 0;
}

/** 0 when an entity tag matches. */
function ifNoneMatch(request: HeaderFields, { etag }: Validators, isGet: boolean): Condition {
  const field = request.get('if-none-match');
  if (field === undefined) return -1;
  if (field.startsWith('*')) return 0;
  if (etag === undefined) return 1;
  const strong = !isGet || request.has('range');
  return (strong ? findEtagStrong(field, etag) : findEtagWeak(field, etag)) ? 0 : 1;
}

/** 0 when it has not been modified. */
function ifModifiedSince(request: HeaderFields, { modified, now }: Validators): Condition {
  const field = request.get('if-modified-since');
  if (field === undefined) return -1;
  const since = parseHttpDate(field);
  if (since === 0 || since < modified || since > now) return 1;
  return now < modified + STRONG_AGE && request.has('range') ? 1 : 0;
}

/** Whether If-Range lets a Range count (ap_condition_if_range); true without the field. */
export function ifRangeHolds(request: HeaderFields, { etag, modified, now }: Validators): boolean {
  const field = request.get('if-range');
  if (field === undefined) return true;
  if (field.startsWith('"')) return field === etag;
  return parseHttpDate(field) === modified && modified !== 0 && now >= modified + STRONG_AGE;
}
