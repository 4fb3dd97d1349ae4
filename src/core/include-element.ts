/**
 * The seam by which modules give elements to pages with server-side includes (ap_register_include_handler of mod_include.h): mod_cgi's `exec`
 * stands outside of mod_include.
 */
import type { BodyWriter } from './body.ts';
import type { Answer } from './hooks.ts';
import type { Request } from './request.ts';

/** The group of providers: elements by their names in lower case. */
export const INCLUDE_ELEMENT = 'include-element';

/** An argument of an element; names in lower case. What stands without `=` has no value. */
export interface IncludeArgument {
  readonly name: string;
  readonly value: string | undefined;
}

/** What an element sees of the page it stands in. Texts are byte strings. */
export interface IncludePage {
  readonly r: Request;
  /** False in a branch of an `if` that is not shown. */
  readonly isPrinting: boolean;
  /** False with Options IncludesNOEXEC. */
  readonly mayExec: boolean;
  /** An argument's value with its character entities decoded. */
  decode(value: string): string;
  /** Puts variables in; an unknown one becomes nothing, or stays where `keepsUnknown`. */
  expand(text: string, keepsUnknown?: boolean): string;
  put(text: string): void;
  /** Puts the page's error message. */
  putError(): void;
  /** Logs about the page's file: an error, a warning where the element is not shown. */
  complain(tag: string, message: string): void;
  /** Looks up and runs sub-requests whose answers stand in the page. */
  runSubrequest(sub: Request): Answer;
  /** For what writes by itself, in its own time: gone before the next element is looked at. */
  output(): Pick<BodyWriter, 'write'> & { onDrain(callback: () => void): void };
}

/** Handles an element; the page goes on when it answers. */
export type IncludeElement = (
  page: IncludePage,
  args: readonly IncludeArgument[],
) => undefined | Promise<void>;
