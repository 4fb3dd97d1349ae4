/** mod_asis: files that bring their own head (modules/generators/mod_asis.c). Complete. */
import { readSync } from 'node:fs';
import { ScriptHeadParser } from '../../cgi/script-headers.ts';
import { sendBadFieldError } from '../../core/errors.ts';
import { sendFile } from '../../core/file-body.ts';
import { type CachedFile, cachedFile } from '../../core/file-cache.ts';
import { errorText } from '../../core/files.ts';
import type { Answer } from '../../core/hooks.ts';
import { redirectInternally } from '../../core/internal-redirect.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { EMPTY_BODY, sendBuffer, sendHead } from '../../core/response.ts';
import { applyScriptHead } from '../../core/script-answer.ts';
import { DECLINED, isRedirect, OK } from '../../core/status.ts';

/** The longest head. */
const LONGEST_HEAD = 64 * 1024;

/** asis_handler() */
function handleAsis(r: Request): Answer {
  if (r.handler !== 'send-as-is' && r.contentType !== 'httpd/send-as-is') return DECLINED;
  r.allowed.add('GET');
  if (r.method !== 'GET' && r.method !== 'HEAD') return DECLINED;
  const filename = r.filename ?? '';
  if (r.finfo === undefined) {
    logRequest(r, 'asis', Level.error, 'AH01233', `File does not exist: ${filename}`);
    return 404;
  }
  const file = r.finfo.isFile() ? cachedFile(filename, r.finfo) : 'other';
  if (typeof file === 'string') {
    const message = `file permissions deny server access: ${filename}`;
    logRequest(r, 'asis', Level.error, 'AH01234', message, errorText(file));
    return 403;
  }
  const start = startOf(file);
  const parser = new ScriptHeadParser({ end: 'lines', maxHead: LONGEST_HEAD });
  if (parser.push(start) !== 'done') {
    file.release();
    return answerBadHead(r, start, parser);
  }
  // Conditions of the client are not looked at.
  if (applyScriptHead(r, parser.head).condition !== 0) r.contentType = parser.head.contentType;
  const location = r.headersOut.get('location') ?? parser.head.single.get('location')?.[1];
  if (location?.startsWith('/') === true && (r.status === 200 || isRedirect(r.status))) {
    file.release();
    r.status = 200;
    r.method = 'GET';
    return redirectInternally(r, location, undefined, r.contentType);
  }
  const from = start.length - (parser.rest?.length ?? 0);
  if (r.headerOnly) {
    file.release();
    sendHead(r);
    return OK;
  }
  if (file.content === undefined) return sendFile(r, file, from);
  sendBuffer(r, file.content.subarray(from));
  return OK;
}

/** Measured: what is wrong with a head is logged, and what could be read of it is the answer, with nothing behind it. */
function answerBadHead(r: Request, start: Buffer, parser: ScriptHeadParser): Answer {
  const name = (r.filename ?? '').slice((r.filename ?? '').lastIndexOf('/') + 1);
  if (parser.failure === 'bad-name' || parser.failure === 'bad-value') {
    sendBadFieldError(r);
    return OK;
  }
  if (parser.failure === undefined) {
    logRequest(r, 'asis', Level.error, '', `End of script output before headers: ${name}`);
    const whole = new ScriptHeadParser({ end: 'lines' });
    if (whole.push(Buffer.concat([start, HEAD_END])) === 'done') r.contentType = whole.head.contentType;
  } else {
    const line = `malformed header from script '${name}': Bad header: ${parser.failedLine}`;
    logRequest(r, 'asis', Level.error, '', line);
    r.contentType = undefined;
  }
  sendBuffer(r, EMPTY_BODY);
  return OK;
}

const HEAD_END = Buffer.from('\n\n');

/** Enough of a file to hold its head. */
function startOf(file: CachedFile): Buffer {
  if (file.content !== undefined) return file.content;
  const start = Buffer.allocUnsafe(LONGEST_HEAD);
  return start.subarray(0, readSync(file.fd, start, 0, LONGEST_HEAD, 0));
}

export const modAsis = defineModule({
  name: 'asis_module',
  file: 'mod_asis.c',
  hooks: { handler: handleAsis },
  always: true,
});
