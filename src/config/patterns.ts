/** Regular expressions in directives. */
import { compilePcre, type Pcre, PcreError, type PcreFlags } from '../lib/pcre/index.ts';
import type { DirectiveError } from './directive.ts';

/** Compiles a pattern; one that is none is an error with `message`, which is httpd's, and the reason as its hint. */
export function compileDirectivePcre(
  pattern: string,
  message: string,
  flags?: Partial<PcreFlags>,
): Pcre | DirectiveError {
  try {
    return compilePcre(pattern, flags);
  } catch (error) {
    if (!(error instanceof PcreError)) throw error;
    return { message, hint: error.message };
  }
}
