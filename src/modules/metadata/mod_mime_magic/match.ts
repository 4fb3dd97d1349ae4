/** Whether a file's first bytes are what the magic file describes (softmagic, match, mget, mcheck, mprint of mod_mime_magic.c). */
import { latin1Slice } from '../../../http/bytes.ts';
import { formatCtime } from '../../../lib/strftime.ts';
import { and, isEqual, isGreater, type Long, ofInt, toBigInt } from './integer.ts';
import { type MagicRule, type MagicType, STRING_SIZE } from './magic-file.ts';

/**
 * What the first rule that holds, and those below it, print of `bytes` (a NUL behind them counted in); undefined when none holds.
 * One that holds and prints nothing ends the search too.
 */
export function describeContent(rules: readonly MagicRule[], bytes: Buffer): string | undefined {
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as MagicRule;
    const at = look(rule, bytes);
    if (at < 0 || !holds(rule, bytes, at)) {
      while ((rules[i + 1]?.level ?? 0) !== 0) i++;
      continue;
    }
    return describeBelow(rules, i + 1, bytes, print(rule, bytes, at), rule.description !== '');
  }
  return undefined;
}

/** Adds what the rules below the one that held print. */
function describeBelow(
  rules: readonly MagicRule[],
  from: number,
  bytes: Buffer,
  head: string,
  printed: boolean,
): string {
  let text = head;
  let isSeparate = printed;
  let level = 1;
  for (let i = from; i < rules.length; i++) {
    const rule = rules[i] as MagicRule;
    if (rule.level === 0) break;
    if (rule.level > level) continue;
    level = rule.level;
    const at = look(rule, bytes);
    if (at < 0 || !holds(rule, bytes, at)) continue;
    if (isSeparate && !rule.joins && rule.description !== '') {
      text += ' ';
      isSeparate = false;
    }
    text += print(rule, bytes, at);
    if (rule.description !== '') isSeparate = true;
    level++;
  }
  return text;
}

/** Where the rule's value stands; -1: not within the bytes. Each value is copied with the 64 bytes of the longest, whatever its type. */
function look(rule: MagicRule, bytes: Buffer): number {
  const { type, offset, indirect } = rule;
  if (type === undefined || !isInside(offset, bytes)) return -1;
  if (indirect === undefined) return offset;
  const further = indirect.offset + pointerAt(type, indirect.type, bytes, offset);
  return isInside(further, bytes) ? further : -1;
}

function isInside(offset: number, bytes: Buffer): boolean {
  return offset >= 0 && offset + STRING_SIZE <= bytes.length;
}

/** A pointer is read from what the rule's own type has made of the bytes. */
function pointerAt(type: MagicType, width: 'byte' | 'short' | 'long', bytes: Buffer, offset: number): number {
  const isConverted = type.startsWith('be') || type.startsWith('le');
  const number = isConverted ? numberAt(type, bytes, offset) : longAt(bytes, offset);
  if (width === 'byte') return number.lo & 0xff;
  if (width === 'short') return number.lo & 0xffff;
  return number.hi * 2 ** 32 + (number.lo >>> 0);
}

/** The machine's own long, of eight bytes. */
function longAt(bytes: Buffer, offset: number): Long {
  return { hi: bytes.readInt32LE(offset + 4), lo: bytes.readInt32LE(offset) };
}

function numberAt(type: MagicType, bytes: Buffer, offset: number): Long {
  switch (type) {
    case 'byte':
      return ofInt(bytes.readInt8(offset));
    case 'short':
    case 'leshort':
      return ofInt(bytes.readInt16LE(offset));
    case 'beshort':
      return ofInt(bytes.readInt16BE(offset));
    case 'belong':
    case 'bedate':
      return ofInt(bytes.readInt32BE(offset));
    case 'lelong':
    case 'ledate':
      return ofInt(bytes.readInt32LE(offset));
    default:
      return longAt(bytes, offset);
  }
}

/** A string of the file: 64 bytes, of which the first line end and the last are NUL. */
function stringAt(bytes: Buffer, offset: number): string {
  return `${latin1Slice(bytes, offset, offset + STRING_SIZE - 1).replace('\n', '\0')}\0`;
}

/** The difference of the first bytes that differ, as far as the rule's string goes. */
function compareStrings(bytes: Buffer, offset: number, expected: string): number {
  // Most rules fail here, before a string is made.
  const first = expected.charCodeAt(0);
  const byte = bytes[offset] as number;
  if (byte !== first && byte !== 0x0a && expected !== '') return byte - first;
  const text = stringAt(bytes, offset);
  for (let i = 0; i < expected.length; i++) {
    const difference = text.charCodeAt(i) - expected.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The string `x` holds for anything, and so does a number whose bytes begin as that string does. */
function isWildcard(rule: MagicRule): boolean {
  return rule.type === 'string' ? rule.text === 'x' : (rule.number.lo & 0xffff) === 0x78;
}

function holds(rule: MagicRule, bytes: Buffer, at: number): boolean {
  const { type, mask, relation, number } = rule;
  if (type === undefined) return false;
  if (isWildcard(rule)) return true;
  const value = type === 'string' ? ofInt(compareStrings(bytes, at, rule.text)) : numberAt(type, bytes, at);
  const masked = and(value, mask);
  switch (relation) {
    case 'x':
      return true;
    case '!':
      return !isEqual(masked, number);
    case '=':
      return isEqual(masked, number);
    case '>':
      return isGreater(masked, number);
    case '<':
      return isGreater(number, masked);
    case '&':
      return isEqual(and(masked, number), number);
    default:
      return !isEqual(and(masked, number), number);
  }
}

function print(rule: MagicRule, bytes: Buffer, at: number): string {
  const { type, description } = rule;
  if (!description.includes('%') || type === undefined) return description;
  if (type === 'string')
    return format(description, upToNul(rule.relation === '=' ? rule.text : stringAt(bytes, at)));
  const number = numberAt(type, bytes, at);
  if (type.endsWith('date')) return format(description, formatCtime(Number(toBigInt(number))));
  return format(description, toBigInt(and(number, rule.mask)));
}

function upToNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** What a whole answer may be long (MAXMIMESTRING). */
const RESULT_SIZE = 255;
const CONVERSION = /%([-+ #0]*)(\d*)(?:\.(\d+))?([hlqL]*)([a-zA-Z%])/g;

/** printf() with one value. Conversions that the value does not fit print nothing. */
export function format(description: string, value: string | bigint): string {
  const text = description.replace(
    CONVERSION,
    (_whole, flags: string, width: string, precision: string | undefined, size: string, kind: string) => {
      if (kind === '%') return '%';
      const piece =
        typeof value === 'string' ? textPiece(value, kind, precision) : numberPiece(value, kind, size);
      const least = Math.min(Number(width), RESULT_SIZE);
      if (flags.includes('-')) return piece.padEnd(least);
      return piece.padStart(least, flags.includes('0') && typeof value === 'bigint' ? '0' : ' ');
    },
  );
  return text.slice(0, RESULT_SIZE);
}

function textPiece(value: string, kind: string, precision: string | undefined): string {
  if (kind !== 's') return '';
  return precision === undefined ? value : value.slice(0, Number(precision));
}

function numberPiece(value: bigint, kind: string, size: string): string {
  const bits = size.includes('l') || size.includes('q') ? 64 : size.includes('h') ? 16 : 32;
  switch (kind) {
    case 'd':
    case 'i':
      return BigInt.asIntN(bits, value).toString();
    case 'u':
      return BigInt.asUintN(bits, value).toString();
    case 'x':
      return BigInt.asUintN(bits, value).toString(16);
    case 'X':
      return BigInt.asUintN(bits, value).toString(16).toUpperCase();
    case 'o':
      return BigInt.asUintN(bits, value).toString(8);
    case 'c':
      return String.fromCharCode(Number(BigInt.asUintN(8, value)));
    default:
      return '';
  }
}
