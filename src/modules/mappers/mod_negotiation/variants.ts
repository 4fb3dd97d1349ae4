/** Finding what could be sent: files beside the resource, or a type map's list (read_types_multi, read_type_map of mod_negotiation.c). */
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { isPromise } from 'node:util/types';
import { extensionsStart } from '../../../core/file-extensions.ts';
import { fsPath, openFile } from '../../../core/files.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { DECLINED } from '../../../core/status.ts';
import { lookupFile } from '../../../core/subrequest.ts';
import { parseItem, SCRIPT_TYPE } from './accept.ts';
import type { Variant } from './choose.ts';
import { parseTypeMap } from './type-map.ts';

const MAP_TYPE = 'application/x-type-map';
export const MAP_HANDLER = 'type-map';
/** A type map is read whole; what is larger is none. */
const LARGEST_MAP = 16 * 1024 * 1024;

/** What could be sent, and where it was found. */
export interface Found {
  readonly variants: Variant[];
  /** Directory of the files, with its slash. */
  readonly directory: string;
  readonly isMultiViews: boolean;
}

export function isTypeMap({ handler }: Request): boolean {
  return handler === MAP_TYPE || handler === MAP_HANDLER;
}

/** The files whose names begin with the one asked for; a status when that cannot be answered with any of them. */
export function readViews(r: Request, filename: string): Found | number | Promise<Found | number> {
  const slash = filename.lastIndexOf('/') + 1;
  const directory = filename.slice(0, slash);
  const base = `${filename.slice(slash)}.`;
  let names: string[];
  try {
    names = readdirSync(fsPath(directory), { encoding: 'latin1' });
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    )
      return DECLINED;
    logRequest(r, 'negotiation', Level.error, 'AH00686', `cannot read directory for multi: ${directory}`);
    return 403;
  }
  const matching = names.filter((name) => name.startsWith(base)).sort();
  if (matching.length === 0) return DECLINED;
  return gather(r, { variants: [], directory, isMultiViews: true }, filename.slice(slash), matching, 0, 0);
}

/** Looks the files up one by one. */
function gather(
  r: Request,
  found: Found,
  base: string,
  names: readonly string[],
  from: number,
  seen: number,
): Found | number | Promise<Found | number> {
  let anyMatch = seen;
  for (let i = from; i < names.length; i++) {
    const name = names[i] as string;
    const sub = lookupFile(r, found.directory + name);
    if (isPromise(sub)) {
      return sub.then((ready) => {
        const map = consider(r, found, base, name, ready);
        if (map !== undefined) return map;
        return gather(r, found, base, names, i + 1, anyMatch + Number(ready.finfo?.isDirectory() !== true));
      });
    }
    if (sub.finfo?.isDirectory() !== true) anyMatch++;
    const map = consider(r, found, base, name, sub);
    if (map !== undefined) return map;
  }
  if (anyMatch > 0 && found.variants.length === 0) {
    const message = `Negotiation: discovered file(s) matching request: ${r.filename} (None could be negotiated).`;
    logRequest(r, 'negotiation', Level.error, 'AH00687', message);
    return 404;
  }
  return found;
}

/** Adds a file that can be a variant; a type map among the files takes the place of all of them. */
function consider(
  r: Request,
  found: Found,
  base: string,
  name: string,
  sub: Request,
): Found | number | undefined {
  if (sub.finfo?.isFile() !== true) return undefined;
  if (!isNamed(sub, name, base)) return undefined;
  const type = sub.contentType ?? (sub.handler === undefined ? undefined : SCRIPT_TYPE);
  if (sub.status !== 200 || type === undefined) return undefined;
  if (type === MAP_TYPE || sub.handler === MAP_HANDLER) return readMap(r, sub);
  const item = parseItem(type);
  found.variants.push({
    fileName: name,
    description: '',
    mimeType: item.name,
    charset: item.charset ?? '',
    encoding: sub.contentEncoding,
    languages: sub.contentLanguages ?? [],
    sourceQuality: item.quality,
    level: item.level,
    length: -1,
    sub,
    body: undefined,
  });
  return undefined;
}

/** Some extension must mean something; those that mean nothing must stand in the name asked for, in the same order. */
function isNamed({ unknownExtensions }: Request, name: string, base: string): boolean {
  if (unknownExtensions === undefined) return false;
  const wanted = [name.slice(0, extensionsStart(name) - 1), ...unknownExtensions];
  let next = 0;
  for (const segment of base.split('.')) if (segment === wanted[next]) next++;
  return next >= wanted.length;
}

/** Reads a type map; a status when it cannot be read. */
export function readMap(r: Request, map: Request): Found | number {
  const filename = map.filename ?? '';
  const fd = (map.finfo?.size ?? 0) > LARGEST_MAP ? 'other' : openFile(filename);
  if (typeof fd !== 'number') {
    logRequest(r, 'negotiation', Level.error, 'AH00683', `cannot access type map file: ${filename}`);
    return fd === 'missing' ? 404 : 403;
  }
  let text = '';
  try {
    text = readFileSync(fd, 'latin1');
  } catch {
    // Measured: what can be opened and not read, a directory for one, is an empty map.
  } finally {
    closeSync(fd);
  }
  const { variants, problem } = parseTypeMap(text);
  if (problem !== undefined) {
    logRequest(r, 'negotiation', Level.error, problem.code, `${problem.message}: ${filename}`);
    if (problem.isFatal) return 500;
  }
  return { variants, directory: filename.slice(0, filename.lastIndexOf('/') + 1), isMultiViews: false };
}
