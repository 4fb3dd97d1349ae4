/** Variables in texts: `$NAME`, `${NAME}`, `\$` for a plain one (ap_ssi_parse_string). Pure. */

/** A text with variables in it comes to no more than this: variables of variables would double it without end. */
export const LONGEST = 1024 * 1024;

export interface Expansion {
  variable(name: string): string | undefined;
  /** A `${` without its `}`: what follows is lost. */
  onMissingBrace(rest: string): void;
}

export function expandVariables(
  text: string,
  { variable, onMissingBrace }: Expansion,
  keepsUnknown: boolean,
): string {
  if (!/[$\\]/.test(text)) return text;
  let result = '';
  for (let at = 0; at < text.length; ) {
    if (result.length >= LONGEST) break;
    const c = text[at] as string;
    if (c === '\\' && text[at + 1] === '$') {
      result += '$';
      at += 2;
      continue;
    }
    if (c !== '$') {
      result += c;
      at++;
      continue;
    }
    const isBraced = text[at + 1] === '{';
    const from = at + (isBraced ? 2 : 1);
    const end = isBraced ? text.indexOf('}', from) : endOfName(text, from);
    if (end < 0) {
      onMissingBrace(text.slice(from));
      break;
    }
    const next = isBraced ? end + 1 : end;
    if (!isBraced && end === from) result += '$';
    else result += variable(text.slice(from, end)) ?? (keepsUnknown ? text.slice(at, next) : '');
    at = next;
  }
  return result.slice(0, LONGEST);
}

function endOfName(text: string, from: number): number {
  let at = from;
  while (at < text.length && /[A-Za-z0-9_]/.test(text[at] as string)) at++;
  return at;
}
