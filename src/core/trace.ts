/** TRACE: the request as it came is the answer (ap_send_http_trace of modules/http/http_filters.c). */
import { equalsIgnoreCase } from '../http/bytes.ts';
import { type CoreServerConf, coreServer } from './core-config.ts';
import type { Answer } from './hooks.ts';
import type { Request } from './request.ts';
import { readBody } from './request-body.ts';
import { beginBody } from './response.ts';
import { DONE } from './status.ts';

/** What TRACE extended keeps of a body (bytes). */
const MAX_TRACED_BODY = 65536;

/** Answers DONE, or the status that refuses it. */
export function answerTrace(r: Request): Answer {
  const mode: CoreServerConf['traceEnable'] = coreServer(r.server).traceEnable ?? 'on';
  const { initial } = r;
  if (mode === 'off') {
    r.notes.set('error-notes', 'TRACE denied by server configuration');
    return 405;
  }
  const coding = r.headersIn.get('transfer-encoding');
  if (coding !== undefined && !equalsIgnoreCase(coding, 'chunked')) return 501; // (ap_setup_client_block)
  if (!r.transport.body.isPresent || r.transport.body.length === 0) return echo(r, initial, Buffer.alloc(0));
  if (mode !== 'extended') {
    r.notes.set('error-notes', 'TRACE with a request body is not allowed');
    return 413;
  }
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let size = 0;
    readBody(r, {
      onBody(chunk) {
        size += chunk.length;
        if (size <= MAX_TRACED_BODY) pieces.push(Buffer.from(chunk));
        return true;
      },
      onBodyEnd() {
        if (size <= MAX_TRACED_BODY) {
          resolve(echo(r, initial, Buffer.concat(pieces)));
          return;
        }
        r.notes.set('error-notes', 'Extended TRACE request bodies cannot exceed 64k\n');
        resolve(413);
      },
      onBodyError: (status) => resolve(status === 0 ? 400 : status),
    });
  });
}

function echo(r: Request, initial: Request, body: Buffer): number {
  r.contentType = 'message/http';
  let text = `${initial.requestLine}\r\n`;
  for (const [name, value] of r.headersIn) text += `${name}: ${value}\r\n`;
  const writer = beginBody(r, undefined);
  writer.write(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), body]));
  writer.end();
  return DONE;
}
