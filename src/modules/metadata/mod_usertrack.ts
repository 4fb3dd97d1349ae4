/** mod_usertrack: a cookie by which the requests of a browser can be told from others' (modules/metadata/mod_usertrack.c). Complete. */
import { randomInt } from 'node:crypto';
import { type AnyRow, type ApplyResult, type Command, OR_FILEINFO } from '../../config/directive.ts';
import { type PeriodMessages, parsePeriod } from '../../config/periods.ts';
import { REALLY_FIRST } from '../../core/hooks.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { DECLINED, OK } from '../../core/status.ts';
import { asciiLower } from '../../lib/ascii.ts';

type Style = 'netscape' | 'cookie' | 'cookie2';

/** Measured: these are not merged. A section that says anything of cookies has only what it says. */
export interface UsertrackDirConf {
  isOn?: boolean;
  style?: Style;
  name?: string;
  domain?: string;
  sameSite?: string;
  isSecure?: boolean;
  isHttpOnly?: boolean;
}
export interface UsertrackServerConf {
  /** Seconds a cookie is kept; 0: as long as the browser runs. */
  expires?: number;
}
type Cmd = Command<UsertrackServerConf, UsertrackDirConf>;

/** Both configurations of a place begin with the first directive in it, and take the place of what holds above it. */
function own(cmd: Cmd): UsertrackDirConf {
  if (!cmd.isHtaccess) cmd.server.expires ??= 0;
  return cmd.dir;
}

const PERIOD_MESSAGES: PeriodMessages = {
  noNumber: () => 'bad expires code, numeric value expected.',
  noUnit: 'bad expires code, missing <type>',
  badUnit: () => 'bad expires code, unrecognized type',
};

/** Seconds of `3600`, or of `[plus] 1 hour 30 minutes` (set_cookie_exp). A text says what is wrong with it. */
export function parseCookiePeriod(text: string): number | string {
  if (/^[0-9](?:.*[0-9])?$/s.test(text)) return Number.parseInt(text, 10);
  const parts = parsePeriod(text, PERIOD_MESSAGES);
  return typeof parts === 'string' ? parts : parts.reduce((sum, { count, unit }) => sum + count * unit, 0);
}

function cookieExpires(cmd: Cmd, text: string): ApplyResult {
  const seconds = parseCookiePeriod(text);
  if (typeof seconds === 'string') return seconds;
  own(cmd);
  cmd.server.expires = seconds;
  return undefined;
}

function cookieDomain(cmd: Cmd, domain: string): ApplyResult {
  if (domain === '') return 'CookieDomain values may not be null';
  if (!domain.startsWith('.')) return 'CookieDomain values must begin with a dot';
  if (!domain.includes('.', 1)) return 'CookieDomain values must contain at least one embedded dot';
  own(cmd).domain = domain;
  return undefined;
}

const STYLES: ReadonlyMap<string, Style> = new Map<string, Style>([
  ['netscape', 'netscape'],
  ['cookie', 'cookie'],
  ['rfc2109', 'cookie'],
  ['cookie2', 'cookie2'],
  ['rfc2965', 'cookie2'],
]);

function cookieStyle(cmd: Cmd, word: string): ApplyResult {
  const style = STYLES.get(asciiLower(word));
  if (style === undefined) return `Invalid ${cmd.node.name} keyword: '${word}'`;
  own(cmd).style = style;
  return undefined;
}

const SAME_SITE: ReadonlyMap<string, string> = new Map([
  ['strict', 'SameSite=Strict'],
  ['lax', 'SameSite=Lax'],
  ['none', 'SameSite=None'],
]);

function cookieSameSite(cmd: Cmd, word: string): ApplyResult {
  const attribute = SAME_SITE.get(asciiLower(word));
  if (attribute === undefined) return "CookieSameSite accepts 'Strict', 'Lax', or 'None'";
  own(cmd).sameSite = attribute;
  return undefined;
}

const directives: readonly AnyRow<UsertrackServerConf, UsertrackDirConf>[] = [
  {
    name: 'CookieExpires',
    shape: 'TAKE1',
    where: OR_FILEINFO,
    usage: 'an expiry date code',
    apply: cookieExpires,
  },
  {
    name: 'CookieDomain',
    shape: 'TAKE1',
    where: OR_FILEINFO,
    usage: 'domain to which this cookie applies',
    apply: cookieDomain,
  },
  {
    name: 'CookieStyle',
    shape: 'TAKE1',
    where: OR_FILEINFO,
    usage: "'Netscape', 'Cookie' (RFC2109), or 'Cookie2' (RFC2965)",
    apply: cookieStyle,
  },
  {
    name: 'CookieTracking',
    shape: 'FLAG',
    where: OR_FILEINFO,
    usage: 'whether or not to enable cookies',
    apply: (cmd, on) => void (own(cmd).isOn = on),
  },
  {
    name: 'CookieName',
    shape: 'TAKE1',
    where: OR_FILEINFO,
    usage: 'name of the tracking cookie',
    apply: (cmd, name) => void (own(cmd).name = name),
  },
  {
    name: 'CookieSameSite',
    shape: 'TAKE1',
    where: OR_FILEINFO,
    usage: 'SameSite setting',
    apply: cookieSameSite,
  },
  {
    name: 'CookieSecure',
    shape: 'FLAG',
    where: OR_FILEINFO,
    usage: 'is cookie secure',
    apply: (cmd, on) => void (own(cmd).isSecure = on),
  },
  {
    name: 'CookieHttpOnly',
    shape: 'FLAG',
    where: OR_FILEINFO,
    usage: 'is cookie http only',
    apply: (cmd, on) => void (own(cmd).isHttpOnly = on),
  },
];

const DEFAULT_NAME = 'Apache';
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Wed, 02-Jan-24 03:04:05 GMT`, as the first cookies had it. `time`: milliseconds since 1970. */
export function netscapeDate(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return 'Fri, 31-Dec-99 23:59:59 GMT';
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())}-${MONTHS[date.getUTCMonth()]}-${two(date.getUTCFullYear() % 100)}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT`;
}

/** The value of the cookie with our name, if the client has sent one: up to a semicolon or comma. */
export function findCookie(header: string, name: string): string | undefined {
  for (let at = header.indexOf(`${name}=`); at >= 0; at = header.indexOf(`${name}=`, at + 1)) {
    if (at > 0 && !/[;,][ \t]*$/.test(header.slice(Math.max(0, at - 64), at))) continue;
    const value = /^[^;,]+/.exec(header.slice(at + name.length + 1));
    if (value !== null) return value[0];
  }
  return undefined;
}

/** spot_cookie() */
function spotCookie(r: Request): number {
  const conf = modUsertrack.dir(r);
  if (conf.isOn !== true || r.main !== undefined) return DECLINED;
  const sent = r.headersIn.get('cookie');
  const known = sent === undefined ? undefined : findCookie(sent, conf.name ?? DEFAULT_NAME);
  if (known !== undefined) {
    r.notes.set('cookie', known);
    return DECLINED;
  }
  sendCookie(r, conf, modUsertrack.server(r.server).expires ?? 0);
  return OK;
}

/** make_cookie() */
function sendCookie(r: Request, conf: Readonly<UsertrackDirConf>, expires: number): void {
  const micros = BigInt(Math.floor(r.requestTime * 1000));
  const value = `${randomInt(0xffffffff).toString(16)}.${micros.toString(16)}`;
  const { style } = conf;
  let cookie = `${conf.name ?? DEFAULT_NAME}=${value}; path=/`;
  if (expires !== 0) {
    if (style === undefined || style === 'netscape')
      cookie += `; expires=${netscapeDate(r.requestTime + expires * 1000)}`;
    else cookie += `; max-age=${expires | 0}`;
  }
  if (conf.domain !== undefined)
    cookie += `; domain=${conf.domain}${style === 'cookie2' ? '; version=1' : ''}`;
  if (conf.sameSite !== undefined) cookie += `; ${conf.sameSite}`;
  if (conf.isSecure === true) cookie += '; Secure';
  if (conf.isHttpOnly === true) cookie += '; HttpOnly';
  r.errHeadersOut.append(style === 'cookie2' ? 'Set-Cookie2' : 'Set-Cookie', cookie);
  r.notes.set('cookie', value);
}

export const modUsertrack = defineModule<UsertrackServerConf, UsertrackDirConf>({
  name: 'usertrack_module',
  file: 'mod_usertrack.c',
  directives,
  hooks: { fixups: { run: spotCookie, order: REALLY_FIRST } },
});
