/** mod_expires: how long answers may be kept, by their type (modules/metadata/mod_expires.c). Complete. */
import { type AnyRow, type ApplyResult, type Command, OR_INDEXES } from '../../config/directive.ts';
import { type PeriodMessages, parsePeriod } from '../../config/periods.ts';
import { atoi } from '../../config/values.ts';
import { getWord } from '../../config/words.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { formatHttpDate } from '../../http/date.ts';

/** Seconds from the request, or from the file's last modification. */
interface Expiry {
  readonly base: 'access' | 'modification';
  readonly seconds: number;
}

export interface ExpiresDirConf {
  isActive?: boolean;
  /** In force where a more specific one is not. */
  fallback?: Expiry;
  /** `text/html`, or `text/*`; as written. */
  byType?: Map<string, Expiry>;
}
type Cmd = Command<object, ExpiresDirConf>;

/** The newer where it says something; types one by one. */
export function mergeDir(base: ExpiresDirConf, add: ExpiresDirConf): ExpiresDirConf {
  const merged: ExpiresDirConf = { ...base, ...add };
  if (base.byType !== undefined && add.byType !== undefined)
    merged.byType = new Map([...base.byType, ...add.byType]);
  return merged;
}

const PERIOD_MESSAGES: PeriodMessages = {
  noNumber: (word) => `bad expires code, numeric value expected <num> '${word}'`,
  noUnit: 'bad expires code, missing <type>',
  badUnit: (word) => `bad expires code, unrecognised <type>'${word}'`,
};

/**
 * `A3600`, `M3600`, or `access plus 1 hour 30 minutes` (check_code): of words only the first letters count. A text says what is wrong with it.
 */
export function parseExpiry(code: string): Expiry | string {
  // The older form: whatever follows is read as a number.
  if (code.startsWith('A') || code.startsWith('M'))
    return { base: code.startsWith('A') ? 'access' : 'modification', seconds: atoi(code.slice(1)) };
  const [word, rest] = getWord(code);
  const first = word.charAt(0).toLowerCase();
  if (first !== 'n' && first !== 'a' && first !== 'm')
    return `bad expires code, unrecognised <base> '${word}'`;
  const parts = parsePeriod(rest, PERIOD_MESSAGES);
  if (typeof parts === 'string') return parts;
  // An int of C: what is too much for 32 bits wraps.
  const seconds = parts.reduce((sum, { count, unit }) => (sum + Math.imul(unit, count)) | 0, 0);
  return { base: first === 'm' ? 'modification' : 'access', seconds };
}

function expiresByType(cmd: Cmd, type: string, code: string): ApplyResult {
  const expiry = parseExpiry(code);
  if (typeof expiry === 'string') return `'ExpiresByType ${type} ${code}': ${expiry}`;
  (cmd.dir.byType ??= new Map()).set(type, expiry);
  return undefined;
}

function expiresDefault(cmd: Cmd, code: string): ApplyResult {
  const expiry = parseExpiry(code);
  if (typeof expiry === 'string') return `'ExpiresDefault ${code}': ${expiry}`;
  cmd.dir.fallback = expiry;
  return undefined;
}

const directives: readonly AnyRow<object, ExpiresDirConf>[] = [
  {
    name: 'ExpiresActive',
    shape: 'FLAG',
    where: OR_INDEXES,
    usage: "Limited to 'on' or 'off'",
    apply: (cmd, on) => void (cmd.dir.isActive = on),
  },
  {
    name: 'ExpiresByType',
    shape: 'TAKE2',
    where: OR_INDEXES,
    usage: 'a MIME type followed by an expiry date code',
    apply: expiresByType,
  },
  {
    name: 'ExpiresDefault',
    shape: 'TAKE1',
    where: OR_INDEXES,
    usage: 'an expiry date code',
    apply: expiresDefault,
  },
];

/** The type's own entry, that of its major type, or the default. */
function expiryOf(conf: Readonly<ExpiresDirConf>, contentType: string | undefined): Expiry | undefined {
  const { byType, fallback } = conf;
  if (byType === undefined || contentType === undefined) return fallback;
  const end = contentType.search(/[; \t]/);
  const type = end < 0 ? contentType : contentType.slice(0, end);
  const exact = byType.get(type);
  if (exact !== undefined) return exact;
  const slash = type.indexOf('/');
  return (slash < 0 ? undefined : byType.get(`${type.slice(0, slash)}/*`)) ?? fallback;
}

/** expires_filter(): not for errors, and not where somebody else has said when the answer expires. */
function setExpires(r: Request): void {
  if (r.status >= 400 || r.errHeadersOut.has('expires') || r.headersOut.has('expires')) return;
  const expiry = expiryOf(modExpires.dir(r), r.contentType);
  if (expiry === undefined) return;
  const now = Math.floor(r.requestTime / 1000);
  let from = now;
  if (expiry.base === 'modification') {
    // What is no file was never modified.
    if (r.finfo === undefined) return;
    from = Math.floor(r.finfo.mtimeMs / 1000);
  }
  const expires = Math.max(from + expiry.seconds, now);
  r.headersOut.merge('Cache-Control', `max-age=${expires - now}`);
  r.headersOut.set('Expires', formatHttpDate(expires));
}

function insertExpires(r: Request): void {
  if (r.status >= 400 || r.main !== undefined || modExpires.dir(r).isActive !== true) return;
  r.beforeHead ??= [];
  r.beforeHead.push(setExpires);
}

export const modExpires = defineModule<object, ExpiresDirConf>({
  name: 'expires_module',
  file: 'mod_expires.c',
  directives,
  mergeDir,
  hooks: { insertFilter: insertExpires, insertErrorFilter: insertExpires },
});
