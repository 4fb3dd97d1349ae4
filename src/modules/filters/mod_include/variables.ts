/** The variables of a page: those of CGI scripts, the page's own, and the groups of the last pattern (add_include_vars of mod_include.c). */
import { addCgiVariables } from '../../../cgi/variables.ts';
import { userName } from '../../../core/owner-names.ts';
import type { Request } from '../../../core/request.ts';
import { scriptRequest } from '../../../core/script-request.ts';
import { escapeShell } from '../../../http/escape.ts';
import { compileStrftime, compileUtcStrftime } from '../../../lib/strftime.ts';
import { decodingOf } from './codes.ts';

/** Variables that are made when someone looks: to scripts they are empty until then. */
const LAZY: readonly string[] = ['DATE_LOCAL', 'DATE_GMT', 'LAST_MODIFIED', 'USER_NAME'];

/** What a page and all that is included in it share. */
export interface SharedVariables {
  /** Names of LAZY that nobody has asked for. */
  readonly lazy: Set<string>;
  /** Modification of the outermost page, milliseconds since 1970. */
  readonly modified: number;
}

/** Sets the variables of a page that is not included in another one. `translated`: see scriptRequest(). */
export function addPageVariables(r: Request, translated: string | undefined): SharedVariables {
  addCgiVariables(scriptRequest(r, translated), (name, value) => r.env.set(name, value));
  for (const name of LAZY.slice(0, 3)) r.env.set(name, '');
  r.env.set('DOCUMENT_URI', r.uri);
  r.env.set('DOCUMENT_ARGS', r.args ?? '');
  if (r.pathInfo !== '') r.env.set('DOCUMENT_PATH_INFO', r.pathInfo);
  r.env.set('USER_NAME', '');
  const filename = r.filename;
  if (filename !== undefined) r.env.set('DOCUMENT_NAME', filename.slice(filename.lastIndexOf('/') + 1));
  return { lazy: new Set(LAZY), modified: r.finfo?.mtimeMs ?? 0 };
}

/** The query, as sent and as a shell may see it. */
export function addQueryVariables(r: Request): void {
  if (r.args === undefined) return;
  r.env.set('QUERY_STRING', r.args);
  r.env.set('QUERY_STRING_UNESCAPED', escapeShell(decodeQuery(r.args) as string));
}
const decodeQuery = decodingOf('url') as (text: string) => string;

/** The groups that `$0` to `$9` stand for. */
export interface Groups {
  readonly source: string;
  readonly groups: readonly (string | undefined)[];
  /** The highest number that can be asked for. */
  readonly count: number;
}

/** Dates by SSITimeFormat. */
export class TimeFormat {
  readonly local: (seconds: number) => string;
  readonly #format: string;

  constructor(format: string) {
    this.#format = format;
    this.local = compileStrftime(format);
  }
  gmt(seconds: number): string {
    return compileUtcStrftime(this.#format)(seconds);
  }
}

/** The value of a variable of LAZY. */
export function lazyValue(r: Request, shared: SharedVariables, name: string, time: TimeFormat): string {
  switch (name) {
    case 'DATE_LOCAL':
      return time.local(Math.floor(r.requestTime / 1000));
    case 'DATE_GMT':
      return time.gmt(Math.floor(r.requestTime / 1000));
    case 'LAST_MODIFIED':
      return time.local(Math.floor(shared.modified / 1000));
    default:
      return (r.finfo === undefined ? undefined : userName(r.finfo.uid)) ?? '<unknown>';
  }
}
