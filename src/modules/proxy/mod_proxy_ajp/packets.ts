/** Payloads a container sends, read (ajp_header.c: ajp_unmarshal_response, ajp_parse_data, ajp_parse_reuse). Pure. */
import { RESPONSE_FIELDS } from './constants.ts';

export interface AjpHead {
  readonly status: number;
  /** Undefined: none was sent. */
  readonly reason: string | undefined;
  /** Name, value, name, value, ... in the order received. */
  readonly fields: readonly string[];
}

/** A payload that cannot be read: the log number httpd gives it, and its words. */
export interface BadPacket {
  readonly tag: string;
  readonly message: string;
  /** How often it ended before what it should hold (AH03229 for each). */
  readonly cuts: number;
}

export function isBadPacket(value: object): value is BadPacket {
  return 'tag' in value;
}

/** Reads a payload from its second byte on; what is beyond its end is undefined. */
class PayloadReader {
  readonly #payload: Buffer;
  #at = 1;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  uint16(): number | undefined {
    if (this.#at + 2 > this.#payload.length) return undefined;
    this.#at += 2;
    return this.#payload.readUInt16BE(this.#at - 2);
  }

  /** With its NUL; a NUL within ends it, as in C. */
  text(): string | undefined {
    const start = this.#at + 2;
    const length = this.uint16();
    if (length === undefined) return undefined;
    const end = start + length;
    if (length === 0xffff || end >= this.#payload.length || this.#payload[end] !== 0) return undefined;
    this.#at = end + 1;
    const text = this.#payload.toString('latin1', start, end);
    const nul = text.indexOf('\0');
    return nul < 0 ? text : text.slice(0, nul);
  }

  /** Steps over a length that says null. */
  isNull(): boolean {
    const { length } = this.#payload;
    if (this.#at + 2 > length || this.#payload.readUInt16BE(this.#at) !== 0xffff) return false;
    this.#at += 2;
    return true;
  }

  /** The number of a coded name; undefined: it is written out. */
  code(): number | undefined {
    if (this.#at + 2 > this.#payload.length || this.#payload[this.#at] !== 0xa0) return undefined;
    this.#at += 2;
    return this.#payload[this.#at - 1];
  }
}

function cut(tag: string, message: string, cuts = 1): BadPacket {
  return { tag, message: `ajp_unmarshal_response: ${message}`, cuts };
}

/** SEND_HEADERS. */
export function readHead(payload: Buffer): AjpHead | BadPacket {
  const reader = new PayloadReader(payload);
  const status = reader.uint16();
  if (status === undefined) return cut('AH00983', 'Null status');
  const isReasonNull = reader.isNull();
  const reason = isReasonNull ? undefined : reader.text();
  // httpd goes on behind a reason that does not fit, and then finds no number.
  if (reason === undefined && !isReasonNull) return cut('AH10405', 'Bad number of headers', 2);
  const count = reader.uint16();
  if (count === undefined) return cut('AH10405', 'Bad number of headers');
  const fields: string[] = [];
  for (let left = count; left > 0; left--) {
    const code = reader.code();
    const name = code === undefined ? reader.text() : RESPONSE_FIELDS[code - 1];
    if (name === undefined) {
      if (code === undefined) return cut('AH00985', 'Null header name');
      const shown = (0xa000 + code).toString(16).padStart(8, '0');
      return { tag: 'AH00984', message: `ajp_unmarshal_response: No such sc (${shown})`, cuts: 0 };
    }
    const value = reader.text();
    if (value === undefined) return cut('AH00986', 'Null header value');
    fields.push(name, value);
  }
  return { status, reason, fields };
}

/** Bytes of SEND_BODY_CHUNK that are not data: its type, a length, and a NUL behind the data. */
const CHUNK_OVERHEAD = 4;

/** SEND_BODY_CHUNK: the data, a slice. */
export function readChunk(payload: Buffer): Buffer | BadPacket {
  if (payload.length < CHUNK_OVERHEAD)
    return { tag: 'AH10546', message: 'ajp_parse_data: Message too small', cuts: 0 };
  const length = payload.readUInt16BE(1);
  const expected = payload.length - CHUNK_OVERHEAD;
  if (length !== expected) {
    const lengths = `Length of chunk is ${length}, expected length is ${expected}.`;
    return { tag: 'AH00998', message: `ajp_parse_data: Wrong chunk length. ${lengths}`, cuts: 0 };
  }
  return payload.subarray(3, 3 + length);
}

/** END_RESPONSE: whether the connection may be used again; undefined: it does not say. */
export function readReuse(payload: Buffer): boolean | undefined {
  return payload.length < 2 ? undefined : payload[1] !== 0;
}
