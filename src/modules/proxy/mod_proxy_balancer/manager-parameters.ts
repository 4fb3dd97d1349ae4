/** What a request says to the manager's page: its query or the start of its body, as pairs (mod_proxy_balancer.c: push2table). */

/** Bytes of a POST that httpd looks at. */
export const LONGEST_FORM = 1024;

/** Parameters by name in lower case: names have no case, the last of a name counts. */
export type Parameters = ReadonlyMap<string, string>;

/** What a link may carry: it selects, and changes nothing. */
const OF_LINKS: ReadonlySet<string> = new Set(['w', 'b', 'nonce', 'xml']);

/** Ends at a NUL, as all of httpd's strings do. */
function unescaped(text: string): string {
  const whole = text.includes('%')
    ? text.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 16)),
      )
    : text;
  const end = whole.indexOf('\0');
  return end < 0 ? whole : whole.slice(0, end);
}

/** `+` stays as it is. Values are unescaped twice, since the page escapes names before it puts them into links and forms. */
export function parseParameters(text: string, isLink: boolean): Parameters {
  const parameters = new Map<string, string>();
  const end = text.indexOf('\0');
  for (const pair of (end < 0 ? text : text.slice(0, end)).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = unescaped(equals < 0 ? pair : pair.slice(0, equals));
    if (isLink && !OF_LINKS.has(name)) continue;
    parameters.set(name.toLowerCase(), equals < 0 ? '' : unescaped(unescaped(pair.slice(equals + 1))));
  }
  return parameters;
}

/** Host of a URL (apr_uri_parse); undefined where it has none, or is not one. */
export function hostOfReferer(referer: string | undefined): string | undefined {
  const match =
    /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d*))?(?:[/?#]|$)/s.exec(
      referer ?? '',
    );
  return match?.[1]?.replace(/^\[(.*)\]$/, '$1');
}
