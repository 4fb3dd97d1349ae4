/** echo, set, config, printenv (handle_echo and its like in mod_include.c). */

import type { IncludeArgument } from '../../../core/include-element.ts';
import { Level } from '../../../core/log.ts';
import { escapeHtml } from '../../../http/escape.ts';
import { decodingOf, encodingOf } from './codes.ts';
import { conditions } from './conditions.ts';
import { fileElements } from './file-elements.ts';
import type { Page } from './page.ts';

/** The page goes on when it answers. */
export type Element = (page: Page, args: readonly IncludeArgument[]) => undefined | Promise<void>;

type Code = (text: string) => string;
const asIs: Code = (text) => text;

/** Complains of an argument, and shows that something is wrong. */
function fail(page: Page, tag: string, message: string): undefined {
  page.log(Level.error, tag, message);
  page.putError();
  return undefined;
}

/** Whether an element with too few arguments is left at that. */
function lacksArguments(
  page: Page,
  args: readonly IncludeArgument[],
  least: number,
  tag: string,
  name: string,
): boolean {
  if (args.length < least) page.complain(tag, `missing argument for ${name} element`);
  if (!page.isPrinting) return true;
  if (args.length >= least) return false;
  page.putError();
  return true;
}

function echo(page: Page, args: readonly IncludeArgument[]): undefined {
  if (lacksArguments(page, args, 1, 'AH01343', 'echo')) return;
  let encode: Code = escapeHtml;
  let decode: Code = asIs;
  for (const { name, value } of args) {
    if (value === undefined) return;
    if (name === 'var') {
      const found = page.variable(page.expand(page.decode(value)));
      page.put(found === undefined ? page.undefinedText : encode(decode(found)));
    } else if (name === 'decoding' || name === 'encoding') {
      const code = name === 'decoding' ? decodingOf(page.decode(value)) : encodingOf(page.decode(value));
      if (typeof code === 'string') {
        const tag = name === 'decoding' ? 'AH01344' : 'AH01345';
        return fail(
          page,
          tag,
          `unknown value "${code}" to parameter "${name}" of tag echo in ${page.filename}`,
        );
      }
      if (name === 'decoding') decode = code;
      else encode = code;
    } else {
      return fail(page, 'AH01346', `unknown parameter "${name}" in tag echo of ${page.filename}`);
    }
  }
  return undefined;
}

function set(page: Page, args: readonly IncludeArgument[]): undefined {
  if (lacksArguments(page, args, 2, 'AH01362', 'set')) return;
  let variable: string | undefined;
  let encode: Code = asIs;
  let decode: Code = asIs;
  for (const { name, value } of args) {
    if (value === undefined) return;
    if (name === 'var') {
      variable = page.expand(page.decode(value));
    } else if (name === 'decoding' || name === 'encoding') {
      const code = name === 'decoding' ? decodingOf(value) : encodingOf(value);
      if (typeof code === 'string') {
        const tag = name === 'decoding' ? 'AH01364' : 'AH01365';
        return fail(
          page,
          tag,
          `unknown value "${code}" to parameter "${name}" of tag set in ${page.filename}`,
        );
      }
      if (name === 'decoding') decode = code;
      else encode = code;
    } else if (name === 'value') {
      if (variable === undefined)
        return fail(page, 'AH01363', `variable must precede value in set directive in ${page.filename}`);
      page.setVariable(variable, encode(decode(page.expand(value))));
    } else {
      return fail(page, 'AH01366', `Invalid tag for set directive in ${page.filename}`);
    }
  }
  return undefined;
}

function config(page: Page, args: readonly IncludeArgument[]): undefined {
  if (lacksArguments(page, args, 1, 'AH01347', 'config')) return;
  for (const { name, value } of args) {
    if (value === undefined) return;
    switch (name) {
      case 'errmsg':
        page.errorText = page.expand(value);
        break;
      case 'echomsg':
        page.undefinedText = page.expand(value);
        break;
      case 'timefmt':
        page.setTimeFormat(page.expand(page.decode(value)));
        break;
      case 'sizefmt': {
        const format = page.expand(value);
        if (format !== 'bytes' && format !== 'abbrev')
          return fail(
            page,
            'AH01348',
            `unknown value "${format}" to parameter "sizefmt" of tag config in ${page.filename}`,
          );
        page.showsBytes = format === 'bytes';
        break;
      }
      default:
        return fail(page, 'AH01349', `unknown parameter "${name}" to tag config in ${page.filename}`);
    }
  }
  return undefined;
}

function printenv(page: Page, args: readonly IncludeArgument[]): undefined {
  if (args.length > 0) page.complain('AH01367', 'printenv directive does not take tags');
  if (!page.isPrinting) return;
  if (args.length > 0) {
    page.putError();
    return;
  }
  for (const [name, value] of page.variables()) page.put(`${escapeHtml(name)}=${escapeHtml(value)}\n`);
}

/** The module's own elements; others come from other modules. */
export const elements: ReadonlyMap<string, Element> = new Map<string, Element>([
  ...Object.entries({ echo, set, config, printenv }),
  ...fileElements,
  ...conditions,
]);
