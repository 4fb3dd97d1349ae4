import { zoneName } from './zone-name.ts';

/** A broken-down local time (apr_time_exp_lt). */
interface Clock {
  readonly seconds: number;
  readonly date: Pick<Date, 'getMonth' | 'getDate' | 'getHours' | 'getMinutes' | 'getSeconds'>;
  readonly year: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 0-based. */
  readonly yearDay: number;
  /** Minutes east of UTC. */
  readonly offset: number;
  /** The zone's name where it is not the local one. */
  readonly zone: string | undefined;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

function clockOf(seconds: number): Clock {
  const date = new Date(seconds * 1000);
  const year = date.getFullYear();
  const midnight = Date.UTC(year, date.getMonth(), date.getDate());
  return {
    seconds,
    date,
    year,
    weekday: date.getDay(),
    yearDay: Math.round((midnight - Date.UTC(year, 0, 1)) / 86_400_000),
    offset: -date.getTimezoneOffset(),
    zone: undefined,
  };
}

function utcClockOf(seconds: number): Clock {
  const utc = new Date(seconds * 1000);
  const year = utc.getUTCFullYear();
  const midnight = Date.UTC(year, utc.getUTCMonth(), utc.getUTCDate());
  return {
    seconds,
    date: {
      getMonth: () => utc.getUTCMonth(),
      getDate: () => utc.getUTCDate(),
      getHours: () => utc.getUTCHours(),
      getMinutes: () => utc.getUTCMinutes(),
      getSeconds: () => utc.getUTCSeconds(),
    },
    year,
    weekday: utc.getUTCDay(),
    yearDay: Math.round((midnight - Date.UTC(year, 0, 1)) / 86_400_000),
    offset: 0,
    zone: 'GMT',
  };
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
const dayName = (clock: Clock): string => DAYS[clock.weekday] ?? '';
const monthName = (clock: Clock): string => MONTHS[clock.date.getMonth()] ?? '';

function zone({ offset }: Clock): string {
  const minutes = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
}

/** ISO 8601 week and the year it belongs to: that of the week's Thursday. */
function isoWeek(clock: Clock): { year: number; week: number } {
  const thursday = clock.yearDay + 3 - ((clock.weekday + 6) % 7);
  const length = (year: number): number => (Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / 86_400_000;
  if (thursday < 0)
    return { year: clock.year - 1, week: Math.floor((thursday + length(clock.year - 1)) / 7) + 1 };
  if (thursday >= length(clock.year)) return { year: clock.year + 1, week: 1 };
  return { year: clock.year, week: Math.floor(thursday / 7) + 1 };
}

interface Field {
  readonly value: (clock: Clock) => string | number;
  /** Digits a number is filled to. */
  readonly width?: number;
  readonly fill?: ' ' | '0';
  /** `#` turns to lower case instead of upper. */
  readonly swapsToLower?: boolean;
}
const number = (width: number, value: (clock: Clock) => number, fill: ' ' | '0' = '0'): Field => ({
  value,
  width,
  fill,
});
const twelve = ({ date }: Clock): number => date.getHours() % 12 || 12;
const halfDay = ({ date }: Clock): string => (date.getHours() < 12 ? 'AM' : 'PM');
const weekOfYear = (clock: Clock, firstDay: number): number =>
  Math.floor((clock.yearDay + 7 - ((clock.weekday - firstDay + 7) % 7)) / 7);

/** strftime(3) in the C locale, with glibc's own letters. */
const FIELDS: Readonly<Record<string, Field>> = {
  a: { value: (clock) => dayName(clock).slice(0, 3) },
  A: { value: dayName },
  b: { value: (clock) => monthName(clock).slice(0, 3) },
  B: { value: monthName },
  h: { value: (clock) => monthName(clock).slice(0, 3) },
  C: number(2, ({ year }) => Math.floor(year / 100)),
  d: number(2, ({ date }) => date.getDate()),
  e: number(2, ({ date }) => date.getDate(), ' '),
  g: number(2, (clock) => isoWeek(clock).year % 100),
  G: number(1, (clock) => isoWeek(clock).year),
  H: number(2, ({ date }) => date.getHours()),
  I: number(2, twelve),
  j: number(3, ({ yearDay }) => yearDay + 1),
  k: number(2, ({ date }) => date.getHours(), ' '),
  l: number(2, twelve, ' '),
  m: number(2, ({ date }) => date.getMonth() + 1),
  M: number(2, ({ date }) => date.getMinutes()),
  n: { value: () => '\n' },
  p: { value: halfDay, swapsToLower: true },
  P: { value: (clock) => halfDay(clock).toLowerCase() },
  s: number(1, ({ seconds }) => seconds),
  S: number(2, ({ date }) => date.getSeconds()),
  t: { value: () => '\t' },
  u: number(1, ({ weekday }) => weekday || 7),
  U: number(2, (clock) => weekOfYear(clock, 0)),
  V: number(2, (clock) => isoWeek(clock).week),
  w: number(1, ({ weekday }) => weekday),
  W: number(2, (clock) => weekOfYear(clock, 1)),
  y: number(2, ({ year }) => year % 100),
  Y: number(1, ({ year }) => year),
  z: { value: zone },
  Z: { value: ({ seconds, offset, zone }) => zone ?? zoneName(seconds, offset), swapsToLower: true },
  '%': { value: () => '%' },
};
/** Letters that stand for a longer format. */
const COMPOSITES: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

type Piece = string | ((clock: Clock) => string);

/** glibc: flags, a width, E or O, the letter. What is none of this stands for itself. */
const CONVERSION = /%([_\-0^#]*)([0-9]*)([EO]?)([A-Za-z%])/g;
/** A width is honoured up to here: apr_strftime() has a buffer of its caller's size too. */
const MAX_WIDTH = 8192;

function parse(format: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = 0;
  for (const found of format.matchAll(CONVERSION)) {
    const [all, flags = '', width = '', , letter = ''] = found;
    const piece = conversion(flags, width === '' ? 0 : Math.min(Number(width), MAX_WIDTH), letter);
    if (piece === undefined) continue;
    if (found.index > plain) pieces.push(format.slice(plain, found.index));
    pieces.push(piece);
    plain = found.index + all.length;
  }
  if (plain < format.length) pieces.push(format.slice(plain));
  return pieces;
}

function conversion(flags: string, width: number, letter: string): Piece | undefined {
  const long = COMPOSITES[letter];
  const field: Field | undefined =
    long === undefined ? FIELDS[letter] : { value: (clock) => render(longPieces, clock) };
  const longPieces = long === undefined ? [] : parse(long);
  if (field === undefined) return undefined;
  const fillFlag = /[_\-0](?=[^_\-0]*$)/.exec(flags)?.[0];
  const fill = fillFlag === '_' ? ' ' : fillFlag === '0' ? '0' : (field.fill ?? ' ');
  const digits = fillFlag === '-' ? 0 : Math.max(width, field.width ?? 0);
  const upper = flags.includes('^') || (flags.includes('#') && !field.swapsToLower);
  const lower = flags.includes('#') && field.swapsToLower;
  return (clock) => {
    const text = String(field.value(clock)).padStart(digits, fill);
    return lower ? text.toLowerCase() : upper ? text.toUpperCase() : text;
  };
}

function render(pieces: readonly Piece[], clock: Clock): string {
  let text = '';
  for (const piece of pieces) text += typeof piece === 'string' ? piece : piece(clock);
  return text;
}

/**
 * Compiles a strftime(3) format: C locale, local time zone, as apr_strftime() prints it.
 * @returns a formatter of seconds since the epoch that keeps its last answer, since most calls share a second
 */
export function compileStrftime(format: string): (epochSeconds: number) => string {
  const pieces = parse(format);
  let last = Number.NaN;
  let text = '';
  return (epochSeconds) => {
    if (epochSeconds !== last) {
      text = render(pieces, clockOf(epochSeconds));
      last = epochSeconds;
    }
    return text;
  };
}

/** The same in UTC, whose name is GMT there (ap_ht_time). */
export function compileUtcStrftime(format: string): (epochSeconds: number) => string {
  const pieces = parse(format);
  return (epochSeconds) => render(pieces, utcClockOf(epochSeconds));
}

const plainCtime = compileStrftime('%a %b %d %H:%M:%S %Y');
/** apr_ctime(): `Tue Oct 10 13:55:36 2000`, local time; unlike ctime(3) the day has a leading zero. */
export const formatCtime = (epochSeconds: number): string => plainCtime(epochSeconds);

const plainClf = compileStrftime('[%d/%b/%Y:%H:%M:%S %z]');
/** The Common Log Format's `%t`: `[10/Oct/2000:13:55:36 -0700]`, local time. */
export const formatClfTime = (epochSeconds: number): string => plainClf(epochSeconds);

/** The error log's default time: ctime with microseconds, `Tue Oct 10 13:55:36.123456 2000`. */
export function formatErrorLogTime(epochMicroseconds: number): string {
  const seconds = Math.floor(epochMicroseconds / 1_000_000);
  const text = plainCtime(seconds);
  const micros = String(Math.floor(epochMicroseconds - seconds * 1_000_000)).padStart(6, '0');
  return `${text.slice(0, 19)}.${micros}${text.slice(19)}`;
}
