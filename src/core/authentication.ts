/**
 * What the authentication modules tell each other of a request (ap_auth_type, ap_auth_name and ap_note_auth_failure of httpd's
 * server/core.c and server/request.c).
 */
import type { Request } from './request.ts';

/** AuthType of the place the request is for; undefined when there is none, or `None`. */
export function authType(r: Request): string | undefined {
  return firstText(r.server.phases.authType, r);
}

/** AuthName, ready to stand between double quotes; undefined when there is none. */
export function authName(r: Request): string | undefined {
  return firstText(r.server.phases.authName, r);
}

/** A text between double quotes: a quote gets a backslash unless it has one (ap_escape_quotes). */
export function escapeQuotes(text: string): string {
  return text.replace(/\\[\s\S]|"/g, (found) => (found === '"' ? '\\"' : found));
}

/** Puts the challenge that belongs to a 401 into the answer's fields. */
export function noteAuthFailure(r: Request): void {
  for (const note of r.server.phases.noteAuthFailure) note(r);
}

function firstText(hooks: readonly ((r: Request) => string | undefined)[], r: Request): string | undefined {
  for (let i = 0; i < hooks.length; i++) {
    const text = (hooks[i] as (r: Request) => string | undefined)(r);
    if (text !== undefined) return text;
  }
  return undefined;
}
