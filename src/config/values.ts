/** Values that several directives take, read as the C library reads them. */

const LARGEST_INT64 = 2n ** 63n - 1n;
const MOST_DIGITS = 19;

/** strtol(): the number a text starts with, 0 where there is none; what does not fit 64 bits is the nearest that does, and `outOfRange`. */
export function parseLong(text: string): { readonly value: bigint; readonly outOfRange: boolean } {
  const [, sign, digits] = /^[ \t-\r]*([+-]?)0*(\d+)/.exec(text) ?? [];
  if (digits === undefined) return { value: 0n, outOfRange: false };
  const isNegative = sign === '-';
  const limit = isNegative ? -LARGEST_INT64 - 1n : LARGEST_INT64;
  // Not made a number to find out: that takes longer than in proportion to its digits.
  if (digits.length > MOST_DIGITS) return { value: limit, outOfRange: true };
  const value = isNegative ? -BigInt(digits) : BigInt(digits);
  const outOfRange = isNegative ? value < limit : value > limit;
  return { value: outOfRange ? limit : value, outOfRange };
}

/** atoi(): as strtol(), of which it keeps 32 bits: a number of twenty digits is -1. */
export function atoi(text: string): number {
  const digits = /^[ \t-\r]*([+-]?\d+)/.exec(text)?.[1];
  if (digits === undefined) return 0;
  const value = Number(digits);
  return Math.abs(value) < 2 ** 31 ? value | 0 : Number(BigInt.asIntN(32, parseLong(digits).value));
}

/** A text that is a whole number and nothing else (strtol() with its end checked); undefined when it is none or does not fit 64 bits. */
export function parseWhole(text: string): number | undefined {
  if (!/^[ \t-\r]*[+-]?\d+$/.test(text)) return undefined;
  const { value, outOfRange } = parseLong(text);
  return outOfRange ? undefined : Number(value);
}

const LARGEST_TIME_US = Number(LARGEST_INT64);

/**
 * Milliseconds of a time with an optional unit (ap_timeout_parameter_parse): s (the default), ms, us, mi(n), h. Only so much of a unit is
 * looked at; one without a number means 0. Undefined: wrong format, negative, or more microseconds than 64 bits hold.
 */
export function parseTimeout(text: string, unit: 's' | 'ms' = 's'): number | undefined {
  const [, digits, written] = /^(?:[ \t-\r]*([+-]?\d+))?(.*)$/s.exec(text) ?? [];
  const scale = unitMilliseconds((written || unit).slice(0, 2).toLowerCase());
  if (scale === undefined) return undefined;
  const ms = Number(digits ?? 0) * scale;
  return ms < 0 || ms * 1000 > LARGEST_TIME_US ? undefined : ms;
}

/** Milliseconds of a unit's first two letters. */
function unitMilliseconds(start: string): number | undefined {
  if (start.startsWith('s')) return 1000;
  if (start.startsWith('h')) return 3_600_000;
  return { ms: 1, us: 1 / 1000, mi: 60_000 }[start];
}
