/**
 * Sessions: small tables of texts that outlive a request, and the seams between the module that knows what a session is and those that keep it,
 * encrypt it, or want something of it (modules/session/mod_session.h of httpd).
 */
import type { Configuration } from './configuration.ts';
import type { Request } from './request.ts';
import type { Table } from './table.ts';

export interface Session {
  readonly entries: Table;
  /** Microseconds since 1970 after which it counts no more; 0: never. */
  expiry: bigint;
  /** Seconds that a cookie may be kept; 0: until the browser closes. */
  maxAge: number;
  /** As it was stored, while it has not been read. */
  encoded: string | undefined;
  isDirty: boolean;
  isWritten: boolean;
}

/** Groups of providers, each with one name in use. */
export const SESSION_GROUP = 'session';
export const SESSION_STORE_GROUP = 'session-store';
export const SESSION_CODEC_GROUP = 'session-codec';

/** What other modules may do with the session of a request; `session`, offered by mod_session. */
export interface Sessions {
  /** The session, a new one if need be; undefined where there shall be none. */
  load(r: Request): Session | undefined;
  get(r: Request, key: string): string | undefined;
  /** Undefined removes the entry. */
  set(r: Request, key: string, value: string | undefined): void;
}

/** Where sessions are kept between requests; `cookie`. */
export interface SessionStore {
  /** Undefined: not configured to keep any. The same session again for the same request, unless configured otherwise. */
  load(r: Request): Session | undefined;
  /** `encoded` is empty for a session to be forgotten. False: not configured to keep any. */
  save(r: Request, session: Session, encoded: string): boolean;
}

/** What stands between text and store; `crypto`. Null: it cannot be done, and why has been logged. */
export interface SessionCodec {
  encode(r: Request, text: string): string | null;
  decode(r: Request, stored: string): string | null;
}

export function sessionsOf(configuration: Configuration): Sessions | undefined {
  return configuration.providers.find(SESSION_GROUP, 'session') as Sessions | undefined;
}
export function sessionStoreOf(configuration: Configuration): SessionStore | undefined {
  return configuration.providers.find(SESSION_STORE_GROUP, 'cookie') as SessionStore | undefined;
}
export function sessionCodecOf(configuration: Configuration): SessionCodec | undefined {
  return configuration.providers.find(SESSION_CODEC_GROUP, 'crypto') as SessionCodec | undefined;
}
