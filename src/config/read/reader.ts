/**
 * Pass one: turns text into the directive tree (ap_build_config, ap_build_config_sub, ap_build_cont_config, ap_soak_end_container and
 * execute_now of httpd's server/config.c). Where httpd recurses into files, sections and macros, this walks two stacks, so that no
 * nesting in a text can exhaust ours; where httpd stops at the first error, this notes it and goes on with the likeliest meaning.
 */
import { parseConfiguration } from '../../../grammar/httpd-conf/parser.ts';
import { logicalLineEnd, trimmedEnd } from '../../../grammar/httpd-conf/scan.ts';
import { joinLines, type Statement } from '../../../grammar/httpd-conf/statement.ts';
import type { Problems, Severity } from '../../diagnostics/problem.ts';
import { positionOf, type SourceText, type Span } from '../../diagnostics/source.ts';
import type { ApplyResult, DirectiveError } from '../directive.ts';
import { withUsage } from '../invoke.ts';
import type { ConfigNode } from '../tree.ts';
import { splitArguments, WordCursor } from '../words.ts';
import { asciiLower } from './ascii.ts';
import { errorText } from './files.ts';
import type { IncludeItem, LogicalLine, ReadCommand } from './on-read.ts';
import type { ConfigFiles, IncludedFile } from './options.ts';
import type { ReadingState } from './reading.ts';
import { expandVariables } from './variables.ts';

/** AP_MAX_INCLUDE_DEPTH. */
const MAX_INCLUDE_DEPTH = 128;
/** Files and macro texts in one reading; includes that multiply must not fill the memory. */
const MAX_TEXTS = 100_000;
/** Nobody reads more; a text that is none at all must not make one for each of its lines. */
const MAX_ERRORS = 1000;
const MAX_EXPANSION_BYTES = 256 * 1024 * 1024;

/** A text being read. A macro's expansion shares the file's nesting: what it opens, the file may close. */
interface Frame {
  readonly source: SourceText;
  /** What offsets count into: the source's text, blanked behind NUL bytes. */
  readonly text: string;
  readonly statements: readonly Statement[];
  next: number;
  /** Where the next logical line starts, for actions that take lines raw. */
  lineStart: number;
  readonly hasVariables: boolean;
  /** Number of open sections when the file began. */
  readonly sectionBase: number;
  readonly depth: number;
}

/** Files still to be read in place of an Include. */
interface Pending {
  readonly item: IncludeItem;
  readonly span: Span;
  readonly depth: number;
}

/** A section whose end is not read yet. A transparent one (`<IfModule>` and its kin) is no node: its lines belong to what is around it. */
interface OpenSection {
  readonly name: string;
  readonly key: string;
  readonly isTransparent: boolean;
  readonly span: Span;
  /** Where nodes went before. */
  readonly outer: ConfigNode[];
  /** A wrong end tag was met in it: likely its own, misspelled, so that its missing end is no news. */
  excused: boolean;
}

/** One line taken apart: name without quotes and `>`, arguments joined and expanded. */
interface Line {
  readonly name: string;
  readonly args: string;
  readonly statement: Statement;
  readonly frame: Frame;
}

export interface ReaderOptions {
  readonly state: ReadingState;
  readonly problems: Problems;
  readonly files: ConfigFiles;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isHtaccess: boolean;
  /** Override classes that actions may use. */
  readonly override: number;
  /** Longest line, in bytes, is one less. */
  readonly lineLimit: number;
  /** Texts and their statements by path, kept over the two readings that a text without LoadModule takes. */
  readonly parsed: Map<string, SourceParts>;
}

export interface SourceParts {
  readonly raw: string;
  readonly text: string;
  readonly statements: readonly Statement[];
}

export class Reader {
  readonly tree: ConfigNode[] = [];
  readonly includes: IncludedFile[] = [];
  readonly #options: ReaderOptions;
  readonly #stack: (Frame | Pending)[] = [];
  readonly #open: OpenSection[] = [];
  readonly #keys = new Map<string, string>();
  #nodes: ConfigNode[] = this.tree;
  #texts = 0;
  #expansionBytes = 0;
  #errors = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Reads a file and everything it includes. A missing one is a problem without a place. */
  readFile(path: string): void {
    this.#stack.push({
      item: { file: path, optional: false },
      span: { source: nowhere, start: 0, end: 0 },
      depth: 0,
    });
    this.#run();
  }

  readText(name: string, text: string): void {
    const source: SourceText = { name, text, includedFrom: undefined };
    this.#push(source, partsOf(text), 0);
    this.#run();
  }

  #run(): void {
    for (;;) {
      const top = this.#stack.at(-1);
      if (top === undefined) return;
      if ('item' in top) {
        this.#stack.pop();
        this.#begin(top);
        continue;
      }
      const statement = top.statements[top.next];
      if (statement === undefined) this.#endOf(top);
      else {
        top.next++;
        if (statement.kind !== 'comment') this.#read(top, statement);
      }
    }
  }

  // Texts ---------------------------------------------------------------------------------------------------------------------------

  #begin({ item, span, depth }: Pending): void {
    if ('error' in item) {
      this.#error(item.error, span);
      return;
    }
    const isEntry = span.source === nowhere;
    if (!isEntry && depth > MAX_INCLUDE_DEPTH) {
      this.#abort(
        `Exceeded maximum include depth of ${MAX_INCLUDE_DEPTH}, There appears to be a recursion.`,
        span,
      );
      return;
    }
    let parts = this.#options.parsed.get(item.file);
    if (parts === undefined) {
      try {
        parts = partsOf(this.#options.files.read(item.file));
      } catch (error) {
        if (item.optional) return;
        const message = `Could not open configuration file ${item.file}: ${errorText(error)}`;
        this.#error(message, isEntry ? undefined : span);
        return;
      }
      this.#options.parsed.set(item.file, parts);
    }
    this.includes.push({ path: item.file, span: isEntry ? undefined : span, depth });
    const source: SourceText = { name: item.file, text: parts.raw, includedFrom: isEntry ? undefined : span };
    this.#push(source, parts, depth);
  }

  #push(source: SourceText, parts: SourceParts, depth: number): void {
    const surrounding = source.isExpansion ? this.#frame() : undefined;
    if (++this.#texts > MAX_TEXTS) {
      this.#abort(`more than ${MAX_TEXTS} files and macro uses in one configuration`, source.includedFrom);
      return;
    }
    const frame: Frame = {
      source,
      text: parts.text,
      statements: parts.statements,
      next: 0,
      lineStart: 0,
      hasVariables: parts.text.includes('${'),
      sectionBase: surrounding?.sectionBase ?? this.#open.length,
      depth,
    };
    const tooLong = this.#longLine(frame);
    this.#stack.push(tooLong === undefined ? frame : { ...frame, statements: tooLong });
  }

  /** Statements up to the first line that is too long for httpd, which reads no further; undefined when there is none. */
  #longLine({ source, text, statements }: Frame): readonly Statement[] | undefined {
    const { lineLimit } = this.#options;
    if (text.length < lineLimit) return undefined;
    for (let start = 0, next = 0; start < text.length; ) {
      const end = logicalLineEnd(text, start);
      const length = end - start < lineLimit ? 0 : joinLines(text.slice(start, end)).length;
      if (length >= lineLimit) {
        const { line } = positionOf(source, end);
        this.#report('AL0002', 'error', `Error reading ${source.name} at line ${line}: Line too long`, {
          source,
          start,
          end: start + 1,
        });
        return statements.slice(0, next);
      }
      start = end + 1;
      while (next < statements.length && (statements[next]?.start ?? 0) < start) next++;
    }
    return undefined;
  }

  #frame(): Frame | undefined {
    const top = this.#stack.at(-1);
    return top === undefined || 'item' in top ? undefined : top;
  }

  /** The end of a text. Only a file's end closes nothing by itself: an expansion goes on in the text that used it. */
  #endOf(frame: Frame): void {
    this.#stack.pop();
    if (frame.source.isExpansion) return;
    const left = this.#open.splice(frame.sectionBase);
    const [outermost] = left;
    if (outermost === undefined) return;
    this.#nodes = outermost.outer;
    // Behind a transparent section's start httpd loses sight of what is open, that section included.
    const firstHidden = left.findIndex((section) => section.isTransparent);
    const seen = (firstHidden < 0 ? left : left.slice(0, firstHidden)).filter((section) => !section.excused);
    const message = seen
      .map(({ name, span }) => `${span.source.name}:${lineOf(span)}: ${name}> was not closed.`)
      .reverse()
      .join('\n');
    if (message !== '') this.#error(message, (seen[0] ?? outermost).span);
    for (const { name, span } of firstHidden < 0 ? [] : left.slice(firstHidden)) {
      this.#report('AL0003', 'warning', `${name}> was not closed before the end of the file`, span);
    }
  }

  // Lines ---------------------------------------------------------------------------------------------------------------------------

  #read(frame: Frame, statement: Statement): void {
    const line = this.#takeApart(frame, statement, true);
    const { name } = line;
    if (name === '') return;
    if (name.charCodeAt(0) === LESS && name.charCodeAt(1) === SLASH) {
      this.#close(line);
      return;
    }
    const key = this.#keyOf(name);
    const row = this.#options.state.rowOf(key);
    if (row?.onRead !== undefined) this.#execute(line, key);
    else this.#add(line, key);
  }

  #takeApart(frame: Frame, statement: Statement, expand: boolean): Line {
    const { start, nameEnd, restStart, end } = statement;
    const { text } = frame;
    let name = text.slice(start, nameEnd);
    let args = restStart < end ? joinLines(text.slice(restStart, end)) : '';
    if (expand && frame.hasVariables && text.slice(start, end).includes('${')) {
      const cursor = new WordCursor(this.#expand(joinLines(text.slice(start, end)), frame, statement));
      name = cursor.next();
      args = cursor.rest;
    } else if (needsUnquoting(name)) {
      name = new WordCursor(joinLines(name)).next();
    }
    // ap_build_config_sub takes one `>` off any name that does not close a section, and shows an empty section header as `>`.
    if (name.charCodeAt(name.length - 1) === GREATER && name.charCodeAt(1) !== SLASH)
      name = name.slice(0, -1);
    if (args === '' && name.charCodeAt(0) === LESS) args = '>';
    return { name, args, statement, frame };
  }

  #expand(line: string, frame: Frame, statement: Statement): string {
    const sources = { variables: this.#options.state.variables, environment: this.#options.environment };
    return expandVariables(line, sources, (name) => {
      const at = frame.text.indexOf(`\${${name}}`, statement.start);
      const isHere = at >= 0 && at < statement.end;
      const span = isHere
        ? { source: frame.source, start: at, end: at + name.length + 3 }
        : spanOf(frame, statement.start, statement.nameEnd);
      this.#report('AH00111', 'warning', `Config variable \${${name}} is not defined`, span);
    });
  }

  #keyOf(name: string): string {
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = asciiLower(name);
      this.#keys.set(name, key);
    }
    return key;
  }

  #add(line: Line, key: string): void {
    const { frame, statement, name, args } = line;
    const isSection = name.charCodeAt(0) === LESS;
    const span = spanOf(frame, statement.start, statement.nameEnd);
    const children: ConfigNode[] | undefined = isSection ? [] : undefined;
    const hasRest = statement.restStart < statement.end;
    this.#nodes.push({
      name: isSection ? name.slice(1) : name,
      key,
      args,
      span,
      argsSpan: hasRest ? spanOf(frame, statement.restStart, statement.end) : span,
      children,
    });
    if (children === undefined) return;
    this.#open.push({ name, key, isTransparent: false, span, outer: this.#nodes, excused: false });
    this.#nodes = children;
  }

  #close({ name, frame, statement }: Line): void {
    const span = spanOf(frame, statement.start, statement.nameEnd);
    const top = this.#open.length > frame.sectionBase ? this.#open.at(-1) : undefined;
    if (top?.isTransparent) {
      // Such a section ends at a line that is its end tag and nothing else.
      const whole = joinLines(frame.text.slice(statement.start, statement.end));
      if (asciiLower(whole) === `</${top.key.slice(1)}>`) {
        this.#pop();
        return;
      }
    }
    if (top === undefined || top.isTransparent) {
      this.#error(`${name} without matching <${name.slice(2)} section`, span);
      return;
    }
    const hasBracket = name.endsWith('>');
    const key = `<${asciiLower(name.slice(2, hasBracket ? -1 : undefined))}`;
    if (hasBracket && key === top.key) {
      this.#pop();
      return;
    }
    if (!hasBracket) this.#error(`${name}> directive missing closing '>'`, span);
    else this.#error(`Expected </${top.name.slice(1)}> but saw ${name}`, span);
    this.#recover(key, frame.sectionBase, top);
  }

  #pop(): void {
    const section = this.#open.pop();
    if (section !== undefined) this.#nodes = section.outer;
  }

  /** After a wrong end tag: closes up to the section it names, when one is open; else the tag closes nothing. */
  #recover(key: string, base: number, top: OpenSection): void {
    let at = this.#open.length - 1;
    while (at >= base && this.#open[at]?.isTransparent === false && this.#open[at]?.key !== key) at--;
    if (at < base || this.#open[at]?.isTransparent !== false) {
      top.excused = true;
      return;
    }
    while (this.#open.length > at) this.#pop();
  }

  // Actions -------------------------------------------------------------------------------------------------------------------------

  #execute(line: Line, key: string): void {
    const { state } = this.#options;
    const row = state.rowOf(key);
    if (row?.onRead === undefined) return;
    const span = spanOf(line.frame, line.statement.start, line.statement.nameEnd);
    if ((this.#options.override & row.where) === 0) {
      this.#error(`${row.name} not allowed here`, span);
      return;
    }
    const split = splitArguments(row.shape, line.args);
    if (!split.ok) {
      this.#error(withUsage(row, split.error), span);
      return;
    }
    for (const words of split.calls) {
      const result = row.onRead(this.#command(line, span), words);
      if (result === undefined) continue;
      this.#fail(result, span);
      return;
    }
  }

  #command(line: Line, span: Span): ReadCommand {
    const { state, isHtaccess } = this.#options;
    const { name, args, frame, statement } = line;
    const hasRest = statement.restStart < statement.end;
    return {
      name,
      args,
      reading: state,
      span,
      argsSpan: hasRest ? spanOf(frame, statement.restStart, statement.end) : span,
      line: lineOf(span),
      isHtaccess,
      warn: (code, message, hint, at) => this.#report(code, 'warning', message, at ?? span, hint),
      readSection: () => {
        this.#open.push({
          name,
          key: this.#keyOf(name),
          isTransparent: true,
          span,
          outer: this.#nodes,
          excused: false,
        });
      },
      skipSection: () => this.#skip(name),
      takeLine: () => this.#takeLine(),
      insertText: (source) => this.#insert(source),
      includeFiles: (items) => {
        const { depth } = frame;
        for (const item of items.toReversed()) this.#stack.push({ item, span, depth: depth + 1 });
      },
    };
  }

  #insert(source: SourceText): void {
    this.#expansionBytes += source.text.length + source.name.length;
    if (this.#expansionBytes > MAX_EXPANSION_BYTES) {
      this.#abort('macro expansions of this configuration are too large', source.includedFrom);
      return;
    }
    this.#push(source, partsOf(source.text), this.#frame()?.depth ?? 0);
  }

  /** The next statement of this file, from the texts inserted into it first; undefined at the file's end. */
  #nextStatement(): { frame: Frame; statement: Statement } | undefined {
    for (;;) {
      const frame = this.#frame();
      if (frame === undefined) return undefined;
      const statement = frame.statements[frame.next];
      if (statement !== undefined) {
        frame.next++;
        return { frame, statement };
      }
      if (!frame.source.isExpansion) return undefined;
      this.#stack.pop();
    }
  }

  /** ap_soak_end_container: counts sections to find the end, without a look at anything else. Variables are not expanded. */
  #skip(section: string): ApplyResult {
    const open = [section.slice(1)];
    let firstError: string | undefined;
    while (open.length > 0) {
      const next = this.#nextStatement();
      const expected = open.at(-1) ?? '';
      if (next === undefined) return firstError ?? `Expected </${expected}> before end of configuration`;
      const { frame, statement } = next;
      if (statement.kind === 'comment') continue;
      const { name, args } = this.#takeApart(frame, statement, false);
      if (name.charCodeAt(0) !== LESS) continue;
      if (name.charCodeAt(1) !== SLASH) {
        // Only a `>` at the very end of the line is taken off the name here.
        const kept = args === '>' || !frame.text.slice(statement.start, statement.nameEnd).endsWith('>');
        open.push(kept ? name.slice(1) : `${name.slice(1)}>`);
        continue;
      }
      const seen = name.slice(2, -1);
      const at = open.findLastIndex((one) => asciiLower(one) === asciiLower(seen));
      if (at !== open.length - 1) firstError ??= `Expected </${expected}> but saw </${seen}>`;
      // An end that matches something further out ends that; one that matches nothing is passed over.
      if (at >= 0) open.length = at;
    }
    return firstError;
  }

  #takeLine(): LogicalLine | undefined {
    for (;;) {
      const frame = this.#frame();
      if (frame === undefined) return undefined;
      const { text, statements } = frame;
      const previous = statements[frame.next - 1];
      const start = Math.max(
        frame.lineStart,
        previous === undefined ? 0 : logicalLineEnd(text, previous.end) + 1,
      );
      if (start >= text.length) {
        if (!frame.source.isExpansion) return undefined;
        this.#stack.pop();
        continue;
      }
      const end = logicalLineEnd(text, start);
      frame.lineStart = end + 1;
      while ((statements[frame.next]?.start ?? text.length) < end) frame.next++;
      const joined = joinLines(text.slice(start, trimmedEnd(text, start, end)));
      return {
        text: joined.replace(/^[ \t-\r]+/, ''),
        span: { source: frame.source, start, end: Math.max(end, start) },
      };
    }
  }

  // Problems ------------------------------------------------------------------------------------------------------------------------

  #fail(result: string | DirectiveError, span: Span): void {
    if (typeof result === 'string') this.#error(result, span);
    else this.#report('AH00526', 'error', result.message, span, result.hint);
  }

  #error(message: string, span: Span | undefined): void {
    this.#report('AH00526', 'error', message, span);
  }

  #report(code: string, severity: Severity, message: string, span: Span | undefined, hint?: string): void {
    this.#options.problems.add({ code, severity, message, span, hint, whileReading: true });
    if (severity !== 'error' || ++this.#errors < MAX_ERRORS) return;
    this.#stack.length = 0;
    this.#open.length = 0;
  }

  /** An error after which nothing more is read. */
  #abort(message: string, span: Span | undefined): void {
    this.#error(message, span);
    this.#stack.length = 0;
    this.#open.length = 0;
  }
}

const SLASH = 47;
const LESS = 60;
const GREATER = 62;

/** The source of what stands in no text. */
const nowhere: SourceText = { name: '', text: '', includedFrom: undefined };

export function partsOf(raw: string): SourceParts {
  return { raw, ...parseConfiguration(raw) };
}

/** Names are nearly always plain; quotes, backslashes and continuations take the slow way. */
function needsUnquoting(name: string): boolean {
  const first = name.charCodeAt(0);
  return first === 34 || first === 39 || name.includes('\\');
}

function spanOf(frame: Frame, start: number, end: number): Span {
  return { source: frame.source, start, end };
}

/** The line that httpd counts for what starts here: the last one of its logical line. */
export function lineOf(span: Span): number {
  return positionOf(span.source, logicalLineEnd(span.source.text, span.start)).line;
}
