/**
 * RewriteMap: what may be asked by `${map:key}` (cmd_rewritemap, lookup_map). Text and DBM files are read whole and kept until they change;
 * httpd reads a text file once a key and keeps the keys.
 */
import { statSync } from 'node:fs';
import type { ApplyResult } from '../../../config/directive.ts';
import { type FileStamp, isSameFile, isSettled, stampOf } from '../../../core/file-stamp.ts';
import { errorText, fsPath, type StatFailure, statFile } from '../../../core/files.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { escapeUri } from '../../../http/escape.ts';
import { decodePath } from '../../../http/uri.ts';
import { asciiLower } from '../../../lib/ascii.ts';
import { type DbmFormat, dbmFormat, readDbm } from './map-dbm.ts';
import { MapProgram, programIds, splitProgram } from './map-program.ts';
import { readTextMap } from './map-text.ts';
import type { Eventual, Pass } from './pass.ts';

interface Internal {
  readonly map: (key: string) => string;
  /** httpd changes the key in place: its log shows the value for it. */
  readonly inPlace: boolean;
}

export type RewriteMap =
  | { readonly kind: 'file'; readonly isRandom: boolean; readonly file: MapFile }
  | { readonly kind: 'internal'; readonly internal: Internal }
  | { readonly kind: 'program'; readonly program: MapProgram };

const INTERNAL: ReadonlyMap<string, Internal> = new Map<string, Internal>([
  ['tolower', { map: asciiLower, inPlace: true }],
  ['toupper', { map: (key) => key.replace(/[a-z]/g, (c) => c.toUpperCase()), inPlace: true }],
  ['escape', { map: escapeUri, inPlace: false }],
  ['unescape', { map: (key) => decodePath(key, 'decode').path, inPlace: true }],
]);

/** What a map file says, as of the file it was read from. */
class MapFile {
  readonly path: string;
  readonly dbm: DbmFormat | undefined;
  /** Of the file when it was read; undefined where another change might not show in it. */
  #stamp: FileStamp | undefined;
  #entries: ReadonlyMap<string, string> | StatFailure = 'missing';
  /** Keys asked for since it was read; httpd logs whether it had to look. Bounded as clients choose the keys. */
  #asked = new Set<string>();

  constructor(path: string, dbm: DbmFormat | undefined) {
    this.path = path;
    this.dbm = dbm;
  }

  /** The entries, or why there are none. */
  read(): ReadonlyMap<string, string> | StatFailure {
    const found = statFile(this.dbm === undefined ? this.path : this.dbm.checkedFile(this.path));
    if (typeof found !== 'object') return found;
    if (this.#stamp === undefined || !isSameFile(this.#stamp, found)) {
      this.#stamp = isSettled(found) ? stampOf(found) : undefined;
      this.#asked.clear();
      this.#entries = this.dbm === undefined ? readTextMap(this.path) : readDbm(this.path, this.dbm);
    }
    return this.#entries;
  }

  /** Whether a key was asked for before. */
  isKnown(key: string): boolean {
    if (this.#asked.has(key)) return true;
    if (this.#asked.size < 4096) this.#asked.add(key);
    return false;
  }
}

/** Where paths are relative to, and what was said of the program's user. */
export interface MapArguments {
  readonly name: string;
  readonly source: string;
  readonly user: string | undefined;
  serverRootRelative(path: string): string;
  warn(message: string): void;
}

/** Reads a map's source. Answers what is wrong with it. */
export function parseMap(args: MapArguments): RewriteMap | NonNullable<ApplyResult> {
  const { source } = args;
  const key = asciiLower(source);
  if (args.user !== undefined && !key.startsWith('prg:'))
    args.warn(`RewriteMap: '${args.user}' says something for prg: maps only and is ignored`);
  if (key.startsWith('txt:')) return fileMap(args, source.slice(4), false);
  if (key.startsWith('rnd:')) return fileMap(args, source.slice(4), true);
  if (key.startsWith('dbm')) return dbmMap(args);
  if (key.startsWith('dbd:') || key.startsWith('fastdbd:')) {
    return {
      message: 'RewriteMap types dbd and fastdbd require mod_dbd!',
      hint: 'apache-lite has no mod_dbd: write the table to a text or DBM file, or ask the database with prg:',
    };
  }
  if (key.startsWith('prg:')) return programMap(args);
  if (key.startsWith('int:')) {
    const internal = INTERNAL.get(source.slice(4));
    return internal === undefined
      ? `RewriteMap: internal map not found:${source.slice(4)}`
      : { kind: 'internal', internal };
  }
  return fileMap(args, source, false);
}

function notFound(args: MapArguments, path: string): string | undefined {
  try {
    statSync(fsPath(path));
    return undefined;
  } catch {
    return `RewriteMap: file for map ${args.name} not found:${path}`;
  }
}

function fileMap(args: MapArguments, path: string, isRandom: boolean): RewriteMap | string {
  const absolute = args.serverRootRelative(path);
  const file = new MapFile(absolute, undefined);
  return notFound(args, absolute) ?? { kind: 'file', isRandom, file };
}

/** `dbm:file`, `dbm=type:file`. */
function dbmMap(args: MapArguments): RewriteMap | string {
  const written = /^dbm(?:=([^:]*))?:(.*)$/is.exec(args.source);
  if (written === null) return `RewriteMap: bad map:${args.source}`;
  const type = written[1] ?? 'default';
  const format = dbmFormat(type);
  if (format === undefined) return `RewriteMap: dbm type ${type} is invalid`;
  const path = args.serverRootRelative(written[2] ?? '');
  for (const file of format.files(path)) {
    const missing = notFound(args, file);
    if (missing !== undefined) return missing;
  }
  return { kind: 'file', isRandom: false, file: new MapFile(path, format) };
}

function programMap(args: MapArguments): RewriteMap | string {
  const words = splitProgram(args.source.slice(4));
  const file = args.serverRootRelative(words[0] ?? '');
  const missing = notFound(args, file);
  if (missing !== undefined) return missing;
  const { user } = args;
  const ids = user === undefined ? undefined : programIds(user);
  // httpd says so when it is about to start it, and does not start itself.
  if (user !== undefined && ids === undefined) return `RewriteMap: no such user or group: ${user}`;
  return { kind: 'program', program: new MapProgram([file, ...words.slice(1)], ids) };
}

/** undefined: the map has nothing for the key, or is none. */
export function lookUpMap(pass: Pass, name: string, key: string): Eventual<string | undefined> {
  const map = pass.maps?.get(name);
  if (map === undefined) return undefined;
  switch (map.kind) {
    case 'internal':
      return lookUpInternal(pass, name, key, map.internal);
    case 'program': {
      const found = map.program.lookUp(pass.r.server, key);
      return found instanceof Promise
        ? found.then((value) => logged(pass, name, key, value))
        : logged(pass, name, key, found);
    }
    case 'file':
      return lookUpFile(pass, name, key, map.file, map.isRandom);
  }
}

function lookUpInternal(pass: Pass, name: string, key: string, internal: Internal): string | undefined {
  const value = internal.map(key);
  return logged(pass, name, internal.inPlace ? value : key, value);
}

function logged(pass: Pass, name: string, key: string, value: string | undefined): string | undefined {
  if (pass.trace >= 5) {
    pass.log(
      5,
      value === undefined
        ? `map lookup FAILED: map=${name} key=${key}`
        : `map lookup OK: map=${name} key=${key} -> val=${value}`,
    );
  }
  return value;
}

function lookUpFile(
  pass: Pass,
  name: string,
  key: string,
  file: MapFile,
  isRandom: boolean,
): string | undefined {
  const entries = file.read();
  if (typeof entries === 'string') {
    complain(pass, file, entries);
    return undefined;
  }
  const value = entries.get(key);
  if (pass.trace >= 5)
    traceFile(pass, `${name}[${file.dbm === undefined ? 'txt' : 'dbm'}]`, key, value, file.isKnown(key));
  if (value === undefined || value === '' || !isRandom) return value === '' ? undefined : value;
  const parts = value.split('|');
  const chosen = parts[Math.floor(Math.random() * parts.length)] as string;
  if (parts.length > 1 && pass.trace >= 5) pass.log(5, `randomly chosen the subvalue \`${chosen}'`);
  return chosen;
}

function complain(pass: Pass, file: MapFile, why: StatFailure): void {
  const { path, dbm } = file;
  const isThere = typeof statFile(path) === 'object';
  const [tag, text] =
    dbm !== undefined
      ? isThere
        ? ['AH00656', `mod_rewrite: can't open DBM RewriteMap ${path}`]
        : ['AH00662', `mod_rewrite: can't access DBM RewriteMap file ${path}`]
      : isThere
        ? ['AH00655', `mod_rewrite: can't open text RewriteMap file ${path}`]
        : ['AH00661', `mod_rewrite: can't access text RewriteMap file ${path}`];
  logRequest(pass.r, 'rewrite', Level.error, tag as string, text as string, errorText(why));
}

function traceFile(pass: Pass, map: string, key: string, value: string | undefined, isKnown: boolean): void {
  if (isKnown) {
    pass.log(5, `cache lookup OK: map=${map} key=${key} -> val=${value ?? ''}`);
    return;
  }
  if (pass.trace >= 6) pass.log(6, 'cache lookup FAILED, forcing new map lookup');
  if (value === undefined) pass.log(5, `map lookup FAILED: map=${map} key=${key}`);
  else pass.log(5, `map lookup OK: map=${map} key=${key} -> val=${value}`);
}
