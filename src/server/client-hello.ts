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

/** @param bytes all that was received so far. */
export function readFirstBytes(bytes: Buffer): FirstBytes {
  if (bytes.length < RECORD_HEADER) return INCOMPLETE;
  if (bytes[0] !== HANDSHAKE) {
    const text = bytes.toString('latin1', 0, RECORD_HEADER);
    return { kind: HTTP_BEGINNINGS.some((beginning) => text.startsWith(beginning)) ? 'http' : 'other' };
  }
  const hello = handshakeMessage(bytes);
  if (hello === 'incomplete') return bytes.length < MAX_HELLO ? INCOMPLETE : NAMELESS;
  if (hello === undefined) return NAMELESS;
  return { kind: 'tls', servername: serverNameOf(hello) };
}

/** The first handshake message, out of the records it came in; undefined when it is no ClientHello. */
function handshakeMessage(bytes: Buffer): Buffer | 'incomplete' | undefined {
  const pieces: Buffer[] = [];
  let size = 0;
  let at = 0;
  while (at + RECORD_HEADER <= bytes.length) {
    if (bytes[at] !== HANDSHAKE) return undefined;
    const length = bytes.readUInt16BE(at + 3);
    const piece = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    pieces.push(piece);
    size += piece.length;
    if (size >= 4) {
      const message = pieces.length === 1 ? piece : Buffer.concat(pieces);
      if (message[0] !== CLIENT_HELLO) return undefined;
      const wanted = 4 + message.readUIntBE(1, 3);
      if (message.length >= wanted) return message.subarray(4, wanted);
    }
    if (piece.length < length) return 'incomplete';
    at += RECORD_HEADER + length;
  }
  return 'incomplete';
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
