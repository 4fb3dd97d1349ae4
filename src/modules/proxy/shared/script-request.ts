/** What requests of CGI-like backends (SCGI, uwsgi) have in common: a body of known length behind variables. */
import { addCgiVariables, type VariableSink } from '../../../cgi/variables.ts';
import type { RequestBody } from '../../../core/body.ts';
import type { Answer } from '../../../core/hooks.ts';
import type { Request } from '../../../core/request.ts';
import { pathTranslated, scriptRequest } from '../../../core/script-request.ts';

/**
 * Whether the body can be passed on: its length must be known beforehand (REQUEST_CHUNKED_ERROR of ap_setup_client_block). 0, or the status to
 * answer with.
 */
export function checkBody(body: RequestBody): 0 | 411 {
  return body.isPresent && !body.isTaken && body.length === undefined ? 411 : 0;
}

/** Bytes of the body that will be sent. A body that somebody has read already (an error document's) is none. */
export function bodyLength(body: RequestBody): number {
  return body.isPresent && !body.isTaken ? (body.length ?? 0) : 0;
}

/** Goes on when PATH_TRANSLATED is known, which may have to wait. */
export function withVariables(
  r: Request,
  then: (addVariables: (sink: VariableSink) => void) => Answer,
): Answer {
  const translated = pathTranslated(r);
  if (translated instanceof Promise)
    return translated.then((path) => then((sink) => addCgiVariables(scriptRequest(r, path), sink)));
  return then((sink) => addCgiVariables(scriptRequest(r, translated), sink));
}

/** httpd leaves the variables in the request's environment: whoever the request is redirected to sees them with REDIRECT_ before them. */
export function exportVariables(r: Request, addVariables: (sink: VariableSink) => void): void {
  const pairs: [string, string][] = [];
  addVariables((name, value) => pairs.push([name, value]));
  for (const [name, value] of pairs) r.env.set(name, value);
}
