/** mod_autoindex: listings of directories (modules/generators/mod_autoindex.c). Complete. */
import { closeSync, type Dirent, readdirSync, readSync } from 'node:fs';
import { isPromise } from 'node:util/types';
import { allowedOptions, coreDir, OPT_INDEXES } from '../../../core/core-config.ts';
import { DIRECTORY_TYPE, fsPath, openFile } from '../../../core/files.ts';
import type { Answer } from '../../../core/hooks.ts';
import { Level, logRequest } from '../../../core/log.ts';
import { defineModule } from '../../../core/module.ts';
import type { Request } from '../../../core/request.ts';
import { discardBody } from '../../../core/request-body.ts';
import { sendHead } from '../../../core/response.ts';
import { serverSignature } from '../../../core/server-identity.ts';
import { DECLINED, OK } from '../../../core/status.ts';
import { lookupUri, runSubrequest } from '../../../core/subrequest.ts';
import { formatHttpDate } from '../../../http/date.ts';
import { escapeHtml } from '../../../http/escape.ts';
import { DEFAULT_ETAG, makeEtag } from '../../../http/etag.ts';
import { type DirConf, findItem, mergeDir, Opt, optionsOf } from './conf.ts';
import { EntryReader, parentEntry, subjectOf } from './entries.ts';
import { type Entry, sortEntries } from './order.ts';
import { heading, listing, preamble } from './page.ts';
import { PageWriter } from './page-writer.ts';
import { type Query, readQuery } from './query.ts';
import { directives } from './rows.ts';

function listDirectory(r: Request): Answer {
  if (r.handler !== DIRECTORY_TYPE && r.handler !== 'autoindex') return DECLINED;
  r.allowed.add('GET');
  if (r.method !== 'GET' && r.method !== 'HEAD') return DECLINED;
  if ((allowedOptions(coreDir(r)) & OPT_INDEXES) === 0) {
    const names = r.getNote('dir-index-names') ?? 'none';
    const message =
      `Cannot serve directory ${r.filename}: No matching DirectoryIndex (${names}) found, ` +
      'and server-generated directory index forbidden by Options directive';
    logRequest(r, 'autoindex', Level.error, 'AH01276', message);
    return 403;
  }
  const discarded = discardBody(r);
  if (typeof discarded !== 'number') return discarded.then((status) => (status === OK ? index(r) : status));
  return discarded === OK ? index(r) : discarded;
}

/** Sends the head, then the page (index_directory). */
function index(r: Request): Answer {
  const filename = r.filename ?? '';
  r.filename = filename.endsWith('/') ? filename : `${filename}/`;
  let names: Dirent<string>[];
  try {
    names = readdirSync(fsPath(r.filename), { withFileTypes: true, encoding: 'latin1' });
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'EACCES' ? '(13)Permission denied: ' : '';
    logRequest(
      r,
      'autoindex',
      Level.error,
      'AH01275',
      `${reason}Can't open directory for index: ${r.filename}`,
    );
    return 403;
  }
  const conf = modAutoindex.dir(r);
  const options = optionsOf(conf);
  r.contentType = `${conf.contentType ?? 'text/html'};charset=${conf.charset ?? 'ISO-8859-1'}`;
  if ((options & Opt.trackModified) !== 0) validators(r);
  if (r.headerOnly) {
    sendHead(r);
    return OK;
  }
  return sendPage(r, readQuery(conf, options, r.args), names);
}

/** Last-Modified and ETag of the directory itself (TrackModified). */
function validators(r: Request): void {
  const { finfo } = r;
  if (finfo === undefined) return;
  const seconds = Math.floor(finfo.mtimeMs / 1000);
  r.headersOut.set('Last-Modified', formatHttpDate(Math.min(seconds, Math.floor(r.requestTime / 1000))));
  const file = { inode: finfo.ino, size: finfo.size, mtimeMicros: Math.floor(finfo.mtimeMs * 1000) };
  const etag = makeEtag(DEFAULT_ETAG, file, r.requestTime * 1000);
  if (etag !== undefined) r.headersOut.set('ETag', etag);
}

async function sendPage(r: Request, query: Query, names: readonly Dirent<string>[]): Promise<number> {
  const { view } = query;
  const page = new PageWriter(r);
  const path = r.uri.length > 1 && r.uri.endsWith('/') ? r.uri.slice(0, -1) : r.uri;
  await emitHead(r, query, page, escapeHtml(path));
  const entries: Entry[] = [];
  const parent = parentEntry(r, query);
  if (parent !== undefined) entries.push(parent);
  const reader = new EntryReader(r, query);
  for (const name of names) {
    const made = reader.read(name);
    const entry = isPromise(made) ? await made : made;
    if (entry !== undefined) entries.push(entry);
  }
  sortEntries(entries, view.order);
  for (const piece of listing(view, entries)) {
    if (!page.put(piece)) await page.drained();
  }
  await emitTail(r, query, page);
  page.end();
  return OK;
}

/** What is written of a file beside the listing: its own answer when it is a page, its text between <pre> otherwise. */
async function emitFile(
  r: Request,
  name: string | undefined,
  page: PageWriter,
  before: (isPage: boolean) => void,
): Promise<boolean> {
  if (name === undefined) return false;
  const sub = await lookupUri(r, name);
  if (
    sub.status !== 200 ||
    sub.filename === undefined ||
    sub.finfo?.isFile() !== true ||
    sub.contentType === undefined
  )
    return false;
  const type = sub.contentType.toLowerCase();
  const isPage = /^(?:text\/html|application\/xhtml\+xml)(?:[; \t]|$)/.test(type);
  if (!isPage && !type.startsWith('text/')) return false;
  if (isPage) {
    before(true);
    page.startStreaming();
    return (await runSubrequest(sub, page)) === OK;
  }
  return emitPlain(sub.filename, page, () => before(false));
}

async function emitPlain(filename: string, page: PageWriter, before: () => void): Promise<boolean> {
  const fd = openFile(filename);
  if (typeof fd !== 'number') return false;
  try {
    before();
    page.put('<pre>\n');
    const piece = Buffer.allocUnsafe(8192);
    for (let count = readSync(fd, piece); count > 0; count = readSync(fd, piece)) {
      if (!page.put(escapeHtml(piece.toString('latin1', 0, count)))) await page.drained();
    }
    page.put('</pre>\n');
    return true;
  } finally {
    closeSync(fd);
  }
}

async function emitHead(r: Request, { view }: Query, page: PageWriter, title: string): Promise<void> {
  const isBare = (view.options & Opt.suppressPreamble) !== 0;
  const header = findItem(view.conf.headers, subjectOf(r), false);
  let hasPreamble = false;
  // Whatever the client takes, this page is text, and with it the listing is not compressed.
  const fields = r.headersIn;
  r.headersIn = fields.clone();
  r.headersIn.set('Accept', 'text/html, text/plain');
  r.headersIn.delete('accept-encoding');
  const shown = await emitFile(r, header, page, (isPage) => {
    if (isPage && isBare) return;
    page.put(preamble(view, title));
    hasPreamble = true;
  });
  r.headersIn = fields;
  if (shown) return;
  if (!hasPreamble) page.put(preamble(view, title));
  page.put(heading(view, title));
}

async function emitTail(r: Request, { view }: Query, page: PageWriter): Promise<void> {
  const readme = findItem(view.conf.readmes, subjectOf(r), false);
  let isPage = false;
  const shown = await emitFile(r, readme, page, (asPage) => {
    isPage = asPage;
  });
  if (!shown) page.put(serverSignature(r, ''));
  // A page that is whole in itself ends itself.
  if (!(shown && isPage && (view.options & Opt.suppressPreamble) !== 0)) page.put('</body></html>\n');
}

export const modAutoindex = defineModule<object, DirConf>({
  name: 'autoindex_module',
  file: 'mod_autoindex.c',
  directives,
  mergeDir,
  hooks: { handler: listDirectory },
  // A directory without a listing is 403 with a reason, whether or not any directive was given.
  always: true,
});
