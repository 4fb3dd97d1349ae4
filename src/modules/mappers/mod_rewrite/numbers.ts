/** atoi(3): the number a text begins with, 0 for none; beyond an int only its low 32 bits are left. */
export function atoi(text: string): number {
  const digits = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text)?.[1];
  if (digits === undefined) return 0;
  const value = Number(digits);
  if (Math.abs(value) < 2 ** 31) return value | 0;
  // strtol() clamps to a long, the conversion to an int drops the rest.
  const long = BigInt(digits.slice(0, 24));
  const limit = 2n ** 63n;
  return Number(BigInt.asIntN(32, long >= limit ? limit - 1n : long < -limit ? -limit : long));
}
