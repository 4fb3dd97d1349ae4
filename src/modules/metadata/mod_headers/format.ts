/** Values of Header and RequestHeader: text with `%{...}` specifiers, or an expression (parse_format_string, process_tags). */

import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import { evaluateText } from '../../../core/expression-context.ts';
import { Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { tlsVariable } from '../../../core/tls.ts';
import { compileString } from '../../../expr/index.ts';
import { now } from '../../../lib/clock.ts';

/** Makes a value for a request. */
export type Format = (r: Request) => string;

const MISSING = '(null)';

/** Line ends of a value from elsewhere become blanks (unwrap_header). */
function unwrap(value: string | undefined): string {
  if (value === undefined) return MISSING;
  return /[\r\n]/.test(value) ? value.replace(/[\r\n]/g, ' ') : value;
}

/** Percentage of time this process was busy since it was last asked for. */
let lastUtilization = performance.eventLoopUtilization();
function busyPercentage(): number {
  const now = performance.eventLoopUtilization();
  const { utilization } = performance.eventLoopUtilization(now, lastUtilization);
  lastUtilization = now;
  return Math.round(100 * (Number.isFinite(utilization) ? utilization : 0));
}

/** Times in microseconds. */
const SPECIFIERS: Readonly<Record<string, (name: string) => Format>> = {
  D: () => (r) => `D=${Math.round((now() - r.requestTime) * 1000)}`,
  t: () => (r) => `t=${Math.round(r.requestTime * 1000)}`,
  e: (name) => (r) => unwrap(r.getEnv(name)),
  s: (name) => (r) => unwrap(tlsVariable(r, name)),
  l: () => () =>
    `l=${loadavg()
      .map((load) => load.toFixed(2))
      .join('/')}`,
  b: () => () => `b=${busyPercentage()}`,
  i: () => () => `i=${100 - busyPercentage()}`,
};

export type FormatResult = { readonly format: Format } | { readonly error: string };

/** Compiles a value. `%{name}x`, `%%`; `\n`, `\t`, `\r`, `\\` are control characters, any other backslash stays. */
export function compileFormat(text: string, restricted: boolean): FormatResult {
  if (text.startsWith('expr=')) return compileExpression(text.slice(5), restricted);
  const parts: (string | Format)[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] !== '%') {
      const next = text.indexOf('%', at);
      const end = next < 0 ? text.length : next;
      parts.push(controlCharacters(text.slice(at, end)));
      at = end;
      continue;
    }
    at++;
    if (at === text.length || text[at] === '%') {
      parts.push('%');
      at++;
      continue;
    }
    let name = '';
    if (text[at] === '{') {
      const close = text.indexOf('}', at);
      name = text.slice(at + 1, close < 0 ? text.length : close);
      at = close < 0 ? text.length : close + 1;
    }
    const letter = text[at++] ?? '';
    if (!Object.hasOwn(SPECIFIERS, letter)) return { error: `Unrecognized header format %${letter}` };
    parts.push((SPECIFIERS[letter] as (name: string) => Format)(name));
  }
  return { format: join(parts) };
}

function controlCharacters(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    /\\([\\rnt])/g,
    (_, c: string) => ({ '\\': '\\', r: '\r', n: '\n', t: '\t' })[c] as string,
  );
}

function join(parts: readonly (string | Format)[]): Format {
  if (parts.every((part) => typeof part === 'string')) {
    const constant = parts.join('');
    return () => constant;
  }
  return (r) => {
    let value = '';
    for (const part of parts) value += typeof part === 'string' ? part : part(r);
    return value;
  };
}

function compileExpression(source: string, restricted: boolean): FormatResult {
  const compiled = compileString(source, { restricted });
  if (!compiled.ok) return { error: `Can't parse value expression : ${compiled.error.message}` };
  const { expr } = compiled;
  return {
    format: (r) =>
      evaluateText(expr, r, (reason) => {
        logRequest(r, 'headers', Level.error, 'AH02557', `Can't evaluate value expression: ${reason}`);
      }) ?? '',
  };
}
