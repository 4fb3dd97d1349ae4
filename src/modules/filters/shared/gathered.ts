/** Pieces of a body that are kept. */

/** Pieces below this size are copied together: one Buffer for each byte of a body would take a hundred times its size (bytes). */
const SMALL = 1024;
const TAIL = 8 * SMALL;

export class Gathered {
  #pieces: Buffer[] = [];
  /** Small pieces are copied here, one behind the other. */
  #tail: Buffer | undefined;
  #tailSize = 0;
  /** Where in the tail the last piece begins; undefined: it is none of there. */
  #open: number | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param isLent the piece is not to be kept without a copy. */
  add(piece: Buffer, isLent: boolean): void {
    this.#size += piece.length;
    if (piece.length < SMALL) this.#addSmall(piece);
    else {
      this.#open = undefined;
      this.#pieces.push(isLent ? Buffer.from(piece) : piece);
    }
  }

  /** All pieces, in their order; nothing is kept any more. */
  takePieces(): Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#tail = undefined;
    this.#open = undefined;
    this.#size = 0;
    return pieces;
  }

  /** The same in one. */
  take(): Buffer {
    const pieces = this.takePieces();
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  #addSmall(piece: Buffer): void {
    let tail = this.#tail;
    if (tail === undefined || this.#tailSize + piece.length > tail.length) {
      tail = Buffer.allocUnsafeSlow(TAIL);
      this.#tail = tail;
      this.#tailSize = 0;
      this.#open = undefined;
    }
    const isContinued = this.#open !== undefined;
    const start = this.#open ?? this.#tailSize;
    piece.copy(tail, this.#tailSize);
    this.#tailSize += piece.length;
    this.#open = start;
    if (isContinued) this.#pieces.pop();
    this.#pieces.push(tail.subarray(start, this.#tailSize));
  }
}
