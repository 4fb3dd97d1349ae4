/** include, fsize, flastmod: what stands in other files and URLs (handle_include, find_file of mod_include.c). */
import type { Stats } from 'node:fs';
import type { Answer } from '../../../core/hooks.ts';
import type { IncludeArgument } from '../../../core/include-element.ts';
import { Level } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { OK } from '../../../core/status.ts';
import { lookupFile, lookupUri } from '../../../core/subrequest.ts';
import { shortSize } from '../../../lib/short-size.ts';
import { markNested } from './nesting.ts';
import type { Page } from './page.ts';

type Args = readonly IncludeArgument[];

/** A file below the page's own directory: its name from there, without dot segments; undefined for any other. */
export function nameBelow(path: string): string | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join('/');
}

const directoryOf = (page: Page): string => page.filename.slice(0, page.filename.lastIndexOf('/') + 1);

type Found<T> = T | Promise<T>;
const when = <T, U>(value: Found<T>, next: (value: T) => Found<U>): Found<U> =>
  value instanceof Promise ? value.then(next) : next(value);

/** Finds the file of an argument (find_file); undefined when there is none, which has been told. */
function findFile(
  page: Page,
  { name, value = '' }: IncludeArgument,
  element: string,
): Found<Stats | undefined> {
  const wanted = page.expand(page.decode(value));
  const complain = (tag: string, what: string): undefined => {
    page.log(Level.error, tag, `unable to ${what} "${wanted}" in parsed file ${page.filename}`);
    page.putError();
    return undefined;
  };
  if (name === 'file') {
    const below = nameBelow(wanted);
    if (below === undefined) return complain('AH02668', 'access file');
    return when(lookupFile(page.r, directoryOf(page) + below), (sub) =>
      sub.status === 200 && sub.finfo !== undefined
        ? sub.finfo
        : complain('AH02670', 'lookup information about'),
    );
  }
  if (name === 'virtual') {
    return when(lookupUri(page.r, wanted), (sub) =>
      sub.status === 200 && sub.finfo !== undefined
        ? sub.finfo
        : complain('AH01339', 'get information about'),
    );
  }
  page.log(Level.error, 'AH01340', `unknown parameter "${name}" to tag ${element} in ${page.filename}`);
  page.putError();
  return undefined;
}

function aboutFiles(element: 'fsize' | 'flastmod', tag: string, show: (page: Page, file: Stats) => string) {
  const from = (page: Page, args: Args, index: number): undefined | Promise<void> => {
    for (let i = index; i < args.length; i++) {
      const argument = args[i] as IncludeArgument;
      if (argument.value === undefined) return undefined;
      const found = findFile(page, argument, element);
      if (found instanceof Promise) {
        return found.then((file) => {
          if (file === undefined) return undefined;
          page.put(show(page, file));
          return from(page, args, i + 1);
        });
      }
      if (found === undefined) return undefined;
      page.put(show(page, found));
    }
    return undefined;
  };
  return (page: Page, args: Args): undefined | Promise<void> => {
    if (args.length === 0) page.complain(tag, `missing argument for ${element} element`);
    if (!page.isPrinting) return undefined;
    if (args.length === 0) page.putError();
    return from(page, args, 0);
  };
}

const fsize = aboutFiles('fsize', 'AH01350', (page, { size }) =>
  page.showsBytes ? String(size).replace(/\B(?=(?:\d{3})+$)/g, ',') : shortSize(size),
);
const flastmod = aboutFiles('flastmod', 'AH01351', (page, { mtimeMs }) =>
  page.time.local(Math.floor(mtimeMs / 1000)),
);

/** What an include leads to, or why it does not: httpd's words, without a number. */
type Target = Request | string;

function lookUp(page: Page, name: string, value: string): Found<Target> {
  const parsed = page.expand(page.decode(value));
  if (name === 'file') {
    const below = nameBelow(parsed);
    if (below === undefined) return `unable to include file "${value}" in parsed file ${page.filename}`;
    return when(lookupFile(page.r, directoryOf(page) + below), (sub) => checked(page, sub, value));
  }
  // With a kept body goes its method.
  const method = page.r.transport.body.kept === undefined ? 'GET' : page.r.method;
  return when(lookupUri(page.r, parsed, method), (sub) => checked(page, sub, value));
}

function checked(page: Page, sub: Request, value: string): Target {
  const where = `"${value}" in parsed file ${page.filename}`;
  if (sub.status !== 200) return `unable to include ${where}, subrequest setup returned ${sub.status}`;
  if (!page.mayExec && sub.contentType !== undefined && !sub.contentType.startsWith('text/'))
    return `unable to include potential exec ${where}, content type not text/*`;
  return sub;
}

/** Runs one include; answers why it failed. */
function includeOne(page: Page, name: string, value: string): Found<string | undefined> {
  return when(lookUp(page, name, value), (target): Found<string | undefined> => {
    if (typeof target === 'string') return target;
    markNested(target, page);
    const failure = (status: number): string | undefined =>
      status === OK
        ? undefined
        : `unable to include "${value}" in parsed file ${page.filename}, subrequest returned ${status}`;
    const answer: Answer = page.runSubrequest(target);
    return typeof answer === 'number' ? failure(answer) : answer.then(failure);
  });
}

function include(page: Page, args: Args): undefined | Promise<void> {
  if (args.length === 0) page.complain('AH01341', 'missing argument for include element');
  if (!page.isPrinting) return undefined;
  if (args.length === 0) {
    page.putError();
    return undefined;
  }
  return includeFrom(page, args, 0);
}

/** The arguments one by one. One that fails is replaced by the next `onerror`, and that one's failure is the end. */
function includeFrom(page: Page, args: Args, from: number, isLast = false): undefined | Promise<void> {
  let isFallback = isLast;
  for (let i = from; i < args.length; i++) {
    const { name, value } = args[i] as IncludeArgument;
    if (value === undefined) return undefined;
    if (name !== 'file' && name !== 'virtual' && name !== 'onerror') {
      page.log(Level.error, 'AH01342', `unknown parameter "${name}" to tag include in ${page.filename}`);
      page.putError();
      return undefined;
    }
    if (name === 'onerror' && !isFallback) continue;
    const tried = includeOne(page, name, value);
    const wasFallback = isFallback;
    if (tried instanceof Promise) {
      return tried.then((failure) => {
        const next = afterTry(page, args, i, failure, wasFallback);
        return next === undefined ? undefined : includeFrom(page, args, next, failure !== undefined);
      });
    }
    const next = afterTry(page, args, i, tried, wasFallback);
    if (next === undefined) return undefined;
    isFallback = tried !== undefined;
    i = next - 1;
  }
  return undefined;
}

/** Where to go on behind argument `i`; undefined: nowhere. */
function afterTry(
  page: Page,
  args: Args,
  i: number,
  failure: string | undefined,
  wasFallback: boolean,
): number | undefined {
  if (failure === undefined) return i + 1;
  page.log(Level.error, '', failure);
  const fallback = wasFallback ? -1 : args.findIndex((arg, at) => at > i && arg.name === 'onerror');
  if (fallback >= 0) return fallback;
  page.putError();
  return undefined;
}

export const fileElements: readonly (readonly [
  string,
  (page: Page, args: Args) => undefined | Promise<void>,
])[] = [
  ['include', include],
  ['fsize', fsize],
  ['flastmod', flastmod],
];
