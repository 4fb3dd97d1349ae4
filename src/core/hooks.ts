/**
 * Phases and how their answers combine (RUN_FIRST, RUN_ALL, VOID of httpd's server/request.c). Each server has its own flattened table:
 * a module that nothing configures for a server is not in it. A hook answers at once or, when it must wait, with a promise; only then is
 * anything awaited.
 */
import type { ServerConfigs } from '../config/apply.ts';
import type { Request } from './request.ts';
import { DECLINED, OK } from './status.ts';

export type Answer = number | Promise<number>;
export type Hook = (r: Request) => Answer;
/** For phases without an answer (insert-filter, log-transaction). */
export type VoidHook = (r: Request) => void;
export type SatisfyHook = (r: Request) => 'all' | 'any';
/** The first text there is counts. */
export type TextHook = (r: Request) => string | undefined;

/** Position of a hook among those of its phase, as APR_HOOK_*; within one position the modules' order decides. */
export const REALLY_FIRST = -10;
export const FIRST = 0;
export const MIDDLE = 10;
export const LAST = 20;
export const REALLY_LAST = 30;

/** A hook with a position other than MIDDLE, or with modules (by file name, `mod_x.c`) it must come before or after. */
export interface PlacedHook<F> {
  readonly run: F;
  readonly order?: number;
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** Whether a server, complete, has any use for it; left out of the tables of the others. */
  readonly isNeeded?: (server: Pick<ServerConfigs, 'slots'>) => boolean;
}
export type HookSpec<F> = F | PlacedHook<F>;
/** What a module does in a phase; a list when it has its say more than once, at different positions. */
export type HookSpecs<F> = HookSpec<F> | readonly PlacedHook<F>[];

/** The phases of a request, in the order of its life. */
export interface PhaseHooks {
  readonly postReadRequest?: HookSpecs<Hook>;
  readonly preTranslateName?: HookSpecs<Hook>;
  readonly translateName?: HookSpecs<Hook>;
  readonly mapToStorage?: HookSpecs<Hook>;
  readonly headerParser?: HookSpecs<Hook>;
  /** Whether one of host and user is enough here (Satisfy). */
  readonly satisfies?: HookSpecs<SatisfyHook>;
  readonly accessChecker?: HookSpecs<Hook>;
  readonly accessCheckerEx?: HookSpecs<Hook>;
  readonly checkUserId?: HookSpecs<Hook>;
  readonly authChecker?: HookSpecs<Hook>;
  /** AuthType and AuthName, asked by whoever authenticates or authorizes; not a step of the lifecycle. */
  readonly authType?: HookSpecs<TextHook>;
  readonly authName?: HookSpecs<TextHook>;
  /** Puts the challenge of its scheme beside a 401. */
  readonly noteAuthFailure?: HookSpecs<VoidHook>;
  readonly typeChecker?: HookSpecs<Hook>;
  readonly fixups?: HookSpecs<Hook>;
  readonly insertFilter?: HookSpecs<VoidHook>;
  /** For the pages that the server makes of an error or a redirect: what insert-filter put in place is gone by then. */
  readonly insertErrorFilter?: HookSpecs<VoidHook>;
  readonly handler?: HookSpecs<Hook>;
  readonly logTransaction?: HookSpecs<VoidHook>;
}
export type Phase = keyof PhaseHooks;

/** The hooks of one server, a list a phase, in running order. */
export interface PhaseTable {
  readonly postReadRequest: readonly Hook[];
  readonly preTranslateName: readonly Hook[];
  readonly translateName: readonly Hook[];
  readonly mapToStorage: readonly Hook[];
  readonly headerParser: readonly Hook[];
  readonly satisfies: readonly SatisfyHook[];
  readonly accessChecker: readonly Hook[];
  readonly accessCheckerEx: readonly Hook[];
  readonly checkUserId: readonly Hook[];
  readonly authChecker: readonly Hook[];
  readonly authType: readonly TextHook[];
  readonly authName: readonly TextHook[];
  readonly noteAuthFailure: readonly VoidHook[];
  readonly typeChecker: readonly Hook[];
  readonly fixups: readonly Hook[];
  readonly insertFilter: readonly VoidHook[];
  readonly insertErrorFilter: readonly VoidHook[];
  readonly handler: readonly Hook[];
  readonly logTransaction: readonly VoidHook[];
}

/** RUN_FIRST: the first answer that is not DECLINED; DECLINED when there is none. */
export function runFirst(hooks: readonly Hook[], r: Request, from = 0): Answer {
  for (let i = from; i < hooks.length; i++) {
    const answer = (hooks[i] as Hook)(r);
    if (typeof answer !== 'number') {
      return answer.then((status) => (status === DECLINED ? runFirst(hooks, r, i + 1) : status));
    }
    if (answer !== DECLINED) return answer;
  }
  return DECLINED;
}

/** RUN_ALL: every hook runs until one answers something else than OK or DECLINED; OK when none does. */
export function runAll(hooks: readonly Hook[], r: Request, from = 0): Answer {
  for (let i = from; i < hooks.length; i++) {
    const answer = (hooks[i] as Hook)(r);
    if (typeof answer !== 'number') {
      return answer.then((status) =>
        status === OK || status === DECLINED ? runAll(hooks, r, i + 1) : status,
      );
    }
    if (answer !== OK && answer !== DECLINED) return answer;
  }
  return OK;
}

/** VOID: every hook runs. */
export function runVoid(hooks: readonly VoidHook[], r: Request): void {
  for (let i = 0; i < hooks.length; i++) (hooks[i] as VoidHook)(r);
}

interface Entry<F> {
  readonly file: string;
  readonly run: F;
  readonly order: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Sorts one phase: by position, then by the modules' order, then moved where before/after ask for it (apr_hook_sort_register). */
export function sortHooks<F>(specs: readonly { readonly file: string; readonly hook: HookSpec<F> }[]): F[] {
  const entries: Entry<F>[] = specs.map(({ file, hook }) =>
    isPlaced(hook)
      ? {
          file,
          run: hook.run,
          order: hook.order ?? MIDDLE,
          before: hook.before ?? [],
          after: hook.after ?? [],
        }
      : { file, run: hook, order: MIDDLE, before: [], after: [] },
  );
  entries.sort((a, b) => a.order - b.order);
  const sorted: Entry<F>[] = [];
  const visiting = new Set<Entry<F>>();
  const place = (entry: Entry<F>): void => {
    if (sorted.includes(entry) || visiting.has(entry)) return;
    visiting.add(entry);
    for (const other of entries) {
      if (entry.after.includes(other.file) || other.before.includes(entry.file)) place(other);
    }
    sorted.push(entry);
  };
  for (const entry of entries) place(entry);
  return sorted.map((entry) => entry.run);
}

/** The hooks of a module in a phase, one by one. */
export function eachHook<F>(specs: HookSpecs<F>): readonly HookSpec<F>[] {
  return Array.isArray(specs) ? (specs as readonly PlacedHook<F>[]) : [specs as HookSpec<F>];
}

export function isPlaced<F>(hook: HookSpec<F>): hook is PlacedHook<F> {
  return typeof hook === 'object';
}
