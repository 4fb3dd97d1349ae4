/** How the pages that tell of members put what state they are in, and how much they carried. */
import type { WorkerFlags } from '../../../backend/worker-state.ts';
import type { Worker } from './worker.ts';

/** In httpd's order (proxy_wstat_tbl of proxy_util.c). `Err` stands between the two lists. */
const BEFORE_ERROR: readonly (readonly [keyof WorkerFlags, string])[] = [
  ['isIgnoringErrors', 'Ign '],
  ['isDraining', 'Drn '],
  ['isGeneric', 'Gen '],
  ['isInShutdown', 'Shut '],
  ['isDisabled', 'Dis '],
  ['isStopped', 'Stop '],
];
const BEHIND_ERROR: readonly (readonly [keyof WorkerFlags, string])[] = [
  ['isHotStandby', 'Stby '],
  ['isHotSpare', 'Spar '],
  ['isFree', 'Free '],
  ['isUnhealthy', 'HcFl '],
];

/** `Init Stby Ok ` (ap_proxy_parse_wstatus). */
export function stateText({ state }: Worker): string {
  const { flags } = state;
  let text = 'Init ';
  for (const [flag, word] of BEFORE_ERROR) if (flags[flag]) text += word;
  if (state.isInError) text += 'Err ';
  for (const [flag, word] of BEHIND_ERROR) if (flags[flag]) text += word;
  return state.isAvailable ? `${text}Ok ` : text;
}

const UNITS = 'KMGTPE';

/** Four characters (apr_strfsize). */
export function shortSize(bytes: number): string {
  if (bytes < 973) return `${String(Math.trunc(bytes)).padStart(3)} `;
  let size = bytes;
  for (let unit = 0; ; unit++) {
    const remainder = size % 1024;
    size = Math.floor(size / 1024);
    if (size >= 973) continue;
    const letter = UNITS[unit] ?? '';
    if (size > 9 || (size === 9 && remainder >= 973))
      return `${String(remainder >= 512 ? size + 1 : size).padStart(3)}${letter}`;
    const tenths = Math.floor((remainder * 5 + 256) / 512);
    return tenths >= 10 ? `${size + 1}.0${letter}` : `${size}.${tenths}${letter}`;
  }
}
