/**
 * Named input filters (server/util_filter.c of httpd): what modules offer by name, put before the request body by SetInputFilter and
 * AddInputFilter. A request without any pays nothing for them.
 */
import type { ProviderRegistry } from '../config/providers.ts';
import type { InputFilter } from './body.ts';
import { replaceBody } from './kept-body.ts';
import { Level, logRequest } from './log.ts';
import type { Request } from './request.ts';
import { FilteredBody } from './request-body.ts';

/** The group of providers that input filters register in; names in lower case. */
export const INPUT_FILTER = 'input-filter';

export function findInputFilter(registry: ProviderRegistry, name: string): InputFilter | undefined {
  return registry.find(INPUT_FILTER, name.toLowerCase()) as InputFilter | undefined;
}

/** Puts a filter behind those of its type: of equals, the one added last sees the body first. */
function addInputFilter(r: Request, filter: InputFilter): void {
  r.inputFilters ??= [];
  const filters = r.inputFilters;
  let at = filters.length;
  while (at > 0 && (filters[at - 1] as InputFilter).type > filter.type) at--;
  filters.splice(at, 0, filter);
}

/** The same by name; what no module offers is left out and logged. */
export function addInputFilterByName(r: Request, name: string): void {
  const filter = findInputFilter(r.configuration.providers, name);
  if (filter === undefined)
    logRequest(r, 'core', Level.error, 'AH00082', `an unknown filter was not added: ${name}`);
  else addInputFilter(r, filter);
}

/** The end of insert-filter: the filters stand before the body. One that is not there, or that somebody has begun to read, is left alone. */
export function startInputFilters(r: Request): void {
  const filters = r.inputFilters;
  r.inputFilters = undefined;
  const { body } = r.transport;
  if (filters === undefined || r.main !== undefined || !body.isPresent || body.isTaken) return;
  replaceBody(r, new FilteredBody(r, body, filters));
}
