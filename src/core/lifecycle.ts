/**
 * The life of a request, in httpd's order (ap_process_request and ap_process_request_internal of server/request.c and
 * modules/http/http_request.c). A step answers OK to go on; anything else leaves through the error path in errors.ts. Steps answer at once or,
 * when they must wait, with a promise: only then is anything awaited.
 */
import { authorize, declinedIsError } from './authorization.ts';
import { die } from './errors.ts';
import { setupFilters } from './filters.ts';
import { type Answer, runAll, runFirst, runVoid } from './hooks.ts';
import { startInputFilters } from './input-filters.ts';
import type { Request } from './request.ts';
import { decodeUri, normaliseUri } from './request-uri.ts';
import { DECLINED, DONE, OK } from './status.ts';
import { ifWalk, locationWalk } from './walks.ts';

type Step = (r: Request) => Answer;

/** From the URL as sent to a handler's door. */
const MAIN_STEPS: readonly Step[] = [
  normalisePath,
  preTranslate, //              by the path as sent; it may stop the decoding
  decodePath,
  sectionsOfLocation, //        by the decoded path
  translateName, //             URL to file name: proxy, rewrite, alias, userdir, vhost_alias, core last
  mapToStorage, //              directory and file sections, .htaccess files
  sectionsOfLocation, //        on top of them
  headerParser,
  authorize, //                 access, authentication, authorization, with Satisfy
  typeChecker,
  fixups,
];

/** A sub-request for a file that is already known starts behind the mapping of names. */
const FILE_STEPS: readonly Step[] = [mapToStorage, sectionsOfLocation, authorize, typeChecker, fixups];

/** Brings a request to its handler's door (ap_process_request_internal). */
export function prepareRequest(r: Request, steps: readonly Step[] = MAIN_STEPS): Answer {
  return runSteps(r, steps, 0);
}

export function prepareFileRequest(r: Request): Answer {
  return runSteps(r, FILE_STEPS, 0);
}

function runSteps(r: Request, steps: readonly Step[], from: number): Answer {
  for (let i = from; i < steps.length; i++) {
    const answer = (steps[i] as Step)(r);
    if (typeof answer !== 'number') {
      return answer.then((status) => (status === OK ? runSteps(r, steps, i + 1) : status));
    }
    if (answer !== OK) return answer;
  }
  return OK;
}

/**
 * Processes a request the client sent, from post-read-request to the last byte handed over (ap_process_request). When it answers, a response
 * has been given; the transport ends it.
 */
export function processRequest(r: Request): Answer {
  return settle(r, startRequest(r));
}

function startRequest(r: Request): Answer {
  const client = r.connection.proxiedClient;
  if (client !== undefined) {
    r.clientAddr = client.address;
    r.clientPort = client.port;
  }
  const read = runAll(r.server.phases.postReadRequest, r);
  return read === OK ? serve(r) : andThen(r, read, serve);
}

/** Prepares and handles; shared by client requests and internal redirects. */
export function serve(r: Request): Answer {
  const prepared = prepareRequest(r);
  return prepared === OK ? invokeHandler(r) : andThen(r, prepared, invokeHandler);
}

function andThen(r: Request, answer: Answer, step: Step): Answer {
  if (typeof answer === 'number') return answer === OK ? step(r) : answer;
  return answer.then((status) => (status === OK ? step(r) : status));
}

/** Every answer that is no success leaves through the error path (ap_die); exceptions are a 500 there. */
export function settle(r: Request, answer: Answer): Answer {
  if (typeof answer !== 'number') return answer.then((status) => settle(r, status));
  if (answer === OK || answer === DONE) return OK;
  return die(r, answer === DECLINED ? 500 : answer);
}

/** insert-filter and handler phases (ap_invoke_handler). */
export function invokeHandler(r: Request): Answer {
  runVoid(r.server.phases.insertFilter, r);
  if (r.outputFilters !== undefined) setupFilters(r);
  if (r.inputFilters !== undefined) startInputFilters(r);
  return runFirst(r.server.phases.handler, r);
}

function normalisePath(r: Request): Answer {
  return normaliseUri(r) ? OK : 400;
}

/** Nobody who looks at paths before decoding: no need to find their sections either. */
function preTranslate(r: Request): Answer {
  const hooks = r.server.phases.preTranslateName;
  if (hooks.length === 0) return OK;
  const before = r.perDir;
  const finish = (status: number): number => {
    r.perDir = before;
    if (status === DONE) r.isPathTranslated = true;
    return status === DONE ? OK : declinedIsOk(status);
  };
  const status = andThen(r, sectionsOfLocation(r), () => runFirst(hooks, r));
  return typeof status === 'number' ? finish(status) : status.then(finish);
}

function decodePath(r: Request): Answer {
  return r.isPathTranslated ? OK : decodeUri(r);
}

function sectionsOfLocation(r: Request): Answer {
  locationWalk(r);
  return ifWalk(r);
}

function translateName(r: Request): Answer {
  return declinedIsError(r, 'translate', runFirst(r.server.phases.translateName, r));
}

function mapToStorage(r: Request): Answer {
  r.perDir = r.server.lookupDefaults;
  return declinedIsError(r, 'map to storage', runFirst(r.server.phases.mapToStorage, r));
}

function headerParser(r: Request): Answer {
  return r.main === undefined ? runAll(r.server.phases.headerParser, r) : OK;
}

function typeChecker(r: Request): Answer {
  const answer = runFirst(r.server.phases.typeChecker, r);
  if (typeof answer === 'number') return declinedIsOk(answer);
  return answer.then(declinedIsOk);
}

function declinedIsOk(status: number): number {
  return status === DECLINED ? OK : status;
}

function fixups(r: Request): Answer {
  return runAll(r.server.phases.fixups, r);
}
