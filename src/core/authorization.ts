/** Access, authentication and authorization with Satisfy (the auth block of ap_process_request_internal, said once for All and Any). */
import { type Answer, runAll, runFirst } from './hooks.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { DECLINED, OK } from './status.ts';

/** Answers OK or the status of what refused. */
export function authorize(r: Request): Answer {
  const parent = r.prev ?? r.main;
  if (parent !== undefined && parent.perDir === r.perDir) {
    // Passed already, under the same configuration.
    r.user = parent.user;
    r.authType = parent.authType;
    return OK;
  }
  const { phases } = r.server;
  const any = phases.satisfies.some((satisfies) => satisfies(r) === 'any');
  return whenAnswered(declinedIsError(r, 'check access', runAll(phases.accessChecker, r)), (access) => {
    if (any ? access === OK : access !== OK) return access;
    return whenAnswered(runFirst(phases.accessCheckerEx, r), (status) =>
      status === DECLINED ? authenticate(r) : status,
    );
  });
}

function authenticate(r: Request): Answer {
  const { phases } = r.server;
  return whenAnswered(declinedIsError(r, 'check user', runFirst(phases.checkUserId, r)), (status) => {
    if (status !== OK) return status;
    if (r.user === undefined) {
      const what = `No authentication done but request not allowed without authentication for ${r.uri}.`;
      logRequest(r, 'core', Level.error, 'AH00027', `${what} Authentication not configured?`);
      return 500;
    }
    return declinedIsError(r, 'check authorization', runFirst(phases.authChecker, r));
  });
}

/** Nobody answered a question that has to be answered: the configuration is incomplete (decl_die). */
export function declinedIsError(r: Request, question: string, answer: Answer): Answer {
  return whenAnswered(answer, (status) => {
    if (status !== DECLINED) return status;
    logRequest(r, 'core', Level.crit, 'AH00025', `configuration error:  couldn't ${question}: ${r.uri}`);
    return 500;
  });
}

/** Goes on with an answer, at once where it is there. (Not called `then`: that would make this module a thenable to import().) */
export function whenAnswered(answer: Answer, next: (status: number) => Answer): Answer {
  return typeof answer === 'number' ? next(answer) : answer.then(next);
}
