/**
 * A cookie's value in a Cookie field, as log_cookie() of httpd's mod_log_config.c finds it: names without case, white space around names and
 * values dropped, no quoting; a cookie without a value is none.
 */
export function cookieValue(field: string | undefined, name: string): string | undefined {
  if (field === undefined || name === '') return undefined;
  const wanted = name.toLowerCase();
  for (const cookie of field.split(';')) {
    // As strtok(): equals signs in front do not count.
    const start = cookie.search(/[^=]/);
    const equals = start < 0 ? -1 : cookie.indexOf('=', start);
    if (equals < 0 || equals === cookie.length - 1) continue;
    if (trim(cookie.slice(start, equals)).toLowerCase() === wanted) return trim(cookie.slice(equals + 1));
  }
  return undefined;
}

/** Blanks and tabs in front, any white space behind; String.trim() would also take bytes above 0x7f. */
function trim(text: string): string {
  return text.replace(/^[ \t]+|[\t-\r ]+$/g, '');
}
