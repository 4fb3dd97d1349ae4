/**
 * The seam by which other modules give FastCGI applications parameters beside the CGI variables. A module lists itself in its description:
 * `providers: { [REQUEST_PARAMS]: { php: ... } }`; `php` is the one there is.
 */
import type { Request } from '../../../core/request.ts';

export const REQUEST_PARAMS = 'fcgi-request-params';

/** Pairs in the order sent, encoded as PARAMS too. They take the place of CGI variables of the same names. */
export interface ExtraParams {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly encoded: string;
}

/** Asked for every FastCGI request: undefined for nothing to add, a status for a request that must not be passed on. */
export type RequestParams = (r: Request) => ExtraParams | number | undefined;
