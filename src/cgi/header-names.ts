/**
 * From a request header's name to its CGI variable (util_script.c: http2env() and the cases before it).
 */

interface Mapping {
  /** undefined: the header is never passed on. */
  readonly variable: string | undefined;
  /** Passed on only with CGIPassAuth, so that scripts do not see passwords. */
  readonly isCredential: boolean;
}

const SPECIAL: Readonly<Record<string, Mapping>> = {
  'content-type': { variable: 'CONTENT_TYPE', isCredential: false },
  'content-length': { variable: 'CONTENT_LENGTH', isCredential: false },
  // HTTP_PROXY is a variable by which many programs choose their proxy (CVE-2016-5385, "httpoxy").
  proxy: { variable: undefined, isCredential: false },
  authorization: { variable: 'HTTP_AUTHORIZATION', isCredential: true },
  'proxy-authorization': { variable: 'HTTP_PROXY_AUTHORIZATION', isCredential: true },
};

/** Clients choose the names, so the number kept is bounded; names beyond are mapped anew each time. */
const MAX_CACHED = 1024;
const MAX_CACHED_LENGTH = 64;
const cache = new Map<string, Mapping>();

function map(header: string): Mapping {
  // A name with any other character has no variable: `_` in particular would make X_A and X-A the same.
  if (!/^[A-Za-z0-9-]+$/.test(header)) return { variable: undefined, isCredential: false };
  const lower = header.toLowerCase();
  if (Object.hasOwn(SPECIAL, lower)) return SPECIAL[lower] as Mapping;
  return { variable: `HTTP_${header.toUpperCase().replaceAll('-', '_')}`, isCredential: false };
}

/**
 * @param header the name as received, in any case.
 * @param isAuthPassed CGIPassAuth is on.
 * @returns the variable's name, or undefined when the header is not passed on.
 */
export function variableNameOf(header: string, isAuthPassed: boolean): string | undefined {
  let mapping = cache.get(header);
  if (mapping === undefined) {
    mapping = map(header);
    if (cache.size < MAX_CACHED && header.length <= MAX_CACHED_LENGTH) cache.set(header, mapping);
  }
  return mapping.isCredential && !isAuthPassed ? undefined : mapping.variable;
}
