/** Values that several directives take. */

/** Milliseconds of a time with an optional unit (ap_timeout_parameter_parse): s (the default), ms, us, mi(n), h. Undefined: wrong format. */
export function parseTimeout(text: string, unit: 's' | 'ms' = 's'): number | undefined {
  const match = /^(\d+)\s*(s|sec|ms|us|mi|min|h)?$/i.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]);
  switch ((match[2] ?? unit).toLowerCase()) {
    case 's':
    case 'sec':
      return value * 1000;
    case 'ms':
      return value;
    case 'us':
      return value / 1000;
    case 'h':
      return value * 3_600_000;
    default:
      return value * 60_000;
  }
}
