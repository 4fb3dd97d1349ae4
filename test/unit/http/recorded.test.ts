/** Pure functions against what httpd 2.4.71 answered: ranges, conditions, paths, error pages, chunked bodies. */
import { describe, expect, it } from 'vitest';
import { BodyEvent } from '../../../src/http/body.ts';
import { ChunkedDecoder } from '../../../src/http/chunked.ts';
import { meetsConditions } from '../../../src/http/conditional.ts';
import { parseHttpDate } from '../../../src/http/date.ts';
import { cannedErrorPage } from '../../../src/http/error-page.ts';
import { HeaderFields } from '../../../src/http/header-fields.ts';
import { decideRanges } from '../../../src/http/range.ts';
import { isKnownStatus, statusLine } from '../../../src/http/reason-phrases.ts';
import {
  decodePath,
  type EncodedSlashes,
  normalizePath,
  parseTarget,
  resolveUncovered,
} from '../../../src/http/uri.ts';
import { bytes, joinSegments, recorded, type Segment } from './support.ts';

interface RecordedRange {
  range: string;
  length: number;
  limits: [number | null, number, number];
  status: number;
  ranges: string[];
}

describe('ranges', () => {
  it.each(recorded<RecordedRange>('ranges'))(
    '$limits $length $range',
    ({ range, length, limits, status, ranges }) => {
      const decision = decideRanges(range, length, {
        ranges: limits[0] ?? Number.POSITIVE_INFINITY,
        overlaps: limits[1],
        reversals: limits[2],
      });
      if (decision === 'whole') expect(status).toBe(200);
      else if (decision === 'unsatisfiable') expect(status).toBe(416);
      else {
        expect(status).toBe(206);
        expect(decision.map(({ start, end }) => `${start}-${end}`)).toEqual(ranges);
      }
    },
  );
});

interface RecordedCondition {
  fields: [string, string][];
  status: number;
}

describe('conditions', () => {
  const validators = {
    etag: '"64-612e70fcd5240"',
    modified: parseHttpDate('Tue, 05 Mar 2024 10:11:12 GMT'),
    now: parseHttpDate('Mon, 23 Nov 2026 12:55:00 GMT'),
  };
  it.each(recorded<RecordedCondition>('conditionals'))('$fields', ({ fields, status }) => {
    const request = new HeaderFields();
    for (const [name, value] of fields) request.append(name, value.trim());
    request.mergeRepeated();
    const answer = meetsConditions(request, validators, true);
    expect(answer === 0 ? (request.has('range') ? 206 : 200) : answer).toBe(status);
  });
});

interface RecordedPath {
  target: string;
  slashes: EncodedSlashes;
  merge: boolean;
  path: string;
  outcome: 'ok' | 'invalid' | 'refused';
}

/** The steps of ap_process_request_internal from target to decoded path. */
function resolve(target: string, slashes: EncodedSlashes, merge: boolean): { path: string; outcome: string } {
  const uri = parseTarget(target, 'GET');
  const normalized = normalizePath(uri?.path ?? '', { mergeSlashes: merge, decodeUnreserved: true });
  if (!normalized.valid) return { path: normalized.path, outcome: 'invalid' };
  const decoded = decodePath(normalized.path, slashes);
  const refused = decoded.status === 404 && slashes === 'refuse';
  if (decoded.status !== 0) return { path: decoded.path, outcome: refused ? 'refused' : 'ok' };
  const path = slashes === 'decode' ? resolveUncovered(decoded.path, false) : decoded.path;
  return { path, outcome: 'ok' };
}

describe('paths', () => {
  it.each(recorded<RecordedPath>('paths'))(
    '$slashes, merge $merge: $target',
    ({ target, slashes, merge, path, outcome }) => {
      expect(resolve(target, slashes, merge)).toEqual({ path, outcome });
    },
  );
});

interface RecordedPage {
  redirect: number;
  statusLine: string;
  body: string;
}

describe('error pages', () => {
  it.each(recorded<RecordedPage>('error-pages'))('$statusLine for Redirect $redirect', (page) => {
    const status = isKnownStatus(page.redirect) ? page.redirect : 500;
    expect(statusLine(status)).toBe(page.statusLine);
    const location = 'http://t.example/a%20b?x=1&y=<z>';
    expect(cannedErrorPage({ status, method: 'GET', uri: '/r', location })).toBe(page.body);
  });
});

interface RecordedBody {
  name: string;
  body: Segment[];
  status: number;
  logs: [number: string, level: string, message: string][];
  data: string | null;
}

describe('chunked bodies', () => {
  it.each(recorded<RecordedBody>('chunked-bodies'))('$name', ({ body, status, logs, data }) => {
    const chunk = bytes(joinSegments(body));
    const decoder = new ChunkedDecoder();
    let out = '';
    let event: BodyEvent;
    for (let at = 0; (event = decoder.read(chunk, at)) === BodyEvent.data; at = decoder.offset) {
      out += chunk.toString('latin1', decoder.dataStart, decoder.dataEnd);
    }
    if (status === 200) {
      expect(event).toBe(BodyEvent.end);
      expect(decoder.offset).toBe(chunk.length);
      expect(out).toBe(data);
    } else {
      expect(event).toBe(BodyEvent.failed);
      expect(decoder.failure?.status).toBe(status);
      const ours = (decoder.failure?.logs ?? []).map((log) => `${log.number} ${log.message.slice(0, 60)}`);
      expect(ours).toEqual(
        logs.map(([number, , message]) => `${number} ${message.replace(/\\n$/, '\n').slice(0, 60)}`),
      );
    }
  });
});
