/**
 * Strings with `$1`, `%1`, `%{VARIABLE}` and `${map:key|default}` in them, compiled when the configuration is read (do_expand). What comes out of
 * an expansion is never expanded again.
 */
import type { Escapes } from './conf.ts';
import { lookUpMap } from './maps.ts';
import type { Eventual, Pass } from './pass.ts';
import { compileVariable } from './variables.ts';

type Part = string | ((pass: Pass) => Eventual<string>);

export interface Template {
  /** Literal text and what is to be expanded, in turn. */
  readonly parts: readonly Part[];
  /** The text where nothing is to be expanded. */
  readonly constant: string | undefined;
  /** How many parts stand before the first `?` that is written in the text. */
  readonly beforeQuestion: number;
  /** Whether it refers to groups of the rule's pattern. */
  readonly usesRule: boolean;
}

/** What compiling collects. */
class Builder {
  readonly parts: Part[] = [];
  literal = '';
  beforeQuestion = -1;
  usesRule = false;

  add(part: Exclude<Part, string>): void {
    this.flush();
    this.parts.push(part);
  }
  flush(): void {
    if (this.literal !== '') this.parts.push(this.literal);
    this.literal = '';
  }
  finish(): Template {
    const { parts } = this;
    this.flush();
    const [first] = parts;
    const constant =
      parts.length === 0 ? '' : parts.length === 1 && typeof first === 'string' ? first : undefined;
    const { usesRule, beforeQuestion } = this;
    return { parts, constant, usesRule, beforeQuestion: beforeQuestion < 0 ? parts.length : beforeQuestion };
  }
}

/** What is compiled, and for each opening brace in it the place of its closing one; -1: none. */
interface Source {
  readonly text: string;
  readonly closes: Int32Array;
  readonly escapes: Escapes | undefined;
}

const NO_BRACES = new Int32Array(0);
/** How deep look-ups may stand in one another: more is a configuration error. */
const DEEPEST = 100;

/** Pairs of braces, whatever stands before them. */
function matchBraces(text: string): { readonly closes: Int32Array; readonly depth: number } {
  if (!text.includes('{')) return { closes: NO_BRACES, depth: 0 };
  const closes = new Int32Array(text.length).fill(-1);
  const open: number[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === OPEN_BRACE) open.push(at);
    else if (c === CLOSE_BRACE && open.length > 0) {
      depth = Math.max(depth, open.length);
      closes[open.pop() as number] = at;
    }
  }
  return { closes, depth };
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Whether braces stand in one another so deep that expanding them would fill the stack. */
export function isTooDeep(text: string): boolean {
  return matchBraces(text).depth > DEEPEST;
}

/** `escapes`: how the rule wants its back-references escaped. */
export function compileTemplate(text: string, escapes?: Escapes): Template {
  return compileRange({ text, closes: matchBraces(text).closes, escapes }, 0, text.length);
}

function compileRange(source: Source, from: number, to: number): Template {
  const { text, escapes } = source;
  const builder = new Builder();
  let at = from;
  while (at < to) {
    const c = text[at] as string;
    const next = at + 1 < to ? text[at + 1] : undefined;
    if (c === '\\') {
      builder.literal += next ?? c;
      at += 2;
    } else if ((c === '$' || c === '%') && next === '{') {
      at = compileBraces(builder, source, at);
    } else if ((c === '$' || c === '%') && next !== undefined && next >= '0' && next <= '9') {
      compileReference(builder, c === '$', Number(next), escapes);
      at += 2;
    } else {
      if (c === '?' && builder.beforeQuestion < 0) builder.beforeQuestion = builder.parts.length;
      builder.literal += c;
      at++;
    }
  }
  return builder.finish();
}

/** `%{...}` and `${...}`; answers where to go on. What is not closed, or names no map, is text. */
function compileBraces(builder: Builder, source: Source, at: number): number {
  const { text, closes } = source;
  const from = at + 2;
  const end = closes[at + 1] ?? -1;
  if (end >= 0 && text[at] === '%') {
    builder.add(compileVariable(text.slice(from, end)));
    return end + 1;
  }
  const colon = end < 0 ? -1 : findOutside(source, from, end, ':');
  if (colon < 0) {
    builder.literal += text.slice(at, from);
    return from;
  }
  const bar = findOutside(source, colon + 1, end, '|');
  const key = compileRange(source, colon + 1, bar < 0 ? end : bar);
  const fallback = bar < 0 || bar + 1 === end ? undefined : compileRange(source, bar + 1, end);
  builder.usesRule ||= key.usesRule || fallback?.usesRule === true;
  builder.add(compileLookup(text.slice(from, colon), key, fallback));
  return end + 1;
}

/** Finds a character between two places of the same pair of braces, outside of any inner pair; -1: none. */
function findOutside({ text, closes }: Source, from: number, to: number, wanted: string): number {
  for (let at = from; at < to; at++) {
    if (text[at] === wanted) return at;
    if (text.charCodeAt(at) === OPEN_BRACE) at = closes[at] as number;
  }
  return -1;
}

function compileLookup(map: string, key: Template, fallback: Template | undefined): Exclude<Part, string> {
  return (pass) => {
    const wanted = expand(key, pass);
    const found =
      typeof wanted === 'string' ? lookUpMap(pass, map, wanted) : wanted.then((k) => lookUpMap(pass, map, k));
    if (found instanceof Promise) return found.then((value) => value ?? orElse(fallback, pass));
    return found ?? orElse(fallback, pass);
  };
}

function orElse(fallback: Template | undefined, pass: Pass): Eventual<string> {
  return fallback === undefined ? '' : expand(fallback, pass);
}

function compileReference(
  builder: Builder,
  isRule: boolean,
  number: number,
  escapes: Escapes | undefined,
): void {
  builder.usesRule ||= isRule;
  const value = isRule
    ? (pass: Pass): string => pass.ruleGroups?.[number] ?? ''
    : (pass: Pass): string => pass.conditionGroups?.[number] ?? '';
  if (escapes === undefined) {
    builder.add(value);
    return;
  }
  const escapeGroup = compileEscapes(escapes);
  builder.add((pass) => {
    const plain = value(pass);
    if (plain === '') return '';
    const escaped = escapeGroup(plain);
    if (pass.trace >= 5) pass.log(5, `escaping backreference '${plain}' to '${escaped}'`);
    return escaped;
  });
}

const HEX = '0123456789abcdef';

/** escape_backref. Hex digits are lower case. */
export function compileEscapes({ only, never, noPlus, controls }: Escapes): (text: string) => string {
  const escapes = new Array<string | undefined>(256);
  for (let code = 0; code < 256; code++) {
    const c = String.fromCharCode(code);
    const isControl = code <= 0x20 || code === 0x7f;
    const isMeant = (controls ? isControl : only === undefined) || only?.includes(c) === true;
    if (!isMeant || never?.includes(c) === true || /[A-Za-z0-9_]/.test(c)) continue;
    escapes[code] = c === ' ' && !noPlus ? '+' : `%${HEX[code >> 4]}${HEX[code & 15]}`;
  }
  return (text) => {
    let escaped = '';
    for (let i = 0; i < text.length; i++) escaped += escapes[text.charCodeAt(i) & 0xff] ?? text[i];
    return escaped;
  };
}

/** Expands for whoever only wants the text. */
export function expand(template: Template, pass: Pass): Eventual<string> {
  if (template.constant !== undefined) return template.constant;
  const { parts } = template;
  if (parts.length === 1) return (parts[0] as Exclude<Part, string>)(pass);
  return expandFrom(parts, 0, '', pass, 0);
}

/** Expands a substitution, and notes on the way whether a `?` came from elsewhere than the configuration. */
export function expandSubstitution(template: Template, pass: Pass): Eventual<string> {
  if (template.constant !== undefined) return template.constant;
  return expandFrom(template.parts, 0, '', pass, template.beforeQuestion);
}

function expandFrom(
  parts: readonly Part[],
  from: number,
  before: string,
  pass: Pass,
  exposed: number,
): Eventual<string> {
  let text = before;
  for (let i = from; i < parts.length; i++) {
    const part = parts[i] as Part;
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = part(pass);
    if (typeof value !== 'string') {
      return value.then((found) => {
        if (i < exposed && found.includes('?')) pass.hasUnsafeQuestion = true;
        return expandFrom(parts, i + 1, text + found, pass, exposed);
      });
    }
    if (i < exposed && value.includes('?')) pass.hasUnsafeQuestion = true;
    text += value;
  }
  return text;
}
