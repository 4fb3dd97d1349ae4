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
