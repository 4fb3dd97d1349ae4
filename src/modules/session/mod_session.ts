/**
 * mod_session: sessions of clients, read before a handler sees the request and saved with the answer (modules/session/mod_session.c). It keeps
 * nothing itself: a session lives in a cookie of mod_session_cookie.
 */
import {
  type AnyRow,
  type ApplyResult,
  type Command,
  OR_AUTHCFG,
  RSRC_CONF,
} from '../../config/directive.ts';
import type { Answer } from '../../core/hooks.ts';
import { Level, logRequest } from '../../core/log.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import {
  SESSION_GROUP,
  type Session,
  type Sessions,
  sessionCodecOf,
  sessionStoreOf,
} from '../../core/session.ts';
import { alikeForFiles } from '../../core/siblings.ts';
import { OK } from '../../core/status.ts';
import { decodeInto, encodeSession, newSession } from './encoding.ts';

interface DirConf {
  enabled?: boolean;
  /** Seconds; 0: as long as the browser keeps the cookie. */
  maxAge?: number;
  /** Field of an answer whose value replaces entries of the session. */
  header?: string;
  env?: boolean;
  includes?: readonly string[];
  excludes?: readonly string[];
  /** Microseconds by which the expiry alone may move without the session being saved. */
  updateInterval?: bigint;
}
type Cmd = Command<object, DirConf>;

const SECOND = 1_000_000n;

const log = (r: Request, level: number, tag: string, message: string): void =>
  logRequest(r, 'session', level, tag, message);

/** Lists grow from the outside inwards; of the rest the newer counts. */
export function mergeDir(base: DirConf, add: DirConf): DirConf {
  const merged: DirConf = { ...base, ...add };
  if (base.includes !== undefined && add.includes !== undefined)
    merged.includes = [...base.includes, ...add.includes];
  if (base.excludes !== undefined && add.excludes !== undefined)
    merged.excludes = [...base.excludes, ...add.excludes];
  return merged;
}

/** atol(): digits as far as there are any. */
function leadingInteger(text: string): number {
  const value = Number.parseInt(/^[\t-\r ]*([+-]?\d+)/.exec(text)?.[1] ?? '0', 10);
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER));
}

function setUpdateInterval(cmd: Cmd, text: string): ApplyResult {
  const seconds = leadingInteger(text);
  if (seconds < 0) return 'SessionExpiryUpdateInterval must be zero (disable) or a positive value';
  cmd.dir.updateInterval = BigInt(seconds) * SECOND;
  return undefined;
}

const where = RSRC_CONF | OR_AUTHCFG;
const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'Session',
    shape: 'FLAG',
    where,
    usage: 'on if a session should be maintained for these URLs',
    apply: (cmd, on) => void (cmd.dir.enabled = on),
  },
  {
    name: 'SessionMaxAge',
    shape: 'TAKE1',
    where,
    usage: 'length of time for which a session should be valid. Zero to disable',
    apply: (cmd, text) => void (cmd.dir.maxAge = leadingInteger(text)),
  },
  {
    name: 'SessionHeader',
    shape: 'TAKE1',
    where,
    usage: 'output header, if present, whose contents will be injected into the session.',
    apply: (cmd, name) => void (cmd.dir.header = name),
  },
  {
    name: 'SessionEnv',
    shape: 'FLAG',
    where,
    usage: 'on if a session should be written to the CGI environment. Defaults to off',
    apply: (cmd, on) => void (cmd.dir.env = on),
  },
  {
    name: 'SessionInclude',
    shape: 'TAKE1',
    where,
    usage: 'URL prefixes to include in the session. Defaults to all URLs',
    apply: (cmd, prefix) => void (cmd.dir.includes = [...(cmd.dir.includes ?? []), prefix]),
  },
  {
    name: 'SessionExclude',
    shape: 'TAKE1',
    where,
    usage: 'URL prefixes to exclude from the session. Defaults to no URLs',
    apply: (cmd, prefix) => void (cmd.dir.excludes = [...(cmd.dir.excludes ?? []), prefix]),
  },
  {
    name: 'SessionExpiryUpdateInterval',
    shape: 'TAKE1',
    where,
    usage:
      "time interval for which a session's expiry time may change without having to be rewritten. Zero to disable",
    apply: setUpdateInterval,
  },
];

function now(): bigint {
  return BigInt(Date.now()) * 1000n;
}

/** Whether the lists let a path have a session. */
export function isIncluded(path: string, conf: Pick<DirConf, 'includes' | 'excludes'>): boolean {
  const matches = (prefix: string): boolean => path.startsWith(prefix);
  if (conf.includes !== undefined && !conf.includes.some(matches)) return false;
  return conf.excludes === undefined || !conf.excludes.some(matches);
}

/** ap_session_load(). */
function load(r: Request): Session | undefined {
  const conf = modSession.dir(r);
  if (conf.enabled !== true) return undefined;
  if (!isIncluded(r.uri, conf)) {
    log(r, Level.debug, 'AH01814', `excluded by configuration for: ${r.uri}`);
    return undefined;
  }
  const found = sessionStoreOf(r.configuration)?.load(r);
  if (found === undefined) {
    const why = 'session is enabled but no session modules have been configured, session not loaded';
    log(r, Level.warn, 'AH01815', `${why}: ${r.uri}`);
    return undefined;
  }
  const session = isReadable(r, found) && !isExpired(r, found) ? found : newSession();
  const { maxAge = 0 } = conf;
  if (maxAge !== 0) {
    if (session.expiry === 0n) session.expiry = now() + BigInt(maxAge) * SECOND;
    session.maxAge = maxAge;
  }
  return session;
}

/** Reads what the store had. A session that cannot be read is as good as none. */
function isReadable(r: Request, session: Session): boolean {
  const { encoded } = session;
  if (encoded === undefined) return true;
  session.encoded = undefined;
  const codec = sessionCodecOf(r.configuration);
  const text = codec === undefined || encoded === '' ? encoded : codec.decode(r, encoded);
  if (text === null) {
    // It stays as it was: the next one who asks hears the same.
    session.encoded = encoded;
    log(r, Level.error, 'AH01817', `error while decoding the session, session not loaded: ${r.uri}`);
    return false;
  }
  decodeInto(session, text);
  return true;
}

function isExpired(r: Request, session: Session): boolean {
  if (session.expiry === 0n || session.expiry >= now()) return false;
  log(r, Level.trace2, '', 'session is expired');
  return true;
}

/** ap_session_save(). */
function save(r: Request, session: Session): void {
  const conf = modSession.dir(r);
  const before = session.expiry;
  const time = now();
  if (before !== 0n && before < time) {
    const why = 'attempt made to save a session when the session had already expired, session not saved';
    log(r, Level.warn, 'AH01819', `${why}: ${r.uri}`);
    return;
  }
  const { maxAge = 0, updateInterval = 0n } = conf;
  if (maxAge !== 0) {
    session.expiry = time + BigInt(maxAge) * SECOND;
    session.maxAge = maxAge;
  }
  if (!session.isDirty) {
    if (session.maxAge === 0) return;
    // Nothing but the expiry has changed, and not by much.
    if (updateInterval > 0n && session.expiry - before < updateInterval) return;
  }
  store(r, session);
}

function store(r: Request, session: Session): void {
  const codec = sessionCodecOf(r.configuration);
  const text = encodeSession(session);
  const encoded = codec === undefined || text === '' ? text : codec.encode(r, text);
  if (encoded === null) {
    log(r, Level.error, 'AH01820', `error while encoding the session, session not saved: ${r.uri}`);
  } else if (sessionStoreOf(r.configuration)?.save(r, session, encoded) === true) {
    session.isWritten = true;
  } else {
    const why = 'session is enabled but no session modules have been configured, session not saved';
    log(r, Level.warn, 'AH01821', `${why}: ${r.uri}`);
  }
}

const sessions: Sessions = {
  load,
  get: (r, key) => load(r)?.entries.get(key),
  set(r, key, value) {
    const session = load(r);
    if (session === undefined) return;
    if (value === undefined) session.entries.delete(key);
    else session.entries.set(key, value);
    session.isDirty = true;
  },
};

function showSession(r: Request): Answer {
  const conf = modSession.dir(r);
  if (conf.enabled !== true) return OK;
  const session = load(r);
  if (session !== undefined && conf.env === true) r.env.set('HTTP_SESSION', encodeSession(session));
  return OK;
}

function saveWithAnswer(r: Request): void {
  if (modSession.dir(r).enabled === true) (r.beforeHead ??= []).unshift(saveSession);
}

function saveSession(r: Request): void {
  const session = load(r);
  if (session === undefined || session.isWritten) return;
  const { header } = modSession.dir(r);
  const replacement =
    header === undefined ? undefined : (r.errHeadersOut.get(header) ?? r.headersOut.get(header));
  if (header !== undefined && replacement !== undefined) {
    r.errHeadersOut.delete(header);
    r.headersOut.delete(header);
    decodeInto(session, replacement);
    session.isDirty = true;
  }
  save(r, session);
}

export const modSession = defineModule<object, DirConf>({
  name: 'session_module',
  file: 'mod_session.c',
  directives: rows,
  mergeDir,
  hooks: {
    fixups: alikeForFiles(showSession),
    insertFilter: saveWithAnswer,
    insertErrorFilter: saveWithAnswer,
  },
  providers: { [SESSION_GROUP]: { session: sessions } },
});
