/**
 * multipart/form-data (RFC 7578, on RFC 2046 section 5.1) as it comes: bytes in, parts out, nothing kept but what may
 * still become a delimiter or a part's header. Does no I/O.
 */

/** A body that is no multipart body; the message is for its sender. */
export class MultipartError extends Error {
  override readonly name = 'MultipartError';
}

/** What a part's Content-Disposition and Content-Type say. */
export interface PartHead {
  /** Name of the form's field. */
  readonly name: string;
  /** The name the sender gives the file; undefined for a plain field. */
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
}

export interface PartHandler {
  onPart(head: PartHead): void;
  /** A piece of the part's content; the bytes belong to the chunk that was written. */
  onData(slice: Buffer): void;
  onPartEnd(): void;
}

export interface MultipartLimits {
  /** Bytes of one part's header. Default 8192. */
  readonly maxHeadSize?: number;
  /** Parts in a body. Default 100. */
  readonly maxParts?: number;
}

type State = 'preamble' | 'delimiter' | 'head' | 'content' | 'epilogue';

const EMPTY = Buffer.alloc(0);

/** The boundary parameter of a multipart/form-data Content-Type; undefined when it is none. RFC 2046: 1 to 70 chars. */
export function boundaryOf(contentType: string): string | undefined {
  const [type = '', ...parameters] = contentType.split(';');
  if (type.trim().toLowerCase() !== 'multipart/form-data') return undefined;
  for (const parameter of parameters) {
    const [, quoted, plain] =
      /^\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s"]{1,70}))\s*$/i.exec(parameter) ?? [];
    const boundary = quoted ?? plain;
    if (boundary !== undefined) return boundary;
  }
  return undefined;
}

export class MultipartReader {
  readonly #delimiter: Buffer;
  readonly #handler: PartHandler;
  readonly #maxHeadSize: number;
  readonly #maxParts: number;
  #state: State = 'preamble';
  /** Bytes not yet decided on. The line end in front lets the first delimiter be found like the others. */
  #rest: Buffer = Buffer.from('\r\n');
  #parts = 0;

  constructor(boundary: string, handler: PartHandler, limits: MultipartLimits = {}) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#handler = handler;
    this.#maxHeadSize = limits.maxHeadSize ?? 8192;
    this.#maxParts = limits.maxParts ?? 100;
  }

  /** @throws MultipartError */
  write(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#step()) {}
  }

  /** Tells that the body has ended. @throws MultipartError when it ended before its closing delimiter */
  end(): void {
    if (this.#state !== 'epilogue') throw new MultipartError('the body ends before its closing boundary');
  }

  /** Takes one thing from the bytes at hand; false when more are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'preamble':
      case 'content':
        return this.#readContent();
      case 'delimiter':
        return this.#readDelimiterEnd();
      case 'head':
        return this.#readHead();
      case 'epilogue':
        this.#rest = EMPTY; // RFC 2046 section 5.1.1: to be ignored.
        return false;
    }
  }

  #readContent(): boolean {
    const found = this.#rest.indexOf(this.#delimiter);
    // Without a delimiter its beginning may still stand at the end of what is here.
    const length = found === -1 ? this.#rest.length - this.#delimiter.length + 1 : found;
    if (length > 0 && this.#state === 'content') this.#handler.onData(this.#rest.subarray(0, length));
    if (found === -1) {
      if (length > 0) this.#rest = this.#rest.subarray(length);
      return false;
    }
    if (this.#state === 'content') this.#handler.onPartEnd();
    this.#rest = this.#rest.subarray(found + this.#delimiter.length);
    this.#state = 'delimiter';
    return true;
  }

  /** What follows the boundary: `--` after the last part, else blanks and a line end. */
  #readDelimiterEnd(): boolean {
    if (this.#rest.length < 2) return false;
    if (this.#rest[0] === 0x2d && this.#rest[1] === 0x2d) {
      this.#state = 'epilogue';
      return true;
    }
    let end = 0;
    while (this.#rest[end] === 0x20 || this.#rest[end] === 0x09) end++;
    if (end > this.#maxHeadSize) throw new MultipartError('too many blanks after a boundary');
    if (this.#rest.length < end + 2) return false;
    if (this.#rest[end] !== 0x0d || this.#rest[end + 1] !== 0x0a) {
      throw new MultipartError('a boundary is not at the end of its line');
    }
    // The line end stays: a head without any field is then found by the same search.
    this.#rest = this.#rest.subarray(end);
    this.#state = 'head';
    return true;
  }

  #readHead(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n');
    if ((end === -1 ? this.#rest.length : end) > this.#maxHeadSize) {
      throw new MultipartError('the header of a part is too long');
    }
    if (end === -1) return false;
    if (++this.#parts > this.#maxParts) throw new MultipartError('the body has too many parts');
    const head = parseHead(this.#rest.toString('utf8', 0, end));
    this.#rest = this.#rest.subarray(end + 4);
    // An empty content is followed by its delimiter at once, line end included.
    this.#state = 'content';
    this.#handler.onPart(head);
    return true;
  }
}

function parseHead(text: string): PartHead {
  let disposition = '';
  let contentType: string | undefined;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-disposition') disposition = value;
    else if (name === 'content-type') contentType = value;
  }
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of disposition.matchAll(
    /;[ \t]*([\w*-]+)=(?:"([^"]*)"|([^\s;"]*))/g,
  )) {
    parameters.set(name.toLowerCase(), unescapeName(quoted ?? plain));
  }
  const name = parameters.get('name');
  if (!/^form-data\s*(?:;|$)/i.test(disposition) || name === undefined) {
    throw new MultipartError('a part does not say which field of the form it is');
  }
  return { name, filename: parameters.get('filename'), contentType };
}

/** Browsers write `"`, CR and LF in names as %22, %0D and %0A, and nothing else (HTML, multipart form data). */
function unescapeName(text: string): string {
  return text.replace(/%(22|0D|0A)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
