/**
 * What a client says first, looked at before anything answers it: whether it is TLS, and which server it asks for (RFC 8446 sections 4.1.2 and
 * 5.1, RFC 6066 section 3). OpenSSL parses it again and judges it; here nothing is refused.
 */

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
/** Longer ones are not looked into: the first server of the address answers. */
const MAX_HELLO = 64 * 1024;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** Most bytes of a record, of which a handshake has no empty ones (RFC 8446 section 5.1). */
const MAX_FRAGMENT = 16 * 1024;
/** A message cut into more of them is not looked into; those with keys for after quantum computers come to some 1,800 bytes. */
const MAX_RECORDS = 4096;
/** Methods that OpenSSL, and so httpd, takes for HTTP where TLS should be. */
const HTTP_BEGINNINGS: readonly string[] = ['GET ', 'POST ', 'HEAD ', 'PUT '];

export type FirstBytes =
  /** More is needed to tell. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'tls'; readonly servername: string | undefined }
  | { readonly kind: 'http' }
  | { readonly kind: 'other' };

const INCOMPLETE: FirstBytes = { kind: 'incomplete' };
const NAMELESS: FirstBytes = { kind: 'tls', servername: undefined };

/** Takes what a client says first as it comes in; every byte is looked at once, however the client cuts its records and packets. */
export class FirstBytesReader {
  /** Received so far, in a buffer that has room for more. */
  #buffer: Buffer | undefined;
  #length = 0;
  /** Where the record begins that is not whole yet, and the handshake message out of those before it. */
  #at = 0;
  readonly #pieces: Buffer[] = [];
  #size = 0;

  /** All that was received. */
  get bytes(): Buffer {
    return this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0);
  }

  /** Lets go of what was received. */
  forget(): void {
    this.#buffer = undefined;
    this.#pieces.length = this.#length = 0;
  }

  push(chunk: Buffer): FirstBytes {
    const bytes = this.#append(chunk);
    if (this.#length < RECORD_HEADER) return INCOMPLETE;
    if (bytes[0] !== HANDSHAKE) {
      const text = bytes.toString('latin1', 0, RECORD_HEADER);
      return { kind: HTTP_BEGINNINGS.some((beginning) => text.startsWith(beginning)) ? 'http' : 'other' };
    }
    const hello = this.#readRecords(bytes);
    if (hello === 'incomplete') return this.#length < MAX_HELLO ? INCOMPLETE : NAMELESS;
    if (hello === undefined) return NAMELESS;
    return { kind: 'tls', servername: serverNameOf(hello) };
  }

  #append(chunk: Buffer): Buffer {
    if (this.#buffer === undefined) {
      this.#length = chunk.length;
      this.#buffer = chunk;
      return chunk;
    }
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(2 * length);
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
    return this.#buffer;
  }

  /** The first handshake message, out of the records it came in; undefined when it is no ClientHello. */
  #readRecords(bytes: Buffer): Buffer | 'incomplete' | undefined {
    while (this.#at + RECORD_HEADER <= this.#length) {
      if (bytes[this.#at] !== HANDSHAKE) return undefined;
      const start = this.#at + RECORD_HEADER;
      const length = bytes.readUInt16BE(this.#at + 3);
      if (length === 0 || length > MAX_FRAGMENT || this.#pieces.length === MAX_RECORDS) return undefined;
      if (start + length > this.#length) return 'incomplete';
      this.#at = start + length;
      this.#pieces.push(bytes.subarray(start, this.#at));
      this.#size += length;
      if (this.#size < MESSAGE_HEADER) continue;
      const wanted = this.#messageSize();
      if (wanted === undefined) return undefined;
      if (this.#size >= wanted) return Buffer.concat(this.#pieces).subarray(MESSAGE_HEADER, wanted);
    }
    return 'incomplete';
  }

  /** Bytes of the message, whose header is there; undefined when it is no ClientHello. */
  #messageSize(): number | undefined {
    const [first] = this.#pieces;
    if (first === undefined || first[0] !== CLIENT_HELLO) return undefined;
    // The records before the fourth byte can only be the first four.
    const header =
      first.length < MESSAGE_HEADER ? Buffer.concat(this.#pieces.slice(0, MESSAGE_HEADER)) : first;
    return MESSAGE_HEADER + header.readUIntBE(1, 3);
  }
}

/** A cursor that never leaves its bytes: behind their end everything is 0 and empty. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }
  number(size: number): number {
    const end = this.#at + size;
    const value = end <= this.#bytes.length ? this.#bytes.readUIntBE(this.#at, size) : 0;
    this.#at = Math.min(end, this.#bytes.length);
    return value;
  }
  take(length: number): Buffer {
    const start = this.#at;
    this.#at = Math.min(start + length, this.#bytes.length);
    return this.#bytes.subarray(start, this.#at);
  }
}

function serverNameOf(hello: Buffer): string | undefined {
  const cursor = new Cursor(hello);
  cursor.take(2 + 32); // version, random
  cursor.take(cursor.number(1)); // session id
  cursor.take(cursor.number(2)); // cipher suites
  cursor.take(cursor.number(1)); // compression methods
  const extensions = new Cursor(cursor.take(cursor.number(2)));
  while (!extensions.atEnd) {
    const type = extensions.number(2);
    const data = extensions.take(extensions.number(2));
    if (type === SERVER_NAME && data.length > 0) return firstHostName(data);
  }
  return undefined;
}

function firstHostName(data: Buffer): string | undefined {
  const list = new Cursor(data);
  const names = new Cursor(list.take(list.number(2)));
  while (!names.atEnd) {
    const type = names.number(1);
    const name = names.take(names.number(2));
    // A name with a zero byte would be read in two ways.
    if (type === HOST_NAME && name.length > 0 && !name.includes(0)) return name.toString('latin1');
  }
  return undefined;
}
