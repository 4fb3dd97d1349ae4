/**
 * The one place that turns problems into text: httpd's own line or lines first, so that whoever knows httpd knows the message, then where
 * it stands and what to do. Also a plain-data form for programs.
 */
import { Buffer } from 'node:buffer';
import type { Problem } from './problem.ts';
import { lineText, positionOf, type SourceText, type Span } from './source.ts';

/** The name of the text that -C and -c directives make. */
const COMMAND_LINE = '-c/-C directives';
/** Longest piece of a source line that a frame shows, in bytes. */
const FRAME_WIDTH = 160;

/** The line that httpd counts for a directive: the last one of its continued lines. */
export function httpdLine(span: Span): number {
  const { source, start } = span;
  const { text } = source;
  let newline = text.indexOf('\n', start);
  while (newline >= 0) {
    const end = text[newline - 1] === '\r' ? newline - 1 : newline;
    if (end <= start || text[end - 1] !== '\\') break;
    newline = text.indexOf('\n', newline + 1);
  }
  return positionOf(source, newline < 0 ? text.length : newline).line;
}

/**
 * What httpd prints for the problem, a string a line, without the program's name or a time in front. Bytes that are not printable ASCII
 * are escaped as in httpd's log (ap_escape_errorlog_item).
 */
export function httpdLines(problem: Problem): readonly string[] {
  const { span, message } = problem;
  if (problem.severity !== 'error')
    return [escapeLog(problem.code.startsWith('AH') ? `${problem.code}: ${message}` : message)];
  if (span === undefined || problem.code === 'AL0002') return [escapeLog(message)];
  if (!problem.whileReading) {
    return [
      `${problem.code}: Syntax error on line ${httpdLine(span)} of ${escapeLog(span.source.name)}:`,
      escapeLog(message),
    ];
  }
  const places = fileChain(span).map((at) =>
    at.source.name === COMMAND_LINE
      ? 'Syntax error in -C/-c directive: '
      : `Syntax error on line ${httpdLine(at)} of ${at.source.name}: `,
  );
  return [escapeLog(places.join('') + message)];
}

/** The place and the Include lines that led to its file, outermost first. A macro's text stands in the file that used it. */
function fileChain(span: Span): readonly Span[] {
  const chain = [span];
  for (let source: SourceText | undefined = span.source; source !== undefined; ) {
    const from: Span | undefined = source.includedFrom;
    if (from === undefined) break;
    if (!source.isExpansion) chain.unshift(from);
    source = from.source;
  }
  return chain;
}

function escapeLog(text: string): string {
  return text.replace(/[^ -\x5b\x5d-\x7e]/g, (char) => {
    const named = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\b': '\\b', '\v': '\\v', '\\': '\\\\' }[char];
    return named ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** The problem in full: httpd's lines, the source line with carets, the hint, the chain of Includes. */
export function renderProblem(problem: Problem): string {
  const lines = [...httpdLines(problem)];
  if (problem.span !== undefined) lines.push(...frame(problem.span));
  if (problem.hint !== undefined) lines.push(`  hint: ${readable(problem.hint)}`);
  if (problem.span !== undefined) lines.push(...inclusions(problem.span.source));
  return lines.join('\n');
}

/** A problem as plain data: lines and columns from 1, columns and lengths in bytes. */
export interface ProblemData {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly length?: number;
  readonly hint?: string;
  readonly includedFrom?: readonly { readonly file: string; readonly line: number }[];
}

export function problemData(problem: Problem): ProblemData {
  const { code, severity, span, hint } = problem;
  const data: ProblemData = { code, severity, message: readable(problem.message) };
  const advice = hint === undefined ? {} : { hint: readable(hint) };
  if (span === undefined) return { ...data, ...advice };
  const chain = sourceChain(span.source).map((from) => ({
    file: readable(from.source.name),
    line: httpdLine(from),
  }));
  return {
    ...data,
    file: readable(span.source.name),
    ...positionOf(span.source, span.start),
    length: Math.max(0, span.end - span.start),
    ...advice,
    ...(chain.length > 0 ? { includedFrom: chain } : {}),
  };
}

function placeText(span: Span): string {
  const { line, column } = positionOf(span.source, span.start);
  return `${readable(span.source.name)}:${line}:${column}`;
}

function frame(span: Span): string[] {
  const { line, column } = positionOf(span.source, span.start);
  const whole = lineText(span.source, line);
  const from = column <= FRAME_WIDTH / 2 || whole.length <= FRAME_WIDTH ? 0 : column - 1 - FRAME_WIDTH / 4;
  const shown = whole.slice(from, from + FRAME_WIDTH);
  const gutter = String(line);
  const before = shown.slice(0, Math.max(0, column - 1 - from));
  const marked = shown.slice(before.length, before.length + Math.max(1, span.end - span.start));
  const blank = ' '.repeat(gutter.length);
  return [
    `  --> ${placeText(span)}`,
    `  ${gutter} | ${from > 0 ? '...' : ''}${readable(shown)}`,
    // Tabs stay, so that the carets stand under what they mark.
    `  ${blank} | ${from > 0 ? '   ' : ''}${readable(before).replace(/[^\t]/gu, ' ')}${'^'.repeat(Math.max(1, [...readable(marked)].length))}`,
  ];
}

/** The Includes and Uses that led to a source, innermost first. */
function sourceChain(source: SourceText): readonly Span[] {
  const chain: Span[] = [];
  for (let from = source.includedFrom; from !== undefined; from = from.source.includedFrom) chain.push(from);
  return chain;
}

/** A recursion makes long chains, of which the ends say enough. */
const CHAIN_SHOWN = 8;

function inclusions(source: SourceText): string[] {
  const chain = sourceChain(source);
  const lines = chain
    .slice(0, CHAIN_SHOWN)
    .map((from) => `  included from ${readable(from.source.name)}:${httpdLine(from)}`);
  if (chain.length > CHAIN_SHOWN) lines.push(`  ... and ${chain.length - CHAIN_SHOWN} more`);
  return lines;
}

/** Bytes as the text they most likely are: UTF-8. What a terminal would act on is replaced. */
function readable(bytes: string): string {
  const text = /[^\0-\x7f]/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
  return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd');
}

/** `file:line:column: severity: message [code]`, the source line with carets, the hint, the chain of Includes. */
export function renderFinding(problem: Problem, file: string): string {
  const { span, severity, message, code, hint } = problem;
  const place = span === undefined ? readable(file) : placeText(span);
  const lines = [`${place}: ${severity}: ${readable(message).replaceAll('\n', '; ')} [${code}]`];
  if (span !== undefined && span.end > span.start) lines.push(...frame(span).slice(1));
  if (hint !== undefined) lines.push(`  hint: ${readable(hint)}`);
  if (span !== undefined) lines.push(...inclusions(span.source));
  return lines.join('\n');
}
