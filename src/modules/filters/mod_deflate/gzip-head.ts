/** The header of a gzip member (RFC 1952 section 2.3), in whatever pieces it comes. */

const FHCRC = 0x02;
const FEXTRA = 0x04;
const FNAME = 0x08;
const FCOMMENT = 0x10;
const RESERVED = 0xe0;
const FIXED = 10;

export interface GzipHeadFailure {
  readonly tag: string;
  readonly message: string;
}

type Part = 'fixed' | 'extra-length' | 'extra' | 'name' | 'comment' | 'crc' | 'done';

export class GzipHeadReader {
  failure: GzipHeadFailure | undefined;
  #part: Part = 'fixed';
  #flags = 0;
  /** Bytes of the part read, and of a counted one those that are left. */
  #count = 0;
  #left = FIXED;
  #extra = 0;

  get isDone(): boolean {
    return this.#part === 'done';
  }

  /** Reads on in `chunk`; answers where the header ends in it, or its length. */
  read(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && this.#part !== 'done' && this.failure === undefined)
      this.#take(chunk[at++] as number);
    return at;
  }

  #take(byte: number): void {
    const index = this.#count++;
    switch (this.#part) {
      case 'fixed':
        if (index === 3) this.#flags = byte;
        if ((index === 0 && byte !== 0x1f) || (index === 1 && byte !== 0x8b))
          this.failure = { tag: 'AH01387', message: 'Zlib: Invalid header' };
        else if (index === FIXED - 1) this.#endFixed();
        return;
      case 'extra-length':
        this.#extra |= byte << (8 * index);
        if (index === 1) this.#next(this.#extra > 0 ? 'extra' : this.#after('extra'));
        return;
      case 'name':
      case 'comment':
        if (byte === 0) this.#next(this.#after(this.#part));
        return;
      default:
        if (--this.#left === 0) this.#next(this.#after(this.#part));
    }
  }

  #endFixed(): void {
    if ((this.#flags & RESERVED) !== 0) {
      const shown = (this.#flags | (this.#flags > 0x7f ? 0xffffff00 : 0)) >>> 0;
      this.failure = {
        tag: 'AH01388',
        message: `Zlib: Invalid flags ${shown.toString(16).padStart(2, '0')}`,
      };
      return;
    }
    this.#next(this.#after('fixed'));
  }

  /** The part that follows, of those the flags announce. */
  #after(part: Part): Part {
    const flags = this.#flags;
    if (part === 'fixed' && (flags & FEXTRA) !== 0) return 'extra-length';
    if ((part === 'fixed' || part === 'extra') && (flags & FNAME) !== 0) return 'name';
    if (part !== 'comment' && part !== 'crc' && (flags & FCOMMENT) !== 0) return 'comment';
    if (part !== 'crc' && (flags & FHCRC) !== 0) return 'crc';
    return 'done';
  }

  #next(part: Part): void {
    this.#part = part;
    this.#count = 0;
    this.#left = part === 'extra' ? this.#extra : 2;
  }
}
