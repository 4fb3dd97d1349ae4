/** The time, finer than Date.now() (which counts whole milliseconds): milliseconds since 1970, fractional. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
