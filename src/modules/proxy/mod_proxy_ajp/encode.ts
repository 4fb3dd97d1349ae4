/** Packets a web server sends (ajp_header.c: ajp_marshal_into_msgb; ajp_msg.c). Pure: values in, Buffers out. Texts are byte strings. */
import {
  Attribute,
  METHOD_CODES,
  PACKET_HEADER,
  PacketType,
  REQUEST_FIELD_CODES,
  STORED_METHOD,
  TO_CONTAINER,
} from './constants.ts';

export interface TlsFacts {
  /** PEM of the client's certificate. */
  readonly certificate: string | undefined;
  readonly cipher: string | undefined;
  readonly session: string | undefined;
  readonly keySize: number | undefined;
  /** `TLSv1.3`. */
  readonly protocol: string | undefined;
}

export interface ForwardRequest {
  readonly method: string;
  readonly protocol: string;
  /** Path, encoded. */
  readonly uri: string;
  readonly remoteAddr: string;
  readonly remoteHost: string | undefined;
  readonly remotePort: number;
  readonly serverName: string;
  readonly localAddr: string;
  readonly localPort: number;
  readonly fields: Iterable<readonly [name: string, value: string]>;
  readonly fieldCount: number;
  readonly secret: string | undefined;
  readonly user: string | undefined;
  readonly authType: string | undefined;
  readonly query: string | undefined;
  /** The container that a session belongs to. */
  readonly route: string | undefined;
  /** Undefined: the request came without TLS. */
  readonly tls: TlsFacts | undefined;
  /** Attributes with names of their own, behind those the protocol has. */
  readonly attributes: Iterable<readonly [name: string, value: string]>;
}

/** What did not fit into a packet: the log number httpd gives it, and its words. */
export class PacketOverflow extends Error {
  readonly tag: string;

  constructor(tag: string, what: string) {
    super(`ajp_marshal_into_msgb: Error appending ${what}`);
    this.name = 'PacketOverflow';
    this.tag = tag;
  }
}

/** One packet in the making. */
class PacketWriter {
  readonly #buffer: Buffer;
  #length = PACKET_HEADER;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  /** False: it does not fit. */
  byte(value: number): boolean {
    if (this.#length + 1 > this.#buffer.length) return false;
    this.#buffer[this.#length++] = value;
    return true;
  }

  uint16(value: number): boolean {
    if (this.#length + 2 > this.#buffer.length) return false;
    this.#length = this.#buffer.writeUInt16BE(value & 0xffff, this.#length);
    return true;
  }

  /** Undefined is the null string: a length of 0xffff, and no bytes. */
  text(value: string | undefined): boolean {
    if (value === undefined) return this.uint16(0xffff);
    if (this.#length + 2 + value.length + 1 > this.#buffer.length || value.length >= 0xffff) return false;
    this.uint16(value.length);
    this.#length += this.#buffer.write(value, this.#length, 'latin1');
    return this.byte(0);
  }

  finish(): Buffer {
    this.#buffer.writeUInt16BE(TO_CONTAINER, 0);
    this.#buffer.writeUInt16BE(this.#length - PACKET_HEADER, 2);
    return this.#buffer.subarray(0, this.#length);
  }
}

/** @param size of packets, as agreed with the container. @throws PacketOverflow */
export function encodeForward(request: ForwardRequest, size: number): Buffer {
  const packet = new PacketWriter(size);
  writeHead(packet, request);
  for (const [name, value] of request.fields) writeField(packet, name, value);
  writeAttributes(packet, request);
  if (!packet.byte(Attribute.End)) throw new PacketOverflow('AH00982', 'the message end');
  return packet.finish();
}

function writeHead(packet: PacketWriter, request: ForwardRequest): void {
  const isWritten =
    packet.byte(PacketType.ForwardRequest) &&
    packet.byte(METHOD_CODES.get(request.method) ?? STORED_METHOD) &&
    packet.text(request.protocol) &&
    packet.text(request.uri) &&
    packet.text(request.remoteAddr) &&
    packet.text(request.remoteHost) &&
    packet.text(request.serverName) &&
    packet.uint16(request.localPort) &&
    packet.byte(request.tls === undefined ? 0 : 1) &&
    packet.uint16(request.fieldCount);
  if (!isWritten) throw new PacketOverflow('AH00968', 'the message beginning');
}

function writeField(packet: PacketWriter, name: string, value: string): void {
  const code = name.length <= 15 ? REQUEST_FIELD_CODES.get(name.toLowerCase()) : undefined;
  if (code !== undefined) {
    if (!packet.uint16(code)) throw new PacketOverflow('AH00969', 'the header name');
  } else if (!packet.text(name)) {
    throw new PacketOverflow('AH00970', 'the header name');
  }
  if (!packet.text(value)) throw new PacketOverflow('AH00971', 'the header value');
}

/** In httpd's order. */
function writeAttributes(packet: PacketWriter, request: ForwardRequest): void {
  const { tls, method } = request;
  writeText(packet, Attribute.Secret, request.secret, 'AH03228', 'secret');
  writeText(packet, Attribute.RemoteUser, request.user, 'AH00972', 'the remote user');
  writeText(packet, Attribute.AuthType, request.authType, 'AH00973', 'the auth type');
  writeText(packet, Attribute.QueryString, request.query, 'AH00974', 'the query string');
  writeText(packet, Attribute.JvmRoute, request.route, 'AH00975', 'the jvm route');
  if (tls !== undefined) {
    writeText(packet, Attribute.SslCert, tls.certificate, 'AH00976', 'the SSL certificates');
    writeText(packet, Attribute.SslCipher, tls.cipher, 'AH00977', 'the SSL ciphers');
    writeText(packet, Attribute.SslSession, tls.session, 'AH00978', 'the SSL session');
    if (tls.keySize !== undefined && !(packet.byte(Attribute.SslKeySize) && packet.uint16(tls.keySize)))
      throw new PacketOverflow('AH00979', 'the SSL key size');
  }
  if (!METHOD_CODES.has(method))
    writeText(
      packet,
      Attribute.StoredMethod,
      method,
      'AH02438',
      `the method '${method}' as request attribute`,
    );
  if (tls?.protocol !== undefined) writeNamed(packet, 'AJP_SSL_PROTOCOL', tls.protocol, 'AH02830');
  // What the protocol forgot to give a place of its own.
  writeNamed(packet, 'AJP_REMOTE_PORT', String(request.remotePort), 'AH00980');
  writeNamed(packet, 'AJP_LOCAL_ADDR', request.localAddr, 'AH02646');
  for (const [name, value] of request.attributes) writeNamed(packet, name, value, 'AH00981');
}

function writeText(
  packet: PacketWriter,
  code: number,
  value: string | undefined,
  tag: string,
  what: string,
): void {
  if (value === undefined) return;
  if (!(packet.byte(code) && packet.text(value))) throw new PacketOverflow(tag, what);
}

function writeNamed(packet: PacketWriter, name: string, value: string, tag: string): void {
  if (!(packet.byte(Attribute.Named) && packet.text(name) && packet.text(value)))
    throw new PacketOverflow(tag, `attribute ${name}=${value}`);
}

/** A piece of the body; without any bytes it says that there is no more. */
export function encodeData(pieces: readonly Buffer[], length: number): Buffer {
  const buffer = Buffer.allocUnsafe(PACKET_HEADER + 2 + length);
  buffer.writeUInt16BE(TO_CONTAINER, 0);
  buffer.writeUInt16BE(length + 2, 2);
  buffer.writeUInt16BE(length, 4);
  let at = PACKET_HEADER + 2;
  for (const piece of pieces) at += piece.copy(buffer, at);
  return buffer;
}

/** Asks whether the container is there. */
export const CPING: Buffer = Buffer.from([0x12, 0x34, 0, 1, PacketType.Cping]);
