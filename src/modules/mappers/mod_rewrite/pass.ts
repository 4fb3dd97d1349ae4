/** One run of rules over a request (rewrite_ctx): what they look at and what they leave behind, and the log lines about it. */
import { isLogged, Level, logRequest } from '../../../core/log.ts';
import type { Request } from '../../../core/request.ts';
import { serverName } from '../../../core/server-identity.ts';
import type { VirtualServer } from '../../../core/virtual-server.ts';
import type { Rule } from './conf.ts';
import type { RewriteMap } from './maps.ts';

/** Groups of a match, the whole of it first. */
export type Groups = readonly (string | undefined)[];
/** A value, or a promise of it where something has to be waited for: a program, a sub-request. */
export type Eventual<T> = T | Promise<T>;

/** What a list of rules comes to (ACTION_*). */
export const UNCHANGED = 0;
export const REWRITTEN = 1;
/** Rewritten, and not to be escaped. */
export const REWRITTEN_RAW = 2;
/** r.status is the answer. */
export const STATUS_SET = 3;
export type Action = 0 | 1 | 2 | 3;

export class Pass {
  readonly r: Request;
  readonly maps: ReadonlyMap<string, RewriteMap> | undefined;
  /** The directory of per-directory rules, with its slash; undefined for those of the server. */
  readonly directory: string | undefined;
  /** RewriteBase. */
  readonly base: string | undefined;
  /** What the directory walk found: r.finfo tells of it. */
  readonly walked: string | undefined;
  /** What the rule at hand is applied to, and what that was made of. */
  uri = '';
  uriFilename: string | undefined;
  uriPathInfo = '';
  ruleGroups: Groups | undefined;
  conditionGroups: Groups | undefined;
  /** Header fields that a condition, or what is expanded, looked at; joined by ", ". */
  varyOfCondition = '';
  vary = '';
  /** A `?` came out of an expansion before any that is written in the substitution. */
  hasUnsafeQuestion = false;
  round = 1;
  action: Action = UNCHANGED;
  /** The last rule that substituted. */
  lastRule: Rule | undefined;
  /** How many of trace1 to trace8 are logged. */
  readonly trace: number;

  constructor(
    r: Request,
    maps: ReadonlyMap<string, RewriteMap> | undefined,
    directory: string | undefined,
    base: string | undefined,
  ) {
    this.r = r;
    this.maps = maps;
    this.directory = directory;
    this.base = base;
    this.walked = directory !== undefined && r.filename?.charCodeAt(0) === 0x2f ? r.filename : undefined;
    this.trace = traceLevel(r);
  }

  /** Logs at trace1 to trace8; callers look at `trace` first, so that a text that is not logged is not made. */
  log(level: number, text: string): void {
    traceRequest(this.r, level, this.directory, text);
  }
}

/** How many of trace1 to trace8 are logged for a request. */
export function traceLevel(r: Request): number {
  let level = 0;
  while (level < 8 && isLogged(r, 'rewrite', Level.debug + level + 1)) level++;
  return level;
}

/** Numbers that stand for the addresses httpd prints. */
const numbers = new WeakMap<Request | VirtualServer, number>();
let lastNumber = 0;

function numberOf(record: Request | VirtualServer): string {
  let number = numbers.get(record);
  if (number === undefined) {
    number = ++lastNumber;
    numbers.set(record, number);
  }
  return number.toString(16);
}

/** One line as do_rewritelog writes it. */
export function traceRequest(r: Request, level: number, directory: string | undefined, text: string): void {
  let redirects = 0;
  for (let up = r.prev; up !== undefined; up = up.prev) redirects++;
  const user = r.user === undefined ? '-' : r.user === '' ? '""' : r.user;
  const kind = (r.main === undefined ? 'initial' : 'subreq') + (redirects === 0 ? '' : `/redir#${redirects}`);
  const ids = `${serverName(r)}/sid#${numberOf(r.server)}][rid#${numberOf(r)}/${kind}`;
  const where = directory === undefined ? '' : `[perdir ${directory}] `;
  const line = `${r.remoteHost ?? r.clientAddr} - ${user} [${ids}] ${where}${text}`;
  logRequest(r, 'rewrite', Level.debug + level, '', line);
}
