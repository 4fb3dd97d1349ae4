/**
 * AJP as a protocol of the pump (mod_proxy_ajp.c: ap_proxy_ajp_request). The container asks for a request's body piece by piece; only the first
 * piece of a body of known length goes unasked.
 */
import type { Driver, DriverEvents } from '../../../backend/driver.ts';
import { DATA_OVERHEAD, PacketType } from './constants.ts';
import { PacketDecoder, type PacketSink } from './decoder.ts';
import { CPING, encodeData } from './encode.ts';
import { type AjpHead, type BadPacket, isBadPacket, readChunk, readHead, readReuse } from './packets.ts';

/** How the container broke the protocol. */
export type AjpFault =
  | { readonly kind: 'signature' | 'too-large' | 'unexpected'; readonly value: number }
  | { readonly kind: 'packet'; readonly bad: BadPacket }
  /** `empty`: a packet without a type; `twice`: a second head; `order`: body or end without a head; `interim`: a head that is none; `reuse`: an end cut short. */
  | { readonly kind: 'empty' | 'twice' | 'order' | 'interim' | 'reuse' };

/** What the pump does not ask for. */
export interface AjpEvents {
  /** The container answered CPING: the request has been sent now. */
  onPong(): void;
  /** The container wants the client to have what there is so far. */
  onFlush(): void;
}

export interface AjpRequest {
  /** The encoded FORWARD_REQUEST. */
  readonly forward: Buffer;
  readonly packetSize: number;
  /** The body's length was announced, and is not 0: its first piece is not asked for. */
  readonly isBodyAnnounced: boolean;
  /** CPING comes first. */
  readonly isPinged: boolean;
  /** The connection may be used again, as far as we are concerned. */
  readonly isKept: boolean;
}

/**
 * A container asks for the next piece when it has the one before. httpd reads no further until it can answer; we read on, so that asks for what is
 * not there, or not any more, must have an end.
 */
const MAX_IDLE_ASKS = 64;
const NOTHING: Buffer = Buffer.alloc(0);

export class AjpDriver implements Driver<AjpHead>, PacketSink {
  fault: AjpFault | undefined;
  /** A packet has come that is no CPONG. */
  hasReceived = false;
  /** A piece of the body went unasked. */
  hasSentBody = false;
  /** CPING was sent and is not answered. */
  isAwaitingPong = false;
  readonly #request: AjpRequest;
  readonly #extra: AjpEvents;
  #events: DriverEvents<AjpHead> | undefined;
  #decoder: PacketDecoder;
  /** Of the body: what has come and was not sent. */
  #queue: Buffer[] = [];
  #queued = 0;
  #isBodyWhole = false;
  /** Pieces that the container waits for. */
  #asked = 0;
  /** Asks since the last piece of the body that there was nothing for. */
  #idleAsks = 0;
  #hasHead = false;
  #hasEnded = false;
  #mayReuse = false;

  constructor(request: AjpRequest, extra: AjpEvents) {
    this.#request = request;
    this.#extra = extra;
    this.#decoder = new PacketDecoder(this, request.packetSize);
  }

  get isReusable(): boolean {
    return this.#request.isKept && this.#mayReuse && this.#decoder.isAtBoundary;
  }

  get isHoldingBody(): boolean {
    return this.#queued > 0 || this.isAwaitingPong;
  }

  /** Bytes of a packet that are waited for; undefined: none of it has come. */
  get awaited(): number | undefined {
    return this.#decoder.awaited;
  }

  open(events: DriverEvents<AjpHead>, first: Buffer | undefined, isWhole: boolean): Buffer {
    const { packetSize, isBodyAnnounced, isPinged, forward } = this.#request;
    this.#events = events;
    this.#decoder = new PacketDecoder(this, packetSize);
    this.hasSentBody = false;
    this.#queue = first === undefined ? [] : [Buffer.from(first)];
    this.#queued = first?.length ?? 0;
    this.#isBodyWhole = isWhole;
    this.#asked = isBodyAnnounced ? 1 : 0;
    this.#idleAsks = 0;
    this.isAwaitingPong = isPinged;
    if (isPinged) return CPING;
    const data = this.#takeAsked();
    return data.length === 0 ? forward : Buffer.concat([forward, data]);
  }

  encodeBody(chunk: Buffer): Buffer {
    this.#queue.push(Buffer.from(chunk));
    this.#queued += chunk.length;
    return this.isAwaitingPong ? NOTHING : this.#takeAsked();
  }

  encodeBodyEnd(): Buffer | undefined {
    this.#isBodyWhole = true;
    if (this.isAwaitingPong) return undefined;
    const data = this.#takeAsked();
    return data.length === 0 ? undefined : data;
  }

  encodeAbort(): undefined {
    return undefined;
  }

  receive(chunk: Buffer): void {
    const read = this.#decoder.push(chunk);
    if (read < chunk.length) this.#mayReuse = false;
  }

  socketEnd(): void {
    this.#mayReuse = false;
    if (!this.#hasEnded) this.#events?.onProtocolFailure('closed', 'closed');
  }

  // PacketSink

  onPacket(payload: Buffer): void {
    if (this.isAwaitingPong) {
      this.#onPong(payload);
      return;
    }
    const type = payload[0];
    if (type !== undefined) this.hasReceived = true;
    switch (type) {
      case PacketType.SendBodyChunk:
        this.#onChunk(readChunk(payload));
        break;
      case PacketType.SendHeaders:
        this.#onHead(payload);
        break;
      case PacketType.EndResponse:
        this.#onEnd(readReuse(payload));
        break;
      case PacketType.GetBodyChunk:
        this.#onAsked();
        break;
      case undefined:
        this.#fail({ kind: 'empty' });
        break;
      default:
        this.#fail({ kind: 'unexpected', value: type });
    }
  }

  onBadHeader(kind: 'signature' | 'too-large', value: number): void {
    this.#fail({ kind, value });
  }

  #onPong(payload: Buffer): void {
    if (payload[0] !== PacketType.Cpong) {
      this.#fail({ kind: 'unexpected', value: payload[0] ?? 0 });
      return;
    }
    this.isAwaitingPong = false;
    this.#events?.onSend(this.#request.forward);
    this.#answerAsked();
    this.#extra.onPong();
  }

  #onHead(payload: Buffer): void {
    if (this.#hasHead) {
      this.#fail({ kind: 'twice' });
      return;
    }
    const head = readHead(payload);
    if (isBadPacket(head)) {
      this.#fail({ kind: 'packet', bad: head });
    } else if (head.status >= 100 && head.status < 200) {
      this.#fail({ kind: 'interim' });
    } else {
      this.#hasHead = true;
      this.#events?.onHead(head);
    }
  }

  #onChunk(data: Buffer | BadPacket): void {
    if (!Buffer.isBuffer(data)) {
      this.#fail({ kind: 'packet', bad: data });
    } else if (data.length === 0) {
      if (this.#hasHead) this.#extra.onFlush();
    } else if (this.#hasHead) {
      this.#events?.onBodyPart(data);
    } else {
      this.#fail({ kind: 'order' });
    }
  }

  #onEnd(mayReuse: boolean | undefined): void {
    if (mayReuse === undefined || !this.#hasHead) {
      this.#fail({ kind: mayReuse === undefined ? 'reuse' : 'order' });
      return;
    }
    this.#hasEnded = true;
    this.#mayReuse = mayReuse;
    this.#decoder.stop();
    this.#events?.onEnd();
  }

  /** httpd does not look at how much the container wants: never more than a packet holds, maybe less. */
  #onAsked(): void {
    if (this.#queued === 0 && ++this.#idleAsks > MAX_IDLE_ASKS) {
      this.#fail({ kind: 'unexpected', value: PacketType.GetBodyChunk });
      return;
    }
    this.#asked++;
    this.#answerAsked();
  }

  #answerAsked(): void {
    const data = this.#takeAsked();
    if (data.length > 0) this.#events?.onSend(data);
    if (this.#queued === 0 && !this.#isBodyWhole) this.#events?.onBodyWanted();
  }

  /** The packets that can be sent now. */
  #takeAsked(): Buffer {
    const packets: Buffer[] = [];
    while (this.#asked > 0 && (this.#queued > 0 || this.#isBodyWhole)) {
      if (!this.hasReceived && this.#queued > 0) this.hasSentBody = true;
      this.#asked--;
      packets.push(this.#takePacket());
    }
    if (packets.length === 0) return NOTHING;
    return packets.length === 1 ? (packets[0] as Buffer) : Buffer.concat(packets);
  }

  #takePacket(): Buffer {
    const length = Math.min(this.#queued, this.#request.packetSize - DATA_OVERHEAD);
    const pieces: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const piece = this.#queue[0] as Buffer;
      const part = piece.subarray(0, left);
      pieces.push(part);
      left -= part.length;
      if (part.length === piece.length) this.#queue.shift();
      else this.#queue[0] = piece.subarray(part.length);
    }
    if (length > 0) this.#idleAsks = 0;
    this.#queued -= length;
    return encodeData(pieces, length);
  }

  #fail(fault: AjpFault): void {
    this.fault = fault;
    this.#mayReuse = false;
    this.#decoder.stop();
    this.#events?.onProtocolFailure('protocol', fault.kind);
  }
}
