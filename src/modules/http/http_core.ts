/**
 * http_core: persistent connections, TRACE, and `OPTIONS *` (httpd's modules/http/http_core.c and http_filters.c: ap_send_http_trace). Header
 * and framing of answers are made by the server itself.
 */
import { type AnyRow, type ApplyResult, type Command, RSRC_CONF } from '../../config/directive.ts';
import { atoi, parseTimeout } from '../../config/values.ts';
import { type CoreServerConf, coreServer, coreServerOf } from '../../core/core-config.ts';
import { type Answer, MIDDLE, REALLY_LAST } from '../../core/hooks.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { readBody } from '../../core/request-body.ts';
import { beginBody } from '../../core/response.ts';
import { DECLINED, DONE, OK } from '../../core/status.ts';
import { equalsIgnoreCase } from '../../http/bytes.ts';

type Cmd = Command<object, object>;

function setKeepAliveTimeout(cmd: Cmd, arg: string): ApplyResult {
  const ms = parseTimeout(arg);
  if (ms === undefined) return 'KeepAliveTimeout has wrong format';
  coreServerOf(cmd).keepAliveTimeout = ms;
  return undefined;
}

function setKeepAlive(cmd: Cmd, on: boolean): ApplyResult {
  coreServerOf(cmd).keepAlive = on;
  return undefined;
}

function setMaxRequests(cmd: Cmd, arg: string): ApplyResult {
  coreServerOf(cmd).maxKeepAliveRequests = atoi(arg);
  return undefined;
}

const directives: readonly AnyRow<object, object>[] = [
  {
    name: 'KeepAliveTimeout',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Keep-Alive timeout duration (sec)',
    apply: setKeepAliveTimeout,
  },
  {
    name: 'MaxKeepAliveRequests',
    shape: 'TAKE1',
    where: RSRC_CONF,
    usage: 'Maximum number of Keep-Alive requests per connection, or 0 for infinite',
    apply: setMaxRequests,
  },
  {
    name: 'KeepAlive',
    shape: 'FLAG',
    where: RSRC_CONF,
    usage: 'Whether persistent connections should be On or Off',
    apply: setKeepAlive,
  },
];

/** Another scheme than ours in the target is for a forward proxy to answer, which has had its say by now. */
function refuseForeignScheme(r: Request): Answer {
  if (r.absoluteScheme === undefined || r.proxyRequest !== 'none' || r.main !== undefined) return OK;
  return /^https?$/i.test(r.absoluteScheme) ? OK : 400;
}

/** TRACE echoes the request; `OPTIONS *` is a ping. Neither has anything to do with storage. */
function answerWithoutStorage(r: Request): Answer {
  if (r.method === 'TRACE') return trace(r);
  if (r.method === 'OPTIONS' && r.uri === '*') return DONE;
  return DECLINED;
}

/** What TRACE extended keeps of a body (bytes). */
const MAX_TRACED_BODY = 65536;

function trace(r: Request): Answer {
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

export const httpCore = defineModule({
  name: 'http_module',
  file: 'http_core.c',
  directives,
  hooks: {
    postReadRequest: { run: refuseForeignScheme, order: REALLY_LAST },
    mapToStorage: { run: answerWithoutStorage, order: MIDDLE },
  },
  always: true,
});
