/**
 * A cookie's value in a Cookie field, as log_cookie() of httpd's mod_log_config.c finds it: names without case, white space around names and
 * values dropped, no quoting; a cookie without a value is none.
 */
import { equalsIgnoreCase, isBlank, isSpace } from '../../../http/bytes.ts';
import { asciiLower } from '../../../lib/ascii.ts';

/** Finds the cookie of a name in a field. */
export function compileCookie(name: string): (field: string | undefined) => string | undefined {
  const wanted = asciiLower(name);
  return (field) => {
    if (field === undefined || name === '') return undefined;
    for (const cookie of field.split(';')) {
      // As strtok(): equals signs in front do not count.
      const start = cookie.search(/[^=]/);
      const equals = start < 0 ? -1 : cookie.indexOf('=', start);
      if (equals < 0 || equals === cookie.length - 1) continue;
      if (equalsIgnoreCase(trim(cookie, start, equals), wanted))
        return trim(cookie, equals + 1, cookie.length);
    }
    return undefined;
  };
}

/** Blanks and tabs in front, any white space behind. */
function trim(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
