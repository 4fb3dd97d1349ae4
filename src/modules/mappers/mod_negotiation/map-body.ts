/** Answering with a body that stands in a type map (the end of handle_map_file of mod_negotiation.c). */
import { closeSync, readFileSync } from 'node:fs';
import { isPromise } from 'node:util/types';
import { openFile } from '../../../core/files.ts';
import type { Answer } from '../../../core/hooks.ts';
import type { Request } from '../../../core/request.ts';
import { discardBody } from '../../../core/request-body.ts';
import { EMPTY_BODY, sendBuffer, sendHead } from '../../../core/response.ts';
import { OK } from '../../../core/status.ts';
import { meetsConditions } from '../../../http/conditional.ts';
import type { Variant } from './choose.ts';

/** A body that stands in the map itself. */
export function sendMapBody(r: Request, { mimeType, charset, languages, encoding, body }: Variant): Answer {
  if (mimeType !== '') r.contentType = charset === '' ? mimeType : `${mimeType}; charset=${charset}`;
  if (languages.length > 0) r.contentLanguages = languages;
  if (encoding !== undefined) r.contentEncoding = encoding;
  const discarded = discardBody(r);
  if (isPromise(discarded)) return discarded.then((status) => (status === OK ? sendPart(r, body) : status));
  return discarded === OK ? sendPart(r, body) : discarded;
}

function sendPart(r: Request, body: Variant['body']): number {
  const { filename = '', finfo } = r;
  const now = Math.floor(r.requestTime / 1000);
  const modified = Math.min(now, Math.floor((finfo?.mtimeMs ?? 0) / 1000));
  r.headersOut.set('Accept-Ranges', 'bytes');
  const status = meetsConditions(
    r.headersIn,
    { etag: r.headersOut.get('etag'), modified, now },
    r.method === 'GET' || r.method === 'HEAD',
  );
  if (status === 304) {
    r.status = 304;
    sendHead(r);
    return OK;
  }
  if (status !== 0) return status;
  const fd = openFile(filename);
  if (typeof fd !== 'number' || body === undefined) return 403;
  try {
    sendBuffer(r, readFileSync(fd).subarray(body.start, body.start + body.length));
  } catch {
    sendBuffer(r, EMPTY_BODY);
  } finally {
    closeSync(fd);
  }
  return OK;
}
