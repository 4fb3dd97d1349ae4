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

/** `escapes`: how the rule wants its back-references escaped. */
export function compileTemplate(text: string, escapes?: Escapes): Template {
  const builder = new Builder();
  let at = 0;
  while (at < text.length) {
    const c = text[at] as string;
    const next = text[at + 1];
    if (c === '\\') {
      builder.literal += next ?? c;
      at += 2;
    } else if ((c === '$' || c === '%') && next === '{') {
      at = compileBraces(builder, text, at, escapes);
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
function compileBraces(builder: Builder, text: string, at: number, escapes: Escapes | undefined): number {
  const from = at + 2;
  const end = findInBraces(text, from, '}');
  if (end >= 0 && text[at] === '%') {
    builder.add(compileVariable(text.slice(from, end)));
    return end + 1;
  }
  const colon = end < 0 ? -1 : findInBraces(text, from, ':');
  if (colon < 0) {
    builder.literal += text.slice(at, from);
    return from;
  }
  const inner = text.slice(0, end);
  const bar = findInBraces(inner, colon + 1, '|');
  const key = compileTemplate(inner.slice(colon + 1, bar < 0 ? end : bar), escapes);
  const fallback = bar < 0 || bar + 1 === end ? undefined : compileTemplate(inner.slice(bar + 1), escapes);
  builder.usesRule ||= key.usesRule || fallback?.usesRule === true;
  builder.add(compileLookup(text.slice(from, colon), key, fallback));
  return end + 1;
}

/** Finds a character outside of any inner pair of braces; -1 when the braces end before it. */
function findInBraces(text: string, from: number, wanted: string): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    if (wanted !== '}' && c === wanted && depth === 1) return at;
    if (c === '}' && --depth === 0) return wanted === '}' ? at : -1;
    if (c === '{') depth++;
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
  builder.add((pass) => {
    const plain = value(pass);
    if (plain === '') return '';
    const escaped = escapeReference(plain, escapes);
    if (pass.trace >= 5) pass.log(5, `escaping backreference '${plain}' to '${escaped}'`);
    return escaped;
  });
}

const HEX = '0123456789abcdef';

/** escape_backref. Hex digits are lower case. */
export function escapeReference(text: string, escapes: Escapes): string {
  const { only, never, noPlus, controls } = escapes;
  let escaped = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    const code = text.charCodeAt(i) & 0xff;
    const isControl = code <= 0x20 || code === 0x7f;
    const isMeant = (controls ? isControl : only === undefined) || only?.includes(c) === true;
    if (!isMeant || never?.includes(c) === true || /[A-Za-z0-9_]/.test(c)) escaped += c;
    else if (c === ' ' && !noPlus) escaped += '+';
    else escaped += `%${HEX[code >> 4]}${HEX[code & 15]}`;
  }
  return escaped;
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
