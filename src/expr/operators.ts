/** Named operators and integer comparison. */
import type { Comparison } from '../../grammar/ap-expr/index.ts';
import { compileFnmatch, type FnmatchFlags } from '../lib/fnmatch/index.ts';
import type { ExprContext } from './context.ts';
import { FILE_TESTS } from './files.ts';

export type UnaryTest = (context: ExprContext, operand: string) => boolean | Promise<boolean>;
export type BinaryTest = (context: ExprContext, left: string, right: string) => boolean;

const FALSE_WORDS: ReadonlySet<string> = new Set(['', '0', 'off', 'false', 'no']);

const canAccessUri: UnaryTest = (context, uri) => context.canAccessUri(uri);

/** Unary operators by name, case-sensitive. -R is not here: its operand is a subnet known beforehand. */
export const UNARY_OPERATORS: ReadonlyMap<string, UnaryTest> = new Map<string, UnaryTest>([
  ['-n', (_, text) => text !== ''],
  ['-z', (_, text) => text === ''],
  ['-T', (_, text) => !FALSE_WORDS.has(text.toLowerCase())],
  ['-F', (context, path) => context.canAccessFile(path)],
  ['-U', canAccessUri],
  ['-A', canAccessUri],
  ...[...FILE_TESTS].map(([name, test]): [string, UnaryTest] => [name, (_, file) => test(file)]),
]);

/** The operators that may answer with a promise. */
export const WAITING_OPERATORS: ReadonlySet<string> = new Set(['-F', '-U', '-A']);

/** Binary pattern operators by lower-case name. -ipmatch is not here, as -R above. */
export const PATTERN_OPERATORS: ReadonlyMap<string, Partial<FnmatchFlags>> = new Map<
  string,
  Partial<FnmatchFlags>
>([
  ['-strmatch', {}],
  ['-strcmatch', { caseBlind: true }],
  ['-fnmatch', { pathname: true }],
]);

/** @param constant the pattern where it is known beforehand */
export const matchPattern = (flags: Partial<FnmatchFlags>, constant: string | undefined): BinaryTest => {
  if (constant === undefined) return (_, subject, pattern) => compileFnmatch(pattern, flags)(subject);
  const matches = compileFnmatch(constant, flags);
  return (_, subject) => matches(subject);
};

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** Numbers of so many digits are exact as a double. */
const EXACT_DIGITS = 15;

/** apr_atoi64: blanks, a sign, digits; what follows is ignored, what is no number is 0, overflow saturates. */
export const parseInteger = (text: string): number | bigint => {
  const match = /^[ \t\n\v\f\r]*([+-]?)0*(\d*)/.exec(text);
  const digits = match?.[2] ?? '';
  if (digits === '') return 0;
  const negative = match?.[1] === '-';
  if (digits.length <= EXACT_DIGITS) return negative ? -Number(digits) : Number(digits);
  const limit = negative ? INT64_MIN : INT64_MAX;
  // 19 digits hold INT64_MAX: anything longer is beyond it, and never becomes a huge bigint.
  if (digits.length > 19) return limit;
  const value = BigInt(negative ? `-${digits}` : digits);
  return negative ? (value < limit ? limit : value) : value > limit ? limit : value;
};

export const INTEGER_TESTS: Readonly<
  Record<Comparison, (left: number | bigint, right: number | bigint) => boolean>
> = {
  eq: (left, right) => left <= right && left >= right,
  ne: (left, right) => left < right || left > right,
  lt: (left, right) => left < right,
  le: (left, right) => left <= right,
  gt: (left, right) => left > right,
  ge: (left, right) => left >= right,
};

export const STRING_TESTS: Readonly<Record<Comparison, (left: string, right: string) => boolean>> = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  lt: (left, right) => left < right,
  le: (left, right) => left <= right,
  gt: (left, right) => left > right,
  ge: (left, right) => left >= right,
};

/** Of two strings the longer one is the greater; of two that are as long the one that sorts behind (strcmplex of util_expr_eval.c). */
const compareByLength = (left: string, right: string): number => {
  if (left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
};

export const LENGTH_TESTS: Readonly<Record<Comparison, (left: string, right: string) => boolean>> = {
  eq: STRING_TESTS.eq,
  ne: STRING_TESTS.ne,
  lt: (left, right) => compareByLength(left, right) < 0,
  le: (left, right) => compareByLength(left, right) <= 0,
  gt: (left, right) => compareByLength(left, right) > 0,
  ge: (left, right) => compareByLength(left, right) >= 0,
};
