/** Pages included in pages: the inner one works with the variables of the outer one. */
import type { Request } from '../../../core/request.ts';
import type { Page } from './page.ts';
import type { SharedVariables } from './variables.ts';

const OUTER = new WeakMap<Request, SharedVariables>();

/** The sub-request is what an include of that page asked for. */
export function markNested(sub: Request, page: Page): void {
  OUTER.set(sub, page.shared);
}

/** The variables of the page that included this request; undefined when none did. Sets the request's environment to the page's. */
export function enterNested(r: Request): SharedVariables | undefined {
  const shared = OUTER.get(r);
  if (shared !== undefined && r.main !== undefined) r.env = r.main.env;
  return shared;
}
