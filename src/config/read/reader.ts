/**
 * Pass one: turns text into the directive tree (ap_build_config, ap_build_config_sub, ap_build_cont_config, ap_soak_end_container and
 * execute_now of httpd's server/config.c). Where httpd recurses into files, sections and macros, this walks two stacks, so that no
 * nesting in a text can exhaust ours; where httpd stops at the first error, this notes it and goes on with the likeliest meaning.
 */
import { logicalLineEnd } from '../../../grammar/httpd-conf/scan.ts';
import { joinLines, type Statement } from '../../../grammar/httpd-conf/statement.ts';
import type { Problems, Severity } from '../../diagnostics/problem.ts';
import { httpdLine } from '../../diagnostics/render.ts';
import { positionOf, type SourceText, type Span } from '../../diagnostics/source.ts';
import { asciiLower } from '../../lib/ascii.ts';
import type { DirectiveError } from '../directive.ts';
import { withUsage } from '../invoke.ts';
import type { ConfigNode } from '../tree.ts';
import { splitArguments } from '../words.ts';
import { errorText } from './files.ts';
import { LESS, type Line, SLASH, skipSection, takeApart } from './line.ts';
import type { ReadCommand } from './on-read.ts';
import type { ConfigFiles, IncludedFile } from './options.ts';
import type { ReadingState } from './reading.ts';
import { SectionStack } from './sections.ts';
import { type Frame, type Pending, partsOf, type SourceParts, spanOf, TextStack } from './texts.ts';
import { type Environment, expandVariables } from './variables.ts';

/** AP_MAX_INCLUDE_DEPTH. */
const MAX_INCLUDE_DEPTH = 128;
/** Files and macro texts in one reading; includes that multiply must not fill the memory. */
const MAX_TEXTS = 100_000;
/** Nobody reads more; a text that is none at all must not make one for each of its lines. */
const MAX_ERRORS = 1000;
const MAX_EXPANSION_BYTES = 256 * 1024 * 1024;

export interface ReaderOptions {
  readonly state: ReadingState;
  readonly problems: Problems;
  readonly files: ConfigFiles;
  readonly environment: Environment;
  readonly isHtaccess: boolean;
  /** Override classes that actions may use. */
  readonly override: number;
  /** What they do not grant is skipped with a warning instead of refused (AllowOverride Nonfatal=Override). */
  readonly isOverrideNonfatal: boolean;
  /** Longest line, in bytes, is one less. */
  readonly lineLimit: number;
  /** Texts and their statements by path, kept over the two readings that a text without LoadModule takes. */
  readonly parsed: Map<string, SourceParts>;
  /** Told of every conditional section that is passed over. */
  onSkip(command: ReadCommand): void;
}

export class Reader {
  readonly includes: IncludedFile[] = [];
  readonly #options: ReaderOptions;
  readonly #texts = new TextStack();
  readonly #sections = new SectionStack((message, span) => this.#error(message, span));
  readonly #keys = new Map<string, string>();
  #textCount = 0;
  #expansionBytes = 0;
  #errors = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }
  get tree(): readonly ConfigNode[] {
    return this.#sections.tree;
  }

  /** Reads a file and everything it includes. A missing one is a problem without a place. */
  readFile(path: string): void {
    this.#texts.push({
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
      const { top } = this.#texts;
      if (top === undefined) return;
      if ('item' in top) {
        this.#texts.pop();
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
    const surrounding = source.isExpansion ? this.#texts.frame : undefined;
    if (++this.#textCount > MAX_TEXTS) {
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
      sectionBase: surrounding?.sectionBase ?? this.#sections.count,
      depth,
    };
    const tooLong = this.#longLine(frame);
    this.#texts.push(tooLong === undefined ? frame : { ...frame, statements: tooLong });
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

  /** The end of a text. Only a file's end closes nothing by itself: an expansion goes on in the text that used it. */
  #endOf(frame: Frame): void {
    this.#texts.pop();
    if (frame.source.isExpansion) return;
    for (const { name, span } of this.#sections.leave(frame.sectionBase)) {
      this.#report('AL0003', 'warning', `${name}> was not closed before the end of the file`, span);
    }
  }

  // Lines ---------------------------------------------------------------------------------------------------------------------------

  #read(frame: Frame, statement: Statement): void {
    const expand = frame.hasVariables ? (text: string) => this.#expand(text, frame, statement) : undefined;
    const line = takeApart(frame, statement, expand);
    const { name } = line;
    if (name === '') return;
    if (name.charCodeAt(0) === LESS && name.charCodeAt(1) === SLASH) {
      this.#sections.close(line);
      return;
    }
    const key = this.#keyOf(name);
    const row = this.#options.state.rowOf(key);
    if (row?.onRead !== undefined) this.#execute(line, key);
    else this.#sections.add(line, key);
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

  // Actions -------------------------------------------------------------------------------------------------------------------------

  #execute(line: Line, key: string): void {
    const { state } = this.#options;
    const row = state.rowOf(key);
    if (row?.onRead === undefined) return;
    const span = spanOf(line.frame, line.statement.start, line.statement.nameEnd);
    if ((this.#options.override & row.where) === 0) {
      if (!this.#options.isOverrideNonfatal) {
        this.#error(`${row.name} not allowed here`, span);
        return;
      }
      this.#report('AH02295', 'warning', `${row.name} in .htaccess forbidden by AllowOverride`, span);
      if (key.startsWith('<')) this.#command(line, span).skipSection();
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
    const command: ReadCommand = {
      name,
      args,
      reading: state,
      span,
      argsSpan: hasRest ? spanOf(frame, statement.restStart, statement.end) : span,
      line: httpdLine(span),
      isHtaccess,
      warn: (code, message, hint, at) => this.#report(code, 'warning', message, at ?? span, hint),
      readSection: () => this.#sections.openTransparent(name, this.#keyOf(name), span),
      skipSection: () => {
        this.#options.onSkip(command);
        return skipSection(this.#texts, name);
      },
      takeLine: () => this.#texts.takeLine(),
      insertText: (source) => this.#insert(source),
      includeFiles: (items) => {
        const { depth } = frame;
        for (const item of items.toReversed()) this.#texts.push({ item, span, depth: depth + 1 });
      },
    };
    return command;
  }

  #insert(source: SourceText): void {
    this.#expansionBytes += source.text.length + source.name.length;
    if (this.#expansionBytes > MAX_EXPANSION_BYTES) {
      this.#abort('macro expansions of this configuration are too large', source.includedFrom);
      return;
    }
    this.#push(source, partsOf(source.text), this.#texts.frame?.depth ?? 0);
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
    this.#texts.clear();
    this.#sections.clear();
  }

  /** An error after which nothing more is read. */
  #abort(message: string, span: Span | undefined): void {
    this.#error(message, span);
    this.#texts.clear();
    this.#sections.clear();
  }
}

/** The source of what stands in no text. */
const nowhere: SourceText = { name: '', text: '', includedFrom: undefined };
