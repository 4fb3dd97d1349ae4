import type { PcreMatch } from './index.ts';

/** The longest result in bytes: ap_pregsub() gives up at AP_PREGSUB_MAXLEN (HUGE_STRING_LEN * 8). */
export const MAX_SUBSTITUTION = 65536;

/**
 * ap_pregsub(): fills `$0` to `$9` of a template from a match (one digit each; unset and unknown groups are
 * empty). A backslash takes the next character as it is; `&` means nothing special.
 * @param match null leaves the template as it is, escapes included, as for a pattern without match data
 * @returns undefined when the result would reach the limit
 */
export function substitute(
  template: string,
  match: PcreMatch | null,
  limit: number = MAX_SUBSTITUTION,
): string | undefined {
  if (match === null) return template.length < limit ? template : undefined;
  let result = '';
  let plain = 0;
  const last = template.length - 1;
  for (let at = 0; at < last; at++) {
    const c = template.charCodeAt(at);
    if (c === 0x5c) {
      result += template.slice(plain, at);
      plain = at + 1;
      at++;
    } else if (c === 0x24) {
      const digit = template.charCodeAt(at + 1) - 0x30;
      if (digit < 0 || digit > 9) continue;
      result += template.slice(plain, at) + (match.groups[digit] ?? '');
      plain = at + 2;
      at++;
    }
    if (result.length >= limit) return undefined;
  }
  result += template.slice(plain);
  return result.length < limit ? result : undefined;
}
