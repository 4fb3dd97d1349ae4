/**
 * `<Macro>`, Use, UndefMacro (httpd's modules/core/mod_macro.c). A macro is lines of text; using it puts them, parameters replaced, in
 * front of the lines still to be read, so that a macro may open what the text behind it closes.
 */
import type { SourceText } from '../../diagnostics/source.ts';
import { asciiLower } from '../../lib/ascii.ts';
import { type AnyRow, type ApplyResult, OR_ALL } from '../directive.ts';
import { getWord, WordCursor } from '../words.ts';
import { type Macro, substituteLine, usedParameters } from './macro-text.ts';
import type { OnRead, ReadCommand, Reading } from './on-read.ts';

/** What one reading knows of macros. */
interface Macros {
  /** Undefined until the first `<Macro>`: Use says so then. */
  byName: Map<string, Macro> | undefined;
  ignoreEmptyArguments: boolean;
  ignoreBadNesting: boolean;
}

const macrosOf = new WeakMap<Reading, Macros>();

function macros(reading: Reading): Macros {
  let found = macrosOf.get(reading);
  if (found === undefined) {
    found = { byName: undefined, ignoreEmptyArguments: false, ignoreBadNesting: false };
    macrosOf.set(reading, found);
  }
  return found;
}

/** mod_macro reads and expands lines in buffers of this size (MAX_STRING_LEN). */
const LINE_BUFFER = 8192;
const PREFIXES = '$%@';

function words(text: string): string[] {
  const cursor = new WordCursor(text);
  const list: string[] = [];
  while (!cursor.atEnd) list.push(cursor.next());
  return list;
}

function where(macro: Pick<Macro, 'name' | 'location'>): string {
  return `macro '${asciiLower(macro.name)}' (${macro.location})`;
}

/** Text behind a closing `>` is dropped, with a warning. */
function warnBehind(cmd: ReadCommand, code: string, what: string, rest: string, line: number): void {
  if (rest.trim() === '') return;
  cmd.warn(
    'AH02989',
    `${code}: non blank chars found after ${what} on line ${line} of ${cmd.span.source.name}: ${rest}`,
  );
}

const defineMacro: OnRead = (cmd, [text = '']): ApplyResult => {
  const state = macros(cmd.reading);
  state.byName ??= new Map();
  const bracket = text.lastIndexOf('>');
  if (bracket < 0) return skipBody(cmd, "<Macro> directive missing closing '>'");
  if (bracket === 0) return skipBody(cmd, '<Macro macro definition: empty name');
  warnBehind(cmd, 'AH02801', "<Macro closing '>'", text.slice(bracket + 1), cmd.line);
  const [name, rest] = getWord(text.slice(0, bracket));
  if (name === '') return skipBody(cmd, '<Macro macro definition: name not found');
  const location = `defined on line ${cmd.line} of "${cmd.span.source.name}"`;
  const earlier = state.byName.get(asciiLower(name));
  if (earlier !== undefined) {
    const again = `redefined on line ${cmd.line} of "${cmd.span.source.name}"`;
    cmd.warn('AH02802', `macro '${earlier.name}' multiply defined: ${earlier.location}, ${again}`);
  }
  const head = { name: earlier?.name ?? name, location };
  if (PREFIXES.includes(name[0] ?? ' ')) {
    cmd.warn('AH02803', `${where(head)} better prefix a macro name with any of '${PREFIXES}'`);
  }
  const parameters = words(rest);
  const wrong = checkParameters(cmd, head, parameters);
  if (wrong !== undefined) return skipBody(cmd, wrong);
  const lines = takeBody(cmd, where(head), state.ignoreBadNesting);
  if (typeof lines === 'string') return `${where(head)}\n\tcontents error: ${lines}`;
  const macro: Macro = { ...head, parameters, lines };
  warnUnused(cmd, macro);
  state.byName.set(asciiLower(name), macro);
  return undefined;
};

/** The body of a macro that cannot be defined is not configuration either. */
function skipBody(cmd: ReadCommand, error: string): string {
  takeBody(cmd, '', true);
  return error;
}

function checkParameters(
  cmd: ReadCommand,
  macro: Pick<Macro, 'name' | 'location'>,
  parameters: readonly string[],
): string | undefined {
  for (const [index, parameter] of parameters.entries()) {
    if (parameter === '') return `${where(macro)}: empty argument #${index + 1} name`;
    if (parameter.startsWith('${')) {
      cmd.warn(
        'AH02805',
        `${where(macro)} argument name '${parameter}' (#${index + 1}) clashes with 'Define' syntax '\${...}', better use '$(...)'.`,
      );
    }
    if (!PREFIXES.includes(parameter[0] ?? ' ')) {
      cmd.warn(
        'AH02796',
        `${where(macro)} argument name '${parameter}' (#${index + 1}) without expected prefix, better prefix argument names with one of '${PREFIXES}'.`,
      );
    }
    for (let other = index + 1; other < parameters.length; other++) {
      const second = parameters[other] ?? '';
      if (second === parameter) {
        return `argument name conflict in ${where(macro)}: argument '${parameter}': #${index + 1} and #${other + 1}, change argument names!`;
      }
      if (second !== '' && (second.startsWith(parameter) || parameter.startsWith(second))) {
        cmd.warn(
          'AH02797',
          `${where(macro)}: argument name prefix conflict (${parameter} #${index + 1} and ${second} #${other + 1}), be careful about your macro definition!`,
        );
      }
    }
  }
  return undefined;
}

/** get_lines_till_end_token: the lines up to the macro's end, comments left out; or what is wrong. */
function takeBody(cmd: ReadCommand, name: string, ignoreNesting: boolean): string[] | string {
  const lines: string[] = [];
  let macroDepth = 1;
  let depth = 1;
  let line = cmd.line;
  for (let taken = cmd.takeLine(); taken !== undefined; taken = cmd.takeLine()) {
    const { text, span } = taken;
    line += countLines(span.source, span.start, span.end);
    if (text.length >= LINE_BUFFER) break;
    if (text.startsWith('#')) continue;
    const first = asciiLower(getWord(text)[0]);
    if (first.startsWith('</')) {
      depth--;
      if (depth < 0 && !ignoreNesting) {
        cmd.warn('AH02793', `bad (negative) nesting on line ${line - cmd.line} of ${name}`);
      }
    } else if (first.startsWith('<')) depth++;
    if (first === '</macro>') {
      warnBehind(cmd, 'AH02794', 'directive closing', text.slice(text.lastIndexOf('>') + 1), line);
      if (--macroDepth === 0) {
        if (depth !== 0 && !ignoreNesting) {
          cmd.warn('AH02795', `bad cumulated nesting (${depth > 0 ? '+' : ''}${depth}) in ${name}`);
        }
        return lines;
      }
    } else if (first === '<macro') macroDepth++;
    lines.push(text);
  }
  return 'expected token not found: </Macro>';
}

/** Physical lines of a logical one. */
function countLines(source: SourceText, start: number, end: number): number {
  let count = 1;
  for (let at = source.text.indexOf('\n', start); at >= 0 && at < end; at = source.text.indexOf('\n', at + 1))
    count++;
  return count;
}

function warnUnused(cmd: ReadCommand, macro: Macro): void {
  if (macro.lines.length === 0) {
    cmd.warn('AH02799', `${where(macro)}: empty contents!`);
    return;
  }
  const used = usedParameters(macro);
  for (const [index, parameter] of macro.parameters.entries()) {
    if (!used.has(index))
      cmd.warn('AH02800', `${where(macro)}: argument '${parameter}' (#${index + 1}) never used`);
  }
}

const useMacro: OnRead = (cmd, [text = '']): ApplyResult => {
  const state = macros(cmd.reading);
  if (state.byName === undefined) return 'no macro defined before Use';
  const [name, rest] = getWord(text);
  if (name === '') return 'no macro name specified with Use';
  const macro = state.byName.get(asciiLower(name));
  if (macro === undefined) return `macro '${name}' undefined`;
  const at = cmd.span.source;
  if (at.name.includes(`macro '${macro.name}'`)) return `recursive use of macro '${macro.name}' is invalid`;
  const values = words(rest);
  if (values.length !== macro.parameters.length) {
    return `${where(macro)} used with ${values.length} arguments instead of ${macro.parameters.length}`;
  }
  const place = `${where(macro)} used on line ${cmd.line} of "${at.name}"`;
  if (!state.ignoreEmptyArguments) {
    for (const [index, value] of values.entries()) {
      if (value === '') cmd.warn('AH02798', `${place}: empty argument #${index + 1}`);
    }
  }
  const lines: string[] = [];
  for (const [index, line] of macro.lines.entries()) {
    const expanded = substituteLine(line, macro.parameters, values, LINE_BUFFER);
    if (expanded === undefined) {
      return `${place} error while substituting: while processing line ${index + 1} of ${where(macro)} cannot substitute, buffer size too small`;
    }
    lines.push(expanded);
  }
  cmd.insertText({
    name: place,
    text: lines.map((line) => `${line}\n`).join(''),
    includedFrom: cmd.span,
    isExpansion: true,
  });
  return undefined;
};

const undefMacro: OnRead = (cmd, [name = '']): ApplyResult => {
  const { byName } = macros(cmd.reading);
  if (byName === undefined) return 'no macro defined before UndefMacro';
  return byName.delete(asciiLower(name)) ? undefined : `cannot remove undefined macro '${name}'`;
};

const ignore =
  (field: 'ignoreEmptyArguments' | 'ignoreBadNesting'): OnRead =>
  (cmd) => {
    macros(cmd.reading)[field] = true;
    return undefined;
  };

const row = (
  name: string,
  shape: 'RAW_ARGS' | 'TAKE1',
  usage: string,
  onRead: OnRead,
): AnyRow<unknown, unknown> => ({
  name,
  shape,
  where: OR_ALL,
  usage,
  onRead,
  apply: () => undefined,
});

export const macroRows: readonly AnyRow<unknown, unknown>[] = [
  row('<Macro', 'RAW_ARGS', 'Beginning of a macro definition section.', defineMacro),
  row('Use', 'RAW_ARGS', 'Use of a macro.', useMacro),
  row('UndefMacro', 'TAKE1', 'Remove a macro definition.', undefMacro),
  row(
    'MacroIgnoreEmptyArgs',
    'RAW_ARGS',
    'Globally ignore warnings about empty arguments.',
    ignore('ignoreEmptyArguments'),
  ),
  row(
    'MacroIgnoreBadNesting',
    'RAW_ARGS',
    'Globally ignore warnings about bad nesting.',
    ignore('ignoreBadNesting'),
  ),
];
