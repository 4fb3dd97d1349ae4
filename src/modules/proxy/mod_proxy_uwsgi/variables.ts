/** The variables of a uwsgi request: those of CGI, with httpd's way to SCRIPT_NAME and PATH_INFO (mod_proxy_uwsgi.c: uwsgi_handler, uwsgi_send_headers). */
import type { VariableSink } from '../../../cgi/variables.ts';
import { decodePath } from '../../../http/uri.ts';

export type Pair = [name: string, value: string];

/** Where the path begins in `scheme://authority/path`. */
function pathStart(url: string): number {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return slash < 0 ? url.length : slash;
}

/** The URL with its path decoded; undefined: it cannot be, or an encoded slash or NUL is in it. */
export function decodeUrl(url: string): string | undefined {
  const start = pathStart(url);
  const { path, status } = decodePath(url.slice(start), 'refuse');
  return status === 0 ? url.slice(0, start) + path : undefined;
}

/** PATH_INFO of a decoded URL: its path, with one slash in front. */
export function pathInfoOf(url: string): string {
  const path = url.slice(pathStart(url));
  return path === '' ? '/' : path.replace(/^\/+/, '/');
}

/** The path in front of PATH_INFO, by lengths alone: what PATH_INFO is no end of stays as long as it is, or is cut all the same. */
export function scriptNameOf(scriptName: string, pathInfo: string): string {
  if (pathInfo === '/') return scriptName === '/' ? '' : scriptName;
  const length = scriptName.length - pathInfo.length;
  return length < 0 ? scriptName : scriptName.slice(0, length);
}

/** @param authorization passed on even where CGIPassAuth is off. */
export function uwsgiVariables(
  addVariables: (sink: VariableSink) => void,
  authorization: string | undefined,
): Pair[] {
  const pairs: Pair[] = [];
  addVariables((name, value) => pairs.push([name, value]));
  if (authorization !== undefined) {
    const known = find(pairs, 'HTTP_AUTHORIZATION');
    if (known === undefined) pairs.push(['HTTP_AUTHORIZATION', authorization]);
    else known[1] = authorization;
  }
  const scriptName = find(pairs, 'SCRIPT_NAME');
  const pathInfo = find(pairs, 'PATH_INFO');
  if (scriptName !== undefined && pathInfo !== undefined)
    scriptName[1] = scriptNameOf(scriptName[1], pathInfo[1]);
  return pairs;
}

/** Names may stand there in the spelling of the configuration. */
function find(pairs: readonly Pair[], name: string): Pair | undefined {
  return pairs.find(([key]) => key.length === name.length && (key === name || key.toUpperCase() === name));
}
