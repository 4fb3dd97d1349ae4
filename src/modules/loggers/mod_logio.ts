/**
 * mod_logio: bytes on the wire and the time to the first byte, for log formats (httpd's modules/loggers/mod_logio.c). Counts are the
 * transport's; bytes of TLS records are not among them.
 */
import { OR_ALL } from '../../config/directive.ts';
import { LOG_ITEMS, type LogItem } from '../../core/access-log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { now } from '../../lib/clock.ts';

export interface LogioDirConf {
  trackFirstByte?: boolean;
}

function bytesRead(r: Request): number {
  return r.initial.transport.bytesRead ?? 0;
}

function bytesWritten(r: Request): number {
  return r.initial.transport.bytesWritten ?? 0;
}

const item = (value: (r: Request) => string | undefined): LogItem => ({ compile: () => value });

/** Microseconds from reading the request to sending the first byte of its answer. */
function timeToFirstByte(r: Request): string | undefined {
  const time = r.getState(modLogio.index);
  return typeof time === 'number'
    ? String(Math.max(0, Math.floor((time - r.requestTime) * 1000)))
    : undefined;
}

function trackFirstByte(r: Request): void {
  if (modLogio.dir(r).trackFirstByte !== true) return;
  r.beforeHead ??= [];
  r.beforeHead.push(noteFirstByte);
}

function noteFirstByte(r: Request): void {
  r.setState(modLogio.index, now());
}

export const modLogio = defineModule<object, LogioDirConf>({
  name: 'logio_module',
  file: 'mod_logio.c',
  directives: [
    {
      name: 'LogIOTrackTTFB',
      shape: 'FLAG',
      where: OR_ALL,
      usage: "Set to 'ON' to enable tracking time to first byte",
      apply: (cmd, on) => void (cmd.dir.trackFirstByte = on),
    },
  ],
  mergeDir: (base, add) => ({ ...base, ...add }),
  providers: {
    [LOG_ITEMS]: {
      I: item((r) => String(bytesRead(r))),
      O: item((r) => String(bytesWritten(r))),
      S: item((r) => String(bytesRead(r) + bytesWritten(r))),
      '^FB': item(timeToFirstByte),
    } satisfies Record<string, LogItem>,
  },
  hooks: { insertFilter: trackFirstByte, insertErrorFilter: trackFirstByte },
});
