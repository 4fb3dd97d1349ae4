/**
 * mod_buffer: the filters BUFFER for answers and for request bodies, which pass on few large pieces in place of many small ones
 * (modules/filters/mod_buffer.c). Complete.
 */
import { ACCESS_CONF, type AnyRow } from '../../config/directive.ts';
import { parseLong } from '../../config/values.ts';
import {
  type BodyFlow,
  type BodyReader,
  type BodyWriter,
  endBody,
  type InputFilter,
  type InputStage,
  type OutputFilter,
} from '../../core/body.ts';
import { FilterType, OUTPUT_FILTER } from '../../core/filters.ts';
import { INPUT_FILTER } from '../../core/input-filters.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';
import { Gathered } from './shared/gathered.ts';

interface DirConf {
  /** Bytes. */
  size?: number;
}

const DEFAULT_SIZE = 131072;

const rows: readonly AnyRow<object, DirConf>[] = [
  {
    name: 'BufferSize',
    shape: 'TAKE1',
    where: ACCESS_CONF,
    usage: 'Maximum size of the buffer used by the buffer filter',
    apply(cmd, text) {
      const { value, outOfRange } = parseLong(text);
      if (outOfRange || value <= 0n) return 'BufferSize must be a size in bytes, and greater than zero';
      cmd.dir.size = Number(value);
      return undefined;
    },
  },
];

class BufferingWriter implements BodyWriter {
  readonly #next: BodyWriter;
  readonly #gathered = new Gathered();
  readonly #limit: number;

  constructor(next: BodyWriter, limit: number) {
    this.#next = next;
    this.#limit = limit;
  }
  write(chunk: Buffer): boolean {
    this.#gathered.add(chunk, false);
    return this.#gathered.size >= this.#limit ? this.#next.write(this.#gathered.take()) : true;
  }
  end(): void {
    if (this.#gathered.size === 0) this.#next.end();
    else endBody(this.#next, this.#gathered.take());
  }
  endWith(chunk: Buffer): void {
    this.#gathered.add(chunk, false);
    endBody(this.#next, this.#gathered.take());
  }
  // Nothing goes on before its time, though a script would have it so: that is what the buffer is for.
  flush(): void {}
  abort(): void {
    this.#next.abort();
  }
}

class BufferingStage implements InputStage {
  readonly #next: BodyReader;
  readonly #source: BodyFlow;
  readonly #gathered = new Gathered();
  readonly #limit: number;

  constructor(next: BodyReader, source: BodyFlow, limit: number) {
    this.#next = next;
    this.#source = source;
    this.#limit = limit;
  }
  onBody(chunk: Buffer): boolean {
    this.#gathered.add(chunk, true);
    return this.#gathered.size >= this.#limit ? this.#next.onBody(this.#gathered.take()) : true;
  }
  onBodyEnd(): void {
    // A reader that wants to wait has had all there is.
    if (this.#gathered.size > 0 && !this.#next.onBody(this.#gathered.take())) this.#isEnding = true;
    else this.#next.onBodyEnd();
  }
  #isEnding = false;
  onBodyError(status: number): void {
    this.#gathered.take();
    this.#next.onBodyError(status);
  }
  resume(): void {
    if (!this.#isEnding) {
      this.#source.resume();
      return;
    }
    this.#isEnding = false;
    this.#next.onBodyEnd();
  }
}

const sizeOf = (r: Request): number => modBuffer.dir(r).size ?? DEFAULT_SIZE;
/** Neither sub-requests nor internal redirects are buffered (ap_is_initial_req). */
const isInitial = (r: Request): boolean => r.main === undefined && r.prev === undefined;

const output: OutputFilter = {
  type: FilterType.contentSet,
  // A body that is at hand at once is one piece already.
  start: (r, next, length) =>
    isInitial(r) && length === undefined ? new BufferingWriter(next, sizeOf(r)) : undefined,
  lengthAfter: (_r, length) => length,
};
const input: InputFilter = {
  type: FilterType.contentSet,
  start: (r, next, source) => (isInitial(r) ? new BufferingStage(next, source, sizeOf(r)) : undefined),
};

export const modBuffer = defineModule<object, DirConf>({
  name: 'buffer_module',
  file: 'mod_buffer.c',
  directives: rows,
  mergeDir: (base, add) => ({ ...base, ...add }),
  providers: { [OUTPUT_FILTER]: { buffer: output }, [INPUT_FILTER]: { buffer: input } },
});
