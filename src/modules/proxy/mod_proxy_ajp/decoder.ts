/** The packet layer, incremental: chunks in, whole payloads out (ajp_link.c: ajp_ilink_receive; ajp_msg.c: ajp_msg_check_header). Pure. */
import { FROM_CONTAINER, PACKET_HEADER, TO_CONTAINER } from './constants.ts';

export interface PacketSink {
  /** A slice of what was pushed, or a Buffer of its own; maybe empty. */
  onPacket(payload: Buffer): void;
  /** The stream cannot be read on; the decoder has stopped. @param value the signature, or the length. */
  onBadHeader(kind: 'signature' | 'too-large', value: number): void;
}

export class PacketDecoder {
  readonly #sink: PacketSink;
  readonly #maxPayload: number;
  /** What has come of a packet that is not whole. */
  #pieces: Buffer[] = [];
  #size = 0;
  #isStopped = false;

  /** @param packetSize the largest packet to take, header included. */
  constructor(sink: PacketSink, packetSize: number) {
    this.#sink = sink;
    this.#maxPayload = packetSize - PACKET_HEADER;
  }

  /** Makes `push` return after the current callback; bytes behind are left unread. */
  stop(): void {
    this.#isStopped = true;
  }

  /** How many bytes of a payload are waited for; undefined: not in a payload. */
  get awaited(): number | undefined {
    return this.#size < PACKET_HEADER ? undefined : this.#payloadLength(this.#first());
  }

  /** No byte of a further packet has come. */
  get isAtBoundary(): boolean {
    return this.#size === 0;
  }

  /** @returns how many bytes were read: fewer than the chunk has only when the decoder was stopped. Pieces of the chunk are kept. */
  push(chunk: Buffer): number {
    let offset = 0;
    while (!this.#isStopped && offset < chunk.length) {
      if (this.#size === 0 && chunk.length - offset >= PACKET_HEADER) {
        const header = chunk.subarray(offset);
        if (!this.#check(header)) break;
        const end = offset + PACKET_HEADER + this.#payloadLength(header);
        if (end <= chunk.length) {
          const payload = chunk.subarray(offset + PACKET_HEADER, end);
          offset = end;
          this.#sink.onPacket(payload);
          continue;
        }
      }
      offset = this.#collect(chunk, offset);
    }
    return offset;
  }

  /** Takes what is missing of the header, or of the payload. */
  #collect(chunk: Buffer, offset: number): number {
    const wanted =
      this.#size < PACKET_HEADER ? PACKET_HEADER : PACKET_HEADER + this.#payloadLength(this.#first());
    const end = Math.min(chunk.length, offset + wanted - this.#size);
    this.#pieces.push(chunk.subarray(offset, end));
    this.#size += end - offset;
    if (this.#size < PACKET_HEADER) return end;
    const header = this.#first();
    if (this.#size === PACKET_HEADER && !this.#check(header)) return end;
    if (this.#size < PACKET_HEADER + this.#payloadLength(header)) return end;
    const payload = Buffer.concat(this.#pieces, this.#size).subarray(PACKET_HEADER);
    this.#pieces = [];
    this.#size = 0;
    this.#sink.onPacket(payload);
    return end;
  }

  /** The first piece, made to hold the whole header. */
  #first(): Buffer {
    const first = this.#pieces[0] as Buffer;
    if (first.length >= PACKET_HEADER) return first;
    const whole = Buffer.concat(this.#pieces, this.#size);
    this.#pieces = [whole];
    return whole;
  }

  #check(header: Buffer): boolean {
    const signature = header.readUInt16BE(0);
    if (signature !== FROM_CONTAINER && signature !== TO_CONTAINER) {
      this.#isStopped = true;
      this.#sink.onBadHeader('signature', signature);
      return false;
    }
    const length = this.#payloadLength(header);
    if (length <= this.#maxPayload) return true;
    this.#isStopped = true;
    this.#sink.onBadHeader('too-large', length);
    return false;
  }

  #payloadLength(header: Buffer): number {
    return header.readUInt16BE(2);
  }
}
