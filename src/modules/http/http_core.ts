/**
 * http_core: persistent connections, TRACE, and `OPTIONS *` (httpd's modules/http/http_core.c). Header
 * and framing of answers are made by the server itself.
 */
import { type AnyRow, type ApplyResult, type Command, RSRC_CONF } from '../../config/directive.ts';
import { atoi, parseTimeout } from '../../config/values.ts';
import { coreServerOf } from '../../core/core-config.ts';
import { type Answer, MIDDLE, REALLY_LAST } from '../../core/hooks.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { alikeForFiles } from '../../core/siblings.ts';
import { DECLINED, DONE, OK } from '../../core/status.ts';
import { answerTrace } from '../../core/trace.ts';

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
  if (r.method === 'TRACE') return answerTrace(r);
  if (r.method === 'OPTIONS' && r.uri === '*') return DONE;
  return DECLINED;
}

export const httpCore = defineModule({
  name: 'http_module',
  file: 'http_core.c',
  directives,
  hooks: {
    postReadRequest: { run: refuseForeignScheme, order: REALLY_LAST },
    mapToStorage: { run: alikeForFiles(answerWithoutStorage), order: MIDDLE },
  },
  always: true,
});
