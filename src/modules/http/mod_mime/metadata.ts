/** What a file's name says of it, worked out once per configuration and list of extensions (find_ct's loop). */
import { asciiLower } from '../../../lib/ascii.ts';
import {
  extensionsOf,
  MATCH_ANY,
  MATCH_FILTERS,
  MATCH_HANDLERS,
  type MimeDirConf,
  type TypeTable,
} from './conf.ts';

/** What the extensions of a name say together. */
export interface Metadata {
  readonly type: string | undefined;
  readonly charset: string | undefined;
  /** Joined by ", ". */
  readonly encoding: string | undefined;
  readonly languages: readonly string[] | undefined;
  readonly handler: string | undefined;
  readonly inputFilters: readonly string[] | undefined;
  readonly outputFilters: readonly string[] | undefined;
  /** Extensions that say nothing, as written; undefined when none of them says anything. */
  readonly exceptions: readonly string[] | undefined;
}

/** `extensions`: what stands behind a name's first dot: `tar.gz`. */
export function describe(extensions: string, conf: Readonly<MimeDirConf>, types: TypeTable): Metadata {
  const infos = extensionsOf(conf);
  const match = conf.multiviewsMatch ?? 0;
  let type: string | undefined;
  let charset: string | undefined;
  let encoding: string | undefined;
  let handler: string | undefined;
  const languages: string[] = [];
  const inputFilters: string[] = [];
  const outputFilters: string[] = [];
  const exceptions: string[] = [];
  let isAnyFound = false;
  for (const written of extensions.split('.')) {
    if (written === '') continue;
    const extension = asciiLower(written);
    const info = infos?.get(extension);
    const ownType = info?.type === '' ? undefined : (info?.type ?? types.get(extension));
    let isFound = ownType !== undefined || (match & MATCH_ANY) !== 0;
    type = ownType ?? type;
    if (info !== undefined) {
      charset = info.charset ?? charset;
      handler = info.handler ?? handler;
      if (info.language !== undefined) languages.push(info.language);
      if (info.encoding !== undefined)
        encoding = encoding === undefined ? info.encoding : `${encoding}, ${info.encoding}`;
      if (info.charset !== undefined || info.language !== undefined || info.encoding !== undefined)
        isFound = true;
      if (info.handler !== undefined && (match & MATCH_HANDLERS) !== 0) isFound = true;
      const before = inputFilters.length + outputFilters.length;
      addNames(inputFilters, info.inputFilters);
      addNames(outputFilters, info.outputFilters);
      if (inputFilters.length + outputFilters.length > before && (match & MATCH_FILTERS) !== 0)
        isFound = true;
    }
    if (isFound) isAnyFound = true;
    else exceptions.push(written);
  }
  return {
    type,
    charset,
    encoding,
    languages: orUndefined(languages),
    handler,
    inputFilters: orUndefined(inputFilters),
    outputFilters: orUndefined(outputFilters),
    exceptions: isAnyFound ? exceptions : undefined,
  };
}

function addNames(list: string[], names: string | undefined): void {
  if (names === undefined) return;
  for (const name of names.split(';')) if (name !== '') list.push(name);
}

function orUndefined<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
