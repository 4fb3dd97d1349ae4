/** What the query of a listing asks for: column, direction, form, pattern. */
import { decodePercent, escapeUri } from '../../../http/escape.ts';
import { type DirConf, Opt } from './conf.ts';
import type { View } from './page.ts';

export interface Query {
  readonly view: View;
  /** Shell pattern that names must match. */
  readonly pattern: string | undefined;
}

/** Reads `C=N;O=A;F=2;V=1;P=*.x` up to the first thing it does not know. */
export function readQuery(conf: Readonly<DirConf>, configured: number, args: string | undefined): Query {
  let options = configured;
  let key = conf.defaultKey ?? 'N';
  let direction = conf.defaultDirection ?? 'A';
  let pattern: string | undefined;
  let form = '';
  let version = '';
  let filter = '';
  if ((options & Opt.ignoreClient) !== 0) options |= Opt.suppressColumnSorting;
  else {
    for (let rest = args ?? ''; rest !== ''; ) {
      const single = /^(?:C=([NMSD])|O=([AD])|F=([012])|V=([01]))(?:[&;]|$)/.exec(rest);
      const named = single === null ? /^P=([^&;]*)(?:[&;]|$)/.exec(rest) : null;
      const match = single ?? named;
      if (match === null) break;
      rest = rest.slice(match[0].length);
      if (named !== null) {
        pattern = decode(named[1] as string);
        if (pattern !== undefined) filter = `;P=${escapeUri(pattern)}`;
        continue;
      }
      const [, column, order, shape, sorting] = match;
      if (column !== undefined) key = column;
      else if (order !== undefined) direction = order;
      else if (shape !== undefined) {
        options &= ~(Opt.fancy | Opt.table);
        if (shape !== '0') options |= shape === '1' ? Opt.fancy : Opt.fancy | Opt.table;
        form = `;F=${shape}`;
      } else {
        options = sorting === '0' ? options & ~Opt.versionSort : options | Opt.versionSort;
        version = `;V=${sorting}`;
      }
    }
  }
  const order = {
    key,
    isAscending: direction === 'A',
    isVersion: (options & Opt.versionSort) !== 0,
    ignoresCase: (options & Opt.ignoreCase) !== 0,
  };
  return { view: { conf, options, order, linkArgs: form + version + filter }, pattern };
}

/** A pattern that is badly escaped is none (ap_unescape_url). */
function decode(text: string): string | undefined {
  if (text === '' || /%(?![0-9a-f]{2})|%00|%2f/i.test(text)) return undefined;
  return decodePercent(text);
}
