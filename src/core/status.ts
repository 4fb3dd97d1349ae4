/** What a hook answers besides an HTTP status: httpd's OK, DECLINED and DONE (include/httpd.h). */

/** This hook has dealt with the phase. */
export const OK = 0;
/** Not mine: ask the next one. */
export const DECLINED = -1;
/** The answer has been sent: nothing more is to be done. */
export const DONE = -2;

export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}
