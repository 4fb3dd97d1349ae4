/** The text of listings: preamble, the three forms of a list, sizes (emit_preamble, output_directories of mod_autoindex.c). */

import { escapeHtml, escapePath } from '../../../http/escape.ts';
import { shortSize } from '../../../lib/short-size.ts';
import { compileStrftime } from '../../../lib/strftime.ts';
import { DEFAULT_WIDTH, type DirConf, findDefault, Opt } from './conf.ts';
import type { Entry, Order } from './order.ts';

const HTML =
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n<html>\n';
const XHTML =
  '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n' +
  '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml">\n';
const formatDate = compileStrftime('%Y-%m-%d %H:%M  ');
const formatOldDate = compileStrftime('%d-%b-%Y %H:%M  ');
/** As wide as a date. */
const NO_DATE = ' '.repeat(19);

/** How a listing is shown: what the configuration and the query ask for. */
export interface View {
  readonly conf: Readonly<DirConf>;
  readonly options: number;
  readonly order: Order;
  /** Carried from the query into the links of the columns. */
  readonly linkArgs: string;
}

export function preamble(view: View, title: string): string {
  const { conf, options } = view;
  const close = (options & Opt.xhtml) !== 0 ? ' />\n' : '>\n';
  let page = `${(options & Opt.xhtml) !== 0 ? XHTML : HTML} <head>\n  <title>Index of ${title}</title>\n`;
  if (conf.styleSheet !== undefined)
    page += `  <link rel="stylesheet" href="${conf.styleSheet}" type="text/css"${close}`;
  return `${page}${conf.headInsert ?? ''} </head>\n <body>\n`;
}

export function heading(view: View, title: string): string {
  return (view.options & Opt.addAltClass) !== 0
    ? `  <h1 id="indextitle">Index of ${title}</h1>\n`
    : `<h1>Index of ${title}</h1>\n`;
}

/** Cuts a description to its width; tags count nothing, an entity one (terminate_description). */
export function cutDescription(view: View, text: string, width: number): string {
  const { options, conf } = view;
  let left = width;
  if (conf.descriptionWidth === undefined) {
    if ((options & Opt.suppressIcon) !== 0) left += 6;
    if ((options & Opt.suppressLastModified) !== 0) left += 19;
    if ((options & Opt.suppressSize) !== 0) left += 7;
  }
  let at = 0;
  for (; at < text.length && (left > 0 || text[at] === '<'); at++) {
    if (text[at] === '<') {
      const end = text.indexOf('>', at);
      if (end < 0) return text;
      at = end;
    } else {
      left--;
      if (text[at] !== '&') continue;
      const end = text.indexOf(';', at);
      if (end < 0) return text;
      at = end;
    }
  }
  return left === 0 && at < text.length ? `${text.slice(0, at - 1)}>` : text;
}

function columnLink(view: View, label: string, key: string): string {
  if ((view.options & Opt.suppressColumnSorting) !== 0) return label;
  const next = view.order.key === key && view.order.isAscending ? 'D' : 'A';
  return `<a href="?C=${key};O=${next}${view.linkArgs}">${label}</a>`;
}

function image(view: View, source: string, alt: string): string {
  const { conf, options } = view;
  const width = conf.iconWidth ? ` width="${conf.iconWidth}"` : '';
  const height = conf.iconHeight ? ` height="${conf.iconHeight}"` : '';
  return `<img src="${escapeHtml(source)}" alt="${alt}"${width}${height}${(options & Opt.xhtml) !== 0 ? ' /' : ''}>`;
}

/** A row's parts that all forms share. */
interface Cells {
  readonly anchor: string;
  /** Cut to the column's width, unescaped. */
  readonly name: string;
  readonly padding: string;
}

function cellsOf(entry: Entry, isFirst: boolean, width: number): Cells {
  const anchor = escapeHtml(escapePath(entry.name));
  let name = isFirst && entry.name.startsWith('/') ? 'Parent Directory' : entry.name;
  if (name.length > width) name = `${name.slice(0, width - 3)}..>`;
  // Nothing is cut or filled where the width is that of the widest.
  const missing = Number.isFinite(width) ? Math.max(0, width - name.length) : 0;
  return { anchor, name: escapeHtml(name), padding: ' '.repeat(missing) };
}

function dateOf(view: View, entry: Entry): string {
  const seconds = Math.floor(entry.modified / 1000);
  return (view.options & Opt.oldDateFormat) !== 0 ? formatOldDate(seconds) : formatDate(seconds);
}

function widthOf(isAdjusted: boolean, width: number, texts: readonly (string | undefined)[]): number {
  return isAdjusted ? texts.reduce((most, text) => Math.max(most, text?.length ?? 0), width) : width;
}

/** The list of entries, in the form the options ask for, in pieces of a row each. */
export function* listing(view: View, entries: readonly Entry[]): Generator<string> {
  const { options } = view;
  if ((options & Opt.table) !== 0) yield* tableListing(view, entries);
  else if ((options & Opt.fancy) !== 0) yield* fancyListing(view, entries);
  else {
    yield '<ul>';
    yield* plainRows(entries);
    yield '</ul>\n';
  }
}

/** Names that are the same in a URL and in HTML. */
const NO_ESCAPES = /^[\w.-]+\/?$/;
/** Characters of rows that are handed out together. */
const PIECE = 4096;

function* plainRows(entries: readonly Entry[]): Generator<string> {
  let piece = '';
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (NO_ESCAPES.test(entry.name)) piece += `<li><a href="${entry.name}"> ${entry.name}</a></li>\n`;
    else {
      const { anchor, name } = cellsOf(entry, i === 0, Number.POSITIVE_INFINITY);
      piece += `<li><a href="${anchor}"> ${name}</a></li>\n`;
    }
    if (piece.length >= PIECE) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

function* fancyListing(view: View, entries: readonly Entry[]): Generator<string> {
  const { conf, options } = view;
  const has = (option: number): boolean => (options & option) !== 0;
  const { isAdjusted = false, width = DEFAULT_WIDTH } = conf.nameWidth ?? {};
  const nameWidth = widthOf(
    isAdjusted,
    width,
    entries.map((entry) => entry.name),
  );
  const about = conf.descriptionWidth;
  const aboutWidth = widthOf(
    about?.isAdjusted === true,
    about?.width ?? DEFAULT_WIDTH,
    entries.map((entry) => entry.description),
  );
  const rule = has(Opt.xhtml) ? '<hr />' : '<hr>';
  let head = '<pre>';
  if (!has(Opt.suppressIcon)) {
    const blank = findDefault(conf.icons, '^^BLANKICON^^');
    head += blank === undefined ? '      ' : `${image(view, blank, 'Icon ')} `;
  }
  head += `${columnLink(view, 'Name', 'N')}${' '.repeat(Math.max(0, nameWidth - 4))} `;
  if (!has(Opt.suppressLastModified)) head += `${columnLink(view, 'Last modified', 'M')}      `;
  if (!has(Opt.suppressSize)) head += `${columnLink(view, 'Size', 'S')}  `;
  if (!has(Opt.suppressDescription)) head += columnLink(view, 'Description', 'D');
  yield head + (has(Opt.suppressRules) ? '\n' : rule);
  for (const [i, entry] of entries.entries()) {
    const { anchor, name, padding } = cellsOf(entry, i === 0, nameWidth);
    let row = '';
    if (!has(Opt.suppressIcon)) {
      const icon = entry.icon ?? conf.defaultIcon;
      const shown =
        icon === undefined || icon === '' ? '     ' : image(view, icon, `[${entry.alt ?? '   '}]`);
      row = has(Opt.iconsAreLinks) ? `<a href="${anchor}">${shown}</a> ` : `${shown} `;
    }
    row += `<a href="${anchor}">${name}</a>${padding} `;
    if (!has(Opt.suppressLastModified)) row += entry.modified < 0 ? NO_DATE : dateOf(view, entry);
    if (!has(Opt.suppressSize)) row += `${shortSize(entry.size)}  `;
    if (!has(Opt.suppressDescription) && entry.description !== undefined)
      row += cutDescription(view, entry.description, aboutWidth);
    yield `${row}\n`;
  }
  yield has(Opt.suppressRules) ? '</pre>\n' : `${rule}</pre>\n`;
}

function* tableListing(view: View, entries: readonly Entry[]): Generator<string> {
  const { conf, options } = view;
  const has = (option: number): boolean => (options & option) !== 0;
  const classes = has(Opt.addAltClass);
  const cell = (tag: string, column: string, plain: string): string =>
    `<${tag}${classes ? ` class="indexcol${column}"` : plain}>`;
  const width = conf.nameWidth?.width ?? DEFAULT_WIDTH;
  const isAdjusted = conf.nameWidth?.isAdjusted === true;
  let columns = 1;
  let head = classes ? '  <table id="indexlist">\n   <tr class="indexhead">' : '  <table>\n   <tr>';
  if (!has(Opt.suppressIcon)) {
    const blank = findDefault(conf.icons, '^^BLANKICON^^');
    head += `${cell('th', 'icon', ' valign="top"')}${blank === undefined ? '&nbsp;' : image(view, blank, '[ICO]')}</th>`;
    columns++;
  }
  head += `${cell('th', 'name', '')}${columnLink(view, 'Name', 'N')}`;
  for (const [option, column, label, key] of COLUMNS) {
    if (has(option)) continue;
    head += `</th>${cell('th', column, '')}${columnLink(view, label, key)}`;
    columns++;
  }
  const line = has(Opt.xhtml) ? '<hr />' : '<hr>';
  const rule = has(Opt.suppressRules)
    ? ''
    : `   <tr${classes ? ' class="indexbreakrow"' : ''}><th colspan="${columns}">${line}</th></tr>\n`;
  yield `${head}</th></tr>\n${rule}`;
  for (const [i, entry] of entries.entries()) {
    const { anchor, name, padding } = cellsOf(entry, i === 0, isAdjusted ? Number.POSITIVE_INFINITY : width);
    let row = classes ? `   <tr class="${rowClass(i, entry)}">` : '<tr>';
    if (!has(Opt.suppressIcon)) {
      const icon = entry.icon ?? conf.defaultIcon;
      const shown =
        icon === undefined || icon === '' ? '&nbsp;' : image(view, icon, `[${entry.alt ?? '   '}]`);
      row +=
        cell('td', 'icon', ' valign="top"') +
        (has(Opt.iconsAreLinks) ? `<a href="${anchor}">${shown}</a>` : shown);
      row += '</td>';
    }
    row += `${cell('td', 'name', '')}<a href="${anchor}">${name}</a>${isAdjusted ? '' : padding}`;
    if (!has(Opt.suppressLastModified)) {
      row +=
        entry.modified < 0
          ? `</td>${cell('td', 'lastmod', '')}&nbsp;`
          : `</td>${cell('td', 'lastmod', ' align="right"')}${dateOf(view, entry)}`;
    }
    if (!has(Opt.suppressSize)) row += `</td>${cell('td', 'size', ' align="right"')}${shortSize(entry.size)}`;
    if (!has(Opt.suppressDescription))
      row += `</td>${cell('td', 'desc', '')}${tableDescription(view, entry)}`;
    yield `${row}</td></tr>\n`;
  }
  yield `${rule}</table>\n`;
}

const COLUMNS = [
  [Opt.suppressLastModified, 'lastmod', 'Last modified', 'M'],
  [Opt.suppressSize, 'size', 'Size', 'S'],
  [Opt.suppressDescription, 'desc', 'Description', 'D'],
] as const;

function tableDescription(view: View, entry: Entry): string {
  if (entry.description === undefined) return '&nbsp;';
  const about = view.conf.descriptionWidth;
  return about?.isAdjusted === true
    ? entry.description
    : cutDescription(view, entry.description, about?.width ?? DEFAULT_WIDTH);
}

/** `even-txt`: for style sheets. */
function rowClass(index: number, entry: Entry): string {
  const parity = index % 2 === 0 ? 'even' : 'odd';
  const alt = (entry.alt ?? '').trim().toLowerCase();
  return alt === '' ? parity : `${parity}-${alt}`;
}
