/**
 * What a listing shows of a directory (make_parent_entry, make_autoindex_entry). httpd makes a sub-request of every name. Here only names that can
 * fare differently get one: subdirectories, links, names that a `<Files>` section is for; the other files share the answer of the first of them.
 */
import { closeSync, type Dirent, readSync } from 'node:fs';
import { isPromise } from 'node:util/types';
import { openFile, statFile } from '../../../core/files.ts';
import { type Hook, runFirst } from '../../../core/hooks.ts';
import type { Request } from '../../../core/request.ts';
import { areFilesAlike, namedBySection, typingFixups } from '../../../core/siblings.ts';
import { lookupFile } from '../../../core/subrequest.ts';
import { compileFnmatch } from '../../../lib/fnmatch/index.ts';
import { type DirConf, findDefault, findItem, ignoredIn, isIgnored, Opt, type Subject } from './conf.ts';
import type { Entry } from './order.ts';
import type { Query } from './query.ts';

/** Bytes of a page that are searched for its title. */
const TITLE_BYTES = 8191;

export function subjectOf(r: Request): Subject {
  return { filename: r.filename ?? '', contentType: r.contentType, contentEncoding: r.contentEncoding };
}

function describe(conf: Readonly<DirConf>, filename: string): string | undefined {
  return conf.descriptions?.find((description) => description.matches(filename))?.text;
}

export function parentEntry(r: Request, { view }: Query): Entry | undefined {
  if (r.uri === '/' || r.uri === '') return undefined;
  const { conf, options } = view;
  const inside = r.uri.endsWith('/') ? r.uri.slice(0, -1) : r.uri;
  const name = inside.slice(0, inside.lastIndexOf('/') + 1);
  const testPath = `${r.filename}..`;
  if (name === '' || isIgnored(conf.ignored, testPath)) return undefined;
  const isFancy = (options & Opt.fancy) !== 0;
  return {
    name,
    icon: isFancy
      ? (findDefault(conf.icons, testPath) ?? findDefault(conf.icons, '^^DIRECTORY^^'))
      : undefined,
    alt: isFancy
      ? (findDefault(conf.alts, testPath) ?? findDefault(conf.alts, '^^DIRECTORY^^') ?? 'PARENTDIR')
      : undefined,
    description: isFancy ? describe(conf, testPath) : undefined,
    size: -1,
    modified: -1,
    isFirst: false,
  };
}

/** Reads the entries of one listing. */
export class EntryReader {
  readonly #r: Request;
  readonly #query: Query;
  readonly #directory: string;
  readonly #fits: ((name: string) => boolean) | undefined;
  readonly #isIgnored: (name: string) => boolean;
  readonly #isNamed: (name: string) => boolean;
  readonly #typing: readonly Hook[];
  readonly #isPlain: boolean;
  /** The sub-request of the first ordinary file, whose answer is that of all; null until there is one, undefined where they differ. */
  #first: Request | null | undefined;

  constructor(r: Request, query: Query) {
    this.#r = r;
    this.#query = query;
    this.#directory = r.filename ?? '';
    const { pattern, view } = query;
    this.#fits =
      pattern === undefined ? undefined : compileFnmatch(pattern, { noEscape: true, period: true });
    this.#isIgnored = ignoredIn(view.conf.ignored, this.#directory);
    this.#isPlain = (view.options & (Opt.fancy | Opt.table)) === 0;
    this.#isNamed = namedBySection(r);
    this.#typing = typingFixups(r);
    this.#first = areFilesAlike(r) ? null : undefined;
  }

  /** An entry that the client may ask for; undefined for what is not shown. */
  read(dirent: Dirent<string>): Entry | undefined | Promise<Entry | undefined> {
    const { name } = dirent;
    if (this.#fits?.(name) === false || this.#isIgnored(name)) return undefined;
    const isFile = dirent.isFile();
    if (isFile && this.#first !== undefined && !this.#isNamed(name)) return this.#readAlike(name);
    const filename = this.#directory + name;
    // A dangling link is nothing, whatever a sub-request would find in its place.
    if (!isFile && !dirent.isDirectory() && typeof statFile(filename) === 'string') return undefined;
    const found = lookupFile(this.#r, filename);
    return isPromise(found)
      ? found.then((sub) => entryOf(this.#query, name, sub))
      : entryOf(this.#query, name, found);
  }

  #readAlike(name: string): Entry | undefined | Promise<Entry | undefined> {
    const first = this.#first;
    if (first === undefined || first === null) {
      const found = lookupFile(this.#r, this.#directory + name);
      return isPromise(found)
        ? found.then((sub) => this.#keepFirst(name, sub))
        : this.#keepFirst(name, found);
    }
    if (!isShown(this.#query, first)) return undefined;
    if (this.#isPlain) return plainEntry(this.#query, name);
    const found = statFile(this.#directory + name);
    if (typeof found === 'string') return undefined;
    // The first one's request, with another file in it: types are found by name.
    first.filename = this.#directory + name;
    first.uri = this.#r.uri + name;
    first.finfo = found;
    first.contentType = first.contentEncoding = first.contentLanguages = first.handler = undefined;
    const typed = runFirst(this.#r.server.phases.typeChecker, first);
    if (isPromise(typed)) return typed.then(() => this.#typedEntry(name, first));
    return this.#typedEntry(name, first);
  }

  #typedEntry(name: string, sub: Request): Entry | undefined {
    for (const hook of this.#typing) void hook(sub);
    return entryOf(this.#query, name, sub);
  }

  #keepFirst(name: string, sub: Request): Entry | undefined {
    // Under the listing's own configuration access was granted with the listing; under another it may depend on names.
    if (sub.perDir === this.#r.perDir) this.#first = sub;
    else if (sub.finfo !== undefined) this.#first = undefined;
    return entryOf(this.#query, name, sub);
  }
}

function isShown({ view }: Query, { status }: Request): boolean {
  if (status === 401 || status === 403) return (view.options & Opt.showForbidden) !== 0;
  return status >= 200 && status < 400;
}

function plainEntry({ view }: Query, name: string): Entry {
  return {
    name,
    icon: undefined,
    alt: undefined,
    description: undefined,
    size: -1,
    modified: view.order.key === 'M' ? 0 : -1,
    isFirst: false,
  };
}

function entryOf(query: Query, name: string, sub: Request): Entry | undefined {
  const { conf, options } = query.view;
  const { finfo } = sub;
  if (finfo === undefined || !isShown(query, sub)) return undefined;
  const isDirectory = finfo.isDirectory();
  if (!isDirectory && !finfo.isFile()) return undefined;
  const shownName = isDirectory ? `${name}/` : name;
  if ((options & (Opt.fancy | Opt.table)) === 0) return plainEntry(query, shownName);
  const { filename, contentType, contentEncoding } = subjectOf(sub);
  const bare = isDirectory && filename.endsWith('/') ? filename.slice(0, -1) : filename;
  const subject = { filename: bare, contentType, contentEncoding };
  const icon = findItem(conf.icons, subject, isDirectory);
  const alt = findItem(conf.alts, subject, isDirectory);
  return {
    name: shownName,
    icon: isDirectory ? (icon ?? findDefault(conf.icons, '^^DIRECTORY^^')) : icon,
    alt: isDirectory ? (alt ?? findDefault(conf.alts, '^^DIRECTORY^^') ?? 'DIR') : alt,
    description: describe(conf, bare) ?? ((options & Opt.scanHtmlTitles) !== 0 ? findTitle(sub) : undefined),
    size: isDirectory ? -1 : finfo.size,
    modified: finfo.mtimeMs,
    isFirst: isDirectory && (options & Opt.foldersFirst) !== 0,
  };
}

/** The title of an HTML file, in one line (find_title). */
function findTitle(sub: Request): string | undefined {
  if (sub.status !== 200 || sub.contentEncoding !== undefined || sub.filename === undefined) return undefined;
  if (!/^(?:text\/html|application\/xhtml\+xml)(?:[; \t]|$)/i.test(sub.contentType ?? '')) return undefined;
  const fd = openFile(sub.filename);
  if (typeof fd !== 'number') return undefined;
  try {
    const head = Buffer.allocUnsafe(TITLE_BYTES);
    const text = head.toString('latin1', 0, readSync(fd, head));
    const start = text.search(/<title>/i);
    if (start < 0) return undefined;
    const end = text.indexOf('<', start + 7);
    return text
      .slice(start + 7, end < 0 ? undefined : end)
      .replace(/^[\r\n]+/, '')
      .replace(/[\r\n]/g, ' ');
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
