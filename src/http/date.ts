/** HTTP dates: written as IMF-fixdate, read in the formats of apr_date_parse_http (RFC 9110 section 5.6.7). */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

/** "Tue, 05 Mar 2024 10:11:12 GMT" for seconds since 1970. */
export function formatHttpDate(seconds: number): string {
  const date = new Date(seconds * 1000);
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return (
    `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${year} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT`
  );
}

let cachedSecond = Number.NaN;
let cachedText = '';

/** The date of a moment in milliseconds, made once a second: the Date field of every answer. */
export function httpDateOf(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== cachedSecond) {
    cachedSecond = second;
    cachedText = formatHttpDate(second);
  }
  return cachedText;
}

interface DateParts {
  readonly day: string;
  readonly month: string;
  readonly year: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

/** After the first space of the value: what apr's masks accept. The name of the day is never looked at. */
const RFC_1123 =
  /^(?<day>[0-9]{1,2}) (?<month>[A-Z][a-z]{2}) (?<year>[0-9]{4}) (?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2}) /;
const RFC_850 =
  /^(?<day>[0-9]{2})-(?<month>[A-Z][a-z]{2})-(?<year>[0-9]{2}) (?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2}) /;
const ASCTIME =
  /^(?<month>[A-Z][a-z]{2}) (?<day>[ 0-9][0-9]) (?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2}) (?<year>[0-9]{4})/;

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 4) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

/**
 * Seconds since 1970, or 0 for anything that is no date, as apr_date_parse_http (APR_DATE_BAD); so the first second of
 * 1970 is none either.
 */
export function parseHttpDate(text: string): number {
  const trimmed = text.replace(/^[\t-\r ]+/, '');
  const space = trimmed.indexOf(' ');
  if (space < 0) return 0;
  const rest = trimmed.slice(space + 1);
  const match = RFC_1123.exec(rest) ?? RFC_850.exec(rest) ?? ASCTIME.exec(rest);
  if (match === null) return 0;
  const parts = match.groups as unknown as DateParts;
  const month = MONTHS.indexOf(parts.month);
  const day = Number(parts.day);
  const year = fullYear(parts.year);
  const hour = Number(parts.hour);
  const minute = Number(parts.minute);
  const second = Number(parts.second);
  if (month < 0 || year < 1970 || hour > 23 || minute > 59 || second > 61) return 0;
  if (day < 1 || day > new Date(Date.UTC(year, month + 1, 0)).getUTCDate()) return 0;
  return Date.UTC(year, month, day, hour, minute, second) / 1000;
}
