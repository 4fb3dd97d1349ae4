/**
 * Named output filters (server/util_filter.c of httpd): what modules offer by name, put in place by SetOutputFilter, AddOutputFilter and
 * mod_filter, and started when the body reaches them.
 */

import type { ProviderRegistry } from '../config/providers.ts';
import { type BodyWriter, endBody, type OutputFilter } from './body.ts';
import { coreDir } from './core-config.ts';
import { addInputFilterByName } from './input-filters.ts';
import { Level, logRequest } from './log.ts';
import { PassingTransport } from './passing-transport.ts';
import type { Request } from './request.ts';

/** The group of providers that output filters register in; names in lower case. A module description lists them under it. */
export const OUTPUT_FILTER = 'output-filter';

/** Where in the chain a filter stands: lower ones see the body first (ap_filter_type). */
export const FilterType = {
  resource: 10,
  contentSet: 20,
  protocol: 30,
  transcode: 40,
  connection: 50,
  network: 60,
} as const;

/** A filter of a configuration's modules, by name without regard to case. */
export function findOutputFilter(registry: ProviderRegistry, name: string): OutputFilter | undefined {
  return registry.find(OUTPUT_FILTER, name.toLowerCase()) as OutputFilter | undefined;
}

/** Puts a filter behind those of its type that are there (add_any_filter_handle). */
export function addOutputFilter(r: Request, filter: OutputFilter): void {
  r.outputFilters ??= [];
  const filters = r.outputFilters;
  let at = filters.length;
  while (at > 0 && (filters[at - 1] as OutputFilter).type > filter.type) at--;
  filters.splice(at, 0, filter);
}

/** Lets the filters in place say what they must before the handler runs (ap_invoke_filter_init). */
export function setupFilters(r: Request): void {
  for (const filter of r.outputFilters ?? []) filter.setup?.(r);
}

/** The same by name; what no module offers is left out and logged. */
function addOutputFilterByName(r: Request, name: string): void {
  const filter = findOutputFilter(r.configuration.providers, name);
  if (filter === undefined) {
    logRequest(r, 'core', Level.error, 'AH00082', `an unknown filter was not added: ${name}`);
    return;
  }
  addOutputFilter(r, filter);
}

/** The insert-filter phase of the core: names of AddOutputFilter and AddInputFilter, then of SetOutputFilter and SetInputFilter. */
export function insertNamedFilters(r: Request): void {
  const { wantedOutputFilters } = r;
  if (wantedOutputFilters !== undefined && r.proxyRequest === 'none') {
    for (const name of wantedOutputFilters) addOutputFilterByName(r, name);
  }
  if (r.wantedInputFilters !== undefined && r.proxyRequest === 'none') {
    for (const name of r.wantedInputFilters) addInputFilterByName(r, name);
  }
  const { outputFilters, inputFilters } = coreDir(r);
  if (inputFilters !== undefined) for (const name of inputFilters) addInputFilterByName(r, name);
  if (outputFilters !== undefined) for (const name of outputFilters) addOutputFilterByName(r, name);
}

/**
 * Puts the filters of a request before `last`, and forgets them. `length`: bytes of the whole body, where it is at hand at once; then filters
 * that step aside are gone at once, and the answer is undefined when all of them do.
 */
export function startFilters(
  r: Request,
  last: BodyWriter,
  length: number | undefined,
): BodyWriter | undefined {
  const filters = r.outputFilters;
  r.outputFilters = undefined;
  if (filters === undefined) return undefined;
  for (let i = 0; i < filters.length; i++) {
    if (length === undefined) return chain(r, filters, i, last);
    const next = chain(r, filters, i + 1, last);
    const writer = (filters[i] as OutputFilter).start(r, next, length);
    if (writer !== undefined) return writer;
  }
  return undefined;
}

function chain(r: Request, filters: readonly OutputFilter[], from: number, last: BodyWriter): BodyWriter {
  let writer = last;
  for (let i = filters.length - 1; i >= from; i--)
    writer = new WaitingFilter(r, filters[i] as OutputFilter, writer);
  return writer;
}

/** A filter the body has not reached: it is started by the first bytes, when what is before it has changed the headers it looks at. */
class WaitingFilter implements BodyWriter {
  readonly #r: Request;
  readonly #filter: OutputFilter;
  readonly #next: BodyWriter;
  #writer: BodyWriter | undefined;

  constructor(r: Request, filter: OutputFilter, next: BodyWriter) {
    this.#r = r;
    this.#filter = filter;
    this.#next = next;
  }
  #started(length: number | undefined): BodyWriter {
    this.#writer ??= this.#filter.start(this.#r, this.#next, length) ?? this.#next;
    return this.#writer;
  }
  write(chunk: Buffer): boolean {
    return this.#started(undefined).write(chunk);
  }
  end(): void {
    this.#started(0).end();
  }
  endWith(chunk: Buffer): void {
    endBody(this.#started(chunk.length), chunk);
  }
  flush(): void {
    this.#writer?.flush?.();
  }
  abort(): void {
    (this.#writer ?? this.#next).abort();
  }
}

/**
 * A filter that works in its own time (on another thread, or waiting for a sub-request) slows the producer by itself: it stands in for the request's transport, so that
 * who waits for `onDrain` waits for the filter. The filter waits for the transport behind it.
 */
export class FilterTransport extends PassingTransport {
  #drain: (() => void) | undefined;

  constructor(r: Request) {
    // Filters start in the order the body passes them: this one is behind those that stand there already.
    let before: FilterTransport | undefined;
    let behind = r.transport;
    while (behind instanceof FilterTransport) {
      before = behind;
      behind = behind.behind;
    }
    super(behind);
    if (before === undefined) r.transport = this;
    else before.behind = this;
  }
  override onDrain(callback: () => void): void {
    this.#drain = callback;
  }
  /** The filter has room again. */
  drained(): void {
    const drain = this.#drain;
    this.#drain = undefined;
    drain?.();
  }
  /** Calls once, when the writer behind the filter has room again. */
  onDrainBehind(callback: () => void): void {
    this.behind.onDrain(callback);
  }
}
