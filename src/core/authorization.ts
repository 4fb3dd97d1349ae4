/** Access, authentication and authorization with Satisfy (the auth block of ap_process_request_internal, said once for All and Any). */
import { type Answer, runAll, runFirst, type SatisfyHook } from './hooks.ts';
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
  const any = satisfiesAny(r);
  const access = runAll(r.server.phases.accessChecker, r);
  return typeof access === 'number'
    ? afterAccess(r, access, any)
    : access.then((status) => afterAccess(r, status, any));
}

function satisfiesAny(r: Request): boolean {
  const { satisfies } = r.server.phases;
  for (let i = 0; i < satisfies.length; i++) {
    if ((satisfies[i] as SatisfyHook)(r) === 'any') return true;
  }
  return false;
}

function afterAccess(r: Request, access: number, any: boolean): Answer {
  if (any ? access === OK : access !== OK) return access;
  const answer = runFirst(r.server.phases.accessCheckerEx, r);
  if (answer === DECLINED) return authenticate(r);
  if (typeof answer === 'number') return answer;
  return answer.then((status) => (status === DECLINED ? authenticate(r) : status));
}

function authenticate(r: Request): Answer {
  const answer = declinedIsError(r, 'check user', runFirst(r.server.phases.checkUserId, r));
  return typeof answer === 'number'
    ? afterAuthentication(r, answer)
    : answer.then((status) => afterAuthentication(r, status));
}

function afterAuthentication(r: Request, status: number): Answer {
  if (status !== OK) return status;
  if (r.user === undefined) {
    const what = `No authentication done but request not allowed without authentication for ${r.uri}.`;
    logRequest(r, 'core', Level.error, 'AH00027', `${what} Authentication not configured?`);
    return 500;
  }
  return declinedIsError(r, 'check authorization', runFirst(r.server.phases.authChecker, r));
}

/** Nobody answered a question that has to be answered: the configuration is incomplete (decl_die). */
export function declinedIsError(r: Request, question: string, answer: Answer): Answer {
  if (typeof answer !== 'number') return answer.then((status) => declinedIsError(r, question, status));
  if (answer !== DECLINED) return answer;
  logRequest(r, 'core', Level.crit, 'AH00025', `configuration error:  couldn't ${question}: ${r.uri}`);
  return 500;
}
