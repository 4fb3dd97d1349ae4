/**
 * Log ids: what lines about the same connection or request have in common (add_log_id of httpd's server/log.c). Eight bytes of time, process
 * and a count, in base64 without its padding.
 */
import type { Request } from './request.ts';

let count = 0;

/** `time` in milliseconds, fractional. */
export function makeLogId(time: number): string {
  const micros = Math.floor(time * 1000);
  count = (count + 1) >>> 0;
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE((micros % 2 ** 32) >>> 0, 0);
  bytes.writeUInt32LE(Math.floor(micros / 2 ** 32) >>> 0, 4);
  // The lowest bytes of the count and of the process id go where the time changes least.
  bytes.writeUInt32LE((bytes.readUInt32LE(4) ^ (process.pid << 8) ^ Math.imul(count, 0x01000193)) >>> 0, 4);
  return bytes.toString('base64').slice(0, 11);
}

/** mod_unique_id's id where there is one: it is known to other logs too. */
export function requestLogId(r: Request): string {
  return r.getEnv('UNIQUE_ID') ?? makeLogId(r.requestTime);
}
