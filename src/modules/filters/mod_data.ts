/** mod_data: the output filter DATA, which makes a data URL (RFC 2397) of an answer (modules/filters/mod_data.c). Complete. */
import { type BodyWriter, endBody, type OutputFilter } from '../../core/body.ts';
import { FilterType, OUTPUT_FILTER } from '../../core/filters.ts';
import { defineModule } from '../../core/module.ts';
import type { Request } from '../../core/request.ts';

const NOTHING: Buffer = Buffer.alloc(0);

/** What stands before the data; the type's parameter as it is written, without its blank. */
export function dataUrlHead(type: string | undefined): string {
  const [media = '', parameter = ''] = (type ?? '').split(' ');
  return `data:${media}${parameter};base64,`;
}

/** Base64 of a body that comes in pieces. */
class DataWriter implements BodyWriter {
  readonly #next: BodyWriter;
  #head: string;
  /** Up to two bytes that make no group of three yet. */
  #left: Buffer = NOTHING;

  constructor(next: BodyWriter, head: string) {
    this.#next = next;
    this.#head = head;
  }
  write(chunk: Buffer): boolean {
    const bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    this.#left = Buffer.from(bytes.subarray(whole));
    return whole === 0 ? true : this.#next.write(this.#encoded(bytes.subarray(0, whole)));
  }
  endWith(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#left, chunk]);
    this.#left = NOTHING;
    endBody(this.#next, this.#encoded(bytes));
  }
  end(): void {
    this.endWith(NOTHING);
  }
  flush(): void {
    this.#next.flush?.();
  }
  abort(): void {
    this.#next.abort();
  }
  #encoded(bytes: Buffer): Buffer {
    const text = this.#head + bytes.toString('base64');
    this.#head = '';
    return Buffer.from(text, 'latin1');
  }
}

/** Sub-requests and what an internal redirect leads to stay as they are (ap_is_initial_req). */
const isInitial = (r: Request): boolean => r.main === undefined && r.prev === undefined;

const data: OutputFilter = {
  type: FilterType.resource,
  start(r, next) {
    if (!isInitial(r)) return undefined;
    const head = dataUrlHead(r.contentType);
    r.contentType = 'text/plain';
    r.headersOut.delete('content-length');
    return new DataWriter(next, head);
  },
  lengthAfter: (r, length) =>
    isInitial(r) ? dataUrlHead(r.contentType).length + Math.ceil(length / 3) * 4 : length,
};

export const modData = defineModule({
  name: 'data_module',
  file: 'mod_data.c',
  providers: { [OUTPUT_FILTER]: { data } },
});
