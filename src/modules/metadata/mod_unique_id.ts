/**
 * mod_unique_id: UNIQUE_ID, a name for each request that no other one has, on this machine or another (modules/metadata/mod_unique_id.c).
 * Complete.
 */
import { randomBytes } from 'node:crypto';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { OK } from '../../core/status.ts';

/** Seconds, what is this process's alone, a count, and the number of a thread, of which there is one: 18 bytes and two of padding. */
const STAMP_AT = 0;
const ROOT_AT = 4;
const COUNTER_AT = 14;
const SIZE = 20;

/** Made anew in each process. */
const record = Buffer.alloc(SIZE);
randomBytes(COUNTER_AT - ROOT_AT).copy(record, ROOT_AT);
let counter = randomBytes(2).readUInt16BE();

/** gen_unique_id(): base64 with `-` and `_` for its last two characters, and without its padding. */
export function makeUniqueId(requestTime: number): string {
  record.writeUInt32BE(Math.floor(requestTime / 1000) >>> 0, STAMP_AT);
  record.writeUInt16BE(counter, COUNTER_AT);
  counter = (counter + 1) & 0xffff;
  return record.toString('base64url');
}

/** set_unique_id(): a request keeps its id through internal redirects. */
function setUniqueId(r: Request): number {
  r.env.set('UNIQUE_ID', r.prev?.getEnv('UNIQUE_ID') ?? makeUniqueId(r.requestTime));
  return OK;
}

export const modUniqueId = defineModule({
  name: 'unique_id_module',
  file: 'mod_unique_id.c',
  hooks: { postReadRequest: setUniqueId },
  always: true,
});
