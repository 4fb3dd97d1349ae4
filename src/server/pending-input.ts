/** Bytes that a connection has received and nobody has taken yet, in the pieces they came in: nothing is joined or copied. */
export class PendingInput {
  readonly #chunks: Buffer[] = [];
  /** Where in the first piece the bytes not taken begin. */
  offset = 0;
  /** Bytes not taken, in all pieces. */
  size = 0;

  /** The piece whose turn it is; undefined when nothing is pending. */
  get first(): Buffer | undefined {
    return this.#chunks[0];
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  /** The first piece, `chunk`, has been read up to `end`. Answers how many bytes that took; none if it was thrown away meanwhile. */
  take(chunk: Buffer, end: number): number {
    if (this.#chunks[0] !== chunk) return 0;
    const count = end - this.offset;
    this.size -= count;
    if (end >= chunk.length) {
      this.#chunks.shift();
      this.offset = 0;
    } else {
      this.offset = end;
    }
    return count;
  }

  /** All that is left, in order; nothing is pending afterwards. */
  takeAll(): Buffer[] {
    const pieces = this.#chunks.splice(0);
    const [first] = pieces;
    if (first !== undefined && this.offset > 0) pieces[0] = first.subarray(this.offset);
    this.clear();
    return pieces;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.offset = this.size = 0;
  }
}
