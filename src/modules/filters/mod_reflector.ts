/**
 * mod_reflector: the handler `reflector`, which answers a POST with its body; filters do the rest (modules/filters/mod_reflector.c). Complete.
 */
import { type AnyRow, OR_OPTIONS } from '../../config/directive.ts';
import type { BodyWriter } from '../../core/body.ts';
import { allowField } from '../../core/errors.ts';
import type { Answer } from '../../core/hooks.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { readBody } from '../../core/request-body.ts';
import { beginBody, EMPTY_BODY, sendBuffer } from '../../core/response.ts';
import { DECLINED, OK } from '../../core/status.ts';
import { formatHttpDate } from '../../http/date.ts';

interface DirConf {
  /** Fields of the request that the answer has too, and under which name. */
  headers?: ReadonlyMap<string, string>;
}

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'ReflectorHeader',
    shape: 'TAKE12',
    where: OR_OPTIONS,
    usage: 'Header to reflect back in the response, with an optional new name.',
    apply: (cmd, name, newName) =>
      void (cmd.dir.headers = new Map([...(cmd.dir.headers ?? []), [name, newName ?? name]])),
  },
];

function reflect(r: Request): Answer {
  if (r.handler !== 'reflector') return DECLINED;
  r.allowed.add('POST').add('OPTIONS');
  if (r.method === 'OPTIONS') {
    r.headersOut.set('Allow', allowField(r));
    sendBuffer(r, EMPTY_BODY);
    return OK;
  }
  if (r.method !== 'POST') return 405;
  if (r.main !== undefined || r.closeConnection) return OK;
  for (const [name, newName] of modReflector.dir(r).headers ?? []) {
    const value = r.headersIn.get(name.toLowerCase());
    if (value !== undefined) r.headersOut.set(newName, value);
  }
  r.headersOut.set('Last-Modified', formatHttpDate(Math.floor(r.requestTime / 1000)));
  r.headersOut.set('Accept-Ranges', 'bytes');
  const type = r.headersIn.get('content-type');
  if (type !== undefined) r.contentType = type;
  return new Promise((resolve) => passBody(r, resolve));
}

/** The body is its own answer: a slow client slows itself. */
function passBody(r: Request, resolve: (status: number) => void): void {
  const { body } = r.transport;
  const { length } = body;
  let writer: BodyWriter | undefined;
  r.transport.onAbort(() => {
    writer?.abort();
    resolve(OK);
  });
  readBody(r, {
    onBody(chunk) {
      writer ??= beginBody(r, length);
      // The piece is only lent.
      if (writer.write(Buffer.from(chunk))) return true;
      r.transport.onDrain(() => body.resume());
      return false;
    },
    onBodyEnd() {
      if (writer === undefined) sendBuffer(r, EMPTY_BODY);
      else writer.end();
      resolve(OK);
    },
    onBodyError(status) {
      writer?.abort();
      resolve(writer === undefined && status !== 0 ? status : OK);
    },
  });
}

export const modReflector = defineModule<object, DirConf>({
  name: 'reflector_module',
  file: 'mod_reflector.c',
  directives: rows,
  mergeDir: (base, add) => ({
    // The outer section's come last, as httpd lays its tables over one another.
    headers: new Map([
      ...(add.headers ?? []),
      ...[...(base.headers ?? [])].filter(([name]) => add.headers?.has(name) !== true),
    ]),
  }),
  hooks: { handler: reflect },
  always: true,
});
